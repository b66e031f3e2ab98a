"""Where the fragments of one store and erasure code are alive: arrays with a cell a fragment.

An object is known by the first 10 of the 16 bytes of its id: the first names its part of 256, the
next eight are a key in order, one more tells apart what has the same key. That any two of 14.3
million objects share all ten has a chance of 1e-10.

A cell (index, object) holds the *slot* of the inventory that says that it is alive, 0 where nobody
does. What one cell cannot hold lies beside, as sorted codes `(row * n + index) << 16 | slot`:
`spare`, the same fragment alive in a further inventory, and `dead`, records of fragments that are
not alive. An object of which nobody has any record does not exist, and is not counted as lost.
"""

import math
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

PARTS: Final = 256
SLOT_BITS: Final = 16
SLOT_MASK: Final = 2**SLOT_BITS - 1
MAX_SLOTS: Final = SLOT_MASK
KEY_BYTES: Final = 9
"""Of an object in a part, beside its n cells: key and check."""
FEW: Final = 6
"""Up to so many slots are faster compared one by one than looked up."""
OWN_BYTES: Final = 2**14
"""Smaller cells come from the heap."""
BLOCK_CELLS: Final = 2**16
VACANT_SHARE: Final = 8
"""Rows nobody has a record of any more are taken out when they are one in so many."""

Ints = NDArray[np.int64]
Keys = NDArray[np.uint64]
Bits = NDArray[np.bool_]
Cells = NDArray[Any]


@dataclass(frozen=True, slots=True)
class Told:
    """What one inventory says of fragments of one part, in order of key, check and index.

    No fragment is there twice. One that is neither `alive` nor `gone` has a record and is of no
    use; `gone` has none any more.
    """

    keys: Keys
    checks: NDArray[np.uint8]
    indexes: Ints
    alive: Bits
    gone: Bits
    generations: NDArray[np.uint32]

    def only(self, which: Bits | slice) -> "Told":
        """Some of it."""
        return Told(
            self.keys[which], self.checks[which], self.indexes[which], self.alive[which],
            self.gone[which], self.generations[which],
        )  # fmt: skip


