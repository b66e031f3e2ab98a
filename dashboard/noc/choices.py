"""What can be chosen over a table of indicators: the scope and the period, both in the address."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from dashboard import stamps
from dashboard.markup import tag
from dashboard.noc.view import View
from dashboard.text import say
from vigie.network.places import inside
from vigie.replies import Container

SCOPE: Final = "scope"
PERIOD: Final = "period"
NOW: Final = "now"
PERIODS: Final = (
    NOW, "hour", "day", "month", "year", "last_hour", "last_day", "last_month", "last_year",
)  # fmt: skip
DEFAULT_PERIOD: Final = "day"
AGES: Final = {NOW: 4.0, "hour": 10.0, "last_hour": 30.0, "day": 15.0}
"""How old the answer on a period may be, in seconds."""
OLDEST: Final = 60.0


@dataclass(frozen=True, slots=True)
class Option:
    """One thing that can be chosen, under the title of its group."""

    value: str
    label: str
    group: str = ""


def head(title: str, language: str) -> Component:
    """The title of a screen with a select for each; the browser fills them.

    What is chosen stands in the address.
    """
    chosen = [
        html.Label([say(name, language), tag(html.Select, data_choice=name)], className=name)
        for name in (SCOPE, PERIOD)
    ]
    return html.Header(
        [
            html.H1(title),
            tag(html.Span, className="stamp", hidden=True, data_stamp="page"),
            tag(html.Span, className="note", data_text="span"),
            html.Div(chosen, className="choosing"),
        ],
        className="screen-head",
    )


def period(view: View) -> str:
    """The period that is chosen; the day so far where that makes no sense."""
    asked = view.chosen.one(PERIOD, DEFAULT_PERIOD)
    return asked if asked in PERIODS else DEFAULT_PERIOD


def age(word: str) -> float:
    """How old the answer on a period may be, in seconds."""
    return AGES.get(word, OLDEST)


def scope(view: View) -> str:
    """The scope that is chosen, a path or `perimeter:<id>`; all that one may see by default."""
    return view.chosen.one(SCOPE, view.ask.scope)


def stamp(view: View, containers: Sequence[Container]) -> str:
    """The stamp of a scope all of whose containers the twin plays."""
    within = [c for c in containers if inside(c.path, scope(view))]
    everything = within and all(container.simulated for container in within)
    return stamps.of_containers(within, view.language) if everything else ""


def content(view: View, containers: Sequence[Container]) -> dict[str, Any]:
    """Both selects, each with its options and what is chosen."""
    chosen, language = view.chosen.one(SCOPE), view.language
    return {
        SCOPE: _select(chosen, scopes(view, containers)),
        PERIOD: _select(period(view), [Option(p, say(f"period_{p}", language)) for p in PERIODS]),
    }


def scopes(view: View, containers: Sequence[Container]) -> list[Option]:
    """All, then each site with its containers; and what the address asks for, whatever it is."""
    language = view.language
    options = [Option("", say("scope_yours" if view.ask.scope else "scope_all", language))]
    sites: dict[str, list[Container]] = {}
    for container in containers:
        sites.setdefault(container.site, []).append(container)
    for site, members in sites.items():
        name = members[0].site_name or site
        whole = stamps.of_containers(members, language)
        options.append(Option(site, _stamped(say("scope_site", language, site=name), whole), name))
        options += [
            Option(c.path, _stamped(c.name, stamps.of_container(c, language)), name)
            for c in members
        ]
    asked = view.chosen.one(SCOPE)
    if asked not in {option.value for option in options}:
        options.append(Option(asked, asked, say("scope_elsewhere", language)))
    return options


def _stamped(name: str, stamp: str) -> str:
    return " · ".join(filter(None, [name, stamp]))


def _select(value: str, options: Sequence[Option]) -> dict[str, Any]:
    return {"value": value, "options": [asdict(option) for option in options]}
