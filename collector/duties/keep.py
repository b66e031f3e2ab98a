"""Which of the collector's own rows are worth keeping: what changed, and now and then the rest.

So that the past can be replayed as it was seen, and a start begins with what the last one knew.
"""

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol

import pyarrow as pa

from collector.counters import Counters
from collector.store import schema
from vigie.catalogue import Reach
from vigie.errors import VigieError
from vigie.frame import TIME_COLUMN
from vigie.shape import Measurement

log = logging.getLogger(__name__)

BEATS: Final = 2
"""After so many periods a row that is as it was is kept again: rules ask for one in three."""
LEAST_BEAT: Final = 40.0
"""Seconds below which that is not done: no rule takes a younger row for old."""
FAILURES: Final = "own_rows_failures_total"
_RUNS: Final = frozenset({Reach.silence_seconds.name})
"""What runs with the clock alone is no change."""


class Taking(Protocol):
    """The part of the store that is used here."""

    def tell(self, rows: Mapping[type[Measurement], pa.Table]) -> None:
        """Keep rows of the collector's own. Raises VigieError."""


@dataclass(frozen=True, slots=True)
class _Kept:
    at: float
    cells: tuple[Any, ...]


class Keep:
    """Hands on what is worth keeping."""

    def __init__(self, store: Taking, counters: Counters) -> None:
        self._store, self._counters = store, counters
        self._kept: dict[str, dict[tuple[str, ...], _Kept]] = {}
        counters.add(FAILURES, 0)

    def take(self, measurement: type[Measurement], rows: pa.Table, now: float) -> None:
        """These are the newest rows of a measurement at Unix time `now`."""
        known = self._kept.setdefault(measurement.name, {})
        beat = max(BEATS * measurement.period_seconds, LEAST_BEAT)
        names = schema.series_columns(measurement)
        told = [n for n in rows.column_names if n not in {TIME_COLUMN, *names, *_RUNS}]
        keys = list(zip(*(rows.column(n).to_pylist() for n in names), strict=True))
        cells = list(zip(*(rows.column(n).to_pylist() for n in told), strict=True))
        fresh: dict[tuple[str, ...], _Kept] = {}
        picked = []
        for row, (key, values) in enumerate(zip(keys, cells, strict=True)):
            before = known.get(key)
            if before is None or before.cells != values or not 0 <= now - before.at < beat:
                fresh[key] = _Kept(now, values)
                picked.append(row)
        if not picked:
            return
        try:
            self._store.tell({measurement: rows.take(pa.array(picked))})
        except VigieError as error:  # rules read them all the same; the next turn tries again
            log.warning(
                "what the collector found out is not kept",
                extra={"measurement": measurement.name, "fault": str(error)},
            )
            self._counters.add(FAILURES)
            return
        known |= fresh
