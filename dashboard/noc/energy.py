"""Énergie et carbone: what is used, emitted and served, how that changed, and how it is known."""

from collections.abc import Mapping
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from dashboard.noc import choices, kpis, parts, provenance
from dashboard.noc.heading import heading
from dashboard.noc.screen import Screen
from dashboard.noc.shown import Rows, as_json, tabled
from dashboard.noc.view import View
from dashboard.text import Said
from vigie.indicators import FAMILIES, Family
from vigie.replies import Kpi

TITLE: Final = Said("Énergie et carbone", "Energy and carbon")
PATH: Final = "/energie"
SHOWN: Final[tuple[Family, ...]] = tuple(f for f in FAMILIES if f.name != "sovereignty")
"""Cost is among them: its table stays hidden from whoever the API does not tell it."""


def layout(language: str) -> list[Component]:
    """The bones of the screen; what is live in it is painted by `assets/`."""
    return [
        choices.head(TITLE.label(language), language),
        html.Div([_panel(family, language) for family in SHOWN], className="column"),
        html.Div(provenance.layout(language), className="column beside"),
    ]


def content(view: View) -> dict[str, Any]:
    """Everything live on the screen, as JSON.

    Raises:
        Refused, Unavailable: the network cannot be read at all; any other part fails alone.
    """
    network = view.ask.containers()
    language, known = view.language, network.containers
    found = tabled(lambda: kpis.read(view))
    said: dict[str, Any] = as_json({
        **heading(network, known, view.now, language, view.zone),
        "stamp": choices.stamp(view, known),
        "choices": choices.content(view, known),
        "numbers": {},
        "texts": {
            "span": "" if isinstance(found, Rows) else kpis.span(found, view),
            "explained": provenance.title(view),
        },
        "tables": {table: _rows(family, found, view) for table, family in TABLES.items()}
        | provenance.content(view),
    })  # fmt: skip
    return said


def _rows(family: Family, found: Mapping[str, Kpi] | Rows, view: View) -> Rows:
    """One family as a table; costs only where they are told."""
    if isinstance(found, Rows):
        return Rows() if _is_costs(family) else found
    return kpis.rows(family.indicators, found, provenance.linked(view, PATH), view)


def _is_costs(family: Family) -> bool:
    return all(one.finance for one in family.indicators)


def _panel(family: Family, language: str) -> Component:
    table = f"kpis_{family.name}"
    return parts.panel(
        table, family.label(language), [parts.table(table, language, kpis.columns(), "kpis")],
        optional=_is_costs(family),
    )  # fmt: skip


TABLES: Final = {f"kpis_{family.name}": family for family in SHOWN}
SCREEN: Final = Screen(
    "energy", PATH, TITLE, layout, content,
    choices=(choices.SCOPE, choices.PERIOD, provenance.EXPLAIN),
)  # fmt: skip
