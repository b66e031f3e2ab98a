"""The series of one measurement, numbered from 0 in the order in which they were first seen.

Everything that is done per series (the newest row, the rate of a counter, sorting for a table
file) is done on these numbers; the words are kept once. An agent sends the same keys at every
tick, so that the numbers of a whole batch are found by one look-up of its keys.
"""

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Final

import numpy as np
import pyarrow as pa

from collector.store.entry import Batch
from collector.store.schema import series_columns
from vigie.shape import Measurement

Numbers = np.ndarray[tuple[int], np.dtype[np.int32]]

MAX_SERIES: Final = 4_000_000
"""Of all measurements, eight times those of the largest site: each takes two to three kilobytes."""
MAX_BATCHES: Final = 20_000
"""Batches whose numbers are remembered; when there are more, all are forgotten and found again."""


class Series:
    """Every series of one measurement; one thread adds, any may read."""

    def __init__(self, measurement: type[Measurement]) -> None:
        self.columns: tuple[str, ...] = tuple(series_columns(measurement))
        self._numbers: dict[tuple[str, ...], int] = {}
        self._known: dict[tuple[str, bytes], Numbers] = {}
        self._words: tuple[list[str], ...] = tuple([] for _ in self.columns)
        self._arrays: tuple[int, list[pa.Array]] = (-1, [])

    def __len__(self) -> int:
        return len(self._words[0])

    def numbers(self, batch: Batch) -> Numbers:
        """The number of each row's series; new series get the next ones."""
        known = (batch.container, batch.keys)
        found = self._known.get(known)
        if found is None:
            found = self._find(self._keys(batch))
            if len(self._known) >= MAX_BATCHES:
                self._known.clear()
            self._known[known] = found
        return found

    def knows(self, batch: Batch) -> bool:
        """Whether none of a batch's series is new."""
        known = (batch.container, batch.keys) in self._known
        return known or all(row in self._numbers for row in zip(*self._keys(batch), strict=True))

    def numbered(self, rows: pa.Table) -> Numbers:
        """The same of rows that have all series columns, of several containers."""
        words = [rows.column(name).to_pylist() for name in self.columns]
        return self._find(words) if self._numbers else self._begin(words)

    def arrays(self) -> list[pa.Array]:
        """The words of each series column, by number; may be longer than at the call."""
        count = len(self)
        known, arrays = self._arrays
        if known != count:
            arrays = [pa.array(words[:count], pa.string()) for words in self._words]
            self._arrays = (count, arrays)
        return arrays

    def key(self, number: int) -> tuple[str, ...]:
        """The words of one series."""
        return tuple(words[number] for words in self._words)

    def _keys(self, batch: Batch) -> list[Iterable[str]]:
        """The words of each series column; keys follow `time`, in the measurement's order."""
        keys = [batch.rows.column(n).to_pylist() for n in range(1, len(self.columns))]
        return [repeat(batch.container, len(batch.rows)), *keys]

    def _begin(self, words: Sequence[list[str]]) -> Numbers:
        """Number the first rows there are: of a newest row per series, each is its own."""
        rows = list(zip(*words, strict=True))
        numbers = dict(zip(rows, range(len(rows)), strict=True))
        if len(numbers) < len(rows):
            return self._find(words)
        self._numbers = numbers
        for mine, column in reversed(list(zip(self._words, words, strict=True))):
            mine.extend(column)
        return np.arange(len(rows), dtype=np.int32)

    def _find(self, words: Sequence[Iterable[str]]) -> Numbers:
        return np.fromiter(map(self._number, zip(*words, strict=True)), np.int32)

    def _number(self, row: tuple[str, ...]) -> int:
        number = self._numbers.get(row)
        if number is None:
            number = self._numbers[row] = len(self)
            # The first column last: its length is what readers take for the count.
            for words, word in reversed(list(zip(self._words, row, strict=True))):
                words.append(word)
        return number
