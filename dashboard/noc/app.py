"""The Dash application of the operations screens: its shell, and which screen is in it.

Callbacks know Dash only, never the web framework behind it.
"""

from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from dash import (
    ClientsideFunction,
    Dash,
    Input,
    Output,
    State,
    dcc,
    html,
    no_update,
)
from dash.development.base_component import Component

from dashboard.figures import chart
from dashboard.markup import tag
from dashboard.noc import address, curves, deeds, header, login
from dashboard.noc.watch import Watch
from dashboard.text import say
from vigie.errors import Refused, Unavailable, VigieError

ASSETS: Final = Path(__file__).resolve().parent.parent / "assets"
TICK_MILLISECONDS: Final = 2_000
CHART_MILLISECONDS: Final = 10_000
INDEX: Final = """<!DOCTYPE html>
<html lang="LANGUAGE" data-theme="light">
<head>{%metas%}<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{%title%}</title><link rel="icon" href="ICON">{%css%}</head>
<body>{%app_entry%}<div>{%config%}{%scripts%}{%renderer%}</div></body>
</html>"""


def build(watch: Watch) -> Dash:
    """The application, every callback registered."""
    app = Dash(
        "vigie", title="Vigie", update_title="", assets_folder=str(ASSETS),
        suppress_callback_exceptions=True, enable_mcp=False, serve_locally=True,
        index_string=INDEX.replace("LANGUAGE", watch.language).replace("ICON", login.ICON),
        add_log_handler=False,
    )  # fmt: skip
    app.layout = html.Div([
        dcc.Location(id="url", refresh=False),
        html.Div(id="screen"),
        dcc.Store(id="board"), dcc.Store(id="pulse"), dcc.Store(id="push"),
        dcc.Store(id="deed"), dcc.Store(id="outcome"), dcc.Store(id="drawn"),
        dcc.Store(id="sink"),
        dcc.Interval(id="tick", interval=TICK_MILLISECONDS),
        dcc.Interval(id="slow", interval=CHART_MILLISECONDS),
    ])  # fmt: skip
    _screens(app, watch)
    _live(app)
    for name in curves.CURVES:
        _curve(app, watch, name)
    _deeds(app, watch)
    for event, store in (("settle", "drawn"), ("paint", "board"), ("beat", "pulse"),
                         ("outcome", "outcome")):  # fmt: skip
        app.clientside_callback(  # type: ignore[no-untyped-call]
            ClientsideFunction("vigie", event),
            Output("sink", "data", allow_duplicate=True), Input(store, "data"),
            prevent_initial_call=True,
        )  # fmt: skip
    return app


def _screens(app: Dash, watch: Watch) -> None:
    @app.callback(
        Output("screen", "children"), Output("drawn", "data"),
        Input("url", "pathname"), Input("url", "search"), State("drawn", "data"),
    )  # fmt: skip
    def screen(path: str, query: str, drawn: str | None) -> Any:
        at = address.read(path, query, watch.language)
        if at.page == drawn:
            return no_update, no_update
        return _page(at, watch), at.page


def _page(at: address.Address, watch: Watch) -> Component:
    return tag(
        html.Div,
        [
            *header.layout(at, watch.visit().person, watch.zone),
            html.P(id="missing", className="missing", hidden=True),
            html.Main(at.screen.layout(at.language), id="main", className=at.screen.name),
            *header.dialogs(at.language),
        ],
        lang=at.language,
        className="page",
        data_page=at.page,
        data_period=at.period,
    )


def _live(app: Dash) -> None:
    """What is live is asked by the page itself, past Dash: it comes as it was written for all."""
    app.clientside_callback(  # type: ignore[no-untyped-call]
        ClientsideFunction("vigie", "poll"),
        Output("board", "data"), Output("pulse", "data"),
        Input("tick", "n_intervals"), Input("push", "data"),
        Input("url", "pathname"), Input("url", "search"), State("pulse", "data"),
    )  # fmt: skip


def _curve(app: Dash, watch: Watch, name: str) -> None:
    @app.callback(
        Output(f"chart-{name}", "children"),
        Input("slow", "n_intervals"), Input("url", "pathname"), Input("url", "search"),
    )  # fmt: skip
    def draw(_: int, path: str, query: str) -> list[Component]:
        at = address.read(path, query, watch.language)
        try:
            visit, span = watch.visit(), at.span(name)
            ask = watch.asker(visit, at.site, at.language)
            drawing, trouble = watch.drawing(visit, ask, name, span)
        except (Refused, Unavailable) as error:
            return [chart.broken(str(error), at.language)]
        href = f"/values/{name}.csv?site={quote(at.site)}&lang={at.language}&period={span.name}"
        drawn = chart.chart(drawing, at.language, watch.zone, href)
        return [drawn, chart.broken(trouble, at.language)] if trouble else [drawn]


def _deeds(app: Dash, watch: Watch) -> None:
    @app.callback(
        Output("outcome", "data"), Input("deed", "data"),
        State("url", "pathname"), State("url", "search"), prevent_initial_call=True,
    )  # fmt: skip
    def act(deed: dict[str, Any], path: str, query: str) -> dict[str, Any]:
        language = address.read(path, query, watch.language).language
        try:
            visit = watch.visit()
            deeds.do(visit.client, deed)
        except VigieError as error:
            return {"text": say("deed_failed", language, why=error), "bad": True, "of": deed}
        watch.changes.note(visit.rights)
        return {"text": say("deed_done", language), "bad": False, "of": deed}
