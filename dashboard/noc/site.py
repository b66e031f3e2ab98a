"""Site: is this container well? Each block is read apart, and fails apart."""

from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

from dash import html
from dash.development.base_component import Component

from dashboard import stamps
from dashboard.figures import chart
from dashboard.markup import tag
from dashboard.noc import alarms, curves, declared, equipment, fleet, indicators, machines, parts
from dashboard.noc.heading import heading
from dashboard.noc.places import Places
from dashboard.noc.rates import Rates
from dashboard.noc.screen import Screen
from dashboard.noc.shown import Number, Rows, as_json, failed, isolated, unknown
from dashboard.noc.strip import strip
from dashboard.noc.view import View
from dashboard.questions import Row
from dashboard.text import Said, say
from vigie.catalogue import Host
from vigie.replies import Alert, Container

EVENTS_SHOWN: Final = 40
DECLARED_SECONDS: Final = 30.0
"""How old may be what is declared, and what commissioning lacks."""
T = TypeVar("T")
HOST_NUMBERS: Final = ("processor", "memory", "load1", "swap", "received", "sent", "uptime")
CHARTS: Final = ("processor", "memory", "network", "disk")


def layout(language: str) -> list[Component]:
    """The bones of the screen; what is live in it is painted by `assets/noc.js`."""
    return [
        html.Header(
            [
                tag(html.H1, data_text="title"),
                tag(html.Span, data_number="state"),
                tag(html.Span, className="stamp", hidden=True, data_stamp="page"),
                tag(html.Span, className="note", data_text="about"),
                _periods(language),
            ],
            className="site-head",
        ),
        parts.panel("strip", say("last_24_hours", language), [tag(html.Div, data_strip="day")],
                    bind="strip_note"),
        _table("queue", "alarms", language),
        _table("indicators", "energy_carbon", language),
        parts.panel("checklist", say("checklist", language), [parts.table("checklist", language)],
                    bind="checklist_note", optional=True),
        parts.panel("life", say("life", language), [parts.table("life", language)],
                    bind="life_note"),
        _table("facility", "facility", language),
        _with_chart("processor", ("processor", "load1", "uptime"), language),
        _with_chart("memory", ("memory", "swap"), language),
        _with_chart("network", ("received", "sent"), language),
        _table("filesystems", "filesystems", language),
        parts.panel("disk", say("disks", language),
                    [parts.table("disks", language), chart.place("disk")]),
        *equipment.layout(language),
        _table("pressure", "pressure", language),
        _table("sources", "sources", language),
        _table("events", "events", language),
        _table("devices", "devices", language),
        parts.panel("changes", say("changes", language), [parts.table("changes", language)],
                    optional=True),
        parts.panel(
            "declared", say("declared", language),
            [parts.behind(say("as_table", language), parts.table("declared", language))],
            bind="declared_note",
        ),
    ]  # fmt: skip


def content(view: View) -> dict[str, Any]:
    """Everything live on the screen of the container that is the view's scope, as JSON.

    Raises:
        Refused, Unavailable: the network cannot be read at all; any other block fails alone.
    """
    ask, language, rates = view.ask, view.language, view.rates
    network = ask.containers()
    here = next((c for c in network.containers if c.path == ask.scope), None)
    if here is None:
        return {"missing": say("no_such_site", language, path=ask.scope)}
    places = Places.of([here], language)
    alerts: list[Alert] | str = isolated(ask.alerts, str)
    hosts: list[Row] | str = isolated(lambda: ask.latest(Host), str)
    told, texts = _declared(view, here)
    said: dict[str, Any] = as_json({
        **heading(network, [here], view.now, language, view.zone),
        "stamp": stamps.of_container(here, language),
        "numbers": {"state": fleet.state_mark(here, language), **_host(hosts, rates, language)},
        "texts": {"title": here.name, "about": about(here, language),
                  "strip_note": say("strip_note", language), **texts},
        "tables": {
            "queue": failed(alerts) if isinstance(alerts, str)
            else alarms.queue(alerts, places, view.now, language, view.zone),
            "pressure": failed(hosts) if isinstance(hosts, str)
            else machines.pressure(hosts, rates, language),
            **_blocks(view, places), **told,
            "life": declared.life(network.containers, here, language),
        },
        "strip": isolated(lambda: strip(view, alerts), lambda why: {"error": why}),
    })  # fmt: skip
    return said


