"""The newest row of every series, to read at any moment and to wait on.

A row is not copied when it comes: per series only *where* it is, is noted. When a measurement is
read, or enough has come, the newest rows are taken out of what came and the rest is let go.
"""

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from collector.store import schema
from collector.store.chunk import Chunk, Times, flat, integers, stacked, whole
from collector.store.entry import Decoded
from collector.store.series import MAX_SERIES, Numbers, Series
from vigie.frame import TIME_COLUMN
from vigie.shape import Kind, Measurement

NEVER: Final = np.iinfo(np.int64).min
PENDING_ROWS: Final = 200_000
MICROSECONDS: Final = 1_000_000
SHARE: Final = 4
"""From a quarter of all series on, it is quicker to bring all rows together first."""

Values = np.ndarray[tuple[int], np.dtype[np.float64]]


@dataclass(frozen=True, slots=True)
class Noted:
    """Where the newest rows of a measurement were at one moment.

    `where` is each series' place among the rows of `tables`, one below the other; `rows` is how
    many these are, and `whole` what was made of them already.
    """

    turn: int
    tables: tuple[pa.Table, ...]
    where: Times
    rows: int
    whole: pa.Table | None

    def taken(self) -> pa.Table:
        """The newest rows, by the numbers of their series."""
        return stacked(self.tables).take(pa.array(self.where)).combine_chunks()


class Newest:
    """The newest row per series of one measurement; its owner locks."""

    def __init__(self, measurement: type[Measurement]) -> None:
        self.series = Series(measurement)
        self.schema = schema.raw(measurement)
        self._times: Times = np.zeros(0, np.int64)
        self._where: Times = np.zeros(0, np.int64)
        self._base: pa.Table | None = None
        self._came: list[pa.Table] = []
        self._rows = 0
        self._whole: pa.Table | None = None
        self._turn = 0
        self.groups = 0
        """How many groups of rows came."""
        self._counters = [
            f for f in measurement.values if f.kind is Kind.COUNTER and f.high is not None
        ]
        self._last = {f.name: np.zeros(0, np.float64) for f in self._counters}

    def update(self, chunk: Chunk) -> Chunk:
        """Take rows in, older ones never over newer; the rows with counters too fast marked."""
        self._grow()
        self.groups += 1
        order = _in_order(chunk)
        numbers, times = chunk.numbers, chunk.times
        if order is not None:
            numbers, times = numbers[order], times[order]
        bits = self._rates(chunk, numbers, times, order)
        if bits.any():
            chunk = chunk.suspect(bits)
        rows = np.arange(len(times)) if order is None else order
        newer = times >= self._times[numbers]
        if not newer.all():
            numbers, times, rows = numbers[newer], times[newer], rows[newer]
        self._times[numbers] = times
        self._where[numbers] = rows + self._rows
        self._came.append(chunk.rows)
        self._rows += len(chunk.times)
        self._whole = None
        if self._rows > PENDING_ROWS + 4 * len(self._times):
            self._gather()
        return chunk

    def noted(self) -> "Noted":
        """Where every newest row is now: to take them out while others go on coming."""
        tables = (*(() if self._base is None else (self._base,)), *self._came)
        return Noted(self._turn, tables, self._where.copy(), self._rows, self._whole)

    def settle(self, noted: "Noted", base: pa.Table, rows: pa.Table) -> None:
        """Let go of what was taken out, unless somebody did before; `rows` are it, whole."""
        if noted.turn != self._turn:
            return
        came = len(noted.tables) - (self._base is not None)
        if len(self._came) == came:
            self._whole = rows
        self._base, self._came = base, self._came[came:]
        numbers = np.arange(len(self._where), dtype=np.int64)
        later = self._where - noted.rows + len(base)
        self._where = np.where(self._where < noted.rows, numbers, later)
        self._rows += len(base) - noted.rows
        self._turn += 1

    def known(self, numbers: Numbers) -> Numbers:
        """Those series that have a row; the others are about to get one."""
        numbers = numbers[numbers < len(self._times)]
        found: Numbers = numbers[self._times[numbers] != NEVER]
        return found

    def rows(self, numbers: Numbers, names: Sequence[str]) -> pa.Table:
        """Some columns of the newest rows of some known series, in their order."""
        if SHARE * len(numbers) > len(self._times):
            self._gather()
        tables = [*(() if self._base is None else (self._base,)), *self._came]
        ends = np.cumsum([table.num_rows for table in tables])
        where = self._where[numbers]
        of = np.searchsorted(ends, where, side="right")
        picked, order = [], []
        for at in np.unique(of):
            there = np.flatnonzero(of == at)
            there_are = set(tables[at].column_names)
            rows = tables[at].select([name for name in names if name in there_are])
            picked.append(rows.take(pa.array(where[there] - ends[at] + rows.num_rows)))
            order.append(there)
        wanted = pa.schema([self.schema.field(name) for name in names])
        if not picked:
            return wanted.empty_table()
        rows = stacked(picked)
        if len(picked) > 1:
            rows = rows.take(pa.array(np.argsort(np.concatenate(order))))
        return whole(self.series, numbers, rows, wanted)

    def _gather(self) -> pa.Table | None:
        if self._came:
            together = stacked([*(() if self._base is None else (self._base,)), *self._came])
            self._base = together.take(pa.array(self._where)).combine_chunks()
            self._came, self._rows = [], len(self._where)
            self._where = np.arange(self._rows, dtype=np.int64)
            self._turn += 1
        return self._base

    def _grow(self) -> None:
        """Make room for new series: without a row they are older than any."""
        more = len(self.series) - len(self._times)
        if more:
            self._times = np.concatenate([self._times, np.full(more, NEVER)])
            self._where = np.concatenate([self._where, np.zeros(more, np.int64)])
            for name, last in self._last.items():
                self._last[name] = np.concatenate([last, np.full(more, np.nan)])

    def _rates(self, chunk: Chunk, numbers: Numbers, times: Times, order: Times | None) -> Times:
        """Bits of counters that grew faster than they can since the reading before."""
        bits = np.zeros(len(times), np.int64)
        before_times = self._times[numbers]
        again = np.zeros(len(numbers), np.bool_)
        again[1:] = numbers[1:] == numbers[:-1]  # rows of one series follow each other
        if order is not None:
            before_times = np.where(again, np.roll(times, 1), before_times)
        known = (before_times != NEVER) & (times > before_times)
        seconds = (times - np.where(known, before_times, times - 1)) / MICROSECONDS
        newest = times >= self._times[numbers]
        sent = set(chunk.rows.column_names)
        for declared in self._counters:
            if declared.name not in sent:
                continue
            values = floats(chunk.rows.column(declared.name))
            values = values if order is None else values[order]
            before = self._last[declared.name][numbers]
            if again.any():
                before = np.where(again, np.roll(values, 1), before)
            grown = np.where(values >= before, values - before, values)
            # Nothing is greater than an unknown value, so that no bit comes of one.
            fast = known & (grown > (declared.high or 0.0) * seconds)
            bits[fast] |= 1 << declared.number
            self._last[declared.name][numbers[newest]] = values[newest]
        if order is None:
            return bits
        back = np.zeros(len(bits), np.int64)
        back[order] = bits
        return back


