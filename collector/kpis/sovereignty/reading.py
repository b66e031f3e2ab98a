"""Who can read an object, and who can keep it from being read: of every row of what is held.

Any k of the n fragments of an object rebuild it. With F the distinct indexes of which J reaches a
copy, J reads where F >= k. With G the distinct indexes of which J reaches every copy, the others
hold live - G, so that J blocks where G >= live - k + 1. Without copies in several places F = G.
A container of which a layer is unknown may be reached by anybody: each number has two bounds.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from collector.kpis.facts import Held
from vigie.network.reach import ALL, Layer, Reached, Reaches, reached_by

Bits = NDArray[np.bool_]
Ints = NDArray[np.int64]
Floats = NDArray[np.float32]
Counted = NDArray[Any]
"""Whole numbers, of any kind."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """The least and the most that something can be; one value where all is known."""

    low: float
    high: float

    @property
    def exact(self) -> bool:
        """Whether the two are one."""
        return self.low == self.high

    def times(self, factor: float) -> "Bounds":
        """Both times a factor that is not below 0."""
        return Bounds(self.low * factor, self.high * factor)


@dataclass(frozen=True, eq=False)
class Laid:
    """What is held, with the reach of every class over some layers.

    Who asks names the classes that it reaches: an array with a cell a class, or with a column more
    for each of several who ask. The answers have a row for each of `held`, and those columns.
    """

    held: Held
    reached: tuple[Reached, ...]
    """By class."""

    @classmethod
    def over(cls, held: Held, reaches: Reaches, layers: Iterable[Layer] = ALL) -> "Laid":
        """Containers of a class reach alike, so that the first speaks for all."""
        chosen = tuple(layers)
        return cls(held, tuple(reaches.of(paths[0]).over(chosen) for paths in held.classes))

    @cached_property
    def holds(self) -> Floats:
        """As `held.holds`, of the kind that is multiplied fastest; exact below 2**24."""
        return self.held.holds.astype(np.float32)

    @cached_property
    def live(self) -> Floats:
        """Distinct indexes alive, by row."""
        return np.asarray(self.holds @ np.ones(len(self.held.columns), np.float32))

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

    def some(self, classes: Bits) -> Floats:
        """The indexes of which a copy is in one of these classes: F."""
        return np.asarray(self.holds @ (self._members @ classes > 0).astype(np.float32))

    def every(self, classes: Bits) -> Floats:
        """The indexes of which every copy is in these classes: G."""
        return np.asarray(self.holds @ (self._members @ ~classes == 0).astype(np.float32))

    def reads(self, classes: Bits) -> Bits:
        """Whether who reaches these classes can rebuild."""
        return reads(self.some(classes), self.held.scheme.k)

    def denies(self, classes: Bits) -> Bits:
        """Whether who reaches these classes can keep the others from rebuilding."""
        live = self._alike(self.live, classes)
        return denies(self.every(classes), live, self.held.scheme.k)

    def margins(self, classes: Bits) -> Floats:
        """The fragments to spare once these classes are gone."""
        spare = self.live - self.held.scheme.k
        return np.asarray(self._alike(spare, classes) - self.every(classes))

    def objects(self, rows: Bits) -> NDArray[np.float64]:
        """How many objects are in the rows that are chosen, by column."""
        return self.held.objects.astype(np.float64) @ rows

    def only(self, rows: Ints) -> "Laid":
        """Some rows of it."""
        held = self.held
        return Laid(replace(held, holds=held.holds[rows], objects=held.objects[rows]), self.reached)

    @cached_property
    def _members(self) -> Floats:
        """By column of what is held and class, 1 where it is among its places."""
        many = len(self.held.classes)
        rows = [[c in places for c in range(many)] for places in self.held.columns]
        return np.array(rows, np.float32).reshape(len(rows), many)

    def _alike(self, live: Floats, classes: Bits) -> Floats:
        return live if classes.ndim == 1 else live[:, None]


def reads(reached: Counted, k: int) -> Bits:
    """REC: whether so many distinct indexes rebuild."""
    return reached >= k


def denies(reached: Counted, live: Counted, k: int) -> Bits:
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


def lesser(first: Bounds, second: Bounds) -> Bounds:
    """The bounds of the smaller of two."""
    return Bounds(min(first.low, second.low), min(first.high, second.high))
