"""Where each unit's rows begin in a row group, kept between questions: files never change.

Keys are most of what reading costs. Files that follow each other have the same units, whose words
are then kept once.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
import pyarrow as pa

from collector.store.questions.selection import Words
from collector.store.schema import CONTAINER_COLUMN

Codes = np.ndarray[tuple[int], np.dtype[np.int32]]
Key = tuple[Path, int, tuple[str, ...]]

MAX_BYTES: Final = 96 * 2**20


@dataclass(frozen=True, slots=True, eq=False)
class Runs:
    """Of `rows` rows: where each run of a unit begins, and the words of its unit by column."""

    rows: int
    firsts: Codes
    units: tuple[pa.Array, ...]
    containers: Mapping[str, int]

    @property
    def bytes(self) -> int:
        """Memory held."""
        return int(self.firsts.nbytes + sum(words.nbytes for words in self.units))


def found(words: Mapping[str, Words], units: Sequence[str], rows: int) -> Runs:
    """The runs of rows with these words; one, where nothing is told apart."""
    changes = np.zeros(rows, np.bool_)
    changes[0] = True
    for name in units:
        codes = words[name][0]
        changes[1:] |= codes[1:] != codes[:-1]
    firsts = np.flatnonzero(changes)
    named = tuple(words[name][1].take(pa.array(words[name][0][firsts])) for name in units)
    return Runs(rows, firsts.astype(np.int32), named, counted(words.get(CONTAINER_COLUMN)))


def counted(words: Words | None) -> dict[str, int]:
    """How many rows each container has."""
    if words is None:
        return {}
    codes, known = words
    starts = np.flatnonzero(np.diff(codes, prepend=-1))
    lengths = np.diff(starts, append=len(codes))
    counts = np.bincount(codes[starts], lengths, len(known)).astype(np.int64).tolist()
    return {path: rows for path, rows in zip(known.to_pylist(), counts, strict=True) if rows}


class Known:
    """Runs of the row groups read last; safe to use from any thread."""

    def __init__(self, most: int = MAX_BYTES) -> None:
        self._most, self._held = most, 0
        self._lock = threading.Lock()
        self._runs: OrderedDict[Key, tuple[Runs, int]] = OrderedDict()
        self._last: dict[tuple[int, str, str], tuple[pa.Array, ...]] = {}

    def get(self, key: Key) -> Runs | None:
        """Those of a row group, or None."""
        with self._lock:
            kept = self._runs.get(key)
            if kept is not None:
                self._runs.move_to_end(key)
            return None if kept is None else kept[0]

    def put(self, key: Key, runs: Runs) -> None:
        """Keep them, their words shared with an equal row group of another file."""
        if not runs.units:
            return
        first, last = runs.units[-1][0].as_py(), runs.units[-1][-1].as_py()
        name = (len(runs.firsts), first, last)
        with self._lock:
            like, size = self._last.get(name, ()), runs.bytes
            if len(like) == len(runs.units) and all(map(pa.Array.equals, like, runs.units)):
                runs = Runs(runs.rows, runs.firsts, like, runs.containers)
                size = int(runs.firsts.nbytes)
            if key not in self._runs:
                self._last[name] = runs.units
                self._runs[key] = (runs, size)
                self._held += size
            while self._held > self._most and self._runs:
                self._held -= self._runs.popitem(last=False)[1][1]
                if len(self._last) > len(self._runs):
                    self._last.clear()
