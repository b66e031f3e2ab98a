"""Which table answers a question: readings, minutes or hours, and where each takes over. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from collector.rollups.columns import RESOLUTIONS

RAW: Final = "raw"
ORDER: Final = ("1h", "1m", RAW)
"""From the coarsest."""
LEAST_SPAN: Final = {"1h": timedelta(days=1), "1m": timedelta(hours=1)}
"""A shorter span is read from finer rows: that costs little, and is fresher."""


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one table, `raw` or a rollup's suffix, from `start` until before `end`."""

    suffix: str
    start: datetime
    end: datetime


def edges(start: datetime, end: datetime, step: float | None) -> list[datetime]:
    """Where steps begin, aligned to the epoch, and where the last one ends."""
    if step is None:
        return [start, end]
    first = int(start.timestamp() // step)
    last = -int(-end.timestamp() // step)
    return [datetime.fromtimestamp(n * step, UTC) for n in range(first, last + 1)]


def count(start: datetime, end: datetime, step: float | None) -> int:
    """How many steps there are."""
    if step is None:
        return 1
    return -int(-end.timestamp() // step) - int(start.timestamp() // step)


def tier(start: datetime, end: datetime, step: float | None) -> str:
    """The coarsest table whose windows fit into the steps, of a span that is worth it."""
    for suffix in ORDER[:-1]:
        fits = step is None or step % RESOLUTIONS[suffix] == 0
        if fits and end - start >= LEAST_SPAN[suffix]:
            return suffix
    return RAW


def parts(
    chosen: str, start: datetime, end: datetime,
    until: Mapping[str, datetime | None], since: Mapping[str, datetime | None],
) -> list[Part]:  # fmt: skip
    """What to read of which table, in order of time, none of it twice.

    Whole windows come from the table `chosen`; what lies before the first and after the last of
    them, and what that table does not have yet, from finer ones. `until` says how far each rollup
    reaches, `since` the oldest row of each table: of a time that the finer ones no longer have, a
    window counts whole.
    """
    if start >= end:
        return []
    if chosen == RAW:
        return [Part(RAW, start, end)]
    finer = ORDER[ORDER.index(chosen) + 1]
    window = RESOLUTIONS[chosen]
    kept = [t for s in ORDER[ORDER.index(finer) :] if (t := since.get(s)) is not None]
    first = _up(start, window)
    if first > start and (not kept or min(kept) >= first):
        first = start = _down(start, window)
    last = min(until.get(chosen) or first, _down(end, window))
    if last <= first:
        return parts(finer, start, end, until, since)
    return [
        *parts(finer, start, first, until, since),
        Part(chosen, first, last),
        *parts(finer, last, end, until, since),
    ]


def _down(time: datetime, window: int) -> datetime:
    return datetime.fromtimestamp(time.timestamp() // window * window, UTC)


def _up(time: datetime, window: int) -> datetime:
    return datetime.fromtimestamp(-(-time.timestamp() // window) * window, UTC)
