"""Reports: drafted, reviewed, attested and sent; who is near having to; the ledger of a pilot."""

import argparse
import csv
import sys
from datetime import UTC, datetime
from typing import Final

from vigie.client import Client
from vigie.commands import asking, printing
from vigie.errors import SettingsError
from vigie.replies import Cell, Ledger, Report, ReportField, Reports, Thresholds
from vigie.units import BYTES_PER_TERABYTE, JOULES_PER_KWH

STEPS: Final = ("review", "attest", "send")
ACTS: Final = ("eed", "list", "show", *STEPS, "thresholds", "pilot")
EXAMPLES: Final = """\
examples:
  vigie report eed --site sables --year 2026            draft it, in the Union's form
  vigie report eed --site munich --year 2026 --form de  with the fields that Germany adds
  vigie report list                                     all drafts, and how far each is
  vigie report show eu-sables-2026-1a2b3c4d --csv       its fields, for a spreadsheet
  vigie report review eu-sables-2026-1a2b3c4d           by an auditor, after reading it
  vigie report attest eu-sables-2026-1a2b3c4d           by a publisher who did not review it
  vigie report send eu-sables-2026-1a2b3c4d --note "receipt 42"
  vigie report thresholds                               who is near having to report
  vigie report pilot grand-est --from 30d               what each partner hosts for others

A draft, a review and an attestation need a person's own token, in $VIGIE_TOKEN.
"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EXAMPLES
    parser.add_argument("act", choices=ACTS)
    parser.add_argument("name", nargs="?", help="id of a report, or of a pilot")
    parser.add_argument("--site", help="site to report on (eed)")
    parser.add_argument("--year", type=int, help="calendar year to report on (eed)")
    parser.add_argument("--form", choices=("eu", "fr", "de"), default="eu", help="[%(default)s]")
    parser.add_argument("--note", default="", help="words of a step; the receipt when sent")
    parser.add_argument("--from", dest="start", metavar="TIME", default="30d", help="[30d] (pilot)")
    parser.add_argument("--to", dest="end", metavar="TIME", help="[now] (pilot)")
    parser.add_argument("--scope", metavar="PATH", help="default: all that you may see")
    parser.add_argument("--csv", action="store_true", help="print the fields as CSV")
    asking.add(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask, and print; 1 where a threshold is reached."""
    with asking.client(arguments) as client:
        if arguments.act == "thresholds":
            return _thresholds(client, arguments)
        if arguments.act == "pilot":
            return _pilot(client, arguments)
        if arguments.act == "list":
            return _list(client, arguments)
        return _report(_asked(client, arguments), arguments)


def _asked(client: Client, arguments: argparse.Namespace) -> Report:
    """The report that an act is about, after it."""
    if arguments.act == "eed":
        if not arguments.site or arguments.year is None:
            raise SettingsError("report eed: --site and --year are wanted")
        wanted = {"form": arguments.form, "site": arguments.site, "year": arguments.year}
        return client.post(Report, "reports", wanted)
    if not arguments.name:
        raise SettingsError(f"report {arguments.act}: which report? see vigie report list")
    found = client.get(Report, f"reports/{arguments.name}")
    if arguments.act == "show":
        return found
    act = {"hash": found.hash, "note": arguments.note}
    return client.post(Report, f"reports/{found.id}/{arguments.act}", act)


def _report(report: Report, arguments: argparse.Namespace) -> int:
    if arguments.json:
        printing.dump(report)
        return 0
    if arguments.csv:
        writer = csv.writer(sys.stdout)
        names = tuple(ReportField.__dataclass_fields__)
        writer.writerow(names)
        writer.writerows([getattr(field, name) for name in names] for field in report.fields)
        return 0
    print(printing.table([_field(field) for field in report.fields]))
    for field in report.fields:
        if field.reason or field.note:
            print(f"\n{field.code}: {'; '.join(filter(None, (field.reason, field.note)))}")
    print(f"\n{report.id} · {report.title} · {report.state}"
          f"{'' if report.complete else ' · the year is not over'}")  # fmt: skip
    if not all(field.verified for field in report.fields):
        print("fields without a mark under `law` are not verified against the official form")
    for step in report.steps:
        print(f"  {step.state} {step.time} by {step.person} {step.note}".rstrip())
    return 0


def _field(field: ReportField) -> dict[str, Cell]:
    return {
        "code": field.code,
        "field": field.name,
        "value": field.value,
        "unit": field.unit,
        "quality": field.quality,
        "coverage": None if field.coverage is None else f"{field.coverage:.0%}",
        "law": "read" if field.verified else "",
    }


def _list(client: Client, arguments: argparse.Namespace) -> int:
    answer = client.get(Reports, "reports")
    if arguments.json:
        printing.dump(answer)
        return 0
    rows: list[dict[str, Cell]] = [
        {
            "report": r.id, "site": r.site, "year": r.year, "form": r.form, "state": r.state,
            "corrects": r.corrects,
        }
        for r in answer.reports
    ]  # fmt: skip
    print(printing.table(rows, empty="no report yet; see vigie report eed"))
    return 0


def _thresholds(client: Client, arguments: argparse.Namespace) -> int:
    answer = client.get(Thresholds, "thresholds", scope=arguments.scope)
    reached = any(t.state in {"near", "over"} and not t.simulated for t in answer.thresholds)
    if arguments.json:
        printing.dump(answer)
        return int(reached)
    rows: list[dict[str, Cell]] = [
        {
            "subject": t.subject,
            "state": t.state,
            "power": f"{t.watts / 1e3:,.0f} kW",
            "of": f"{t.threshold_watts / 1e3:,.0f} kW",
            "law": t.law,
            "sites": ", ".join(t.sites),
            "undeclared": ", ".join(t.unknown),
            "simulated": "SIMULATED" if t.simulated else "",
        }
        for t in answer.thresholds
    ]
    print(printing.table(rows, empty="no site in your scope"))
    return int(reached)


def _pilot(client: Client, arguments: argparse.Namespace) -> int:
    if not arguments.name:
        raise SettingsError("report pilot: which pilot? see vigie network show")
    now = datetime.now(UTC)
    span = {"from": asking.moment(arguments.start, now)}
    if arguments.end:
        span["to"] = asking.moment(arguments.end, now)
    answer = client.get(Ledger, f"pilots/{arguments.name}/ledger", **span)
    if arguments.json:
        printing.dump(answer)
        return 0
    print(printing.table([
        {
            "operator": line.operator,
            "container": line.container,
            "offered TB": _terabytes(line.offered_bytes),
            "its data with others TB": _terabytes(line.used_bytes),
            "hosted for others TB": _terabytes(line.hosted_bytes),
            "spent for others kWh": None if line.spent_joules is None
            else round(line.spent_joules / JOULES_PER_KWH, 1),
            "repairs": line.repaired,
        }
        for line in answer.lines
    ], empty="no partner"))  # fmt: skip
    stamp = " · SIMULATED" if answer.simulated else ""
    print(f"\n{answer.name} · {answer.from_time} to {answer.to_time}{stamp}")
    return 0


def _terabytes(size: float | None) -> float | None:
    return None if size is None else round(size / BYTES_PER_TERABYTE, 3)
