"""What the GPUs of whole containers used between edges, out of rollups over devices.

As `gpus`, of any number of GPUs: a row a container and hour is read instead of one a GPU. Where not
every GPU of a container tells its energy or activity, what stands in for these (see `gpus.INSTEAD`)
is taken of all of them, if that is told of more.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.duties import windows
from collector.duties.gpus import FIRST, INSTEAD
from collector.duties.neighbours import Neighbours
from collector.duties.windows import Shelf, Windows
from collector.kpis.facts import Floats, GpuUse, Hourly
from collector.kpis.metered import Clock
from collector.rollups import columns, over
from collector.rollups.columns import RESOLUTIONS
from collector.rollups.ends import nobody
from collector.rollups.groups import Array, numbers
from collector.rollups.roll import roll
from collector.store.tiers import RAW, Part
from collector.store.upkeep import ROLLED_SINCE
from vigie.catalogue import Gpu
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN
from vigie.shape import Field, Kind, Quality

MOST_ROWS: Final = 8_000_000
"""Rows that are read at once: a year of a thousand containers."""
FIELDS: Final = (*FIRST, *INSTEAD)
_GROWN: Final = {Kind.COUNTER: ("increase", "covered", "gap"), Kind.GAUGE: ("integral", "covered")}
_LATE: Final = timedelta(minutes=10)
"""How far the table may be behind what is asked: that is read from readings."""


@dataclass(frozen=True)
class Fleets(Windows):
    """Rows over devices between edges, in the place of windows of GPUs."""

    def uses(self, cells: slice, clock: Clock) -> dict[str, GpuUse]:
        """What the GPUs of each container used, by container."""
        if not self.rows.num_rows:
            return {}
        names = self.rows[columns.CONTAINER_COLUMN].combine_chunks().dictionary_encode()
        edges = np.array([e.timestamp() for e in self.edges])
        times = numbers(self.rows[TIME_COLUMN]) / 1e6
        at = np.searchsorted(edges, times, side="right") - 1
        told = _Table(self.rows, names.indices.to_numpy(), at, cells, len(names.dictionary))
        codes = self.rows[QUALITY_COLUMN].unique().to_pylist()
        quality = list(Quality)[max(codes, default=0)]
        found = _Fleet.of(told)
        return {
            name: found.use(row, name, clock, quality)
            for row, name in enumerate(names.dictionary.to_pylist())
            if found.count[row]
        }


def size(shelf: Shelf, edges: Sequence[datetime], now: datetime) -> int | None:
    """About how many rows there are over devices; None where they do not have all that time."""
    parts = _parts(shelf, edges, now)
    if parts is None:
        return None
    return sum(
        shelf.size(f"{Gpu.name}_{p.suffix}", p.start, p.end) for p in parts if p.suffix != RAW
    )


def read(
    shelf: Shelf, edges: Sequence[datetime], scopes: Sequence[str], now: datetime
) -> Fleets | None:
    """Rows over the GPUs of some scopes; None where the tables do not have all that time."""
    parts = _parts(shelf, edges, now)
    if parts is None:
        return None
    schema = pa.schema([c for c in over.schema(Gpu, FIELDS) if c.name in _wanted()])
    tables = [schema.empty_table()]
    for part in parts:
        if part.suffix == RAW:
            tables.append(_now(shelf, part, scopes).select(schema.names))
        else:
            table = f"{Gpu.name}_{part.suffix}"
            tables.append(shelf.scan(table, schema.names, part.start, part.end, scopes, {}))
    rows = pa.concat_tables([t.cast(schema) for t in tables])
    inside = pc.and_(
        pc.greater_equal(rows[TIME_COLUMN], pa.scalar(edges[0])),
        pc.less(rows[TIME_COLUMN], pa.scalar(edges[-1])),
    )
    return Fleets(Gpu, rows.filter(inside), tuple(edges))


def _parts(shelf: Shelf, edges: Sequence[datetime], now: datetime) -> list[Part] | None:
    """What to read of which table; the newest of an open period of readings."""
    found: dict[str, datetime] = {}
    for suffix in RESOLUTIONS:
        table = over.table(Gpu, suffix)
        since = shelf.rolled_until(table, ROLLED_SINCE)
        until = shelf.rolled_until(table)
        if since is None or until is None or since > edges[0]:
            return None
        # The last window lacks what leads to the next.
        found[suffix] = until - timedelta(seconds=RESOLUTIONS[suffix])
    end = min(edges[-1], now)
    if end - found["1m"] > _LATE or any(e.timestamp() % RESOLUTIONS["1m"] for e in edges):
        return None
    # Rows over devices are whole at their edges: nothing around them is needed.
    return [
        Part(RAW if part.suffix == RAW else f"over_{part.suffix}", part.start, part.end)
        for part in windows.parts(edges, windows.NOTHING, found["1m"], found["1h"])
        if part.start < end
    ]


def _wanted() -> set[str]:
    parts = ("devices", "increase", "integral", "covered", "gap", "idle")
    return {
        TIME_COLUMN, columns.CONTAINER_COLUMN, over.DEVICES_COLUMN, QUALITY_COLUMN,
        *(f"{f.name}_{part}" for f in FIELDS for part in parts),
    }  # fmt: skip


def _now(shelf: Shelf, part: Part, scopes: Sequence[str]) -> pa.Table:
    """Rows over devices of what is not rolled up yet."""
    raw = [
        TIME_COLUMN, *columns.series_columns(Gpu), *(f.name for f in FIELDS),
        QUALITY_COLUMN, columns.SUSPECT_COLUMN,
    ]  # fmt: skip
    end = part.end + timedelta(seconds=columns.gap_seconds(Gpu))
    rows = shelf.scan(Gpu.name, raw, part.start, end, scopes, {})
    minute = RESOLUTIONS["1m"]
    made = roll(Gpu, rows, minute, FIELDS)
    around = Neighbours(shelf, Gpu, "1m")
    return over.over(
        Gpu, made, minute, lambda names: around.before(names, part.start, nobody()), FIELDS
    ).rows


@dataclass(frozen=True, slots=True)
class _Table:
    """Rows as matrices: a row a container, a column an interval."""

    rows: pa.Table
    container: Array
    interval: Array
    cells: slice
    containers: int

    def sum(self, name: str) -> Floats:
        """Sums of a column; NaN where nothing is known."""
        where = np.flatnonzero(self.rows[name].is_valid().to_numpy())
        made = np.zeros(self._shape)
        known = np.zeros(self._shape, bool)
        at = (self.container[where], self.interval[where])
        np.add.at(made, at, numbers(self.rows[name])[where])
        known[at] = True
        found: Floats = np.where(known, made, np.nan)[:, self.cells]
        return found

    def most(self, name: str) -> Floats:
        """The most in any row of an interval; 0 where there is none."""
        made = np.zeros(self._shape)
        np.maximum.at(made, (self.container, self.interval), numbers(self.rows[name]))
        found: Floats = made[:, self.cells]
        return found

    @property
    def _shape(self) -> tuple[int, int]:
        return self.containers, max(int(self.interval.max()) + 1, self.cells.stop)


@dataclass(frozen=True, slots=True)
class _Fleet:
    """Containers by interval; seconds are those of all GPUs together."""

    count: Floats
    devices: Floats
    energy: Floats
    reach: Floats
    idle: Floats
    activity: Floats
    busy: Floats

    @classmethod
    def of(cls, told: _Table) -> "_Fleet":
        """What the rows tell."""
        devices = told.most(over.DEVICES_COLUMN)
        energy, reach, idle = _chosen(told, FIRST[0], INSTEAD[0])
        activity, busy, _ = _chosen(told, FIRST[1], INSTEAD[1])
        return cls(devices.max(axis=1), devices, energy, reach, idle, activity, busy)

    def use(self, row: int, name: str, clock: Clock, quality: Quality) -> GpuUse:
        """One container, as `gpus.use` tells it."""
        count = int(self.count[row])
        source = (f"{name}: {count} GPU (driver)",)

        def hourly(amount: Floats, seconds: Floats) -> Hourly:
            known = np.where(np.isnan(amount), 0.0, np.nan_to_num(seconds))
            whole = known >= count * (clock.seconds - clock.slack)
            length = np.where(clock.seconds > 0, clock.seconds, 1)
            total = None if np.isnan(amount).all() else float(np.nansum(amount))
            covered = np.minimum(1.0, known / count / length)
            return Hourly(amount, covered, quality, source, whole, (total,))

        busy = np.nan_to_num(self.busy[row])
        activity = hourly(self.activity[row], busy)
        mean = self.activity[row] / np.where(busy > 0, busy, np.nan)
        many = np.where(self.devices[row] > 0, self.devices[row], np.nan)
        return GpuUse(
            hourly(self.energy[row], self.reach[row]),
            hourly(self.idle[row], np.minimum(np.nan_to_num(self.reach[row]), busy)),
            Hourly(mean, activity.covered, quality, source),
            Hourly(many, activity.covered, quality),
        )


def _chosen(told: _Table, first: Field, instead: Field) -> tuple[Floats, Floats, Floats]:
    """What a field grew by, its seconds, and the part while idle; of that which tells of more."""
    more = told.most(f"{instead.name}_devices") > told.most(f"{first.name}_devices")
    one, other = _grown(told, first), _grown(told, instead)
    more |= np.isnan(one[0])
    found = [np.where(more, b, a) for a, b in zip(one, other, strict=True)]
    return found[0], found[1], found[2]


def _grown(told: _Table, declared: Field) -> tuple[Floats, Floats, Floats]:
    amount, *seconds = (told.sum(f"{declared.name}_{part}") for part in _GROWN[declared.kind])
    reach = np.sum([np.nan_to_num(s) for s in seconds], axis=0)
    idle = f"{declared.name}_idle"
    unknown = np.full_like(amount, np.nan)
    return amount, reach, told.sum(idle) if idle in told.rows.column_names else unknown
