"""What classes of containers hold of every object, of all stores: made of where fragments lie.

Which containers are alike is the asker's to say. 200 million fragments become some hundred rows a
class: an object that is there twice is no different from another that lies in the same way.
"""

from collections.abc import Callable, Collection, Hashable, Mapping, Sequence
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
WORD_BITS: Final = 64
Counts = NDArray[np.uint16]
Words = NDArray[np.uint64]
"""A column for each object or row."""


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


def distinct(words: Words, objects: Ints) -> tuple[Words, Ints]:
    """Columns of words each once, with the objects of all that were alike."""
    if not words.shape[1]:
        return words, objects
    order = np.lexsort(words)
    words = words[:, order]
    first = np.ones(words.shape[1], bool)
    first[1:] = (words[:, 1:] != words[:, :-1]).any(axis=0)
    return words[:, first], np.add.reduceat(objects[order], np.flatnonzero(first))


@dataclass(frozen=True, slots=True)
class Packing:
    """Counts of 0 to n packed into words of 64 bits, one after the other; exact."""

    n: int

    @property
    def bits(self) -> int:
        """Of one count."""
        return self.n.bit_length()

    @property
    def a_word(self) -> int:
        """Counts in a word."""
        return WORD_BITS // self.bits

    def words(self, columns: int) -> int:
        """Words that so many counts take."""
        return -(-columns // self.a_word)

    def ones(self, columns: int) -> Words:
        """By word and column, what to add to count one more there."""
        ones = np.zeros((self.words(columns), columns), np.uint64)
        for column in range(columns):
            word, at = divmod(column, self.a_word)
            ones[word, column] = 1 << at * self.bits
        return ones

    def counts(self, words: Words, columns: int) -> Counts:
        """A row for each column of words."""
        counts = np.zeros((words.shape[1], columns), np.uint16)
        for column in range(columns):
            word, at = divmod(column, self.a_word)
            counts[:, column] = words[word] >> np.uint64(at * self.bits) & np.uint64(
                2**self.bits - 1
            )
        return counts


class _Sorting:
    """Puts the fragments of one store and code into columns; column 0 is of those not there."""

    def __init__(self, placement: Placement, asked: Asked) -> None:
        self._placement, self._asked = placement, asked
        self._packing = Packing(placement.scheme.n)
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
        fragments, twins = 0, 0
        found: list[tuple[Words, Ints]] = []
        for part, _, _ in margins.parts(self._placement):
            self._learn(self._placement.containers)
            words = self._counted(part)
            found.append(distinct(words, np.ones(words.shape[1], np.int64)))
            fragments += int(np.count_nonzero(part.cells)) + len(part.spare)
            twins += self._twins(part) if self._twin.any() else 0
            if sum(len(objects) for _, objects in found) > MANY:
                found = [self._merged(found)]
        words, objects = self._merged(found)
        columns = tuple(self._columns)[1:]
        return Held(
            self._placement.store,
            self._placement.scheme,
            tuple(tuple(sorted(members)) for members in self._members),
            columns,
            self._packing.counts(words, len(columns)),
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

    def _counted(self, part: Part) -> Words:
        """Of each object that exists, how many indexes are in each column."""
        if len(part.spare):
            columns = self._column.astype(np.uint16)[part.cells]
            self._place_copies(part, columns)
            ones = self._ones(range(len(self._columns)))
        else:
            columns, ones = part.cells, self._ones(self._column.tolist())
        words = np.array([one[columns].sum(axis=0, dtype=np.uint64) for one in ones])
        known: Bits = np.asarray(words.any(axis=0))
        known[(part.dead >> SLOT_BITS) // part.n] = True
        return words if known.all() else words[:, known]

    def _ones(self, columns: Sequence[int]) -> Words:
        """What an index in each of these columns adds; in column 0 nothing."""
        ones = self._packing.ones(len(self._columns) - 1)
        return np.pad(ones, ((0, 0), (1, 0)))[:, list(columns)]

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

    def _merged(self, found: list[tuple[Words, Ints]]) -> tuple[Words, Ints]:
        """All of it, each once; what was told before a column was known has nothing in it."""
        high = self._packing.words(len(self._columns) - 1)
        if not found:
            return np.zeros((high, 0), np.uint64), np.zeros(0, np.int64)
        wide = [np.pad(words, ((0, high - len(words)), (0, 0))) for words, _ in found]
        objects = np.concatenate([objects for _, objects in found])
        return distinct(np.concatenate(wide, axis=1), objects)
