"""Rows that come after their windows were rolled up, and what must be computed again for them."""

import threading
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

import numpy as np

from collector.store.chunk import Chunk
from vigie.database import Database, Table

HOUR: Final = 3_600_000_000

DIRTY_TABLE: Final = Table(
    "store_dirty",
    "container TEXT NOT NULL, measurement TEXT NOT NULL, hour INTEGER NOT NULL, "
    "position INTEGER NOT NULL, PRIMARY KEY (container, measurement, hour)",
)


@dataclass(frozen=True, slots=True)
class Dirty:
    """An hour of one measurement of one container whose rollups miss rows.

    `position` is that of the newest such row: rows that come while the hour is computed again
    make it dirty again.
    """

    container: str
    measurement: str
    hour: datetime
    position: int


@dataclass(frozen=True, slots=True)
class TooLate:
    """Rows of one hour that are past the late limit; times in microseconds."""

    container: str
    measurement: str
    hour: int
    rows: int


class Late:
    """Until when each measurement is rolled up, and the hours that must be again."""

    def __init__(self, limit: int) -> None:
        """`limit` in microseconds: older rows are stored, and touch no rollup."""
        self._limit = limit
        self._lock = threading.Lock()
        self._until: dict[str, int] = {}
        self._dirty: dict[tuple[str, str, int], int] = {}

    def rolled(self, measurement: str, until: int) -> None:
        """From now on a row older than `until` (microseconds) is late."""
        self._until[measurement] = max(until, self._until.get(measurement, until))

    def until(self, measurement: str) -> int | None:
        """The end of what is rolled up, in microseconds."""
        return self._until.get(measurement)

    def mark(self, measurement: str, chunk: Chunk, now: int) -> list[TooLate]:
        """Note the hours that these rows make dirty; what is too late for that. `now` in µs."""
        until = max(self._until.get(measurement, 0), now - self._limit)
        if not len(chunk.times) or chunk.times.min() >= until or chunk.series is None:
            return []
        late = np.flatnonzero(chunk.times < until)
        hours = chunk.times[late] // HOUR * HOUR
        pairs = np.stack([chunk.numbers[late].astype(np.int64), hours])
        found, counts = np.unique(pairs, axis=1, return_counts=True)
        refused: dict[tuple[str, int], int] = {}
        with self._lock:
            for (number, hour), rows in zip(found.T.tolist(), counts.tolist(), strict=True):
                container = chunk.series.key(number)[0]
                if hour + HOUR <= now - self._limit:
                    refused[container, hour] = refused.get((container, hour), 0) + rows
                elif hour < self._until.get(measurement, 0):
                    self._dirty[container, measurement, hour] = chunk.last
        return [TooLate(c, measurement, hour, rows) for (c, hour), rows in refused.items()]

    def dirty(self) -> list[Dirty]:
        """Hours to compute again, oldest first."""
        with self._lock:
            items = sorted(self._dirty.items(), key=lambda item: item[0][2])
        return [
            Dirty(container, measurement, datetime.fromtimestamp(hour / 1e6, UTC), position)
            for (container, measurement, hour), position in items
        ]

    def clean(self, done: Iterable[Dirty]) -> list[Dirty]:
        """Forget hours computed again, but for those that became dirty meanwhile."""
        gone = []
        with self._lock:
            for item in done:
                key = (item.container, item.measurement, _microseconds(item.hour))
                if self._dirty.get(key) == item.position:
                    del self._dirty[key]
                    gone.append(item)
        return gone

    def load(self, database: Database) -> None:
        """Know what was written."""
        for row in database.rows(f"SELECT * FROM {DIRTY_TABLE.name}"):  # noqa: S608
            key = (row["container"], row["measurement"], row["hour"])
            self._dirty[key] = row["position"]


def write(database: Database, dirty: Sequence[Dirty]) -> None:
    """Keep dirty hours."""
    with database.write() as connection:
        connection.executemany(
            f"INSERT OR REPLACE INTO {DIRTY_TABLE.name} VALUES (?, ?, ?, ?)",  # noqa: S608
            [(d.container, d.measurement, _microseconds(d.hour), d.position) for d in dirty],
        )


def erase(database: Database, dirty: Sequence[Dirty]) -> None:
    """Forget dirty hours that are done."""
    with database.write() as connection:
        connection.executemany(
            f"DELETE FROM {DIRTY_TABLE.name} "  # noqa: S608
            "WHERE container = ? AND measurement = ? AND hour = ? AND position <= ?",
            [(d.container, d.measurement, _microseconds(d.hour), d.position) for d in dirty],
        )


def _microseconds(hour: datetime) -> int:
    return round(hour.timestamp() * 1e6)
