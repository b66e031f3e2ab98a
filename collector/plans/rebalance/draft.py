"""A plan in the making: where fragments are by now, how full containers are, what was decided."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from collector.plans.limits import Limits
from collector.plans.move import Left, Move, Phase, Refused
from collector.plans.place import Places
from collector.plans.risk import margins
from collector.plans.room import Emptiest, Room, opened
from collector.plans.stripes import Ints, Stripes
from collector.plans.why import Why

TRIED: Final = 48
"""Containers that are tried for one fragment, from the emptiest up."""
TOLD: Final = 4
"""Of those refused, so many are told with a move."""


@dataclass(slots=True)
class Store:
    """The objects of one store while a plan is made of them."""

    stripes: Stripes
    limits: Limits
    emptiest: Emptiest
    touched: np.ndarray[tuple[int], np.dtype[np.bool_]]
    """Of each object, whether something is done with it already: never two things at once."""
    margins: Ints
    """Of each object as it was before this plan."""
    _places: tuple[Ints, Ints] | None = None

    def held(self, number: int) -> tuple[Ints, Ints]:
        """Rows and indexes of what a container holds of objects that are not touched yet.

        Those with the smallest margin come first.
        """
        if self._places is None:
            cells = self.stripes.cells
            order = np.lexsort((np.repeat(self.margins, cells.shape[1]), cells.ravel()))
            numbers = np.arange(len(self.limits.domain) + 1)
            self._places = order, np.searchsorted(cells.ravel()[order], numbers)
        order, begins = self._places
        rows, indexes = np.divmod(order[begins[number] : begins[number + 1]], self.stripes.scheme.n)
        left = ~self.touched[rows]
        return rows[left], indexes[left]


@dataclass(slots=True)
class Draft:
    """What is decided so far."""

    places: Places
    room: Room
    stores: Sequence[Store]
    most: int
    moves: list[Move] = field(default_factory=list)
    left: Counter[tuple[Phase, str, str]] = field(default_factory=Counter)

    @classmethod
    def begun(cls, places: Places, everything: Sequence[Stripes], now: float, most: int) -> "Draft":
        """With nothing decided; at most so many moves will be."""
        room = Room(places)
        stores = []
        for stripes in sorted(everything, key=lambda s: (s.store, s.scheme.k, s.scheme.n)):
            limits = Limits(stripes.policy, stripes.scheme, places, now)
            emptiest = Emptiest(room, opened(limits.closed))
            touched = np.zeros(len(stripes), np.bool_)
            found = margins(stripes, limits)
            stores.append(Store(stripes.copy(), limits, emptiest, touched, found))
        return cls(places, room, stores, most)

    @property
    def full(self) -> bool:
        """Whether nothing more may be decided."""
        return len(self.moves) >= self.most

    def target(
        self, store: Store, holders: Sequence[int], source: int
    ) -> tuple[int, list[Refused]]:
        """The emptiest container that may take a fragment, 0 where none may; who was refused."""
        refused: list[Refused] = []
        size = store.stripes.fragment_bytes
        standing = store.limits.standing(holders, source)
        for place in store.emptiest.offered(TRIED):
            why = standing.refuses(place)
            if why is None and not self.room.fits(place, size):
                why = Why.FULL
            if why is None:
                return place, [one for one in refused if one.why is not Why.HOLDS][:TOLD]
            refused.append(Refused(self.places[place].path, why))
        return 0, refused

    def move(self, phase: Phase, store: Store, row: int, index: int, margin: int) -> bool:
        """Decide to move a fragment to where it may be; whether there is such a place."""
        stripes = store.stripes
        holders = stripes.cells[row].tolist()
        source = holders[index]
        target, refused = self.target(store, holders, source)
        if not target:
            self.leave(phase, store, _told(refused))
            return False
        self._put(store, row, index, target)
        self.moves.append(
            Move(
                phase, stripes.store, stripes.name(row), index, self.places[source].path,
                self.places[target].path, stripes.fragment_bytes, margin, "", tuple(refused),
            )
        )  # fmt: skip
        return True

    def make(self, store: Store, row: int, index: int, margin: int, by: int) -> int:
        """Decide to make a fragment anew; where, 0 where there is no such place.

        `by` is who rebuilds: 0 is where the fragment will be.
        """
        stripes = store.stripes
        holders = stripes.cells[row].tolist()
        target, refused = self.target(store, holders, 0)
        if not target:
            self.leave(Phase.REPAIR, store, _told(refused))
            return 0
        self._put(store, row, index, target)
        self.moves.append(
            Move(
                Phase.REPAIR, stripes.store, stripes.name(row), index, "",
                self.places[target].path, stripes.fragment_bytes, margin,
                self.places[by or target].path, tuple(refused),
            )
        )  # fmt: skip
        return target

    def leave(self, phase: Phase, store: Store, why: str) -> None:
        """Note that an object gets nothing of what it needs."""
        self.left[phase, store.stripes.store, why] += 1

    def leavings(self) -> tuple[Left, ...]:
        """All that was left, in order."""
        return tuple(
            Left(phase, name, count, why) for (phase, name, why), count in sorted(self.left.items())
        )

    def _put(self, store: Store, row: int, index: int, target: int) -> None:
        source = int(store.stripes.cells[row, index])
        store.stripes.cells[row, index] = target
        store.touched[row] = True
        self.room.move(source, target, store.stripes.fragment_bytes)


def _told(refused: Sequence[Refused]) -> str:
    """Why there was no place: what was said most often."""
    if not refused:
        return "no container may take fragments of this store"
    counts = Counter(one.why for one in refused)
    return counts.most_common(1)[0][0].value
