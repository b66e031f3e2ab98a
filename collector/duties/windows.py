"""Rollup windows over a span of hours: hours where they are settled, minutes, then raw rows."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.duties.roll import HOUR, floor
from collector.rollups import columns
from collector.rollups.groups import Groups, group
from collector.rollups.increase import Spread, spread
from collector.rollups.roll import roll
from collector.store.tiers import RAW, Part
from collector.store.upkeep import ROLLED_UNTIL
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN
from vigie.shape import Field, Kind, Measurement

NOTHING: Final = timedelta(0)
EXTREMES: Final = frozenset({"min", "max"})
UNREAD: Final = EXTREMES | {"sum", "count", "seconds", "or"}
"""What growth does not need of a window."""


class Shelf(Protocol):
    """What reading windows needs of the store."""

    def scan(  # noqa: PLR0917  as the store's
        self, table: str, columns: Sequence[str] | None, start: datetime, end: datetime,
        scopes: Sequence[str], where: Mapping[str, Sequence[str]],
    ) -> pa.Table:  # fmt: skip
        """Rows of `start` <= time < `end`, each once."""

    def rolled_until(self, table: str, said: str = ROLLED_UNTIL) -> datetime | None:
        """The end of the newest window of a rollup table; or its beginning, where asked."""

    def size(self, table: str, start: datetime, end: datetime) -> int:
        """About how many rows a table has from `start` until before `end`."""


def parts(
    edges: Sequence[datetime],
    gap: timedelta,
    minutes: datetime | None,
    hours: datetime | None,
) -> list[Part]:
    """What to read of which table, so that growth between `edges` is known; in order of time.

    What lies within `gap` of the last edge is read too, and before the first the whole hour in
    which that gap begins, so that whoever spoke then is missed if silent. An hour that an edge cuts
    is read in minutes, and so is what the hours have not reached; then come the raw rows.
    """
    first, last = edges[0] - gap, edges[-1] + gap
    cut = sorted({floor(e, HOUR) for e in edges if e != floor(e, HOUR)})
    settled = max(min(floor(edges[-1], HOUR), floor(hours, HOUR)), floor(first, HOUR)) if (
        hours is not None
    ) else floor(first, HOUR)  # fmt: skip
    found: list[Part] = []
    at = floor(first, HOUR)
    for hour in [h for h in cut if h < settled]:
        found += [Part("1h", at, hour), Part("1m", hour, hour + HOUR)]
        at = hour + HOUR
    found.append(Part("1h", at, settled))
    at = settled
    rolled = min(max(minutes or at, at), last)
    found += [Part("1m", at, rolled), Part(RAW, rolled, last)]
    return [part for part in found if part.end - part.start > NOTHING]


@dataclass(frozen=True)
class Windows:
    """Windows of some fields of a measurement between edges, that do not overlap."""

    measurement: type[Measurement]
    rows: pa.Table
    edges: tuple[datetime, ...]
    left_out: bool = False
    """There would have been too many."""

    @cached_property
    def _known(self) -> dict[str, Spread | None]:
        return {}

    @cached_property
    def _groups(self) -> Groups:
        return group(self.rows, columns.series_columns(self.measurement), None)

    @cached_property
    def series(self) -> pa.Table:
        """The keys of every series, in their order."""
        keys = columns.series_columns(self.measurement)
        return self._groups.heads(keys) if self.rows.num_rows else self.rows.select(keys)

    def grown(self, declared: Field) -> Spread | None:
        """What a field grew by in each interval, by series; None where nothing tells it."""
        if declared.name not in self._known:
            groups = self._groups if self.rows.num_rows else None
            found = spread(self.measurement, declared, self.rows, self.edges, groups)
            self._known[declared.name] = found
        return self._known[declared.name]

    def grown_by_series(self, declared: Field) -> Iterator[tuple[dict[str, str], Spread, int]]:
        """The keys of each series, and the row that it is."""
        found = self.grown(declared)
        if found is not None:
            for row, keys in enumerate(found.heads.to_pylist()):
                yield keys, found, row

    def worst(self) -> dict[tuple[str, ...], tuple[int, int]]:
        """By series: the worst quality of its rows, and the fields that were suspect in any."""
        keys = columns.series_columns(self.measurement)
        grouped = self.rows.group_by(keys).aggregate(
            [(QUALITY_COLUMN, "max"), (columns.SUSPECT_COLUMN, "distinct")]
        )
        return {
            tuple(row[key] for key in keys): (
                row[f"{QUALITY_COLUMN}_max"],
                int(np.bitwise_or.reduce(row[f"{columns.SUSPECT_COLUMN}_distinct"])),
            )
            for row in grouped.to_pylist()
        }

    def within(self, start: datetime, end: datetime) -> pa.Table:
        """The windows that begin from one instant until before another, oldest first."""
        begun = self.rows[TIME_COLUMN]
        chosen = pc.and_(pc.greater_equal(begun, pa.scalar(start)), pc.less(begun, pa.scalar(end)))
        return self.rows.filter(chosen).sort_by(TIME_COLUMN)


def windows(
    shelf: Shelf,
    measurement: type[Measurement],
    fields: Sequence[Field],
    edges: Sequence[datetime],
    scopes: Sequence[str],
    *,
    where: Mapping[str, Sequence[str]] | None = None,
    extremes: bool = False,
) -> Windows:
    """Windows of some fields of a measurement in a scope, and of series with such keys (`where`).

    With `extremes`, of gauges their lowest and highest too.
    """
    name = measurement.name
    gap = timedelta(seconds=columns.gap_seconds(measurement))
    unread = UNREAD - EXTREMES if extremes else UNREAD
    schema = _without(columns.schema(measurement, fields), fields, unread)
    keys = columns.series_columns(measurement)
    raw = [TIME_COLUMN, *keys, *(f.name for f in fields), QUALITY_COLUMN, columns.SUSPECT_COLUMN]
    tables = [schema.empty_table()]
    until = (shelf.rolled_until(f"{name}_1m"), shelf.rolled_until(f"{name}_1h"))
    for part in parts(edges, gap, *until):
        if part.suffix == RAW:
            rows = shelf.scan(name, raw, part.start, part.end, scopes, where or {})
            rolled = roll(measurement, rows, columns.RESOLUTIONS["1m"], fields)
            tables.append(rolled.select(schema.names))
        else:
            table = f"{name}_{part.suffix}"
            rows = shelf.scan(table, schema.names, part.start, part.end, scopes, where or {})
            tables.append(rows)
    return Windows(measurement, pa.concat_tables(tables), tuple(edges))


def size(shelf: Shelf, measurement: type[Measurement], edges: Sequence[datetime]) -> int:
    """About how many rows of a measurement would be read between edges."""
    gap = timedelta(seconds=columns.gap_seconds(measurement))
    until = (shelf.rolled_until(f"{measurement.name}_{suffix}") for suffix in ("1m", "1h"))
    return sum(
        shelf.size(_table(measurement, part), part.start, part.end)
        for part in parts(edges, gap, *until)
    )


def nothing(
    measurement: type[Measurement], fields: Sequence[Field], edges: Sequence[datetime]
) -> Windows:
    """No windows, where there would be too many."""
    schema = _without(columns.schema(measurement, fields), fields, UNREAD)
    return Windows(measurement, schema.empty_table(), tuple(edges), left_out=True)


def _table(measurement: type[Measurement], part: Part) -> str:
    return measurement.name if part.suffix == RAW else f"{measurement.name}_{part.suffix}"


def _without(schema: pa.Schema, fields: Sequence[Field], unread: frozenset[str]) -> pa.Schema:
    gone = {f"{f.name}_{suffix}" for f in fields for suffix in unread if f.kind is not Kind.COUNTER}
    return pa.schema([column for column in schema if column.name not in gone])
