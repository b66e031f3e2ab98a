"""What speaks to each objective of the European framework: evidence, and never a level."""

from dash.development.base_component import Component

from dashboard import stamps
from dashboard.format import SPACE, number, quantity
from dashboard.noc import choices, kpis, parts
from dashboard.noc.shown import Cell, Number, Rows, Text, quality_word, tabled, unknown
from dashboard.noc.view import View
from dashboard.text import say
from vigie.indicators import indicator
from vigie.replies import EvidenceLine, SovereigntyEvidence
from vigie.units import ONE


def layout(language: str) -> Component:
    """The statement beside the title, and a row for each thing that speaks to an objective."""
    return parts.panel(
        "evidence", say("evidence", language), [parts.table("evidence", language)], bind="statement"
    )


def content(view: View) -> tuple[Rows, str]:
    """The table, and the statement with the source of the objectives."""
    scope, period = choices.scope(view), choices.period(view)
    found = tabled(
        lambda: view.long(
            f"evidence {scope} {period}", choices.age(period),
            lambda ask: ask.of(scope).evidence(period),
        )
    )  # fmt: skip
    if isinstance(found, Rows):
        return found, ""
    return rows(found, view.language), " · ".join(filter(None, [found.statement, found.source]))


def rows(found: SovereigntyEvidence, language: str) -> Rows:
    """Every objective with what speaks to it; one of which nothing does says so."""
    told: list[list[Cell]] = []
    for one in found.objectives:
        weights = " · ".join(
            f"{number(weight, language, 0 if weight == round(weight) else 1)}{SPACE}% ({version})"
            for version, weight in one.weights.items()
        )
        title = Text(f"{one.id} {one.name}", sub=say("weights", language, weights=weights))
        if not one.lines:
            told.append(
                [title, Text(say("no_evidence", language)), Text(""), Text(""), Text(""), Text("")]
            )
        for index, line in enumerate(one.lines):
            told.append([Text("") if index else title, *_line(line, language)])
    return Rows(told)


def _line(line: EvidenceLine, language: str) -> list[Cell]:
    declared = line.kind == "declared"
    return [
        Text(line.label, sub=line.detail if declared else ""),
        value(line, language),
        Text("" if line.value is None
             else f"{number(line.coverage * 100, language)}{SPACE}%"),
        Text(quality_word(line.quality, language)),
        Text(line.method, mono=True),
    ]  # fmt: skip


def value(line: EvidenceLine, language: str) -> Number:
    """The figure of a line, or why there is none."""
    stamp = stamps.of_share(line.simulated_share, language)
    if line.value is None:
        return unknown(line.reason or say("no_reason", language), stamp=stamp)
    one = indicator(line.name) if line.kind == "indicator" else None
    said = kpis.written(one, line.value, language) if one else quantity(line.value, ONE, language)
    return Number(said.text, said.unit, stamp=stamp)
