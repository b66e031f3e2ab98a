"""Which table answers a question: readings, minutes or hours, and where each takes over. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

from collector.rollups.columns import RESOLUTIONS

RAW: Final = "raw"
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
    for suffix in ("1h", "1m"):
        window = RESOLUTIONS[suffix]
        widths = [step] if step is not None else [start.timestamp(), end.timestamp()]
        if all(width % window == 0 for width in widths) and end - start >= LEAST_SPAN[suffix]:
            return suffix
    return RAW


def parts(
    chosen: str, start: datetime, end: datetime, until: Mapping[str, datetime | None]
) -> list[Part]:
    """What to read of which table: the end that a coarse one does not have yet, from a finer."""
    order = ("1h", "1m", RAW)
    found: list[Part] = []
    at = start
    for suffix in order[order.index(chosen) :]:
        reached = end if suffix == RAW else min(until.get(suffix) or at, end)
        if reached > at:
            window = RESOLUTIONS.get(suffix)
            found.append(Part(suffix, _floor(at, window) if not found else at, reached))
            at = reached
    return found


def _floor(time: datetime, window: int | None) -> datetime:
    """A time inside a window needs the whole window."""
    if window is None:
        return time
    return datetime.fromtimestamp(time.timestamp() // window * window, UTC)
