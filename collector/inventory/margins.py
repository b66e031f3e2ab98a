"""How far every object is from being lost: the placements of all stores, in memory.

Made anew at the start, from what `fragments.py` keeps. 14.3 million objects of 14 fragments take
9 + 14 bytes each while at most 255 inventories hold fragments of a store and code, 9 + 28 above.
"""

import threading
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from collector.inventory.hurt import hurt
from collector.inventory.placement import KEY_BYTES, MAX_SLOTS, PARTS, Bits, Ints, Part, Told
from vigie import replies
from vigie.errors import Unavailable
from vigie.fragments import ALIVE, BUCKETS, Scheme, Status
from vigie.network.places import inside

MAX_BYTES: Final = 2 * 2**30
"""All placements together; what would make them larger is not taken."""
NARROW_SLOTS: Final = 255
WIDE_BYTES: Final = 2
BUCKETS_A_PART: Final = BUCKETS // PARTS
BUCKET_KEYS: Final = 2**64 // BUCKETS_A_PART
_ALIVE: Final[Bits] = np.isin(np.arange(256), [int(status) for status in ALIVE])

Records = NDArray[Any]
"""As `records.RECORD`."""


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose inventory it is: `number` is its own among all, `container` a path."""

    number: int
    container: str
    store: str


@dataclass(slots=True)
class Placement:
    """The objects of one store and code."""

    store: str
    scheme: Scheme
    kind: np.dtype[Any] = field(default_factory=lambda: np.dtype(np.uint8))
    parts: dict[int, Part] = field(default_factory=dict)
    slots: dict[int, int] = field(default_factory=dict)
    """By number of the inventory, from 1 up."""
    containers: list[str] = field(default_factory=lambda: [""])
    """By slot."""
    held: dict[int, int] = field(default_factory=dict)
    """Records, by number of the inventory."""
    size: int = 0
    """Bytes of the parts."""

    def slot(self, owner: Owner) -> int:
        """The slot of an inventory; made when it has none."""
        slot = self.slots.get(owner.number)
        if slot is None:
            if len(self.slots) == MAX_SLOTS:
                raise Unavailable(f"{self.store}: more than {MAX_SLOTS} inventories of one code")
            slot = self.slots[owner.number] = len(self.containers)
            self.containers.append(owner.container)
            if slot > NARROW_SLOTS and self.kind == np.uint8:
                self.kind = np.dtype(np.uint16)
                for part in self.parts.values():
                    part.widen()
                self.size = sum(part.size for part in self.parts.values())
        return slot

    def tell(self, owner: Owner, told: Mapping[int, Told]) -> None:
        """Take what an inventory says, by part."""
        slot = self.slot(owner)
        for number, some in told.items():
            part = self.parts.get(number)
            if part is None:
                part = self.parts[number] = Part(self.scheme.n, self.kind)
            before = part.size
            more = part.tell(slot, some)
            self.held[owner.number] = self.held.get(owner.number, 0) + more
            self.size += part.size - before

    def forget(self, owner: Owner, buckets: Iterable[int]) -> None:
        """Forget what an inventory said of the objects of some buckets."""
        for bucket in buckets:
            if not self.held.get(owner.number):
                return
            part = self.parts.get(bucket // BUCKETS_A_PART)
            if part is not None:
                first = bucket % BUCKETS_A_PART * BUCKET_KEYS
                slot = self.slots[owner.number]
                self.held[owner.number] -= part.forget(slot, first, first + BUCKET_KEYS - 1)

    def gone(self, without: Collection[str]) -> Bits:
        """By slot, whether it lies in one of these scopes."""
        return np.array(
            [slot > 0 and any(inside(path, scope) for scope in without)
             for slot, path in enumerate(self.containers)]
        )  # fmt: skip

    def numbered(self) -> Ints:
        """By slot, a number of its container; 0 is none."""
        numbers = {path: number for number, path in enumerate(dict.fromkeys(self.containers))}
        return np.array([numbers[path] for path in self.containers])


class Margins:
    """What every inventory told, as far as it says which objects can be rebuilt."""

    def __init__(self, limit: int = MAX_BYTES) -> None:
        """`limit` is in bytes."""
        self._limit, self._lock = limit, threading.Lock()
        self.version = 0
        """Grows with everything that is told."""
        self._placements: dict[tuple[str, Scheme], Placement] = {}

    def clear(self) -> None:
        """Forget all."""
        with self._lock:
            self.version += 1
            self._placements.clear()

    @property
    def size(self) -> int:
        """Bytes of all placements."""
        with self._lock:
            return sum(placement.size for placement in self._placements.values())

    def records(self, owner: Owner) -> int:
        """How many records an inventory holds."""
        with self._lock:
            return sum(p.held.get(owner.number, 0) for p in self._of(owner.store))

    def check_room(self, records: Records, schemes: Sequence[Scheme]) -> None:
        """Whether these, sorted, may be told, even if none of their objects is known.

        Raises:
            Unavailable: there is no room for them.
        """
        numbers = np.unique(records["scheme"][records["status"] != Status.GONE])
        widest = max((schemes[number].n for number in numbers), default=0)
        objects = 1 + int(np.count_nonzero(records["tail"][1:] != records["tail"][:-1]))
        size = self.size
        if size + objects * (KEY_BYTES + widest * WIDE_BYTES) > self._limit:
            raise Unavailable(
                f"the places of fragments take {size / 2**20:.0f} MiB of memory, and these would "
                f"make it more than {self._limit / 2**20:.0f}", 60,
            )  # fmt: skip

    def tell(self, owner: Owner, records: Records, schemes: Sequence[Scheme]) -> None:
        """Changes of an inventory: sorted, no fragment twice; one GONE is forgotten."""
        with self._lock:
            self._tell(owner, records, schemes)

    def replace(
        self, owner: Owner, buckets: Sequence[int], records: Records, schemes: Sequence[Scheme]
    ) -> None:
        """The whole content of some buckets of an inventory; `records` as for `tell`."""
        with self._lock:
            for placement in self._of(owner.store):
                placement.forget(owner, buckets)
            self._tell(owner, records, schemes)

    def margins(
        self, stores: Collection[str], without: Collection[str] = ()
    ) -> list[replies.Margins]:
        """Of each code of these stores, were the containers in the scopes `without` not there."""
        with self._lock:
            chosen = [p for p in self._placements.values() if p.store in stores]
        found = [self._margins(placement, without) for placement in chosen]
        return sorted((f for f in found if f.objects), key=lambda f: (f.store, f.scheme))

    def counts(self, placement: Placement, without: Collection[str] = ()) -> Ints:
        """How many objects of a placement have 0, 1, … n live fragments."""
        return sum(
            (part.counts(gone) for part, gone, _ in self.parts(placement, without)),
            np.zeros(placement.scheme.n + 1, np.int64),
        )

    def lost(self, owners: Collection[Owner]) -> int:
        """How many objects that can be rebuilt now could not be, were these inventories gone."""
        numbers, found = {owner.number for owner in owners}, 0
        for placement in self.placements():
            with self._lock:
                slots = [slot for number, slot in placement.slots.items() if number in numbers]
            if slots:
                found += sum(self._lost(placement, part, slots) for part in range(PARTS))
        return found

    def _lost(self, placement: Placement, number: int, slots: Sequence[int]) -> int:
        """The same of one part of a placement; the lock is held for that long."""
        with self._lock:
            part = placement.parts.get(number)
            if part is None:
                return 0
            gone = np.zeros(len(placement.containers), np.bool_)
            gone[list(slots)] = True
            k, before = placement.scheme.k, part.size
            dead = int(part.counts()[:k].sum())
            placement.size += part.size - before
            return int(part.counts(gone)[:k].sum()) - dead

    def hurt(self, placement: Placement) -> Ints:
        """How many objects that have lost fragments have 0, 1, … n good ones left."""
        scheme = placement.scheme
        return sum(
            (hurt(part, scheme.k) for part, _, _ in self.parts(placement)),
            np.zeros(scheme.n + 1, np.int64),
        )

    def containers(self, placement: Placement) -> set[str]:
        """Those in which some of its fragments lie."""
        with self._lock:
            return {
                placement.containers[slot]
                for number, slot in placement.slots.items()
                if placement.held.get(number)
            }

    def placements(self) -> list[Placement]:
        """Every store and code."""
        with self._lock:
            return list(self._placements.values())

    def _margins(self, placement: Placement, without: Collection[str]) -> replies.Margins:
        scheme, counts = placement.scheme, self.counts(placement, without)
        tolerated: int | None = None
        if not counts[: scheme.k].any():
            can = [
                part.tolerated(containers, scheme.k, gone)
                for part, gone, containers in self.parts(placement, without)
            ]
            tolerated = min((c for c in can if c is not None), default=None)
            tolerated = None if None in can else tolerated  # told meanwhile
        listed = [
            replies.Margin(live - scheme.k, int(count))
            for live, count in enumerate(counts) if count
        ]  # fmt: skip
        objects = int(counts.sum())
        return replies.Margins(placement.store, scheme.word, objects, listed, tolerated)

    def parts(
        self, placement: Placement, without: Collection[str] = ()
    ) -> Iterator[tuple[Part, Bits | None, Ints]]:
        """Each part, which slots are thought away, and the containers of slots by number.

        The lock is held for one part after the other: nobody who tells waits for all of them.
        """
        numbers, gone = np.empty(0, np.int64), None
        for number in range(PARTS):
            with self._lock:
                part = placement.parts.get(number)
                if part is None:
                    continue
                if len(numbers) < len(placement.containers):
                    numbers = placement.numbered()
                    gone = placement.gone(without) if without else None
                before = part.size
                yield part, gone, numbers
                placement.size += part.size - before

    def _of(self, store: str) -> list[Placement]:
        return [p for p in self._placements.values() if p.store == store]

    def _tell(self, owner: Owner, records: Records, schemes: Sequence[Scheme]) -> None:
        self.version += 1
        there = records["status"] != Status.GONE
        for number in np.unique(records["scheme"][there]).tolist():
            key = (owner.store, schemes[number])
            if key not in self._placements:
                self._placements[key] = Placement(*key)
            self._placements[key].slot(owner)
        for placement in self._of(owner.store):
            if owner.number in placement.slots:
                same = [number for number, s in enumerate(schemes) if s == placement.scheme]
                here = there & np.isin(records["scheme"], same)
                placement.tell(owner, split(records, here, placement.scheme.n))


def split(records: Records, here: Bits, n: int) -> dict[int, Told]:
    """What sorted records say of a placement, by part; of those not `here`, that there is none.

    Such a fragment was let go of, or its object has another code now. An index of `n` or more is
    left out: it can only be one of those.
    """
    heads, tails = records["head"].astype(np.uint64), records["tail"].astype(np.uint64)
    told = Told(
        keys=heads << np.uint64(8) | tails >> np.uint64(56),
        checks=(tails >> np.uint64(48)).astype(np.uint8),
        indexes=records["idx"].astype(np.int64),
        alive=_ALIVE[records["status"]] & here,
        gone=~here,
        generations=np.where(here, records["generation"], 0).astype(np.uint32),
    )
    parts = heads >> np.uint64(56)
    if not (fits := told.indexes < n).all():
        told, parts = told.only(fits), parts[fits]
    begins = np.flatnonzero(np.diff(parts, prepend=np.uint64(PARTS)))
    return {
        int(parts[begin]): told.only(slice(begin, end))
        for begin, end in pairwise([*begins.tolist(), len(parts)])
    }
