"""Who can read an object, and who can keep it from being read: of every row of what is held.

Any k of the n fragments of an object rebuild it. With F the distinct indexes of which J reaches a
copy, J reads where F >= k. With G the distinct indexes of which J reaches every copy, the others
hold live - G, so that J blocks where G >= live - k + 1. Without copies in several places F = G.
A container of which a layer is unknown may be reached by anybody: each number has two bounds.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from collector.kpis.facts import Held
from vigie.network.reach import ALL, Layer, Reached, Reaches, reached_by

Bits = NDArray[np.bool_]
Ints = NDArray[np.int64]
Columns = Bits
"""By column, or a column of them for each of several askers."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the most that something can be; one value where all is known."""

    low: float
    high: float

    @property
    def exact(self) -> bool:
        """Whether the two are one."""
        return self.low == self.high


@dataclass(frozen=True, eq=False)
class Laid:
    """What is held, with the reach of every class over some layers."""

    held: Held
    reached: tuple[Reached, ...]
    """By class."""

    @classmethod
    def over(cls, held: Held, reaches: Reaches, layers: Iterable[Layer] = ALL) -> "Laid":
        """Containers of a class reach alike, so that the first speaks for all."""
        chosen = tuple(layers)
        return cls(held, tuple(reaches.of(paths[0]).over(chosen) for paths in held.classes))

    @cached_property
    def holds(self) -> NDArray[np.float32]:
        """As `held.holds`, of the kind that is multiplied fastest; exact below 2**24."""
        return self.held.holds.astype(np.float32)

    @cached_property
    def live(self) -> Ints:
        """Distinct indexes alive, by row."""
        return np.asarray(self.held.holds.sum(axis=1, dtype=np.int64))

    @cached_property
    def unknown(self) -> Bits:
        """Which classes somebody may reach of whom nobody knows."""
        return np.array([bool(one.unknown) for one in self.reached], bool)

    @property
    def countries(self) -> frozenset[str]:
        """Every country that reaches a class."""
        return frozenset[str]().union(*(one.countries for one in self.reached))

    def classes(self, jurisdiction: str) -> Bits:
        """Which classes a jurisdiction is known to reach."""
        return np.array([reached_by(jurisdiction, one.countries) for one in self.reached], bool)

    def parties(self, names: Collection[str]) -> Bits:
        """Which classes one of these organisations is known to reach."""
        return np.array([not one.parties.isdisjoint(names) for one in self.reached], bool)

    def some(self, classes: Bits) -> Ints:
        """By row, the indexes of which a copy is in one of these classes: F."""
        return self._counted(classes, any)

    def every(self, classes: Bits) -> Ints:
        """By row, the indexes of which every copy is in these classes: G."""
        return self._counted(classes, all)

    def reads(self, classes: Bits) -> Bits:
        """By row, whether who reaches these classes can rebuild."""
        return reads(self.some(classes), self.held.scheme.k)

    def denies(self, classes: Bits) -> Bits:
        """By row, whether who reaches these classes can keep the others from rebuilding."""
        return denies(self.every(classes), self.live, self.held.scheme.k)

    def margins(self, classes: Bits) -> Ints:
        """By row, the fragments to spare once these classes are gone."""
        return self.live - self.every(classes) - self.held.scheme.k

    def _counted(self, classes: Bits, rule: Callable[[Iterable[bool]], bool]) -> Ints:
        columns = [rule(bool(classes[c]) for c in column) for column in self.held.columns]
        return np.asarray(self.holds @ np.array(columns, np.float32), np.int64)


def reads(reached: Ints, k: int) -> Bits:
    """REC: whether so many distinct indexes rebuild."""
    return reached >= k


def denies(reached: Ints, live: Ints, k: int) -> Bits:
    """DEN: whether without so many of the live ones nobody rebuilds; of what is lost, anybody."""
    return reached >= live - k + 1


def summed(parts: Iterable[Bounds]) -> Bounds:
    """The bounds of a sum."""
    low, high = 0.0, 0.0
    for part in parts:
        low, high = low + part.low, high + part.high
    return Bounds(low, high)


def worst(parts: Mapping[str, Bounds]) -> Bounds:
    """The bounds of the largest of several."""
    return Bounds(
        max((part.low for part in parts.values()), default=0.0),
        max((part.high for part in parts.values()), default=0.0),
    )
