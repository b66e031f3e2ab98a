"""The one way to put a chart on a page.

plotly's defaults offer to upload a chart to its maker, and draw an SVG that no screen reader can
read. `chart` forbids the first and adds what the second lacks: a sentence computed from the data,
a table of the values, and a file of them. A test forbids `dcc.Graph` anywhere else.
"""

from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import stamps
from dashboard.figures.axis import ticks
from dashboard.figures.line import MAX_LINES, Band, Drawing, Line, largest
from dashboard.format import Quantity, clock, divisor, quantity, rate
from dashboard.markup import tag
from dashboard.text import say
from vigie.units import RATIO

TABLE_ROWS: Final = 30
INK: Final = "#33566e"
"""For a page without our style sheet; with it, lines follow the theme."""
DASHES: Final = ("solid", "dash", "dot", "dashdot", "longdash", "longdashdot", "solid", "dash")
FONT: Final = {"family": "'Noto Sans', 'DejaVu Sans', sans-serif", "size": 12}


def config(language: str) -> dict[str, Any]:
    """The configuration of every chart: no upload, no logo, no buttons, our language."""
    return {
        "showSendToCloud": False, "plotlyServerURL": "", "displaylogo": False,
        "displayModeBar": False, "locale": language, "responsive": True, "scrollZoom": False,
    }  # fmt: skip


def place(name: str) -> Component:
    """Where a chart will be put when its values have come."""
    return html.Div(id=f"chart-{name}", className="chart-place")


def chart(drawing: Drawing, language: str, zone: ZoneInfo, csv: str) -> Component:
    """A chart with its sentence, its values and its file; or why there is nothing to draw."""
    if not any(line.known for line in drawing.lines):
        return html.P(drawing.empty or say("no_values", language), className="nothing")
    stamp = stamps.of_share(drawing.simulated, language)
    return html.Figure(
        className="chart",
        children=[
            html.P(drawing.title, className="chart-title"),
            *([html.P(html.Span(stamp, className="stamp"))] if stamp else []),
            tag(html.Div,
                dcc.Graph(
                    id=f"graph-{drawing.name}", figure=figure(drawing, language, zone),
                    config=cast("Any", config(language)), responsive=True, className="graph",
                ),
                role="img", className="drawing", aria_label=sentence(drawing, language, zone),
            ),
            html.Figcaption([
                html.Details([
                    html.Summary(say("see_values", language)),
                    html.Div(_table(drawing, language, zone), className="values", tabIndex="0"),
                ]),
                html.A("CSV", href=csv, download="", className="csv"),
            ]),
        ],
    )  # fmt: skip


def broken(why: str, language: str) -> Component:
    """In place of a chart whose values cannot be read."""
    return html.P([html.Strong(say("cannot_read", language)), f" {why}"], className="broken")


def figure(drawing: Drawing, language: str, zone: ZoneInfo) -> dict[str, Any]:
    """The drawing as plotly reads it: plain lists, lines only, no WebGL, no map."""
    places, words = ticks(drawing.start, drawing.end, zone)
    layout: dict[str, Any] = {
        "margin": {"l": 58, "r": 10, "t": 14, "b": 26}, "font": FONT, "hovermode": "closest",
        "paper_bgcolor": "rgba(0,0,0,0)", "plot_bgcolor": "rgba(0,0,0,0)", "dragmode": False,
        "showlegend": any(len(band.lines) > 1 for band in drawing.bands),
        "legend": {"orientation": "h", "x": 0, "y": 1.0, "yanchor": "bottom"},
        "xaxis": {
            "range": [drawing.start, drawing.end], "tickvals": places, "ticktext": words,
            "fixedrange": True, "zeroline": False, "ticklabelstandoff": 4,
        },
        "uirevision": drawing.name,
    }  # fmt: skip
    if layout["showlegend"]:
        layout["margin"]["t"] = 28
    data: list[dict[str, Any]] = []
    share = 1 / len(drawing.bands)
    for index, band in enumerate(drawing.bands):
        axis = "y" if index == 0 else f"y{index + 1}"
        top = 1 - index * share
        domain = [top - share + (0.08 if index + 1 < len(drawing.bands) else 0), top]
        factor, unit = divisor(largest(band.lines), band.unit, language)
        layout[axis.replace("y", "yaxis")] = _axis(band, unit, factor, domain)
        data += [
            _trace(line, band, order=order, axis=axis, factor=factor, language=language, zone=zone)
            for order, line in enumerate(band.lines[:MAX_LINES])
        ]
    layout["xaxis"]["anchor"] = "y" if len(drawing.bands) == 1 else f"y{len(drawing.bands)}"
    return {"data": data, "layout": layout}


