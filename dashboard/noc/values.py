"""The values of a chart as a file: what its CSV link gives."""

import csv
import io
from datetime import UTC, datetime

import flask

from dashboard.figures.line import Drawing
from dashboard.noc import address, curves
from dashboard.noc.watch import Watch
from vigie.errors import Refused, Unavailable


def stand(server: flask.Flask, watch: Watch) -> None:
    """Route `/values/<chart>.csv?site=&period=&lang=`."""

    @server.get("/values/<name>.csv")
    def values(name: str) -> flask.typing.ResponseReturnValue:
        if name not in curves.CURVES:
            return flask.Response("404: no such chart\n", 404, content_type="text/plain")
        at = address.read(None, flask.request.query_string.decode(), watch.language)
        visit, site = flask.g.visit, flask.request.args.get("site", "").strip("/")
        try:
            ask = watch.asker(visit, site, at.language)
            drawing, _ = watch.drawing(visit, ask, name, curves.period(at.period))
        except Refused as error:
            return flask.Response(f"{error}\n", error.status, content_type="text/plain")
        except Unavailable as error:
            return flask.Response(f"{error}\n", 503, content_type="text/plain")
        return flask.Response(
            table(drawing), content_type="text/csv; charset=utf-8",
            headers={"Content-Disposition": f'attachment; filename="{name}.csv"'},
        )  # fmt: skip


def table(drawing: Drawing) -> str:
    """Every point: time in UTC, then a column a line in its base unit; unknown is empty."""
    bands = [(band, line, dict(line.known)) for band in drawing.bands for line in band.lines]
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(
        [
            "time",
            *(f"{line.name} ({band.unit.ucum}{'/s' * band.per_second})" for band, line, _ in bands),
        ]
    )
    for at in sorted({at for _, _, known in bands for at in known}):
        written = datetime.fromtimestamp(at, tz=UTC).isoformat().replace("+00:00", "Z")
        writer.writerow([written, *(known.get(at, "") for _, _, known in bands)])
    return out.getvalue()