class Live:
    """Newest rows of every measurement, and the position of the last record that they hold."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._newest: dict[str, Newest] = {}
        self.commit = 0

    def newest(self, measurement: type[Measurement]) -> Newest:
        """The rows of one measurement; for the thread that applies."""
        with self._condition:
            found = self._newest.get(measurement.name)
            if found is None:
                found = self._newest[measurement.name] = Newest(measurement)
            return found

    def update(self, chunks: Sequence[tuple[Newest, Chunk]]) -> list[Chunk]:
        """Take in the rows of one group; the same with counters too fast marked."""
        with self._condition:
            return [newest.update(chunk) for newest, chunk in chunks]

    def advance(self, commit: int) -> None:
        """Everything up to that position is taken in; who waits is woken."""
        with self._condition:
            self.commit = max(self.commit, commit)
            self._condition.notify_all()

    def table(self, measurement: str) -> pa.Table:
        """One row per series with the raw columns; of an unknown or silent one no columns."""
        with self._condition:
            newest = self._newest.get(measurement)
            noted = None if newest is None else newest.noted()
        if newest is None or noted is None:
            return pa.table({})
        if noted.whole is not None:
            return noted.whole
        if not noted.tables:
            return newest.schema.empty_table()
        # Half a million rows take a second: nobody who brings more waits for that.
        base = noted.taken()
        numbers = np.arange(len(base), dtype=np.int32)
        rows = whole(newest.series, numbers, base, newest.schema)
        with self._condition:
            newest.settle(noted, base, rows)
        return rows

    def series(self, measurement: str) -> Series | None:
        """The series of a measurement, or None where it is silent."""
        found = self._newest.get(measurement)
        return None if found is None else found.series

    def known(self, measurement: str, numbers: Numbers) -> Numbers:
        """Those series of a measurement that have a row."""
        with self._condition:
            return self._newest[measurement].known(numbers)

    def rows(self, measurement: str, numbers: Numbers, names: Sequence[str]) -> pa.Table:
        """Some columns of the newest rows of some known series, by their numbers."""
        with self._condition:
            return self._newest[measurement].rows(numbers, names)

    def tables(self) -> Iterator[tuple[str, pa.Table]]:
        """Every measurement with its rows."""
        for name in list(self._newest):
            yield name, self.table(name)

    def crowded(self, decoded: Decoded) -> bool:
        """Whether there are as many series as may be, and a request brings others."""
        if sum(len(newest.series) for newest in list(self._newest.values())) < MAX_SERIES:
            return False
        batches = (batch for frame in decoded.frames for batch in frame.batches)
        return not all(self.newest(b.measurement).series.knows(b) for b in batches if b.count)

    def came(self) -> dict[str, int]:
        """How many groups of rows of each measurement came: with as many, it has the same rows."""
        with self._condition:
            return {name: newest.groups for name, newest in self._newest.items()}

    def wait(self, after: int, timeout: float) -> int:
        """Block until something came after that commit, or `timeout` seconds; the commit."""
        with self._condition:
            self._condition.wait_for(lambda: self.commit > after, timeout)
            return self.commit


def floats(column: Any) -> Values:
    """A numeric column as doubles, null as NaN."""
    values: Values = flat(column).to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
    return values


def times_of(rows: pa.Table) -> Times:
    """The time column as microseconds."""
    return integers(rows.column(TIME_COLUMN))


def _in_order(chunk: Chunk) -> Times | None:
    """Rows by series and time; None where each series has one row, and any order will do."""
    if not len(chunk.numbers):
        return None
    numbers = np.sort(chunk.numbers)
    if (numbers[1:] != numbers[:-1]).all():
        return None
    order: Times = np.lexsort((chunk.times, chunk.numbers)).astype(np.int64)
    return order
