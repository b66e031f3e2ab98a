"""Pieces of markup that the screens share. Elements with `data-*` are painted by the browser."""

from collections.abc import Mapping, Sequence
from typing import Final

from dash import html
from dash.development.base_component import Component

from dashboard.markup import tag
from dashboard.text import TEXTS, Said, say

COLUMNS: Final = {
    "queue": ("priority", "site", "finding", "age", "holder", "action"),
    "containers": ("site", "place", "status", "state", "alarms", "age"),
    "machines": ("host", "processor", "memory", "fullest", "received", "sent"),
    "events": ("time", "severity", "event"),
    "filesystems": ("mount", "used", "inodes", "access"),
    "disks": ("device", "read", "written", "busy"),
    "pressure": ("waits_for", "time_share"),
    "sources": ("source", "state", "age", "duration", "failures", "timeouts"),
    "indicators": ("indicator", "value"),
    "devices": ("device", "model", "size"),
    "life": ("site", "lifecycle", "status", "declared_source"),
    "checklist": ("state", "item"),
    "facility": ("what", "trait", "status", "declared_source"),
    "declared": ("trait", "value", "status", "declared_source"),
    "changes": ("since", "trait", "before", "after"),
    "facts": ("fact", "value"),
    "stores": ("store", "objects", "readable", "lost", "margins"),
    "gone": ("site", "outcome", "containers"),
    "evidence": ("objective", "evidence", "value", "coverage", "quality", "method"),
    "inputs": ("input", "value"),
    "terms": ("step", "term", "value", "coverage", "quality"),
}
"""The columns of a table by its name; each is a word of `text`, under `column_`."""
LEGEND: Final = (
    ("p1", "1", "critical"), ("p2", "2", "major"), ("p3", "3", "minor"), ("stale", "?", "stale"),
    ("silent", "–", "silent"), ("maintenance", "M", "maintenance"), ("nominal", "", "nominal"),
)  # fmt: skip


def tile(name: str, label: str) -> Component:
    """One of the numbers at the top: its label, value and note."""
    return tag(
        html.Div,
        [html.Div(label, className="tile-label"), tag(html.Div, data_number=name)],
        className="tile",
        data_tile=name,
    )


def panel(
    name: str, title: str, children: Sequence[Component], *, note: str = "", bind: str = "",
    optional: bool = False,
) -> Component:  # fmt: skip
    """A titled block; `bind` names a live text beside the title.

    Where all on the screen is simulated, the browser stamps each block beside its title.

    An `optional` one stays hidden while its table has nothing to show.
    """
    hidden = {"hidden": True, "data_optional": name} if optional else {}
    beside = tag(html.Span, note, className="note", **({"data_text": bind} if bind else {}))
    stamp = tag(html.Span, className="stamp", hidden=True, data_stamp=name)
    return tag(
        html.Section,
        [html.Header([html.H2(title, id=f"title-{name}"), stamp, beside]), *children],
        className=f"panel panel-{name}",
        aria_labelledby=f"title-{name}",
        **hidden,
    )


def table(
    name: str, language: str, columns: Mapping[str, Said] | None = None, look: str = ""
) -> Component:
    """A table whose body is painted live; what it is about is its panel's title.

    `columns` are those of a table that `COLUMNS` does not name, with their words; `look` is a word
    of the style sheet for tables that look the same.
    """
    own = columns or {column: TEXTS[f"column_{column}"] for column in COLUMNS[name]}
    head = [
        html.Th(said.label(language), scope="col", className=f"col-{column}")
        for column, said in own.items()
    ]
    return html.Div(
        html.Table(
            [html.Thead(html.Tr(head)), tag(html.Tbody, data_rows=name)],
            className=f"rows rows-{look or name}",
        ),
        className="scroll",
        tabIndex=0,  # what scrolls must be reached without a mouse
    )


def behind(title: str, child: Component) -> Component:
    """Something to open."""
    return html.Details([html.Summary(title), child], className="behind")


def legend(language: str) -> Component:
    """What each tile means; never by colour alone."""
    return html.Ul(
        [
            html.Li([
                tag(html.Span, sign, className=f"mark mark-{mark}", aria_hidden="true"),
                say(f"legend_{word}", language),
            ])
            for mark, sign, word in LEGEND
        ],
        className="legend",
    )  # fmt: skip


def number(name: str, label: str) -> Component:
    """A live number inside a block, with its label."""
    return html.Div(
        [html.Div(label, className="tile-label"), tag(html.Div, data_number=name)],
        className="figure-number",
    )
