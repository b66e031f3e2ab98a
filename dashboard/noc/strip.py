"""The last 24 hours of a container as a strip: readings there or not, alarms on or not."""

from collections.abc import Sequence
from typing import Any, Final

from dashboard.format import DAY, HOUR, clock, seconds_of
from dashboard.noc.view import View
from dashboard.questions import Row
from dashboard.text import say
from vigie.catalogue import Host
from vigie.replies import Alert

CELL_SECONDS: Final = 900
CELLS: Final = DAY // CELL_SECONDS
STRIP_SECONDS: Final = 20.0
"""How old the counts may be: they are a day's."""
PARTIAL: Final = 0.9
"""Below this share of the readings due, a quarter of an hour is drawn as partly missing."""


def strip(view: View, alerts: Sequence[Alert] | str) -> dict[str, Any]:
    """One cell for every quarter of an hour, oldest first, and a sentence for all of them."""
    now, language, zone = view.now, view.language, view.zone
    start = (int(now) // CELL_SECONDS + 1) * CELL_SECONDS - DAY
    counted = view.slow(
        "strip", STRIP_SECONDS,
        lambda: view.ask.series(
            Host, [Host.cpu_count.name], agg="count", start=start, end=now, step=CELL_SECONDS
        ),
    )  # fmt: skip
    shares = _shares(counted.rows, now)
    known = [] if isinstance(alerts, str) else alerts
    cells = []
    for at in range(start, start + DAY, CELL_SECONDS):
        mark = _mark(at, shares, known, now)
        cells.append(_cell(mark, clock(at, zone), language))
    seen = sum(cell["mark"] not in {"missing", "before"} for cell in cells)
    label = say("strip_label", language, seen=seen, total=CELLS)
    hours = [clock(start + i * 3 * HOUR, zone) for i in range(8)]
    return {"cells": cells, "label": label, "hours": hours}


def _shares(rows: Sequence[Row], now: float) -> dict[int, float]:
    """Readings that came, out of those due, by the start of the quarter of an hour."""
    shares: dict[int, float] = {}
    for row in rows:
        start = int(seconds_of(str(row["time"])))
        due = min(CELL_SECONDS, max(now - start, 1)) / Host.period_seconds
        count = row[Host.cpu_count.name]
        if isinstance(count, int | float) and count:
            shares[start] = count / due
    return shares


def _mark(start: int, shares: dict[int, float], alerts: Sequence[Alert], now: float) -> str:
    during = [a.priority for a in alerts if _during(a, start)]
    if during:
        return f"p{min(during)}"
    first = min(shares, default=now)
    if start < first:
        return "before"  # a machine that is new here has lost nothing
    share = 1.0 if start == first else shares.get(start, 0.0)
    return "missing" if share == 0 else "partial" if share < PARTIAL else "nominal"


def _cell(mark: str, time: str, language: str) -> dict[str, str]:
    sign = mark[1:] if mark in {"p1", "p2", "p3"} else ""
    word = say(f"priority_{sign}" if sign else f"strip_{mark}", language)
    return {"mark": mark, "sign": sign, "label": f"{time} : {word}"}


def _during(alert: Alert, start: float) -> bool:
    if alert.state == "pending":
        return False
    until = seconds_of(alert.changed) if alert.state == "resolved" else float("inf")
    return seconds_of(alert.since) < start + CELL_SECONDS and until >= start
