"""What is not yet in the files, brought down to a partial: the tail's chunks, all at once."""

import threading
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow.compute as pc

from collector.store.chunk import Chunk, integers
from collector.store.questions.partial import (
    Floats,
    Ints,
    Learned,
    Partial,
    Wanted,
    of_runs,
    sample,
)
from collector.store.questions.runs import found
from collector.store.questions.selection import Words, codes_of
from collector.store.questions.stored import numbers
from collector.store.schema import CONTAINER_COLUMN, SUSPECT_COLUMN
from collector.store.series import Series
from vigie.frame import QUALITY_COLUMN

MOST_ROWS: Final = 4_000_000
"""Rows brought down together: some 50 bytes of each are in memory meanwhile."""

_lock = threading.Lock()
_ranked: WeakKeyDictionary[Series, tuple[int, dict[str, Words], Ints]] = WeakKeyDictionary()


def ranked(series: Series) -> tuple[dict[str, Words], Ints]:
    """The words of each column by the series' number, and the place of each in order of words."""
    count = len(series)
    with _lock:
        known = _ranked.get(series)
    if known is not None and known[0] >= count:
        return known[1], known[2]
    words: dict[str, Words] = {}
    ranks = []
    for name, column in zip(series.columns, series.arrays(), strict=True):
        words[name] = codes, distinct = codes_of(column.dictionary_encode())
        rank = np.empty(len(distinct), np.int64)
        rank[pc.sort_indices(distinct).to_numpy()] = np.arange(len(distinct))
        ranks.append(rank[codes])
    place = np.empty(len(ranks[0]), np.int64)
    place[np.lexsort(ranks[::-1])] = np.arange(len(ranks[0]))
    with _lock:
        _ranked[series] = (len(place), words, place)
    return words, place


def batches(chunks: Sequence[Chunk]) -> Iterator[Sequence[Chunk]]:
    """Chunks, so many at a time that memory bears what is made of their rows; evenly."""
    ends = np.cumsum([len(c.times) for c in chunks])
    parts = -(-int(ends[-1]) // MOST_ROWS) if len(ends) else 0
    cuts = np.searchsorted(ends, [ends[-1] * n // parts for n in range(1, parts)])
    for first, last in pairwise([0, *(cuts + 1).tolist(), len(chunks)]):
        if first < last:
            yield chunks[first:last]


def partial(chunks: Sequence[Chunk], wanted: Wanted) -> Partial | None:
    """What chunks say; None where no row is wanted."""
    chunks = [c for c in chunks if c.series is not None and len(c.times)]
    series = chunks[0].series if chunks else None
    if series is None:
        return None
    words, place = ranked(series)
    known = len(place)
    of = np.concatenate([c.numbers for c in chunks])
    times = np.concatenate([c.times for c in chunks])
    mask = (times >= wanted.start) & (times < wanted.end) & (of < known)
    allowed = wanted.selection.mask({name: words[name] for name in wanted.selection.columns})
    if allowed is not None:
        mask &= allowed[np.minimum(of, known - 1)]
    # Sorted by series and time, as a file is.
    at = np.flatnonzero(mask)
    if not len(at):
        return None
    order = place[of[at]]
    at = at[np.lexsort((times[at], order))]
    of, times = of[at], times[at]
    picked = {n: (words[n][0][of], words[n][1]) for n in {*wanted.units, CONTAINER_COLUMN}}
    learned = _learned(chunks, wanted, at)
    runs = found(picked, wanted.units, len(at))
    learned.count(runs.containers)
    samples = [_sample(chunks, number, wanted, at, times) for number in range(len(wanted.fields))]
    step = None if wanted.width else 0
    return of_runs(wanted, runs, times, step, samples, learned)


def _column(chunks: Sequence[Chunk], name: str) -> Floats:
    """One column of sparse rows, unknown where nobody sent it."""
    found = []
    for chunk in chunks:
        at = chunk.rows.schema.get_field_index(name)
        found.append(numbers(chunk.rows.column(at) if at >= 0 else None, len(chunk.times))[0])
    return np.concatenate(found)


def _bits(chunks: Sequence[Chunk], name: str) -> Ints:
    """The same of a column that is 0 where nobody sent it."""
    found: list[Any] = []
    for chunk in chunks:
        at = chunk.rows.schema.get_field_index(name)
        zeros = np.zeros(len(chunk.times), np.int64)
        found.append(zeros if at < 0 else integers(chunk.rows.column(at)))
    return np.concatenate(found)


def _learned(chunks: Sequence[Chunk], wanted: Wanted, at: Ints) -> Learned:
    quality = _bits(chunks, QUALITY_COLUMN)[at]
    marked = _bits(chunks, SUSPECT_COLUMN)[at] & wanted.suspects
    return Learned(len(at), int(np.count_nonzero(marked)), int(quality.max()))


def _sample(
    chunks: Sequence[Chunk], number: int, wanted: Wanted, at: Ints, times: Ints
) -> dict[str, Any]:
    declared = wanted.fields[number]
    values = _column(chunks, declared.name)[at]
    marked = _bits(chunks, SUSPECT_COLUMN)[at] >> declared.number & 1 != 0
    if marked.any():
        values = np.where(marked, np.nan, values)
    return sample(wanted.needs[number], values, times, whole=not np.isnan(values).any())
