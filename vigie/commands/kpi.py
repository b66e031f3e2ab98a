"""KPIs: each value with its method, boundary, coverage and quality."""

import argparse
from typing import Final

from vigie.commands import asking, printing, whatif
from vigie.replies import Cell, Kpi, Kpis

EXAMPLES: Final = f"""\
examples:
  vigie kpi show
  vigie kpi show --scope local/this --json
{whatif.EXAMPLES}"""


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EXAMPLES
    parser.add_argument("act", choices=("show", *whatif.ACTS))
    parser.add_argument("--scope", metavar="PATH", help="default: all that you may see")
    parser.add_argument("--period", help="now, hour, day, last_hour or last_day [now]")
    whatif.add(parser)
    asking.add(parser, language=True)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked."""
    return whatif.ACTS.get(arguments.act, show)(arguments)


def show(arguments: argparse.Namespace) -> int:
    """Ask, and print one line a value with the reason where it is unknown."""
    query = {name: getattr(arguments, name) for name in ("scope", "period", "language")}
    with asking.client(arguments) as client:
        answer = client.get(Kpis, "kpis", **query)
    if arguments.json:
        printing.dump(answer)
        return 0
    print(printing.table([_row(kpi) for kpi in answer.kpis], empty="no indicator for this scope"))
    for kpi in answer.kpis:
        if note := _note(kpi):
            print(f"\n{kpi.scope or 'everything'} {kpi.indicator}: {note}")
    print(f"\nnetwork version {answer.network_version[:12]} · as of {answer.as_of}")
    return 0


def _row(kpi: Kpi) -> dict[str, Cell]:
    return {
        "scope": kpi.scope or "everything",
        "indicator": kpi.indicator,
        "value": kpi.value,
        "unit": kpi.unit,
        "period": kpi.period,
        "method": kpi.method,
        "quality": kpi.quality,
        "coverage": f"{kpi.coverage:.0%}",
    }


def _note(kpi: Kpi) -> str:
    parts = [f"unknown: {kpi.reason}"] if kpi.value is None and kpi.reason else []
    if kpi.simulated_share:
        parts.append(f"SIMULATED {kpi.simulated_share:.0%}")
    return "; ".join(parts)