class Part:
    """The objects whose ids begin with one byte."""

    __slots__ = (
        "_counts", "_tolerated", "cells", "checks", "dead", "generations", "keys", "n", "spare",
    )  # fmt: skip

    def __init__(self, n: int, kind: np.dtype[Any]) -> None:
        """`kind` is that of a slot: uint8 or uint16."""
        self.n = n
        self.keys: Keys = np.empty(0, np.uint64)
        self.checks: NDArray[np.uint8] = np.empty(0, np.uint8)
        self.cells: Cells = np.zeros((n, 0), kind)
        self.spare: Ints = np.empty(0, np.int64)
        self.dead: Ints = np.empty(0, np.int64)
        self.generations: NDArray[np.uint32] | None = None
        """The newest of each object; None while all are 0."""
        self._counts: Ints | None = None
        self._tolerated: tuple[int | None] | None = None

    @property
    def size(self) -> int:
        """Bytes of its arrays."""
        more = 0 if self.generations is None else self.generations.nbytes
        return sum(
            (self.keys.nbytes, self.checks.nbytes, self.cells.nbytes, self.spare.nbytes,
             self.dead.nbytes, more)
        )  # fmt: skip

    def tell(self, slot: int, told: Told) -> int:
        """Take what an inventory says; by how many records it holds more now."""
        told, rows = self._rows(told)
        if not len(rows):
            return 0
        self._counts = self._tolerated = None
        alive = told.alive & ~self._outdated(rows, told.generations)
        cells = rows * self.n + told.indexes
        codes = cells << SLOT_BITS | slot
        now = self.cells[told.indexes, rows]
        mine, spare, dead = now == slot, member(self.spare, codes), member(self.dead, codes)
        had = mine | spare | dead
        self._release(cells[mine & ~alive])
        self.dead = without(self.dead, codes[dead & (alive | told.gone)])
        self.dead = with_more(self.dead, codes[~alive & ~told.gone & ~dead])
        self.spare = without(self.spare, codes[spare & ~alive])
        new = alive & ~mine & ~spare
        free = new & (now == 0)
        self.cells[told.indexes[free], rows[free]] = slot
        self.spare = with_more(self.spare, codes[new & ~free])
        return int(np.count_nonzero(~had & ~told.gone)) - int(np.count_nonzero(had & told.gone))

    def forget(self, slot: int, first: int, last: int) -> int:
        """Forget what an inventory said of objects by key, both included; how many records."""
        begin = int(np.searchsorted(self.keys, np.uint64(first)))
        end = int(np.searchsorted(self.keys, np.uint64(last), "right"))
        indexes, rows = np.nonzero(self.cells[:, begin:end] == slot)
        self._release((rows + begin) * self.n + indexes)
        count = len(rows)
        for name in ("spare", "dead"):
            codes: Ints = getattr(self, name)
            some = codes[slice(*np.searchsorted(codes, self._span(begin, end)))]
            some = some[some & SLOT_MASK == slot]
            setattr(self, name, without(codes, some))
            count += len(some)
        if count:
            self._counts = self._tolerated = None
        return count

    def widen(self) -> None:
        """Have room for more than 255 inventories."""
        cells = _empty(self.cells.shape, np.dtype(np.uint16))
        cells[:] = self.cells
        self.cells = cells

    def counts(self, gone: Bits | None = None) -> Ints:
        """How many objects have 0, 1, … n live fragments; `gone` as in `left`."""
        if gone is not None:
            return self._counted(_live(self.left(gone)), self._known(_live(self.cells)))
        if self._counts is None:
            live = _live(self.cells)
            known = self._known(live)
            self._counts = self._counted(live, known)
            if len(known) - np.count_nonzero(known) > len(known) // VACANT_SHARE:
                self._take_out(~known)
        return self._counts

    def left(self, gone: Bits) -> Cells:
        """The cells, were some inventories not there; `gone` tells by slot."""
        cells, slots = self.cells.copy(), np.flatnonzero(gone).tolist()
        if len(slots) <= FEW:
            for slot in slots:
                np.multiply(cells, cells != slot, out=cells)
        else:
            np.multiply(cells, ~gone[cells], out=cells)
        heirs = self.spare[~gone[self.spare & SLOT_MASK]]
        at = heirs >> SLOT_BITS
        orphaned = cells[at % self.n, at // self.n] == 0
        cells[at[orphaned] % self.n, at[orphaned] // self.n] = heirs[orphaned] & SLOT_MASK
        return cells

    def tolerated(self, containers: Ints, k: int, gone: Bits | None = None) -> int | None:
        """How many containers may vanish before an object cannot be rebuilt, at least.

        Of each object those that hold most go first. None: one cannot be already. `containers` has
        a number for each slot. A fragment that is there twice counts in one place only.
        """
        if gone is not None:
            cells = self.left(gone)[:, self._known(_live(self.cells))]
            return tolerated(containers.astype(np.uint16)[cells].T, k)
        if self._tolerated is None:
            cells = self.cells[:, self._known(_live(self.cells))]
            self._tolerated = (tolerated(containers.astype(np.uint16)[cells].T, k),)
        return self._tolerated[0]

    def _counted(self, live: Cells, known: Bits) -> Ints:
        counts: Ints = np.bincount(live, minlength=self.n + 1)
        counts[0] -= np.count_nonzero(~known)
        return counts

    def _known(self, live: Cells) -> Bits:
        """Whether anybody has a record of the object; `live` is how many are alive."""
        known: Bits = live > 0
        known[(self.dead >> SLOT_BITS) // self.n] = True
        return known

    def _span(self, begin: int, end: int) -> Ints:
        """The first code of a row, and of the one after the last."""
        return np.array([begin, end], np.int64) * self.n << SLOT_BITS

    def _rows(self, told: Told) -> tuple[Told, Ints]:
        """What is told, with a row for each; objects of which nothing is known are added."""
        at, found = self._find(told.keys, told.checks)
        fresh = ~found & ~told.gone
        if fresh.any():
            self._add(told.keys[fresh], told.checks[fresh], at[fresh])
            at, found = self._find(told.keys, told.checks)
        return (told, at) if found.all() else (told.only(found), at[found])

    def _find(self, keys: Keys, checks: NDArray[np.uint8]) -> tuple[Ints, Bits]:
        """Row of each object, and whether it is there; where not, the row before which it goes."""
        at = np.searchsorted(self.keys, keys).astype(np.int64)
        if not len(self.keys):
            return at, np.zeros(len(keys), bool)
        end = len(self.keys) - 1
        while True:
            near = np.minimum(at, end)
            same = (at <= end) & (self.keys[near] == keys)
            before = same & (self.checks[near] < checks)
            if not before.any():
                return at, same & (self.checks[near] == checks)
            at += before  # two objects of one key: one in 10^8 networks has such

    def _add(self, keys: Keys, checks: NDArray[np.uint8], at: Ints) -> None:
        """Rows for new objects, in order, some of them several times; all are empty."""
        first = np.ones(len(keys), bool)
        first[1:] = (keys[1:] != keys[:-1]) | (checks[1:] != checks[:-1])
        at = at[first]
        old = len(self.keys)
        self.keys = _inserted(self.keys, at, keys[first])
        self.checks = _inserted(self.checks, at, checks[first])
        moved = np.arange(old) + np.searchsorted(at, np.arange(old), "right")
        cells = _empty((self.n, len(self.keys)), self.cells.dtype)
        for some in _blocks(cells):
            cells[some, moved] = self.cells[some]
        self.cells = cells
        if self.generations is not None:
            self.generations = np.insert(self.generations, at, 0)
        self._renumber(moved)

    def _take_out(self, vacant: Bits) -> None:
        kept = ~vacant
        self.keys, self.checks = self.keys[kept], self.checks[kept]
        cells = _empty((self.n, len(self.keys)), self.cells.dtype)
        np.compress(kept, self.cells, axis=1, out=cells)
        self.cells = cells
        if self.generations is not None:
            self.generations = self.generations[kept]
        self._renumber(np.cumsum(kept) - 1)

    def _renumber(self, moved: Ints) -> None:
        """Have the codes name rows by where they are now; `moved` keeps their order."""
        for name in ("spare", "dead"):
            codes: Ints = getattr(self, name)
            rows, index = np.divmod(codes >> SLOT_BITS, self.n)
            cells = moved[rows] * self.n + index
            setattr(self, name, cells << SLOT_BITS | codes & SLOT_MASK)

    def _release(self, cells: Ints) -> None:
        """Let go of cells; where another inventory has the same fragment, it takes the cell."""
        at = np.searchsorted(self.spare, cells << SLOT_BITS)
        new = np.zeros(len(cells), self.cells.dtype)
        if len(self.spare):
            near = self.spare[np.minimum(at, len(self.spare) - 1)]
            heir = (at < len(self.spare)) & (near >> SLOT_BITS == cells)
            new[heir] = near[heir] & SLOT_MASK
            self.spare = np.delete(self.spare, at[heir])
        self.cells[cells % self.n, cells // self.n] = new

    def _outdated(self, rows: Ints, generations: NDArray[np.uint32]) -> Bits:
        """Which fragments are older than their object; what is older than these dies."""
        if self.generations is None:
            if not generations.any():
                return np.zeros(len(rows), bool)
            self.generations = np.zeros(len(self.keys), np.uint32)
        newest = self.generations.copy()
        np.maximum.at(newest, rows, generations)
        passed = np.flatnonzero(newest > self.generations)
        self.generations = newest
        self._outlive(passed)
        return generations < newest[rows]

    def _outlive(self, rows: Ints) -> None:
        """All that is alive of these objects is of a generation before the newest."""
        indexes, at = np.nonzero(self.cells[:, rows])
        cells = rows[at] * self.n + indexes
        codes = cells << SLOT_BITS | self.cells[indexes, rows[at]].astype(np.int64)
        spare = self.spare[np.isin((self.spare >> SLOT_BITS) // self.n, rows)]
        self.cells[indexes, rows[at]] = 0
        self.spare = without(self.spare, spare)
        self.dead = with_more(self.dead, np.concatenate([codes, spare]))


def _empty(shape: tuple[int, ...], kind: np.dtype[Any]) -> Cells:
    """Cells of nobody, in memory of their own.

    They are made anew with each new object: from the heap, a quarter of it would stay as holes.
    """
    size = math.prod(shape)
    if size * kind.itemsize < OWN_BYTES:
        return np.zeros(shape, kind)
    own = mmap.mmap(-1, size * kind.itemsize)
    return np.frombuffer(own, kind).reshape(shape)


def _blocks(cells: Cells) -> Iterator[slice]:
    """Rows to work on at once: few of long ones, so that they stay in the processor's cache."""
    n, objects = cells.shape
    step = max(1, BLOCK_CELLS // max(1, objects))
    return (slice(begin, begin + step) for begin in range(0, n, step))


def _inserted(old: Cells, at: Ints, new: Cells) -> Cells:
    both = _empty((len(old) + len(new),), old.dtype)
    both[:] = np.insert(old, at, new)
    return both


def _live(cells: Cells) -> Cells:
    """Live fragments of each object."""
    live: Cells = np.zeros(cells.shape[1], np.uint8 if len(cells) < 256 else np.uint16)
    for some in _blocks(cells):
        np.add(live, (cells[some] != 0).sum(axis=0, dtype=live.dtype), out=live)
    return live


def member(codes: Ints, wanted: Ints) -> Bits:
    """Which of the wanted are among sorted codes."""
    if not len(codes):
        return np.zeros(len(wanted), bool)
    at = np.minimum(np.searchsorted(codes, wanted), len(codes) - 1)
    found: Bits = codes[at] == wanted
    return found


def without(codes: Ints, some: Ints) -> Ints:
    """Sorted codes without some that are among them."""
    return np.delete(codes, np.searchsorted(codes, some)) if len(some) else codes


def with_more(codes: Ints, some: Ints) -> Ints:
    """Sorted codes with some that were not among them."""
    return np.union1d(codes, some) if len(some) else codes


def tolerated(holders: Cells, k: int) -> int | None:
    """How many containers every object can lose; `holders` has a row of them for each object.

    0 is a fragment that nobody holds. None where an object has fewer than k.
    """
    holders = np.sort(holders, axis=1)
    live = np.count_nonzero(holders, axis=1)
    if (live < k).any():
        return None
    least = int(live.min(initial=holders.shape[1])) - k
    again = (holders[:, 1:] == holders[:, :-1]) & (holders[:, 1:] != 0)
    twice = again.any(axis=1)
    again, live = again[twice], live[twice]
    run = (holders[twice] != 0).astype(np.int32)
    for at in range(1, run.shape[1]):
        run[:, at] += again[:, at - 1] * run[:, at - 1]
    run[:, :-1][again] = 0  # only the last of a run knows how long it is
    lost = np.cumsum(-np.sort(-run, axis=1), axis=1)
    return int(((live[:, None] - lost) >= k).sum(axis=1).min(initial=least))
