"""The few groups that stand out: highest, lowest, or far from the median of their peers. Pure."""

import numpy as np

from collector.store.questions.cells import Matrix
from collector.store.questions.groups import quantiles
from collector.store.questions.partial import Ints
from collector.store.questions.question import Order

MEDIAN = 0.5


def deviations(values: Matrix, peers: Ints) -> Matrix:
    """How far each value is from the median of its peers in the same step; the signs are kept.

    `peers` are equal for rows that are compared with each other.
    """
    order = np.argsort(peers, kind="stable")
    ordered = peers[order]
    starts = np.flatnonzero(np.diff(ordered, prepend=ordered[0] - 1)) if len(order) else order
    medians = quantiles(values[order], starts, MEDIAN)
    number = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(order)))
    found = np.empty_like(values)
    found[order] = values[order] - medians[number]
    return found


def standing_out(values: Matrix, order: Order, count: int) -> Ints:
    """The rows that stand out most, those most first; a row of unknown values never does."""
    with np.errstate(invalid="ignore"):
        known = np.where(np.isnan(values), -np.inf, _height(values, order))
    height = known.max(axis=1, initial=-np.inf)
    there = np.flatnonzero(height > -np.inf)
    if len(there) > count:
        part = np.argpartition(-height[there], count - 1)[:count]
        # Of equals at the edge those that come first in order, whatever the partition did.
        edge = height[there[part]].min()
        there = there[height[there] >= edge]
    best = there[np.lexsort((there, -height[there]))]
    return best[:count]


def _height(values: Matrix, order: Order) -> Matrix:
    match order:
        case "highest":
            return values
        case "lowest":
            return -values
        case "deviation":
            return np.abs(values)
