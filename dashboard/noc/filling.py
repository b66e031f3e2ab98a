"""When a file system would be full if it went on as in the last day: a hint, not an alarm."""

from collections import defaultdict
from collections.abc import Sequence
from statistics import linear_regression
from typing import Final

from dashboard.format import DAY, HOUR, seconds_of
from dashboard.noc.view import View
from vigie.catalogue import Filesystem

SPAN_SECONDS: Final = DAY
LEAST_SPAN_SECONDS: Final = 6 * HOUR
"""A trend of less than this says more about one download than about a disk."""
HORIZON_SECONDS: Final = 60 * DAY
"""Further away than this nobody needs to know."""
READ_SECONDS: Final = 300.0

Mount = tuple[str, str]
"""Host and where it is mounted."""


def full_in(view: View) -> dict[Mount, float]:
    """Seconds until full of every file system of the scope that is filling up soon."""
    free, host, mount = Filesystem.available_bytes, Filesystem.host, Filesystem.mount
    found = view.slow(
        "filling", READ_SECONDS,
        lambda: view.ask.series(
            Filesystem, [free.name], agg="mean", start=view.now - SPAN_SECONDS, end=view.now,
            step=HOUR, by=(host.name, mount.name),
        ),
    )  # fmt: skip
    points: dict[Mount, list[tuple[float, float]]] = defaultdict(list)
    for row in found.rows:
        if row[free.name] is not None:
            at = seconds_of(str(row["time"])) + HOUR / 2
            points[str(row[host.name]), str(row[mount.name])].append((at, float(row[free.name])))
    lefts = {name: until_empty(known, view.now) for name, known in points.items()}
    return {name: left for name, left in lefts.items() if left is not None}


def until_empty(points: Sequence[tuple[float, float]], now: float) -> float | None:
    """When a straight line through (time, free) reaches 0; None: not soon, or not known."""
    times = [at for at, _ in points]
    if len(points) < 3 or max(times) - min(times) < LEAST_SPAN_SECONDS:
        return None
    slope, at_zero = linear_regression(times, [free for _, free in points])
    if slope >= 0:
        return None
    left = -at_zero / slope - now
    return max(left, 0.0) if left < HORIZON_SECONDS else None
