"""Who is told of alerts: how that goes, a test, what never arrived, and sending that once more."""

import argparse
from dataclasses import asdict
from typing import Final
from urllib.parse import quote

from vigie.client import Client
from vigie.commands import asking, printing
from vigie.errors import SettingsError
from vigie.replies import Cell, Letter, Letters, Receiver, Receivers, ReceiverTest, Replayed

EXAMPLES: Final = """\
examples:
  vigie receivers list               who hears of alerts, and which of them fails, and why
  vigie receivers test duty          sends a message that says that it is a test; what came back
  vigie receivers dead               messages that never arrived
  vigie receivers replay             sends them all once more, with the same ids
  vigie receivers replay duty        sends those of one receiver
  vigie receivers replay duty 17 18  sends these two
"""
PATIENCE: Final = 60.0
"""A receiver may take half of it to answer."""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EXAMPLES
    parser.add_argument("act", choices=("list", "test", "dead", "replay"))
    parser.add_argument("receiver", nargs="?", help="by its name; dead: of this one only")
    parser.add_argument("letters", nargs="*", type=int, help="numbers, as `dead` shows them")
    asking.add(parser, language=True)


def run(arguments: argparse.Namespace) -> int:
    """List, test, show the dead, or send them once more; 1 where something is not as it should."""
    if arguments.letters and arguments.act != "replay":
        raise SettingsError(f"{arguments.act}: takes no letters; replay does")
    if arguments.act == "test" and not arguments.receiver:
        raise SettingsError("test: which one? `vigie receivers list` has them")
    acts = {"list": _list, "test": _test, "dead": _dead, "replay": _replay}
    file = asking.REGISTRAR if arguments.act in {"test", "replay"} else asking.READER
    with asking.client(arguments, file, timeout=PATIENCE) as client:
        return acts[arguments.act](arguments, client)


def _list(arguments: argparse.Namespace, client: Client) -> int:
    answer = client.get(Receivers, "receivers")
    failing = any(one.closed_since or one.failing_since for one in answer.receivers)
    if arguments.json:
        printing.dump(answer)
    else:
        rows = [_row(one) for one in answer.receivers]
        print(printing.table(rows, empty="nobody is told: `collector.receivers` names no file"))
    return int(failing)


def _row(one: Receiver) -> dict[str, Cell]:
    return {
        "name": one.name,
        "kind": f"{one.kind} ({one.format})" if one.format else one.kind,
        "where": one.where,
        "scope": one.scope or "everything",
        "priorities": f"1-{one.min_priority}",
        "simulated": one.simulated_allowed,
        "waiting": one.waiting,
        "dead": one.dead,
        "last taken": one.last_taken,
        "fault": f"closed: {one.fault}" if one.closed_since else one.fault,
    }


def _test(arguments: argparse.Namespace, client: Client) -> int:
    path = f"receivers/{quote(arguments.receiver, safe='')}/test"
    answer = client.post(ReceiverTest, path)
    if arguments.json:
        printing.dump(answer)
    else:
        reason = f": {answer.reason}" if answer.reason else ""
        took = f"{answer.receiver}: {answer.verdict} in {answer.seconds:.2f} s"
        print(f"{took}{reason} (message {answer.id})")
    return int(answer.verdict != "delivered")


def _dead(arguments: argparse.Namespace, client: Client) -> int:
    answer = client.get(
        Letters, "letters", state="dead", receiver=arguments.receiver, limit=1_000,
        language=arguments.language,
    )  # fmt: skip
    if arguments.json:
        printing.dump(answer)
    else:
        rows = [_letter(one) for one in answer.letters]
        print(printing.table(rows, empty="no dead letters"))
    return int(bool(answer.letters))


def _letter(one: Letter) -> dict[str, Cell]:
    return {
        "letter": one.number,
        "receiver": one.receiver,
        "id": one.id,
        "priority": one.priority,
        "title": one.title,
        "alerts": one.alerts,
        "written": one.created,
        "given up": one.ended,
        "attempts": one.attempts,
        "reason": one.reason,
    }


def _replay(arguments: argparse.Namespace, client: Client) -> int:
    names = [arguments.receiver]
    if not arguments.receiver:
        names = [one.name for one in client.get(Receivers, "receivers").receivers if one.dead]
    wanted = {"letters": arguments.letters} if arguments.letters else {}
    answers = [
        client.post(Replayed, f"receivers/{quote(name, safe='')}/replay", wanted) for name in names
    ]
    if arguments.json:
        printing.dump([asdict(answer) for answer in answers])
        return 0
    for answer in answers:
        print(f"{answer.receiver}: {len(answer.letters)} letters are sent once more")
    if not answers:
        print("no dead letters")
    return 0
