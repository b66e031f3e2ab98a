"""The newest rows of one measurement, as the rules read them."""

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from alerts.language.evaluate import Median, Over, Texts
from alerts.language.past import Growth, Numbers, Past, Window
from alerts.language.rings import Memory, Rings
from alerts.lifecycle import Subject
from alerts.watch import Indices
from collector.store.schema import series_columns
from vigie.frame import TIME_COLUMN
from vigie.shape import Measurement
from vigie.units import MICROSECONDS_PER_SECOND

Times = npt.NDArray[np.int64]

GRACE_SECONDS: Final = 100.0
"""How long after we began to listen nobody is known to be silent: an agent waits up to a minute
between two tries, half a minute more where we told it that we take nothing, and then it sends."""


class Seen:
    """What is remembered of one measurement from one look to the next: rows keep their places.

    A row stamped in the future would look fresh until that time comes. So its age counts from when
    it was first seen here, if that is earlier than its own time. And while we were not listening,
    nobody was silent: of a row from before that, the silence counts from when we began, and is
    unknown until its sender had the time to come back.
    """

    def __init__(self, listening: float = 0.0) -> None:
        """`listening` is the Unix time since when readings can come here."""
        self.listening = listening
        self._times: Times = np.zeros(0, np.int64)
        self._first: Numbers = np.zeros(0, np.float64)
        self.places: dict[Subject, int] = {}
        self.nowhere: set[Subject] = set()
        self.memory = Memory()

    def ages(self, times: Times, now: float) -> Numbers:
        """Seconds since each row was read, or first seen."""
        first = np.full(len(times), now)
        if len(times) < len(self._times):  # another table: nothing of the old one holds
            self._times, self._first = times[:0], first[:0]
        if len(times) != len(self._times):
            self.nowhere.clear()
        same = times[: len(self._times)] == self._times
        first[: len(self._times)][same] = self._first[same]
        self._times, self._first = times, first
        ages: Numbers = now - np.minimum(times / MICROSECONDS_PER_SECOND, first)
        return ages

    def silences(self, ages: Numbers, now: float) -> Numbers:
        """Seconds in which we listened and nothing newer came; NaN where that says nothing yet."""
        listened = now - self.listening
        return np.where(ages > listened, listened if listened >= GRACE_SECONDS else np.nan, ages)


