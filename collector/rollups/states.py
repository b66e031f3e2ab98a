"""The algebra of rollups: one field's states of neighbouring spans become the state of all.

A reading is a span of no length and a window is a span; both reduce the same way, so that a
rollup of rollups equals the rollup of the readings. Between two spans of one group lies a *joint*,
from the last reading of one to the first of the next. Short joints are covered: a gauge is taken
to go straight (trapezoid), a state, a bit and a flag to hold. A joint longer than `gap` seconds
covers nothing; a counter's increase over it still counts, and its length is a named gap.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from collector.rollups.groups import Array
from vigie.shape import Field, Kind
from vigie.units import MICROSECONDS_PER_SECOND

FEW: Final = 16


@dataclass(frozen=True)
class Spans:
    """Where the spans of one field begin and end, in order; `starts` cuts them into groups."""

    starts: Array
    first_time: Array
    last_time: Array
    gap: float

    @cached_property
    def ends(self) -> Array:
        """The last span of each group."""
        return np.append(self.starts[1:], len(self.first_time)) - 1

    @cached_property
    def joint(self) -> Array:
        """Seconds from the span before, in the same group; else 0."""
        seconds = np.zeros(len(self.first_time))
        np.subtract(self.first_time[1:], self.last_time[:-1], out=seconds[1:])
        seconds /= MICROSECONDS_PER_SECOND
        seconds[self.starts] = 0
        return seconds

    @cached_property
    def held(self) -> Array:
        """The joint where it is covered, else 0."""
        return np.where(self.joint <= self.gap, self.joint, 0.0)

    @cached_property
    def covered(self) -> Array:
        """Seconds of covered joints, by group."""
        return self.total(self.held)

    @cached_property
    def group(self) -> Array:
        """The number of each span's group."""
        return np.repeat(np.arange(len(self.starts)), self.ends - self.starts + 1)

    @cached_property
    def even(self) -> int:
        """How many spans every group has, where all have the same and they are few; else 0."""
        count = len(self.first_time) // len(self.starts)
        even = count <= FEW and bool((self.ends - self.starts == count - 1).all())
        return count if even else 0

    def least(self, values: Array) -> Array:
        """Minimum by group."""
        return self._folded(np.minimum, values)

    def most(self, values: Array) -> Array:
        """Maximum by group."""
        return self._folded(np.maximum, values)

    def _folded(self, fold: np.ufunc, values: Array) -> Array:
        if not self.even:
            folded: Array = fold.reduceat(values, self.starts)
            return folded
        # One after the other over all groups at once is faster than group by group.
        across = values.reshape(-1, self.even)
        so_far = across[:, 0].copy()
        for at in range(1, self.even):
            fold(so_far, across[:, at], out=so_far)
        return so_far

    def total(self, values: Array) -> Array:
        """Sum by group."""
        return np.add.reduceat(values, self.starts)


@dataclass(frozen=True)
class Inside:
    """What the spans hold of one field; `more` is None for readings, which have no inside.

    `first` and `last` are the same array for readings. `more` gives an inside column by suffix;
    lists as a matrix.
    """

    spans: Spans
    first: Array
    last: Array
    more: Callable[[str], Array] | None

    def sum(self, suffix: str, joints: Array) -> Array:
        """By group: what is inside the spans and what is added by their joints."""
        return joints if self.more is None else joints + self.spans.total(self.more(suffix))


def trapezoids(inside: Inside) -> Array:
    """A gauge's integral over each covered joint, in its unit times seconds."""
    area = np.zeros(len(inside.first))
    np.add(inside.last[:-1], inside.first[1:], out=area[1:], dtype=float)
    area *= inside.spans.held
    area /= 2
    return area


def increases(inside: Inside) -> tuple[Array, Array]:
    """A counter's increase over each joint, and whether it was reset there.

    A counter that falls was reset to 0 and has since come to its new value; what it counted
    between its last reading and the reset is not known to anyone.
    """
    grown = np.zeros_like(inside.first)
    np.subtract(inside.first[1:], inside.last[:-1], out=grown[1:])
    grown[inside.spans.starts] = 0
    reset = grown < 0
    if reset.any():
        grown[reset] = inside.first[reset]
    return grown, reset


def reduce(declared: Field, inside: Inside) -> Mapping[str, Array]:
    """The state of each group, by suffix; lists as a matrix, codes or bits across."""
    return _REDUCE[declared.kind](declared, inside)


def _gauge(_: Field, inside: Inside) -> Mapping[str, Array]:
    spans, more = inside.spans, inside.more
    low = inside.first if more is None else more("min")
    high = inside.first if more is None else more("max")
    total = inside.first if more is None else more("sum")
    count = spans.ends - spans.starts + 1 if more is None else spans.total(more("count"))
    return {
        "min": spans.least(low),
        "max": spans.most(high),
        "sum": np.add.reduceat(total, spans.starts, dtype=float),
        "count": count,
        "integral": inside.sum("integral", spans.total(trapezoids(inside))),
        "covered": inside.sum("covered", spans.covered),
    }


def _counter(_: Field, inside: Inside) -> Mapping[str, Array]:
    grown, reset = increases(inside)
    return {
        "increase": inside.sum("increase", inside.spans.total(grown)),
        "resets": inside.sum("resets", inside.spans.total(reset.astype(np.int64))),
        "gap": inside.sum("gap", inside.spans.total(inside.spans.joint - inside.spans.held)),
    }


def _state(declared: Field, inside: Inside) -> Mapping[str, Array]:
    width = len(declared.codes)
    spans = inside.spans
    cell = spans.group[1:] * width + inside.last[:-1]  # held[0] is 0: nothing is before the first
    seconds = np.bincount(cell, spans.held[1:], len(spans.starts) * width)
    return {"seconds": inside.sum("seconds", seconds.reshape(-1, width))}


def _bits(declared: Field, inside: Inside) -> Mapping[str, Array]:
    spans = inside.spans
    words = inside.last if inside.more is None else inside.more("or")
    ever = int(np.bitwise_or.reduce(words))
    seconds = np.zeros((len(spans.starts), len(declared.codes)))
    held = np.append(spans.held[1:], 0)
    for bit in range(len(declared.codes)):
        if ever >> bit & 1:
            on = np.where(inside.last >> bit & 1, held, 0.0)
            seconds[:, bit] = spans.total(on)
    return {
        "or": np.bitwise_or.reduceat(words, spans.starts),
        "seconds": inside.sum("seconds", seconds),
        "covered": inside.sum("covered", spans.covered),
    }


def _flag(_: Field, inside: Inside) -> Mapping[str, Array]:
    spans = inside.spans
    true = np.append(spans.held[1:], 0) * inside.last
    return {
        "true_seconds": inside.sum("true_seconds", spans.total(true)),
        "covered": inside.sum("covered", spans.covered),
    }


_REDUCE: Mapping[Kind, Callable[[Field, Inside], Mapping[str, Array]]] = {
    Kind.GAUGE: _gauge,
    Kind.COUNTER: _counter,
    Kind.STATE: _state,
    Kind.BITS: _bits,
    Kind.FLAG: _flag,
}
