"""Rows of the tail in the order of table files: by the words of their series, and time."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.store.chunk import Chunk, column, stacked
from collector.store.parquet import trimmed
from collector.store.schema import QUALITY, SUSPECT
from collector.store.series import Series

SLICE_BYTES: Final = 96 * 2**20
"""About how much of the tail is copied at once."""
_WIDE: Final = 2**40


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows in order, a part at a time; `names` are the columns that some of them have."""

    names: Sequence[str]
    parts: Iterator[pa.Table]


class Order:
    """The place of every series among the others, and their words in order."""

    def __init__(self, series: Series) -> None:
        self.columns = series.columns
        self.words: list[tuple[pa.Array, Any]] = []
        """Of each series column, its words in order and which of them each series has."""
        rank, wide = np.zeros(len(series), np.int64), 1
        for words in series.arrays():
            known = words.slice(0, len(rank)).dictionary_encode()
            sorting = pc.array_sort_indices(known.dictionary).to_numpy()
            place = np.empty(len(sorting), np.int32)
            place[sorting] = np.arange(len(sorting), dtype=np.int32)
            codes = place[known.indices.to_numpy()]
            self.words.append((known.dictionary.take(pa.array(sorting)), codes))
            if wide * len(sorting) > _WIDE:
                found, rank = np.unique(rank, return_inverse=True)
                wide = len(found)
            rank, wide = rank * len(sorting) + codes, wide * len(sorting)
        self.rank = rank
        self.wide = wide

    def of(self, chunks: Sequence[Chunk], start: int | None = None, end: int | None = None) -> Rows:
        """The rows from `start` until before `end` (microseconds), keys as dictionaries.

        No two parts have rows of the same container.
        """
        rows = stacked([c.rows for c in chunks])
        numbers = np.concatenate([c.numbers for c in chunks])
        times = np.concatenate([c.times for c in chunks])
        chosen = None
        if start is not None or end is not None:
            chosen = np.flatnonzero(
                (times >= (times.min() if start is None else start))
                & (times < (times.max() + 1 if end is None else end))
            )
            numbers, times = numbers[chosen], times[chosen]
        if not len(numbers):
            return Rows(rows.column_names, iter(()))
        order = _sorted(self.rank[numbers], self.wide, times)
        numbers = numbers[order]
        return Rows(
            [*rows.column_names, *self.columns],
            self._parts(rows, numbers, order if chosen is None else chosen[order]),
        )

    def _parts(self, rows: pa.Table, numbers: Any, order: Any) -> Iterator[pa.Table]:
        containers = self.words[0][1][numbers]
        ends = np.append(np.flatnonzero(containers[1:] != containers[:-1]) + 1, len(numbers))
        most = max(1, SLICE_BYTES // max(1, rows.nbytes // len(rows)))
        start = 0
        while start < len(numbers):
            fits = int(np.searchsorted(ends, start + most, "right")) - 1
            end = int(ends[max(fits, 0)])
            if end <= start:
                end = int(ends[np.searchsorted(ends, start, "right")])
            yield self._part(rows, numbers[start:end], pa.array(order[start:end]))
            start = end

    def _part(self, rows: pa.Table, numbers: Any, picked: pa.Array) -> pa.Table:
        # A column in pieces is slow to pick from: each is made whole first, one after the other.
        made = {
            f.name: rows.column(at).combine_chunks().take(picked)
            for at, f in enumerate(rows.schema)
        }
        for field in (QUALITY, SUSPECT):
            if field.name not in made:
                made[field.name] = column(rows.slice(0, len(picked)), field)
        for name, (words, codes) in zip(self.columns, self.words, strict=True):
            made[name] = pa.DictionaryArray.from_arrays(pa.array(codes[numbers]), words)
        return trimmed(pa.table(made))


def _sorted(rank: Any, wide: int, times: Any) -> Any:
    first = int(times.min())
    span = int(times.max()) - first + 1
    if wide * span < 2**62:  # one number to sort by is faster
        return np.argsort(rank * span + (times - first), kind="stable")
    return np.lexsort((times, rank))