def about(container: Container, language: str) -> str:
    """Where it stands and whose it is."""
    words = [
        container.path,
        container.site_name,
        container.region,
        container.operator,
        declared.note(container, language),
    ]
    return " · ".join(dict.fromkeys(filter(None, words)))


def _blocks(view: View, places: Places) -> dict[str, Rows]:
    ask = view.ask
    return {
        "filesystems": isolated(lambda: machines.filesystems(view), failed),
        "disks": isolated(lambda: machines.disks(ask, view.rates), failed),
        **{
            equipment.name(kind): isolated(partial(equipment.table, view, kind), failed)
            for kind in equipment.SHOWN
        },
        "sources": isolated(lambda: machines.sources(ask), failed),
        "devices": isolated(lambda: machines.devices(view), failed),
        "indicators": indicators.table(view),
        "events": isolated(lambda: fleet.events(view, places, EVENTS_SHOWN), failed),
    }


def _declared(view: View, here: Container) -> tuple[dict[str, Rows], dict[str, str]]:
    """What is declared of the container and its site, and what its commissioning lacks."""
    language = view.language

    def asked(name: str, read: Callable[[], T]) -> T | str:
        return isolated(lambda: view.slow(name, DECLARED_SECONDS, read), str)

    tables: dict[str, Rows] = {"checklist": Rows()}
    texts = {"declared_note": "", "checklist_note": "", "life_note": declared.note(here, language)}
    site = asked("site", lambda: view.ask.site(here.site))
    if isinstance(site, str):
        tables |= {"facility": failed(site), "declared": failed(site)}
    else:
        tables["facility"] = declared.facility(site.traits, language)
        tables["declared"] = declared.everything(site.traits, here, language)
        texts["declared_note"] = declared.everything_note(site.traits, here, language)
    if here.lifecycle == "commissioning":
        checklist = asked("checklist", lambda: view.ask.checklist(here.path))
        if isinstance(checklist, str):
            tables["checklist"] = failed(checklist)
        else:
            tables["checklist"] = declared.checks(checklist, language)
            texts["checklist_note"] = declared.checks_note(checklist, language)
    changes = asked("changes", lambda: view.ask.history(here.path))
    tables["changes"] = (
        failed(changes) if isinstance(changes, str)
        else declared.changes(changes, view.now, language, view.zone)
    )  # fmt: skip
    return tables, texts


def _host(hosts: list[Row] | str, rates: Rates, language: str) -> dict[str, Number]:
    """The numbers of the container's one host; several have a row each on the first screen."""
    if isinstance(hosts, str) or len(hosts) != 1:
        why = hosts if isinstance(hosts, str) else say("hosts_here", language, count=len(hosts))
        return dict.fromkeys(HOST_NUMBERS, unknown(why))
    row = hosts[0]
    return {
        "processor": machines.processor(row, language),
        "memory": machines.memory(row, language),
        "load1": machines.gauge(row, Host.load1, language),
        "swap": machines.gauge(row, Host.swap_used_bytes, language),
        "received": machines.counted(row, Host.network_receive_bytes_total, rates, language),
        "sent": machines.counted(row, Host.network_transmit_bytes_total, rates, language),
        "uptime": machines.uptime(row, language),
    }


def _table(name: str, title: str, language: str) -> Component:
    return parts.panel(name, say(title, language), [parts.table(name, language)])


def _with_chart(name: str, numbers: tuple[str, ...], language: str) -> Component:
    shown = [parts.number(n, say(f"number_{n}", language)) for n in numbers]
    return parts.panel(
        name, say(name, language),
        [html.Div(shown, className="figures"), chart.place(name)],
    )  # fmt: skip


def _periods(language: str) -> Component:
    options = [html.Option(say(f"period_{p.name}", language), value=p.name) for p in curves.PERIODS]
    return html.Label([
        say("period", language),
        # Dash's own Select of html has no initial value: the browser sets it from the page.
        html.Select(options, id="period"),
    ], className="period")  # fmt: skip


SCREEN: Final = Screen("site", "/site/", Said("Site", "Site"), layout, content, of_site=True)
