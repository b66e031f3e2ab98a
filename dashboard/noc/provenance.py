"""Where one figure comes from: what it counts, over which time, and every term it was made of."""

from collections.abc import Callable, Iterator, Sequence
from typing import Final

from dash.development.base_component import Component

from dashboard.format import SPACE, number, quantity
from dashboard.noc import choices, kpis, parts
from dashboard.noc.shown import Cell, Number, Rows, Text, bounded, quality_word, tabled, unknown
from dashboard.noc.view import View
from dashboard.text import say, say_or
from vigie import units
from vigie.indicators import Indicator, indicator
from vigie.replies import Kpi, Term
from vigie.units import Unit

EXPLAIN: Final = "explain"
"""What the address calls the indicator that is explained."""
TABLES: Final = ("facts", "terms", "inputs")
ITEMS_SHOWN: Final = 6
TERMS_SHOWN: Final = 200
INPUT: Final = "input"
_UNITS: Final[dict[str, Unit]] = {
    word: unit
    for unit in vars(units).values()
    if isinstance(unit, Unit)
    for word in (unit.ucum, unit.symbol)
    if word not in {"", "1", "%"}
}
_SHARES: Final = frozenset({"%"})


def layout(language: str) -> list[Component]:
    """The block beside the figures, which explains the one that is chosen."""
    return [
        parts.panel(
            "provenance", say("provenance", language),
            [parts.table(name, language) for name in TABLES], bind="explained",
        ),
    ]  # fmt: skip


def linked(view: View, path: str) -> Callable[[str], str]:
    """The address that explains an indicator, by name, on the screen at this path."""

    def link(name: str) -> str:
        return view.chosen.link(path, view.language, **{EXPLAIN: name})

    return link


def title(view: View) -> str:
    """The words of the indicator that is explained, "" where none is."""
    one = indicator(view.chosen.one(EXPLAIN))
    return one.label(view.language) if one else ""


def content(view: View) -> dict[str, Rows]:
    """The tables about the indicator that is chosen; empty where none is."""
    name, period, scope = view.chosen.one(EXPLAIN), choices.period(view), choices.scope(view)
    if not name:
        return _alone(Rows(empty=say("indicators_note", view.language)))
    one = indicator(name)
    found = tabled(
        lambda: view.long(
            f"explain {scope} {period} {name}", choices.age(period),
            lambda ask: ask.of(scope).explained(name, period),
        )
    )  # fmt: skip
    if isinstance(found, Rows):
        return _alone(found)
    if found is None or one is None:
        return _alone(Rows(error=say("not_computed", view.language)))
    return {
        "facts": facts(one, found, view),
        "terms": terms(found, view.language),
        "inputs": inputs(found, view.language),
    }


def _alone(told: Rows) -> dict[str, Rows]:
    """The first table, and nothing in the others."""
    return dict.fromkeys(TABLES, Rows()) | {"facts": told}


def facts(one: Indicator, kpi: Kpi, view: View) -> Rows:
    """What must be known of a value to trust it, a row each."""
    language = view.language
    rows: list[list[Cell]] = [
        [Text(say("fact_value", language)), kpis.value(one, kpi, language)],
    ]
    for word, said in _facts(kpi, view):
        if said:
            rows.append([Text(say(f"fact_{word}", language)), Text(said)])
    rows += [
        [Text(say("part_of", language, name=kpis.part_name(one, name, language))),
         Text(kpis.part_value(one, size, language))]
        for name, size in sorted(kpi.parts.items(), key=lambda part: -(part[1] or 0))
    ]  # fmt: skip
    return Rows(rows)


def inputs(kpi: Kpi, language: str) -> Rows:
    """What else it rests on: factors, contracts, versions, doubts about meters."""
    rows: list[list[Cell]] = [
        [Text(say_or(f"input_{name}", name, language)), Text(few(said, language))]
        for name, said in sorted(kpi.inputs.items())
    ]
    return Rows(rows)


def few(said: str, language: str) -> str:
    """A list in words, of which the first are told and the others counted."""
    items = said.split("; ")
    told, more = "; ".join(items[:ITEMS_SHOWN]), len(items) - ITEMS_SHOWN
    return f"{told}; {say('more_parts', language, count=more)}" if more > 0 else told


def terms(kpi: Kpi, language: str) -> Rows:
    """Every number that it was made of: what it was computed from last first, then the inputs."""
    return bounded(
        computed_first(kpi.terms),
        lambda term: [
            Text(say_or(f"step_{term.step}", term.step, language)),
            Text(term.name, sub=term.source),
            term_value(term, language),
            Text("" if term.coverage is None
                 else f"{number(term.coverage * 100, language)}{SPACE}%"),
            Text(quality_word(term.quality, language)),
        ],
        language, say("no_terms", language), TERMS_SHOWN,
    )  # fmt: skip


def computed_first(terms: Sequence[Term]) -> list[Term]:
    """The sums, factors and result at the end of a computation before all that leads to them."""
    last = max((n for n, term in enumerate(terms, 1) if term.step == INPUT), default=0)
    return [*terms[last:], *terms[:last]]


def term_value(term: Term, language: str) -> Number:
    """The number of one term, scaled; its base value is in its title."""
    if term.value is None:
        return unknown("")
    unit = _UNITS.get(term.unit)
    if unit is None:
        shared = term.unit in _SHARES
        said = quantity(term.value, units.RATIO if shared else units.ONE, language)
        return Number(said.text, said.unit or ("" if term.unit == "1" else term.unit),
                      source=f"{term.value!r} {term.unit}")  # fmt: skip
    said = quantity(term.value, unit, language)
    return Number(said.text, said.unit, source=f"{term.value!r} {term.unit}")


def _facts(kpi: Kpi, view: View) -> Iterator[tuple[str, str]]:
    language = view.language
    yield "sentence", kpi.sentence or ""
    yield "boundary", kpi.boundary
    vintage = say_or(f"vintage_{kpi.vintage}", kpi.vintage, language)
    span = kpis.written_span(kpi, view)
    yield "period", " · ".join(filter(None, [span, vintage]))
    yield "method", kpi.method
    yield "category", kpis.category(kpi.category, language)
    yield "coverage", kpis.covered(kpi, language)
    yield "quality", quality_word(kpi.quality, language)
