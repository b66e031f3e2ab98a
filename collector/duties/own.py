"""What the collector found out by itself: rules read it at once, and the store keeps it.

A start begins with what the store has: what the last one told stands, in the same places.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

import pyarrow as pa

from collector.duties.evaluate import LiveRows, Watched
from collector.duties.keep import Keep
from collector.store import schema
from vigie.catalogue import NO_HOST
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN
from vigie.shape import Field, Measurement, Quality, Value

HOST: Final = "host"


@dataclass(frozen=True, slots=True)
class Row:
    """One row: the path of the place that it is about, and its cells; what lacks is unknown."""

    path: str
    cells: Mapping[Field, Value]


class Shelf(Protocol):
    """Who takes such rows."""

    def tell(self, measurement: type[Measurement], rows: Sequence[Row], now: datetime) -> None:
        """These are the newest rows of a measurement; of a subject without one, its last stays."""


class Newest(Protocol):
    """The newest reading of every series."""

    def table(self, measurement: str) -> pa.Table:
        """One row per series."""


class Own:
    """The newest rows of the collector's own measurements; safe to use from any thread."""

    def __init__(self, live: Newest | None = None, keep: Keep | None = None) -> None:
        """`live` has what was kept before, `keep` takes what comes."""
        self._live, self._keep = live, keep
        self._tables: Mapping[str, pa.Table] = {}
        self._rows: dict[str, dict[tuple[str, ...], dict[str, Any]]] = {}
        self._asked: dict[str, Callable[[], pa.Table]] = {}

    def ask(self, measurement: type[Measurement], table: Callable[[], pa.Table]) -> None:
        """Have the rows of a measurement from who keeps them, whenever they are read."""
        self._asked[measurement.name] = table

    def tell(self, measurement: type[Measurement], rows: Sequence[Row], now: datetime) -> None:
        """These are the newest rows of a measurement; of a subject without one, its last stays.

        A subject keeps its place in the table: rules remember by places.
        """
        keys = schema.series_columns(measurement)
        if measurement.name not in self._rows:
            self._rows[measurement.name] = self._before(measurement, keys)
        known = self._rows[measurement.name]
        for cells in (_cells(row, now) for row in rows):
            known[tuple(str(cells[key]) for key in keys)] = cells
        made = pa.Table.from_pylist(list(known.values()), schema.raw(measurement))
        self._tables = {**self._tables, measurement.name: made}  # as a whole: another thread reads
        self.note(measurement, made, now.timestamp())

    def note(self, measurement: type[Measurement], rows: pa.Table, now: float) -> None:
        """Have rows kept that somebody else tells; Unix time."""
        if self._keep is not None:
            self._keep.take(measurement, rows, now)

    def _before(
        self, measurement: type[Measurement], keys: Sequence[str]
    ) -> dict[tuple[str, ...], dict[str, Any]]:  # fmt: skip
        """What is known from before this start, in the order in which rules remember it."""
        rows = [] if self._live is None else self._live.table(measurement.name).to_pylist()
        return {tuple(str(row[key]) for key in keys): row for row in rows}

    def table(self, measurement: str) -> pa.Table | None:
        """The rows of a measurement, or None: it is not the collector's, or nothing is known."""
        asked = self._asked.get(measurement)
        return self._tables.get(measurement) if asked is None else asked()

    def beside(self, store: Watched) -> Watched:
        """A store whose newest rows have these among them."""
        return _Beside(store, self)


class _Live:
    def __init__(self, live: LiveRows, own: Own) -> None:
        self._live, self._own = live, own

    @property
    def commit(self) -> int:
        return self._live.commit

    def table(self, measurement: str) -> pa.Table:
        found = self._own.table(measurement)
        return self._live.table(measurement) if found is None else found

    def wait(self, after: int, timeout: float) -> int:
        return self._live.wait(after, timeout)


class _Beside:
    def __init__(self, store: Watched, own: Own) -> None:
        self._store, self._own = store, own

    @property
    def live(self) -> LiveRows:
        return _Live(self._store.live, self._own)

    def events_since(self, position: int) -> pa.Table:
        return self._store.events_since(position)


def _cells(row: Row, now: datetime) -> dict[str, Any]:
    return {
        TIME_COLUMN: now, schema.CONTAINER_COLUMN: row.path, HOST: NO_HOST,
        QUALITY_COLUMN: Quality.DERIVED.code, schema.SUSPECT_COLUMN: 0,
        **{field.name: value for field, value in row.cells.items()},
    }  # fmt: skip
