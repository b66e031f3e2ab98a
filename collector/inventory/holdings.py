"""What classes of containers hold of every object, of all stores: made of where fragments lie.

Which containers are alike is the asker's to say. 200 million fragments become some hundred rows a
class: an object that is there twice is no different from another that lies in the same way.
"""

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

from collector.inventory.margins import Margins, Placement
from collector.inventory.placement import SLOT_BITS, SLOT_MASK, Bits, Cells, Ints, Part
from collector.kpis.facts import Held
from vigie.fragments import Scheme

MANY: Final = 2**20
"""Rows after which those alike are put together, before more are added."""
WORD_BITS: Final = 63
Counts = NDArray[np.uint16]


@dataclass(frozen=True, slots=True)
class Asked:
    """What is to be told: of which stores, and which of their containers, by path, are alike.

    `sizes` is the mean of a fragment of a store and code in bytes, where it is known.
    """

    stores: Collection[str]
    alike: Callable[[str], Hashable]
    simulated: Callable[[str], bool] = lambda _: False
    sizes: Mapping[tuple[str, Scheme], float] = field(default_factory=dict)


def held(margins: Margins, asked: Asked) -> tuple[Held, ...]:
    """Every store and code asked for, in order; the ones of which no object exists are left out."""
    chosen = [p for p in margins.placements() if p.store in asked.stores]
    chosen.sort(key=lambda p: (p.store, p.scheme.word))
    found = (_Sorting(placement, asked).all(margins) for placement in chosen)
    return tuple(one for one in found if len(one.objects))


def distinct(counts: Counts, objects: Ints, largest: int) -> tuple[Counts, Ints]:
    """Rows each once, with the objects of all that were alike; no count is above `largest`.

    Rows are packed into whole numbers, a few columns after the other, which is exact.
    """
    bits, (rows, width) = largest.bit_length(), counts.shape
    few = (WORD_BITS - rows.bit_length()) // bits
    numbers: Ints = np.zeros(rows, np.int64)
    first: Ints = np.zeros(min(rows, 1), np.int64)
    for begin in range(0, width, few):
        for column in range(begin, min(begin + few, width)):
            numbers = numbers << bits | counts[:, column]
        _, first, numbers = np.unique(numbers, return_index=True, return_inverse=True)
    summed: Ints = np.zeros(len(first), np.int64)
    np.add.at(summed, numbers, objects)
    return counts[first], summed


class _Sorting:
    """Puts the fragments of one store and code into columns; column 0 is of those not there."""

    def __init__(self, placement: Placement, asked: Asked) -> None:
        self._placement, self._asked = placement, asked
        self._classes: dict[Hashable, int] = {}
        self._members: list[dict[str, None]] = []
        self._columns: dict[frozenset[int], int] = {frozenset(): 0}
        self._class: Ints = np.zeros(0, np.int64)
        """By slot."""
        self._column: Ints = np.zeros(0, np.int64)
        """By slot, of what lies nowhere else."""
        self._twin = np.zeros(0, bool)

    def all(self, margins: Margins) -> Held:
        """Every part, and what they come to."""
        n, fragments, twins = self._placement.scheme.n, 0, 0
        rows: list[Counts] = []
        weights: list[Ints] = []
        for part, _, _ in margins.parts(self._placement):
            self._learn(self._placement.containers)
            counts = self._counted(part)
            distinct_counts, objects = distinct(counts, np.ones(len(counts), np.int64), n)
            rows.append(distinct_counts)
            weights.append(objects)
            alive = int(np.count_nonzero(part.cells)) + len(part.spare)
            fragments += alive
            twins += self._twins(part) if self._twin.any() else 0
            if sum(map(len, rows)) > MANY:
                merged = self._merged(rows, weights)
                rows, weights = [merged[0]], [merged[1]]
        holds, objects = self._merged(rows, weights)
        return Held(
            self._placement.store,
            self._placement.scheme,
            tuple(tuple(sorted(members)) for members in self._members),
            tuple(self._columns)[1:],
            holds[:, 1:],
            objects,
            fragments,
            self._asked.sizes.get((self._placement.store, self._placement.scheme)),
            twins / fragments if fragments else 0.0,
        )

    def _learn(self, containers: list[str]) -> None:
        """Sort the inventories that are new into classes."""
        if len(containers) == len(self._class):
            return
        numbers = [self._number(path) for path in containers[1:]]
        self._class = np.array([-1, *numbers])
        self._column = np.array([0, *(self._columns[frozenset((c,))] for c in numbers)])
        self._twin = np.array([False, *(self._asked.simulated(path) for path in containers[1:])])

    def _number(self, path: str) -> int:
        key = self._asked.alike(path)
        number = self._classes.get(key)
        if number is None:
            number = self._classes[key] = len(self._members)
            self._members.append({})
            self._column_of(frozenset((number,)))
        self._members[number][path] = None
        return number

    def _column_of(self, classes: frozenset[int]) -> int:
        return self._columns.setdefault(classes, len(self._columns))

    def _counted(self, part: Part) -> Counts:
        """A row for each object that exists: how many indexes are in each column."""
        columns = self._column.astype(np.uint16)[part.cells]
        self._place_copies(part, columns)
        n, objects = columns.shape
        width = len(self._columns)
        cells = columns + np.arange(objects) * width
        counts = np.bincount(cells.ravel(), minlength=objects * width).reshape(objects, width)
        counts[:, 0] = 0
        known: Bits = np.asarray(counts.any(axis=1))
        known[(part.dead >> SLOT_BITS) // n] = True
        return counts[known].astype(np.uint16)

    def _place_copies(self, part: Part, columns: Cells) -> None:
        """Have an index that lies in several classes be in the column of all of them."""
        if not len(part.spare):
            return
        n, many = part.n, len(self._members)
        spare = part.spare >> SLOT_BITS
        cells = np.unique(spare)
        own = self._class[part.cells[cells % n, cells // n]]
        more = self._class[part.spare & SLOT_MASK]
        pairs = np.unique(np.concatenate([spare * many + more, cells * many + own]))
        at, classes = np.divmod(pairs, many)
        begins = np.searchsorted(at, cells)
        ends = np.append(begins[1:], len(at))
        found = np.array([self._columns[frozenset((c,))] for c in range(many)])[classes[begins]]
        for later in range(1, int((ends - begins).max())):
            some = np.flatnonzero(begins + later < ends)
            found[some] = self._joined(found[some], classes[begins[some] + later])
        columns[cells % n, cells // n] = found

    def _joined(self, columns: Ints, classes: Ints) -> Ints:
        """By cell, the column of the classes that it is in, and one more."""
        many, listed = len(self._members), tuple(self._columns)
        pairs, which = np.unique(columns * many + classes, return_inverse=True)
        new = [self._column_of(listed[p // many] | {p % many}) for p in pairs.tolist()]
        return np.array(new)[which]

    def _twins(self, part: Part) -> int:
        spare = self._twin[part.spare & SLOT_MASK]
        return int(np.count_nonzero(self._twin[part.cells])) + int(np.count_nonzero(spare))

    def _merged(self, rows: list[Counts], weights: list[Ints]) -> tuple[Counts, Ints]:
        """All rows, each once; those of before a column was known hold nothing in it."""
        width = len(self._columns)
        wide = [np.pad(some, ((0, 0), (0, width - some.shape[1]))) for some in rows]
        if not wide:
            return np.zeros((0, width), np.uint16), np.zeros(0, np.int64)
        return distinct(np.concatenate(wide), np.concatenate(weights), self._placement.scheme.n)
