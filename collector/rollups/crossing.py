"""Where the time between two readings of a series falls, when windows cut it. Pure.

A joint leads from the last reading of one window of a series to the first of its next. What grew
over it did so evenly, so each window that it touches has the share of it that lies inside: the
same as `increase` says, which splits at edges. Most joints touch two windows that are neighbours;
a longer one has a share, always the same, for each window in its middle.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from collector.rollups.groups import Array
from vigie.units import MICROSECONDS_PER_SECOND

_WINDOWS = 1 << 40
"""More than there are windows in time: a container and a window make one number."""


@dataclass(frozen=True, eq=False)
class Rows:
    """Windows of series, in order of series and time, by number."""

    series: Array
    container: Array
    window: Array
    width: int
    """Length of a window in microseconds."""

    def at(self, rows: Array | None) -> "Rows":
        """Some of them."""
        if rows is None:
            return self
        return Rows(self.series[rows], self.container[rows], self.window[rows], self.width)

    @cached_property
    def cells(self) -> Array:
        """A number for the container and window of each."""
        numbers: Array = self.container * _WINDOWS + self.window
        return numbers


@dataclass(frozen=True, eq=False)
class Crossing:
    """The joints that end in the rows of one field; `before` is when each series spoke before."""

    rows: Rows
    first: Array
    last: Array
    before: Array
    """Of each series, in microseconds; 0 is never."""
    gap: float

    def same(self, first: Array, last: Array, before: Array) -> bool:
        """Whether another field was read at the same times."""
        mine = (self.first, self.last, self.before)
        return all(map(np.array_equal, mine, (first, last, before)))

    @cached_property
    def heads(self) -> Array:
        """The first row of each series that has any."""
        series = self.rows.series
        return np.flatnonzero(np.append(True, series[1:] != series[:-1]))

    @cached_property
    def begun(self) -> Array:
        """When each joint begins; where there is none, when it ends."""
        begun = np.empty_like(self.first)
        begun[1:] = self.last[:-1]
        before = self.before[self.rows.series[self.heads]]
        begun[self.heads] = np.where(before > 0, before, self.first[self.heads])
        return np.minimum(begun, self.first)

    @cached_property
    def seconds(self) -> Array:
        """How long each joint is."""
        return (self.first - self.begun) / MICROSECONDS_PER_SECOND

    @cached_property
    def held(self) -> Array:
        """The joint where it is covered, else 0."""
        return np.where(self.seconds <= self.gap, self.seconds, 0.0)

    @cached_property
    def here(self) -> Array:
        """The share of each joint in the window that it ends in."""
        start = self.rows.window * self.rows.width
        length = (self.first - self.begun).astype(np.float64)
        inside = self.first - np.maximum(self.begun, start)
        share: Array = np.where(length > 0, inside / np.where(length > 0, length, 1), 1.0)
        return share

    @cached_property
    def _left(self) -> Array | slice:
        """The joints that begin in an earlier window; a slice when all do."""
        left = self.begun < self.rows.window * self.rows.width
        return slice(None) if left.all() else np.flatnonzero(left)

    @cached_property
    def _there(self) -> Array:
        """The window that these begin in."""
        there: Array = self.begun[self._left] // self.rows.width
        return there

    @cached_property
    def _away(self) -> Array:
        """The share of these in the window that they begin in."""
        end = (self._there + 1) * self.rows.width
        begun = self.begun[self._left]
        share: Array = (end - begun) / (self.first[self._left] - begun)
        return share

    @cached_property
    def _between(self) -> tuple[Array, Array, Array, Array]:
        """Long joints: which, the group of each, and groups and cells of all their middles.

        Those of one container that begin and end in the same windows are one group.
        """
        window = self.rows.window[self._left]
        far = np.flatnonzero(window - self._there > 1)
        which = far if isinstance(self._left, slice) else self._left[far]
        triples = np.stack([self.rows.container[which], self._there[far], window[far]])
        if not len(far):
            return which, which, which, which
        found, group = np.unique(triples, axis=1, return_inverse=True)
        many = found[2] - found[1] - 1
        groups = np.repeat(np.arange(len(many)), many)
        step = np.arange(len(groups)) - np.repeat(np.cumsum(many) - many, many) + 1
        return which, group.ravel(), groups, (found[0] * _WINDOWS + found[1])[groups] + step

    @cached_property
    def _beginnings(self) -> Array:
        return self.rows.container[self._left] * _WINDOWS + self._there

    def touched(self) -> list[Array]:
        """The cells that some row or joint lies in."""
        return [once(self.rows.cells), once(self._beginnings), once(self._between[3])]

    def spread(
        self, amounts: Array, cells: "Cells", chosen: tuple[Array, Array] | None = None
    ) -> Array:
        """By cell: what grew by these amounts over the joints.

        With `chosen`, only in windows that are: that which each joint ends in, that it begins in.
        """
        mine, others = amounts * self.here, amounts[self._left] * self._away
        if chosen is not None:
            ends, begins = chosen
            mine, others = mine * ends, others * begins[self._left]
        count = len(cells.numbers)
        found = cells.place(self, "rows", self.rows.cells).total(mine, count)
        found += cells.place(self, "left", self._beginnings).total(others, count)
        which, group, groups, numbers = self._between
        if len(which) and chosen is None:
            each = amounts[which] * self.rows.width / (self.first[which] - self.begun[which])
            middle = np.bincount(group, each)[groups]
            found += cells.place(self, "between", numbers).total(middle, count)
        return found

    def inside(self, values: Array, cells: "Cells") -> Array:
        """By cell: the sum over rows."""
        return self.place(cells).total(values, len(cells.numbers))

    def place(self, cells: "Cells") -> "Place":
        """Where the rows stand among cells."""
        return cells.place(self, "rows", self.rows.cells)


@dataclass(frozen=True, slots=True, eq=False)
class Place:
    """Where values stand among cells: `order` brings equal cells together (None: they are).

    `starts` says where each of the cells `present` begins in that order.
    """

    cells: Array
    order: Array | None
    starts: Array
    present: Array

    @classmethod
    def of(cls, cells: Array) -> "Place":
        """The places of values in these cells."""
        order = None
        line = cells
        if (cells[1:] < cells[:-1]).any():
            order = np.argsort(cells, kind="stable")
            line = cells[order]
        starts = np.flatnonzero(np.append(True, line[1:] != line[:-1]))[: len(cells)]
        return cls(cells, order, starts, line[starts])

    def reduce(self, join: np.ufunc, values: Array) -> Array:
        """The values of each present cell joined."""
        found: Array = join.reduceat(self.arranged(values), self.starts)
        return found

    def arranged(self, values: Array) -> Array:
        """Values with those of equal cells together."""
        return values if self.order is None else values[self.order]

    def total(self, values: Array, count: int) -> Array:
        """Sums by cell, of so many."""
        if self.order is not None:
            return np.bincount(self.cells, values, count)
        found = np.zeros(count)
        if len(self.starts):
            found[self.present] = np.add.reduceat(values, self.starts, dtype=np.float64)
        return found


class Cells:
    """The windows of containers that the answer has, in order of container and time."""

    def __init__(self, numbers: list[Array]) -> None:
        self.numbers = np.unique(np.concatenate(numbers))
        self._places: dict[tuple[int, str], Place] = {}

    @property
    def container(self) -> Array:
        """The number of each one's container."""
        return self.numbers // _WINDOWS

    @property
    def window(self) -> Array:
        """The number of each one's window."""
        return self.numbers % _WINDOWS

    def place(self, crossing: Crossing, name: str, numbers: Array) -> Place:
        """Where cells stand among all; kept, as fields ask for the same."""
        found = self._places.get((id(crossing), name))
        if found is None:
            found = self._places[id(crossing), name] = Place.of(self.find(numbers))
        return found

    def find(self, numbers: Array) -> Array:
        """Where cells stand among all; runs of equal ones are looked up once."""
        if not len(numbers):
            return np.empty(0, np.int64)
        runs = np.flatnonzero(np.append(True, numbers[1:] != numbers[:-1]))
        found = np.searchsorted(self.numbers, numbers[runs])
        return np.repeat(found, np.diff(np.append(runs, len(numbers))))


def once(numbers: Array) -> Array:
    """Without repetitions of the one before."""
    if not len(numbers):
        return numbers
    changed: Array = numbers[np.append(True, numbers[1:] != numbers[:-1])]
    return changed
