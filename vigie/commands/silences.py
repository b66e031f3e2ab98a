"""`vigie silences list | preview | add | end`: what nobody is told of for a while."""

import argparse
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import quote

from vigie.client import Client
from vigie.commands import asking, printing
from vigie.document import duration
from vigie.replies import Alert, Cell, Silence, SilencePreview, Silences

EXAMPLES: Final = """\
examples:
  vigie silences list
  vigie silences preview --scope paris/a --for 2h
  vigie silences add --scope paris/a --rule agent_silent --for 2h --reason "switch is replaced"
  vigie silences add --maintenance --scope paris/a --starts 2026-12-01T22:00Z --for 6h \\
      --reason "UPS batteries, ticket OPS-7"
  vigie silences end 1a2b3c4d5e6f

Adding and ending need an operator's own token, in $VIGIE_TOKEN.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the acts."""
    parser.epilog = EXAMPLES
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    form = argparse.RawDescriptionHelpFormatter
    made = {
        name: acts.add_parser(
            name, help=purpose, description=f"{purpose[0].upper()}{purpose[1:]}.",
            epilog=EXAMPLES, formatter_class=form,
        )
        for name, purpose in (
            ("list", "silences and maintenance windows, in force and to come"),
            ("preview", "what one would hide now, and would have hidden in the last day"),
            ("add", "tell nobody of some alerts for a while"),
            ("end", "let one be over now"),
        )
    }  # fmt: skip
    made["list"].add_argument("--over", action="store_true", help="those that are over, too")
    made["end"].add_argument("id", help="as vigie silences list shows it")
    for name in ("preview", "add"):
        _add_scope(made[name])
    made["add"].add_argument("--reason", required=True, help="why")
    for name, act in made.items():
        asking.add(act, language=name == "preview")


def _add_scope(act: argparse.ArgumentParser) -> None:
    act.add_argument("--scope", default="", metavar="PATH", help="site, container or host")
    act.add_argument("--rule", help="alerts of this rule only")
    act.add_argument("--subject", default="", help="what the subject of the alert begins with")
    act.add_argument("--maintenance", action="store_true", help="it is planned work")
    act.add_argument("--starts", metavar="TIME", help="RFC 3339 [now]")
    act.add_argument(
        "--for", dest="lasts", required=True, metavar="DURATION", type=duration,
        help="how long, as 2h; what is still wrong then is told then",
    )  # fmt: skip


def run(arguments: argparse.Namespace) -> int:
    """Do it, and print what there is."""
    acts = {"list": _list, "preview": _preview, "add": _place, "end": _end}
    with asking.client(arguments) as client:
        return acts[arguments.act](arguments, client)


def _list(arguments: argparse.Namespace, client: Client) -> int:
    answer = client.get(Silences, "silences", over="true" if arguments.over else None)
    if arguments.json:
        printing.dump(answer)
    else:
        rows = [row(one) for one in answer.silences]
        print(printing.table(rows, empty="nothing is silenced"))
    return 0


def _preview(arguments: argparse.Namespace, client: Client) -> int:
    path = f"silences/preview?language={arguments.language}"
    answer = client.post(SilencePreview, path, _scope(arguments))
    if arguments.json:
        printing.dump(answer)
        return 0
    print(f"now it would hide {answer.now_count} alerts")
    print(printing.table([_alert(a) for a in answer.now], empty="none"))
    print(f"\nin the last day it would have hidden {answer.day_count} that are over")
    print(printing.table([_alert(a) for a in answer.day], empty="none"))
    return 0


def _place(arguments: argparse.Namespace, client: Client) -> int:
    wish = _scope(arguments) | {"reason": arguments.reason}
    return _shown(arguments, client.post(Silence, "silences", wish))


def _end(arguments: argparse.Namespace, client: Client) -> int:
    path = f"silences/{quote(arguments.id, safe='')}/end"
    return _shown(arguments, client.post(Silence, path))


def _shown(arguments: argparse.Namespace, one: Silence) -> int:
    if arguments.json:
        printing.dump(one)
    else:
        print(printing.record({name: printing.cell(cell) for name, cell in row(one).items()}))
    return 0


def _scope(arguments: argparse.Namespace) -> dict[str, Any]:
    now = datetime.now(UTC)
    starts = asking.moment(arguments.starts, now) if arguments.starts else None
    begins = now if starts is None else datetime.fromisoformat(starts)
    return {
        "kind": "maintenance" if arguments.maintenance else "silence",
        "scope": arguments.scope, "rule": arguments.rule, "subject": arguments.subject,
        "starts": starts, "expires": (begins + timedelta(seconds=arguments.lasts)).isoformat(),
    }  # fmt: skip


def row(one: Silence) -> dict[str, Cell]:
    """One of them as a line."""
    ended = f"{printing.cell(one.ended)} by {one.ended_by}" if one.ended else ""
    return {
        "silence": one.id,
        "kind": one.kind,
        "state": one.state,
        "scope": one.scope or "everywhere",
        "rule": one.rule or "every rule",
        "subject": one.subject,
        "starts": one.starts,
        "expires": one.expires,
        "author": one.author,
        "reason": one.reason,
        "ended": ended,
    }


def _alert(alert: Alert) -> dict[str, Cell]:
    return {
        "alert": alert.id, "priority": alert.priority, "state": alert.state,
        "since": alert.since, "subject": alert.subject, "title": alert.title,
        "simulated": "SIMULATED" if alert.simulated else "",
    }  # fmt: skip