def sentence(drawing: Drawing, language: str, zone: ZoneInfo) -> str:
    """What the chart shows, for those who do not see it: each line's ends and newest value."""
    said = []
    for band in drawing.bands:
        for line in band.lines:
            if not line.known:
                said.append(say("line_unknown", language, name=line.name))
                continue
            values = [value for _, value in line.known]
            at, last = line.known[-1]
            said.append(
                say(
                    "line_known", language, name=line.name,
                    low=written(min(values), band, language),
                    high=written(max(values), band, language),
                    last=written(last, band, language), time=clock(at, zone),
                )
            )  # fmt: skip
    stamp = stamps.of_share(drawing.simulated, language)
    title = f"{stamp} · {drawing.title}" if stamp else drawing.title
    return f"{title}. " + " ".join(said)


def written(value: float, band: Band, language: str) -> Quantity:
    """A value of this band with its unit."""
    return (rate if band.per_second else quantity)(value, band.unit, language)


def _axis(band: Band, unit: str, factor: float, domain: list[float]) -> dict[str, Any]:
    unit = f"{unit}/s" if band.per_second else unit
    high = None if band.high is None else band.high / factor
    low = None if band.low is None else band.low / factor
    return {
        "title": {"text": " ".join(filter(None, [band.title, unit])), "standoff": 4},
        "domain": domain, "range": [low, high], "autorange": high is None and "max",
        "rangemode": "tozero", "fixedrange": True, "nticks": 5, "zeroline": False,
        "automargin": False,
        **({"tickvals": [0, 25, 50, 75, 100]} if band.unit is RATIO and band.high == 1 else {}),
    }  # fmt: skip


def _trace(
    line: Line, band: Band, *, order: int, axis: str, factor: float, language: str, zone: ZoneInfo
) -> dict[str, Any]:
    drawn = line.drawn()
    return {
        "type": "scatter", "mode": "lines", "name": line.name, "yaxis": axis,
        "x": [round(at, 3) for at, _ in drawn],
        "y": [None if value is None else round(value / factor, 4) for _, value in drawn],
        "text": [
            "" if value is None else f"{clock(at, zone, seconds=True)}<br>"
            f"{line.name} : {written(value, band, language)}"
            for at, value in drawn
        ],
        "hovertemplate": "%{text}<extra></extra>", "connectgaps": False,
        "line": {"color": INK, "width": 1.6, "dash": DASHES[order], "simplify": True},
    }  # fmt: skip


def _table(drawing: Drawing, language: str, zone: ZoneInfo) -> Component:
    bands = [
        (band, line, dict(line.known)) for band in drawing.bands for line in band.lines[:MAX_LINES]
    ]
    times = sorted({at for _, _, known in bands for at in known}, reverse=True)
    stride = max(1, -(-len(times) // TABLE_ROWS))
    head = [html.Th(say("time", language), scope="col")]
    head += [html.Th(line.name, scope="col") for _, line, _ in bands]
    body = [
        html.Tr([
            html.Th(clock(at, zone, seconds=True), scope="row"),
            *(
                html.Td(str(written(known[at], band, language)) if at in known
                        else say("unknown", language))
                for band, _, known in bands
            ),
        ])
        for at in times[::stride]
    ]  # fmt: skip
    return html.Table([html.Caption(drawing.title), html.Thead(html.Tr(head)), html.Tbody(body)])
