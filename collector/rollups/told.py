"""One field of the windows of many series, with what came before each; and who was idle."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
import pyarrow as pa

from collector.rollups.crossing import Crossing
from collector.rollups.ends import End
from collector.rollups.fields import matrix
from collector.rollups.groups import Array, numbers
from vigie.catalogue import Gpu
from vigie.shape import Field, Measurement


@dataclass(frozen=True, slots=True)
class Idle:
    """What of a device is told apart while it does nothing.

    It is idle in a window when the mean of the first of `activity` that it tells is below `below`.
    """

    activity: tuple[Field, ...]
    amounts: tuple[Field, ...]
    below: float


IDLE: Final[Mapping[type[Measurement], Idle]] = {
    Gpu: Idle(
        (Gpu.sm_active_ratio, Gpu.utilization_ratio),
        (Gpu.energy_joules_total, Gpu.power_watts),
        0.01,
    )
}


@dataclass(frozen=True, eq=False)
class Told:
    """The windows that know a field; `rows` are these among all, None where all do."""

    declared: Field
    table: pa.Table
    rows: Array | None
    idle: Array | None
    """Of each: 1 idle, 0 not, -1 unknown; None where that is not asked of the field."""
    _crossing: Crossing | None = None
    older: End | None = None
    """What each series said before all this."""

    @classmethod
    def of(
        cls, measurement: type[Measurement], declared: Field, table: pa.Table, idle: Array | None
    ) -> "Told | None":
        """A field of windows in order of series and time; None where none knows it."""
        at = table.schema.get_field_index(f"{declared.name}_last_time")
        if at < 0:
            return None
        times = table.column(at)
        if times.null_count == table.num_rows:
            return None
        rows = None
        if times.null_count:
            valid = times.is_valid().combine_chunks().to_numpy(zero_copy_only=False)
            rows = np.flatnonzero(valid)
        asked = measurement in IDLE and declared in IDLE[measurement].amounts
        mine = None if not asked or idle is None else idle if rows is None else idle[rows]
        return cls(declared, table, rows, mine)

    def joined(self, crossing: Crossing, older: End | None) -> "Told":
        """The same, with its joints."""
        return replace(self, _crossing=crossing, older=older)

    @property
    def crossing(self) -> Crossing:
        """Its joints."""
        assert self._crossing is not None  # noqa: S101  it is told of once it is joined
        return self._crossing

    @property
    def times(self) -> tuple[Array, Array]:
        """When each window has its first reading, and its last."""
        last = self.more("last_time")
        first = f"{self.declared.name}_first_time" in self.table.column_names
        return (self.more("first_time") if first else last), last

    def more(self, suffix: str) -> Array:
        """A column of the field; lists as a matrix."""
        column = self.table[f"{self.declared.name}_{suffix}"]
        if pa.types.is_list(column.type):
            known = column if self.rows is None else column.take(pa.array(self.rows))
            return matrix(known, len(self.declared.codes))
        values = numbers(column)
        return values if self.rows is None else values[self.rows]

    @cached_property
    def first(self) -> Array:
        """The first reading of each window."""
        return self.more("first")

    @cached_property
    def last(self) -> Array:
        """The last reading of each window."""
        return self.more("last")

    @cached_property
    def before(self) -> Array:
        """The reading before each window's first; the first itself where there is none."""
        heads = self.crossing.heads
        if self._once and self.older is not None and self.older.time.all():
            return self.older.last
        before = self.first.copy()
        before[1:] = self.last[:-1]
        series = self.crossing.rows.series[heads]
        before[heads] = self.first[heads]
        if self.older is not None:
            spoke = self.older.time[series] > 0
            before[heads[spoke]] = self.older.last[series[spoke]]
        return before

    @property
    def _once(self) -> bool:
        """Whether there is one window of every series."""
        return self.rows is None and len(self.crossing.heads) == self.table.num_rows

    @property
    def grown(self) -> tuple[Array, Array]:
        """A counter's increase over each joint, and whether it was reset there (see `states`)."""
        grown = self.first - self.before
        reset = grown < 0
        return np.where(reset, self.first, grown) if reset.any() else grown, reset

    @property
    def idle_before(self) -> Array | None:
        """Whether the device was idle in the window that each joint begins in."""
        if self.idle is None:
            return None
        before = np.append(np.int8(-1), self.idle[:-1])
        heads = self.crossing.heads
        before[heads] = -1
        if self.older is not None and self.older.idle is not None:
            before[heads] = self.older.idle[self.crossing.rows.series[heads]]
        return before

    def end(self, series: int, times: Array | None) -> End:
        """What each of so many series said last; `times` where that is known of another field."""
        if self._once:
            return End(self.last, self.crossing.last, self.idle)
        mine = self.crossing.rows.series
        tails = np.flatnonzero(np.append(mine[1:] != mine[:-1], True))
        where = mine[tails]
        if times is None:
            times = np.zeros(series, np.int64)
            times[where] = self.crossing.last[tails]
        last = np.zeros(series, self.last.dtype)
        last[where] = self.last[tails]
        idle = None
        if self.idle is not None:
            idle = np.full(series, -1, np.int8)
            idle[where] = self.idle[tails]
        return End(last, times, idle)


def idle_of(measurement: type[Measurement], table: pa.Table) -> Array | None:
    """Of each window: 1 its device was idle, 0 it was not, -1 unknown; None where nobody asks."""
    asked = IDLE.get(measurement)
    if asked is None:
        return None
    found = np.full(table.num_rows, -1, np.int8)
    for declared in asked.activity:
        name = f"{declared.name}_count"
        if name not in table.column_names or table[name].null_count == table.num_rows:
            continue
        count = numbers(table[name])
        mean = numbers(table[f"{declared.name}_sum"]) / np.where(count > 0, count, 1)
        fresh = (found < 0) & (count > 0)
        found = np.where(fresh, mean < asked.below, found).astype(np.int8)
    return found
