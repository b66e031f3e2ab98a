"""Units that were met, numbered; told again from file to file at the speed of a comparison."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa

from collector.store.questions.partial import Ints


class Units:
    """The words of each unit by number; with no columns there is one unit.

    Files are sorted alike, so that the units of one are mostly a stretch of those known: then they
    are compared, and else found by their words.
    """

    def __init__(self, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        self._words: list[pa.Array] = [pa.array([], pa.string()) for _ in columns]
        self._met, self._ordered, self._next = False, True, 0

    def __len__(self) -> int:
        return len(self._words[0]) if self.columns else int(self._met)

    def words(self, column: str) -> pa.Array:
        """The words of a column, by number of unit."""
        return self._words[self.columns.index(column)]

    def numbers(self, heads: Sequence[pa.Array], count: int, *, once: bool) -> Ints:
        """The number of each head; new units get the next ones.

        `once` says that heads are in order, and none is there twice.
        """
        if not count:
            return np.zeros(0, np.int64)
        self._met = True
        if not self.columns:
            return np.zeros(count, np.int64)
        at = self._stretch(heads, count)
        if at is None and once and self._ordered:
            at = self._after(heads)
        if at is None:
            self._ordered = False
            return self._found(heads)
        self._next = at + count
        return np.arange(at, self._next)

    def _stretch(self, heads: Sequence[pa.Array], count: int) -> int | None:
        """Where these heads are among the known ones, where they follow each other there."""
        # A file goes on where the row group before it ended, perhaps with the same unit.
        for at in (self._next, self._next - 1, 0):
            if 0 <= at <= len(self) - count and self._key(at) == _key(heads):
                pairs = zip(self._words, heads, strict=True)
                return at if all(w.slice(at, count).equals(h) for w, h in pairs) else None
        return None

    def _after(self, heads: Sequence[pa.Array]) -> int | None:
        """Where these heads begin, added after the known ones in their order; None if before."""
        last, first = self._key(len(self) - 1) if len(self) else (), _key(heads)
        if first < last:
            return None
        same = int(first == last)
        pairs = zip(self._words, heads, strict=True)
        self._words = [pa.concat_arrays([w, h.slice(same)]) for w, h in pairs]
        return len(self) - len(heads[0])

    def _key(self, number: int) -> tuple[Any, ...]:
        return tuple(words[number].as_py() for words in self._words)

    def _found(self, heads: Sequence[pa.Array]) -> Ints:
        """By their words; those that are not known are added."""
        before = len(self)
        both = [pa.concat_arrays([k, h]) for k, h in zip(self._words, heads, strict=True)]
        codes = joined(both)
        _, firsts, inverse = np.unique(codes, return_index=True, return_inverse=True)
        # What is first met among the heads is new, and numbered in the order of meeting.
        fresh = np.sort(firsts[firsts >= before])
        number = np.empty(len(both[0]), np.int64)
        number[:before] = np.arange(before)
        number[fresh] = before + np.arange(len(fresh))
        if len(fresh):
            picked = pa.array(np.concatenate([np.arange(before), fresh]))
            self._words = [words.take(picked) for words in both]
        found: Ints = number[firsts[inverse[before:]]]
        return found


def _key(heads: Sequence[pa.Array]) -> tuple[Any, ...]:
    return tuple(head[0].as_py() for head in heads)


def joined(columns: Sequence[pa.Array]) -> Ints:
    """One number a row, equal where all words are equal."""
    found = np.zeros(len(columns[0]), np.int64)
    wide = 1
    for column in columns:
        encoded = column.dictionary_encode("encode")
        words = max(1, len(encoded.dictionary))
        if wide * words >= 2**62:
            distinct, found = np.unique(found, return_inverse=True)
            wide = len(distinct)
        found = found * words + encoded.indices.to_numpy(zero_copy_only=False)
        wide *= words
    return found
