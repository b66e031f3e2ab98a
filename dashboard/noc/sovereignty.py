"""Souveraineté: who could read, block or be done without; evidence, and no score."""

from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from dashboard.noc import choices, evidence, kpis, parts, provenance, whatif
from dashboard.noc.heading import heading
from dashboard.noc.screen import Screen
from dashboard.noc.shown import Rows, as_json, tabled
from dashboard.noc.view import View
from dashboard.text import Said, say
from vigie.indicators import FAMILIES, Family

TITLE: Final = Said("Souveraineté", "Sovereignty")
PATH: Final = "/souverainete"
FAMILY: Final[Family] = next(family for family in FAMILIES if family.name == "sovereignty")
TABLE: Final = "kpis_sovereignty"
COLUMNS: Final = ("indicator", "value", "parts", "trend", "coverage", "quality", "method")


def layout(language: str) -> list[Component]:
    """The bones of the screen; what is live in it is painted by `assets/`."""
    table = parts.table(TABLE, language, kpis.columns(COLUMNS), "kpis")
    return [
        choices.head(TITLE.label(language), language),
        html.Div(
            [
                parts.panel(TABLE, say("s_indicators", language), [table]),
                whatif.layout(language),
                evidence.layout(language),
            ],
            className="column",
        ),
        html.Div(provenance.layout(language), className="column beside"),
    ]


def content(view: View) -> dict[str, Any]:
    """Everything live on the screen, as JSON.

    Raises:
        Refused, Unavailable: the network cannot be read at all; any other part fails alone.
    """
    network = view.ask.containers()
    known = network.containers
    found = tabled(lambda: kpis.read(view))
    speaks, statement = evidence.content(view)
    left = whatif.content(view, known)
    said: dict[str, Any] = as_json({
        **heading(network, known, view.now, view.language, view.zone),
        "stamp": choices.stamp(view, known),
        "choices": choices.content(view, known),
        "picks": {whatif.WITHOUT: whatif.picks(view)},
        "numbers": left["numbers"],
        "texts": {
            "span": "" if isinstance(found, Rows) else kpis.span(found, view),
            "explained": provenance.title(view), "statement": statement, **left["texts"],
        },
        "tables": {
            TABLE: found if isinstance(found, Rows) else kpis.rows(
                FAMILY.indicators, found, provenance.linked(view, PATH), view, COLUMNS
            ),
            "evidence": speaks, **left["tables"], **provenance.content(view),
        },
    })  # fmt: skip
    return said


SCREEN: Final = Screen(
    "sovereignty", PATH, TITLE, layout, content,
    choices=(choices.SCOPE, choices.PERIOD, provenance.EXPLAIN, whatif.WITHOUT),
)  # fmt: skip