class ArrowRows:
    """One measurement's rows; each column is converted once, when a rule first asks for it."""

    def __init__(
        self, measurement: type[Measurement], table: pa.Table, seen: Seen, now: float
    ) -> None:
        self._names = series_columns(measurement)
        self._table, self._seen, self._now = table, seen, now
        self._numbers: dict[str, Numbers] = {}
        self._texts: dict[str, Texts] = {}
        self._ages: Numbers | None = None
        self._made: dict[Over | Median, Numbers] = {}

    @property
    def rows(self) -> int:
        """How many."""
        return int(self._table.num_rows)

    def numbers(self, name: str) -> Numbers:
        """A field as numbers, null as NaN."""
        if name not in self._numbers:
            column = _whole(self._table, name)
            if pa.types.is_boolean(column.type):
                column = column.cast(pa.int8())
            values = column.to_numpy(zero_copy_only=False)
            self._numbers[name] = values.astype(np.float64, copy=False)
        return self._numbers[name]

    def texts(self, name: str) -> Texts:
        """A key, as its words and one code a row."""
        if name not in self._texts:
            encoded = _whole(self._table, name).dictionary_encode()
            codes = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64, copy=False)
            self._texts[name] = Texts(codes, tuple(encoded.dictionary.to_pylist()))
        return self._texts[name]

    def ages(self) -> Numbers:
        """Seconds since each row was read."""
        if self._ages is None:
            self._ages = self._seen.ages(self.times(), self._now)
        return self._ages

    def times(self) -> Times:
        """When each row was read, in microseconds of Unix time."""
        times: Times = _whole(self._table, TIME_COLUMN).cast(pa.int64()).to_numpy()
        return times

    def silences(self) -> Numbers:
        """Seconds in which we listened and nothing newer came; NaN where that says nothing yet."""
        return self._seen.silences(self.ages(), self._now)

    def remember(self, windows: frozenset[Window]) -> frozenset[Window]:
        """Keep what these ask for, and take in what the rows are now; those that are new."""
        memory = self._seen.memory
        fresh = windows - memory.windows
        if windows != memory.windows:
            memory.keep(windows)
        if windows:
            memory.look(self.times() / MICROSECONDS_PER_SECOND, self.numbers, self._now)
        return fresh

    def kept(self, window: Window) -> Rings:
        """Where what a window asks for is kept."""
        return self._seen.memory.of(window)

    def places(self, series: pa.Table) -> Indices:
        """Which row each of these series is, by its container and keys; -1 for none."""
        codes = np.zeros(self.rows + series.num_rows, np.int64)
        for name in self._names:
            words = [_whole(self._table, name), _whole(series, name)]
            both = pa.chunked_array([w.cast(pa.string()) for w in words]).combine_chunks()
            encoded = both.dictionary_encode()
            more = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
            codes = np.unique(codes * len(encoded.dictionary) + more, return_inverse=True)[1]
        known = np.full(int(codes.max(initial=-1)) + 1, -1, np.int64)
        known[codes[: self.rows]] = np.arange(self.rows)
        return known[codes[self.rows :]]

    def past(self, window: Window, rows: Indices | None = None) -> Past:
        """What a field was over the last minutes, of these rows or of all."""
        return self.kept(window).past(window, self._now, rows)

    def growth(self, window: Window) -> Growth:
        """What a counter grew by over the last minutes."""
        return self.kept(window).growth(window)

    def once(self, plan: Over | Median, make: Callable[[], Numbers]) -> Numbers:
        """What was made of it first: rules ask again and again."""
        if plan not in self._made:
            self._made[plan] = make()
        return self._made[plan]

    def subjects(self, rows: Indices) -> list[Subject]:
        """What these rows are about."""
        if not len(rows):
            return []
        taken = self._table.select(self._names).take(pa.array(rows))
        columns = [taken.column(name).to_pylist() for name in self._names]
        found = [Subject(row[0], row[1:]) for row in zip(*columns, strict=True)]
        self._seen.places |= dict(zip(found, rows.tolist(), strict=True))
        return found

    def find(self, subjects: Sequence[Subject]) -> dict[Subject, int]:
        """The rows of those subjects that have one."""
        places = self._seen.places
        guessed = [(s, places[s]) for s in subjects if places.get(s, self.rows) < self.rows]
        there = self.subjects(np.array([row for _, row in guessed], np.int64))
        found = {s: row for (s, row), named in zip(guessed, there, strict=True) if s == named}
        rest = [s for s in subjects if s not in found and s not in self._seen.nowhere]
        found |= self._search(rest)
        places |= found
        self._seen.nowhere.update(s for s in rest if s not in found)
        return found

    def _search(self, subjects: Sequence[Subject]) -> dict[Subject, int]:
        """Rows by their keys, among all."""
        if not subjects or not self.rows:
            return {}
        numbers = np.zeros(self.rows, np.int64)
        wanted = np.zeros(len(subjects), np.int64)
        known = np.ones(len(subjects), np.bool_)
        for place, name in enumerate(self._names):
            texts = self.texts(name)
            code = {word: n for n, word in enumerate(texts.words)}
            given = [s.container if place == 0 else s.keys[place - 1] for s in subjects]
            codes = np.array([code.get(word, -1) for word in given], np.int64)
            known &= codes >= 0
            numbers = numbers * len(texts.words) + texts.codes
            wanted = wanted * len(texts.words) + codes
        rows = np.flatnonzero(np.isin(numbers, wanted[known]))
        at = dict(zip(numbers[rows].tolist(), rows.tolist(), strict=True))
        pairs = zip(subjects, wanted.tolist(), known.tolist(), strict=True)
        return {s: at[number] for s, number, there in pairs if there and number in at}


def _whole(table: pa.Table, name: str) -> pa.Array:
    column = table.column(name).combine_chunks()
    return column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
