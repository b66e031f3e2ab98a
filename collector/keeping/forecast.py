"""When the disk will be full: growth of the last days, less what will have expired by then. Pure.

A table grows by the bytes of a day's rows, taken as the mean of its last whole days; the interval
takes each table's smallest and largest of those days for all of them. A day's bytes go again once
its rows are past their retention, so that a store that is old enough grows no more.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from collector.store.parquet import TableFile

DAY_SECONDS: Final = 86_400
DAY: Final = DAY_SECONDS * 1_000_000
WINDOW: Final = 7
"""Whole days that the growth is taken from at most."""
NEEDED: Final = 3
"""Whole days without which nothing is said."""
HORIZON: Final = 3653
"""Days that are looked ahead."""

Amounts = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Growth:
    """One table: bytes of the rows of each day (days since 1970), and how many days it keeps them.

    `staying` is the share of its rows that does not go then: held, or for the record.
    """

    days: Mapping[int, float]
    kept: float
    staying: float = 0.0


@dataclass(frozen=True, slots=True)
class Forecast:
    """Days until nothing more is taken, with an interval; None: not within ten years.

    `unknown` has a reason and no days.
    """

    state: Literal["fills", "fits", "unknown"]
    days: float | None
    earliest: float | None
    latest: float | None
    reason: str = ""


def by_day(files: Sequence[TableFile]) -> dict[int, float]:
    """Bytes by day: each file's, spread evenly over the time that it spans."""
    found: dict[int, float] = {}
    for file in files:
        first, last = file.start // DAY, file.end // DAY
        span = max(file.end - file.start, 1)
        for day in range(first, last + 1):
            inside = min(file.end, (day + 1) * DAY) - max(file.start, day * DAY)
            share = 1.0 if first == last else inside / span
            found[day] = found.get(day, 0.0) + file.size * share
    return found


def forecast(tables: Sequence[Growth], free: float, now: int) -> Forecast:
    """When tables that grow as they did fill `free` bytes; `now` in microseconds.

    Bytes below the reserve are not free: nothing is taken any more when it is reached.
    """
    if free <= 0:
        return Forecast("fills", 0.0, 0.0, 0.0)
    today = now // DAY
    known = _whole_days(tables, today)
    if len(known) < NEEDED:
        reason = f"{len(known)} whole days of data, {NEEDED} are needed"
        return Forecast("unknown", None, None, None, reason)
    mean, low, high = (
        _days([_ahead(t, rate([t.days.get(d, 0.0) for d in known]), today) for t in tables], free)
        for rate in (_mean, min, max)
    )
    return Forecast("fits" if mean is None else "fills", mean, high, low)


def _whole_days(tables: Sequence[Growth], today: int) -> list[int]:
    """The last days of which everything is there: not today, and not the day of the first row."""
    begun = min((day for t in tables for day in t.days), default=today)
    return [day for day in range(today - WINDOW, today) if day > begun]


def _mean(amounts: Sequence[float]) -> float:
    return math.fsum(amounts) / len(amounts)


def _ahead(table: Growth, rate: float, today: int) -> Amounts:
    """What one table adds on each day from tomorrow on, less what then goes."""
    change = np.full(HORIZON, rate)
    kept = table.kept
    if kept >= HORIZON + WINDOW:
        return change
    gone = np.arange(1, HORIZON + 1) + today - math.ceil(kept)
    went = np.array([rate if day >= today else table.days.get(int(day), 0.0) for day in gone])
    return np.asarray(change - went * (1.0 - table.staying), np.float64)


def _days(changes: Sequence[Amounts], free: float) -> float | None:
    used = np.cumsum(np.sum(changes, axis=0))
    full = np.flatnonzero(used >= free)
    if not len(full):
        return None
    at = int(full[0])
    before = float(used[at - 1]) if at else 0.0
    return at + (free - before) / (float(used[at]) - before)
