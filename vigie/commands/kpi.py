"""KPIs: each value with its method, boundary, coverage and quality; and how it was come by."""

import argparse
from typing import Final

from vigie.commands import asking, printing, whatif
from vigie.errors import VigieError
from vigie.indicators import FAMILIES, indicator
from vigie.replies import Cell, Kpi, Kpis, Term
from vigie.scales import said

EXAMPLES: Final = f"""\
examples:
  vigie kpi show
  vigie kpi show --scope cannes --period last_month --family carbon
  vigie kpi show --scope perimeter:network --period day --at 2026-03-29
  vigie kpi explain pue --scope cannes --period last_day
{whatif.EXAMPLES}"""
STEPS: Final = ("input", "factor", "sum", "result")
"""Of what a value is made, in the order of a bill."""
OPTIONS: Final = ("scope", "period", "at", "language")


def add(parser: argparse.ArgumentParser) -> None:
    """Declare the options."""
    parser.epilog = EXAMPLES
    parser.add_argument("act", choices=("show", "explain", *whatif.ACTS))
    parser.add_argument("indicator", nargs="?", help="what to explain, as pue; or all that to show")
    parser.add_argument(
        "--scope", metavar="PATH", help="a path, or perimeter:ID; default: all that you may see"
    )
    parser.add_argument(
        "--period", default="day",
        help="now, hour, day, month or year so far, or with last_ the one before [%(default)s]",
    )  # fmt: skip
    parser.add_argument(
        "--at", metavar="TIME", help="an instant or a local date: of the period in which it lies"
    )
    parser.add_argument("--family", choices=[f.name for f in FAMILIES], help="show these alone")
    whatif.add(parser)
    asking.add(parser, language=True)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked."""
    own = {"show": show, "explain": explain}
    return {**whatif.ACTS, **own}[arguments.act](arguments)


def show(arguments: argparse.Namespace) -> int:
    """Print a table a family, each value as people say it, with the reason where it is unknown."""
    answer = _asked(arguments)
    families = [f for f in FAMILIES if arguments.family in {None, f.name}]
    names = {i.name for f in families for i in f.indicators}
    answer.kpis[:] = [kpi for kpi in answer.kpis if kpi.indicator in names]
    if arguments.json:
        printing.dump(answer)
        return 0
    for family in families:
        own = {i.name for i in family.indicators}
        rows = [_row(kpi, arguments.language) for kpi in answer.kpis if kpi.indicator in own]
        if rows:
            print(f"{family.label(arguments.language)}\n{printing.table(rows)}\n")
    for kpi in answer.kpis:
        for note in _notes(kpi):
            print(f"{kpi.scope or 'everything'} {kpi.indicator}: {note}")
    print(_footer(answer))
    return 0


def explain(arguments: argparse.Namespace) -> int:
    """Print what values were made of, like a bill: meters, factors, sums, and the result.

    Raises:
        VigieError: no indicator is named.
    """
    if arguments.indicator is None:
        raise VigieError("name an indicator: vigie kpi explain pue; `vigie kpi show` has them all")
    answer = _asked(arguments, explain="true")
    if arguments.json:
        printing.dump(answer)
        return 0
    for kpi in answer.kpis:
        print(_bill(kpi, arguments.language))
    print(_footer(answer))
    return 0


def _asked(arguments: argparse.Namespace, **more: str) -> Kpis:
    query = {name: getattr(arguments, name) for name in (*OPTIONS, "indicator")}
    with asking.client(arguments) as client:
        return client.get(Kpis, "kpis", **query, **more)


def _row(kpi: Kpi, language: str) -> dict[str, Cell]:
    return {
        "indicator": kpi.indicator,
        "value": None if kpi.value is None else said(kpi.value, _unit(kpi), language),
        "before": None if kpi.previous is None else said(kpi.previous, _unit(kpi), language),
        "period": kpi.period,
        "method": kpi.method,
        "quality": kpi.quality,
        "coverage": f"{kpi.coverage:.0%}",
        "simulated": f"SIMULATED {kpi.simulated_share:.0%}" if kpi.simulated_share else "",
    }


def _notes(kpi: Kpi) -> list[str]:
    notes = [f"unknown: {kpi.reason}"] if kpi.value is None and kpi.reason else []
    if kpi.category:
        notes.append(kpi.category)
    notes += [kpi.inputs["doubts"]] if "doubts" in kpi.inputs else []
    return [*notes, kpi.sentence] if kpi.sentence else notes


def _bill(kpi: Kpi, language: str) -> str:
    """One value, from its meters down to it."""
    known = indicator(kpi.indicator)
    name = known.label(language) if known else kpi.indicator
    time = f"{kpi.period} {kpi.from_time} – {kpi.to_time}"
    lines = [
        f"{name} · {kpi.scope or 'everything'} · {time}",
        f"method {kpi.method} · {kpi.boundary}" + (f" · {kpi.category}" if kpi.category else ""),
    ]
    for step in STEPS:
        rows = [_term(term, language) for term in kpi.terms if term.step == step]
        if rows:
            lines += ["", printing.table(rows)]
    value = printing.UNKNOWN if kpi.value is None else said(kpi.value, _unit(kpi), language)
    lines += ["", f"= {kpi.indicator} {value}"]
    lines += [f"unknown: {kpi.reason}"] if kpi.value is None and kpi.reason else []
    lines.append(f"coverage {kpi.coverage:.0%} · quality {kpi.quality or printing.UNKNOWN}")
    if kpi.simulated_share:
        lines.append(f"SIMULATED {kpi.simulated_share:.0%}")
    lines += [f"{name}: {text}" for name, text in kpi.inputs.items() if text]
    return "\n".join([*lines, kpi.sentence, ""] if kpi.sentence else [*lines, ""])


def _term(term: Term, language: str) -> dict[str, Cell]:
    value = None if term.value is None else said(term.value, term.unit, language)
    return {
        term.step: term.name,
        "value": value,
        "coverage": None if term.coverage is None else f"{term.coverage:.0%}",
        "quality": term.quality,
        "from": term.source,
    }


def _unit(kpi: Kpi) -> str:
    known = indicator(kpi.indicator)
    return known.unit.symbol if known else kpi.unit


def _footer(answer: Kpis) -> str:
    return f"network version {answer.network_version[:12]} · as of {answer.as_of}"
