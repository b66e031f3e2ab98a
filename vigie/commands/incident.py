"""`vigie incident`: alerts that belong together, what NIS2 wants when, and the signed evidence."""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from vigie import bundle, ed25519
from vigie.client import Client
from vigie.commands import asking, printing
from vigie.errors import VigieError
from vigie.replies import Cell, Incident, Incidents, SigningKey

TIMEOUT: Final = 600.0
"""Seconds that a bundle may take to be made."""
STAGES: Final = ("early_warning", "notification", "final_report")
EXAMPLES: Final = """\
examples:
  vigie incident open "Hall dark" --scope paris/a --since 2h
  vigie incident open "Leak" --alert 5778b2698349494a425f8f4a --note "seen at the door"
  vigie incident list --state open
  vigie incident show inc-1a2b3c4d                    clock, deadlines, minutes, timeline
  vigie incident add inc-1a2b3c4d --alert 5778b2698349494a425f8f4a --outage
  vigie incident note inc-1a2b3c4d "sent, receipt 4711" --filed early_warning
  vigie incident close inc-1a2b3c4d "feeder replaced" --ended 2026-03-12T14:05Z
  vigie incident bundle inc-1a2b3c4d                  writes inc-1a2b3c4d.tar.gz
  vigie incident verify inc-1a2b3c4d.tar.gz --key 9f86d08…

To open, note, add, close and bundle needs a person's own token, in $VIGIE_TOKEN.
"""


@dataclass(frozen=True, slots=True)
class Act:
    """One word, what declares its options, and what does it."""

    help: str
    add: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the acts."""
    parser.epilog = EXAMPLES
    acts = parser.add_subparsers(dest="act", required=True, metavar="ACT")
    form = argparse.RawDescriptionHelpFormatter
    for name, act in ACTS.items():
        own = acts.add_parser(
            name, help=act.help, description=f"{act.help[0].upper()}{act.help[1:]}.",
            epilog=EXAMPLES, formatter_class=form,
        )  # fmt: skip
        act.add(own)
        if name == "verify":
            own.add_argument("--json", action="store_true", help="print the answer as JSON")
        else:
            asking.add(own, language=True)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked for."""
    return ACTS[arguments.act].run(arguments)


