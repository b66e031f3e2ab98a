"""Flotte, the first screen: what needs me now?"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from dash import html
from dash.development.base_component import Component

from dashboard import stamps
from dashboard.figures import chart
from dashboard.format import number, seconds_of
from dashboard.markup import tag
from dashboard.noc import alarms, declared, indicators, machines, parts
from dashboard.noc.heading import heading
from dashboard.noc.places import Places
from dashboard.noc.screen import Screen
from dashboard.noc.shown import (
    Age,
    Cell,
    Mark,
    Number,
    Rows,
    Text,
    as_json,
    failed,
    isolated,
    unknown,
)
from dashboard.noc.view import View
from dashboard.text import Said, say
from vigie.indicators import CARBON_LOCATION, ENERGY, POWER
from vigie.replies import Alert, Container

TITLE: Final = Said("Flotte", "Fleet")
SMALL: Final = 3
"""Up to here the containers of an operator share the group of their region."""
FEW_HOSTS: Final = 12
"""Up to here each machine has its own row of live numbers; beyond, the mosaic says enough."""
EVENTS_SHOWN: Final = 12
EVENT_SPAN_SECONDS: Final = 86_400
EVENTS_SECONDS: Final = 4.0
"""How old the list of events may be."""
UNREACHABLE: Final = ("stale", "silent")
SIGNS: Final = {
    "stale": "?", "silent": "–", "maintenance": "M", "abnormal": "!", "nominal": "",
    "declared": "D", "commissioning": "C", "retired": "R",
}  # fmt: skip
ODD: Final = ("stale", "silent", "abnormal")
"""States in which something is not as it should be."""
MARKS: Final = {"declared": "silent", "commissioning": "maintenance", "retired": "silent"}
"""The looks that states share."""
NUMBERS: Final = ("p1", "load", "reachable", POWER.name, ENERGY.name, CARBON_LOCATION.name)


def layout(language: str) -> list[Component]:
    """The bones of the screen; what is live in it is painted by `assets/noc.js`."""
    return [
        html.H1(TITLE.label(language), className="unseen"),
        tag(html.Section,
            [parts.tile(name, say(f"number_{name}", language)) for name in NUMBERS],
            className="numbers",
            aria_label=say("key_numbers", language),
        ),
        html.Div(_left(language), className="column"),
        html.Div(_right(language), className="column"),
    ]  # fmt: skip


def _left(language: str) -> list[Component]:
    return [
        parts.panel(
            "fleet", TITLE.label(language),
            [tag(html.Div, data_mosaic="fleet"), parts.legend(language),
             parts.behind(say("as_table", language), parts.table("containers", language))],
            bind="fleet_note",
        ),
        parts.panel(
            "machines", say("machines", language),
            [parts.table("machines", language),
             html.Div([chart.place("load"), chart.place("network")], className="pair")],
            note=say("machines_note", language),
        ),
        parts.panel("power", say("power", language), [chart.place("power")],
                    note=say("last_12_hours", language)),
    ]  # fmt: skip


def _right(language: str) -> list[Component]:
    return [
        parts.panel("queue", say("queue", language), [parts.table("queue", language)],
                    bind="queue_note"),
        parts.panel("events", say("events", language), [parts.table("events", language)],
                    note=say("last_24_hours", language)),
    ]  # fmt: skip


def content(view: View) -> dict[str, Any]:
    """Everything live on the screen, as JSON.

    Raises:
        Refused, Unavailable: the network cannot be read at all; any other part fails alone.
    """
    ask, language = view.ask, view.language
    network = ask.containers()
    all_of_it = network.containers
    places = Places.of(all_of_it, language)
    few = sum(len(c.hosts) for c in all_of_it) <= FEW_HOSTS
    shown, tables, texts = _alarms(view, places)
    shown["reachable"] = reachable(all_of_it, language)
    shown |= indicators.numbers(view)
    tables["containers"] = container_rows(all_of_it, language)
    if few:
        tables["machines"] = isolated(lambda: machines.table(ask, view.rates, places), failed)
    tables["events"] = isolated(lambda: events(view, places, EVENTS_SHOWN), failed)
    texts["fleet_note"] = say("fleet_note", language, count=number(len(all_of_it), language))
    said: dict[str, Any] = as_json({
        **heading(network, all_of_it, view.now, language, view.zone), "few": few,
        "numbers": shown, "texts": texts, "tables": tables,
        "mosaic": mosaic(all_of_it, language),
    })  # fmt: skip
    return said


def events(view: View, places: Places, limit: int) -> Rows:
    """What happened in the scope since yesterday, newest first."""
    since = view.now - EVENT_SPAN_SECONDS
    found = view.slow("events", EVENTS_SECONDS, lambda: view.ask.events(since, limit))
    return alarms.happenings(found, places, view.now, view.language, view.zone)


def reachable(containers: Sequence[Container], language: str) -> Number:
    """Containers whose readings arrive, out of those in service."""
    containers = [c for c in containers if c.state not in MARKS]
    lost = [c for c in containers if c.state in UNREACHABLE]
    well = number(len(containers) - len(lost), language)
    return Number(
        well, f"/ {number(len(containers), language)}",
        note=say("mute", language, count=len(lost)) if lost else say("none_mute", language),
        level=2 if lost else None,
        stamp=_share(containers, language),
    )  # fmt: skip


def mosaic(containers: Sequence[Container], language: str) -> list[dict[str, Any]]:
    """Tiles by region and operator, each in its fixed place whatever its state.

    Operators of few containers share the group of their region.
    """
    ordered = sorted(containers, key=lambda c: (c.region, c.operator, c.path))
    sizes = Counter((c.region, c.operator) for c in ordered)
    alone = Counter(c.site for c in ordered)
    groups: Mapping[tuple[str, str], list[Container]] = defaultdict(list)
    for container in ordered:
        whose = container.operator if sizes[container.region, container.operator] > SMALL else ""
        groups[container.region, whose].append(container)
    return [
        {
            "title": region or say("no_region", language),
            "sub": whose or _operators(members, language),
            "stamp": stamps.of_containers(members, language),
            "count": _group_note(members, language),
            "tiles": [_tile(c, language, alone=alone[c.site] == 1) for c in members],
        }
        for (region, whose), members in groups.items()
    ]


def _operators(members: Sequence[Container], language: str) -> str:
    """The one operator of these, else how many they are."""
    found = {container.operator for container in members}
    return found.pop() if len(found) == 1 else say("operators", language, count=len(found))


def state_mark(container: Container, language: str) -> Mark:
    """How a container is, as a square: its worst alarm, else its state."""
    mark = MARKS.get(container.state, container.state)
    sign = SIGNS.get(container.state, "?")
    if container.worst is not None:
        mark, sign = f"p{container.worst}", str(container.worst)
    return Mark(mark, sign, say(f"state_{container.state}", language))


def container_rows(containers: Sequence[Container], language: str) -> Rows:
    """The mosaic as a table, for keyboards and screen readers."""
    rows: list[list[Cell]] = [
        [
            Text(
                c.name, sub=c.path, href=alarms.site_link(c.path, language),
                stamp=stamps.of_container(c, language),
            ),
            Text(" · ".join(filter(None, [c.region, c.operator]))),
            Text(declared.status(c.status, language)),
            state_mark(c, language),
            Text(number(c.alerts, language)),
            _heard(c, language),
        ]
        for c in containers
    ]  # fmt: skip
    return Rows(rows, empty=say("no_container", language))


def _heard(container: Container, language: str) -> Cell:
    """How long ago a container that should be heard was; the others are, and need no counting."""
    if container.last_seen and container.state not in UNREACHABLE:
        return Text(say("heard", language))
    return Age(seconds_of(container.last_seen) if container.last_seen else None)


def _group_note(members: Sequence[Container], language: str) -> str:
    odd = sum(c.state in ODD for c in members)
    said = say("sites", language, count=len(members))
    return said + " · " + say("abnormal_count", language, count=odd) if odd else said


def _share(containers: Sequence[Container], language: str) -> str:
    """How many of these containers the twin plays."""
    simulated = sum(c.simulated for c in containers)
    return stamps.of_share(simulated / max(len(containers), 1), language)


def _tile(container: Container, language: str, *, alone: bool) -> dict[str, Any]:
    """One tile; a container that is `alone` on its site goes by the name of the site."""
    name = container.site_name if alone and container.site_name else container.name
    mark = state_mark(container, language)
    stamp = stamps.of_container(container, language)
    said = " · ".join(filter(None, [f"{name} : {mark.text}", container.operator, stamp]))
    return {
        "path": container.path, "name": name, "mark": mark.mark, "sign": mark.sign,
        "simulated": container.simulated, "stamp": stamp, "label": said,
        "state": mark.text, "href": alarms.site_link(container.path, language),
    }  # fmt: skip


def _alarms(
    view: View, places: Places
) -> tuple[dict[str, Number], dict[str, Rows], dict[str, str]]:
    """Numbers, queue and note, all from one answer; or its failure in each."""
    now, language, zone = view.now, view.language, view.zone
    alerts: list[Alert] | str = isolated(view.ask.alerts, str)
    if isinstance(alerts, str):
        lost = unknown(alerts)
        return {"p1": lost, "load": lost}, {"queue": Rows(error=alerts)}, {"queue_note": ""}
    queue = alarms.queue(alerts, places, now, language, zone)
    note = say("queue_note", language, count=len(alarms.opened(alerts)))
    numbers = {
        "p1": alarms.unacknowledged(alerts, now, language, zone),
        "load": alarms.load(alerts, now, language),
    }
    return numbers, {"queue": queue}, {"queue_note": note}


SCREEN: Final = Screen(
    "fleet", "/", TITLE, layout, content,
    periods={"load": "15min", "network": "15min", "power": "12h"},
)  # fmt: skip