def _add_list(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--state", choices=("open", "closed", "all"), default="all")
    parser.add_argument("--scope", metavar="PATH", help="default: all that you may see")


def _list(arguments: argparse.Namespace) -> int:
    """Print every incident as a line; 1 where something owed is late."""
    with asking.client(arguments) as client:
        answer = client.get(
            Incidents, "incidents", state=arguments.state, scope=arguments.scope,
            language=arguments.language,
        )  # fmt: skip
    if arguments.json:
        printing.dump(answer)
    else:
        print(printing.table([row(i) for i in answer.incidents], empty="no incident"))
    return int(any(each.late for i in answer.incidents for each in i.deadlines))


def _add_id(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("incident", metavar="ID", help="as vigie incident list shows it")


def _show(arguments: argparse.Namespace) -> int:
    with asking.client(arguments) as client:
        found = client.get(
            Incident, f"incidents/{arguments.incident}", language=arguments.language
        )  # fmt: skip
    return _said(found, arguments)


def _add_open(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("title", help="one line")
    _add_alerts(parser, "default: all that people were told of in --scope since --since")
    parser.add_argument(
        "--scope", metavar="PATH", help="where it is; default: where its alerts are"
    )
    parser.add_argument("--since", metavar="TIME", help="RFC 3339, or how long ago [open now]")
    parser.add_argument(
        "--detected", metavar="TIME", help="when a person noticed, if no alert did before"
    )
    parser.add_argument("--note", default="", help="what there is to say")


def _open(arguments: argparse.Namespace) -> int:
    return _acted(arguments, "incidents", {
        "title": arguments.title, "alerts": arguments.alert or None, "scope": arguments.scope,
        "since": _time(arguments.since), "detected": _time(arguments.detected),
        "note": arguments.note,
    })  # fmt: skip


def _add_note(parser: argparse.ArgumentParser) -> None:
    _add_id(parser)
    parser.add_argument("note", help="what there is to say; the receipt of what was filed")
    parser.add_argument("--filed", choices=STAGES, help="what was sent to the authority")
    parser.add_argument("--at", metavar="TIME", help="when that was [now]")


def _note(arguments: argparse.Namespace) -> int:
    said = {"note": arguments.note, "filed": arguments.filed, "at": _time(arguments.at)}
    return _acted(arguments, f"incidents/{arguments.incident}/note", said)


def _add_more(parser: argparse.ArgumentParser) -> None:
    _add_id(parser)
    _add_alerts(parser, "as vigie alerts list shows it")
    means = parser.add_mutually_exclusive_group()
    means.add_argument("--outage", action="store_true", default=None, dest="outage",
                       help="each means that its container was unavailable")  # fmt: skip
    means.add_argument("--no-outage", action="store_false", dest="outage", help="none does")
    parser.add_argument("--note", default="", help="why")


def _more(arguments: argparse.Namespace) -> int:
    said = {"alerts": arguments.alert, "outage": arguments.outage, "note": arguments.note}
    return _acted(arguments, f"incidents/{arguments.incident}/add", said)


def _add_close(parser: argparse.ArgumentParser) -> None:
    _add_id(parser)
    parser.add_argument("note", help="why it is over")
    parser.add_argument("--ended", metavar="TIME", help="since when [when its alerts were over]")


def _close(arguments: argparse.Namespace) -> int:
    said = {"note": arguments.note, "ended": _time(arguments.ended)}
    return _acted(arguments, f"incidents/{arguments.incident}/close", said)


def _add_bundle(parser: argparse.ArgumentParser) -> None:
    _add_id(parser)
    parser.add_argument("--to", type=Path, metavar="FILE", help="[ID.tar.gz]")


def _bundle(arguments: argparse.Namespace) -> int:
    """Fetch a bundle, and verify what came."""
    path: Path = arguments.to or Path(f"{arguments.incident}.tar.gz")
    fresh = path.with_name(path.name + ".part")
    with asking.client(arguments, timeout=TIMEOUT) as client:
        pieces = client.download(f"incidents/{arguments.incident}/bundle")
        first = next(pieces, b"")  # what is refused is refused before there is a file
        with fresh.open("wb") as file:
            file.write(first)
            file.writelines(pieces)
        key = client.get(SigningKey, "signing-key").fingerprint
    found = bundle.verify(fresh, key)
    if not found.findings:
        fresh.rename(path)
    return _verified(found, path, arguments)


def _add_verify(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", type=Path, metavar="FILE")
    parser.add_argument(
        "--key", metavar="KEY",
        help="fingerprint of who should have signed, or a file with the key in PEM",
    )  # fmt: skip


def _verify(arguments: argparse.Namespace) -> int:
    key = arguments.key
    if key is not None and Path(key).is_file():
        try:
            key = ed25519.fingerprint(ed25519.key_of(Path(key).read_text(encoding="ascii")))
        except ValueError as error:
            raise VigieError(f"{arguments.key}: {error}") from error
    return _verified(bundle.verify(arguments.file, key), arguments.file, arguments)


def _key(arguments: argparse.Namespace) -> int:
    with asking.client(arguments) as client:
        found = client.get(SigningKey, "signing-key")
    if arguments.json:
        printing.dump(found)
    else:
        print(f"{found.fingerprint}\n{found.pem}", end="")
    return 0


def _add_alerts(parser: argparse.ArgumentParser, doc: str) -> None:
    parser.add_argument(
        "--alert", action="append", default=[], metavar="ALERT", help=f"{doc}; repeatable"
    )


def _time(given: str | None) -> str | None:
    return None if given is None else asking.moment(given, datetime.now(UTC))


def _acted(arguments: argparse.Namespace, path: str, said: Mapping[str, object]) -> int:
    with asking.client(arguments) as client:
        return _said(_posted(client, path, said, arguments.language), arguments)


def _posted(client: Client, path: str, said: Mapping[str, object], language: str) -> Incident:
    return client.post(Incident, f"{path}?language={language}", said)


def _said(found: Incident, arguments: argparse.Namespace) -> int:
    """Print an incident whole; 1 where something owed is late."""
    if arguments.json:
        printing.dump(found)
    else:
        print(whole(found))
    return int(any(each.late for each in found.deadlines))


def _verified(found: bundle.Verified, path: Path, arguments: argparse.Namespace) -> int:
    if arguments.json:
        printing.dump(found)
    else:
        for finding in found.findings:
            print(f"{path}: {finding}", file=sys.stderr)
        state = "NOT as it was signed" if found.findings else "as it was signed"
        print(f"{path}: {found.files} files, {found.size} bytes, {state}\nkey {found.key}")
    return int(bool(found.findings))


def row(incident: Incident) -> dict[str, Cell]:
    """One incident as a line."""
    owed = [d for d in incident.deadlines if d.filed is None]
    return {
        "incident": incident.id,
        "state": incident.state,
        "scope": incident.scope or "everything",
        "title": incident.title,
        "detected": incident.detected,
        "ended": incident.ended,
        "unavailable min": minutes(incident.unavailable_seconds),
        "owed next": f"{owed[0].stage} {owed[0].due}{' LATE' if owed[0].late else ''}"
        if owed
        else "",
        "simulated": "SIMULATED" if incident.simulated else "",
    }


def whole(incident: Incident) -> str:
    """All of an incident, for people."""
    stamp = "SIMULATED " if incident.simulated else ""
    closed = f", closed {incident.closed} by {incident.closed_by}" if incident.closed else ""
    taken = f" by {incident.acknowledged_by}" if incident.acknowledged_by else ""
    record = printing.record({
        "opened": f"{incident.opened} by {incident.opened_by}{closed}",
        "scope": incident.scope or "everything",
        "began": printing.cell(incident.began),
        "detected": printing.cell(incident.detected),
        "acknowledged": printing.cell(incident.acknowledged) + taken,
        "ended": printing.cell(incident.ended),
        "unavailable": _unavailable(incident),
        "signs": ", ".join(incident.signs) or "none",
    })  # fmt: skip
    deadlines = printing.table([
        {"owed": d.stage, "due": d.due, "filed": d.filed, "by": d.filed_by,
         "reference": d.reference, "late": "LATE" if d.late else ""}
        for d in incident.deadlines
    ], empty="nothing is owed: nobody has detected anything yet")  # fmt: skip
    outages = printing.table([
        {"container": o.container, "unavailable min": minutes(o.unavailable_seconds),
         "planned min": minutes(o.planned_seconds)}
        for o in incident.outages
    ], empty="")  # fmt: skip
    timeline = printing.table([
        {"time": e.time, "what": f"{e.kind} {e.what}", "who": e.who or "", "subject": e.subject,
         "words": e.words}
        for e in incident.timeline
    ])  # fmt: skip
    head = f"{stamp}{incident.id} {incident.title} ({incident.state})"
    return "\n\n".join(part for part in (head, record, deadlines, outages, timeline) if part)


def minutes(seconds: float | None) -> float | None:
    """Seconds as minutes, to a tenth; unknown stays unknown."""
    return None if seconds is None else round(seconds / 60, 1)


def _unavailable(incident: Incident) -> str:
    if incident.unavailable_seconds is None:
        return "unknown: say which alerts mean an outage (add --outage or --no-outage)"
    return (
        f"{minutes(incident.unavailable_seconds)} min in part, "
        f"{printing.cell(minutes(incident.complete_seconds))} min as a whole, "
        f"{printing.cell(minutes(incident.planned_seconds))} min planned left out"
    )


def _nothing(_: argparse.ArgumentParser) -> None:
    """No options of its own."""


ACTS: Final[Mapping[str, Act]] = {
    "list": Act("every incident, the newest first", _add_list, _list),
    "show": Act("one, with its clock, deadlines, minutes and timeline", _add_id, _show),
    "open": Act("open one, of alerts or of a place", _add_open, _open),
    "note": Act("write something down, or that something was filed", _add_note, _note),
    "add": Act("add alerts, or say which mean an outage", _add_more, _more),
    "close": Act("say that it is over", _add_close, _close),
    "bundle": Act("fetch all of it as one signed archive", _add_bundle, _bundle),
    "verify": Act("say whether a bundle is as it was signed", _add_verify, _verify),
    "key": Act("the key with which the collector signs", _nothing, _key),
}
