"""The smallest groups of countries that could read or block an object, by trying every group.

Who reaches a container is a set, and sets overlap: taking the country that adds most, then the
next, can miss the smallest group. So every group of one is tried, then of two, and so on. Only
countries that matter are: one that reaches no more than another adds nothing to any group.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Final

import numpy as np

from collector.kpis.sovereignty.reading import Bits, Floats, Ints, Laid

MOST: Final = 12
"""So many countries are tried in every group; of more, only a bound is given."""
CELLS: Final = 2**21
"""Rows times groups that are worked on at once."""
ROWS: Final = 2**14
"""Rows between two looks whether enough is known."""
LOW_SHARE: Final = 0.05
Count = Callable[[Laid, Bits], Floats]
"""`Laid.some` or `Laid.every`."""


@dataclass(frozen=True, slots=True, eq=False)
class Sizes:
    """By row, how many countries it takes; 0 is already so, `never` where none suffice.

    Once as many objects are settled as were wanted, no larger group is tried: the others, which
    take more, are then `never` too. Of more than `MOST` countries the sizes are at least so large.
    """

    sizes: Ints
    countries: int
    exact: bool

    @property
    def never(self) -> int:
        """What stands for no group at all, or for one that nobody asked about."""
        return self.countries + 1


def read_coalitions(laid: Laid, reached: Mapping[str, Bits], wanted: float = np.inf) -> Sizes:
    """Who, by classes, can together rebuild: F of the group >= k; of as many objects as wanted."""
    need = np.full(len(laid.live), laid.held.scheme.k, np.float32)
    return _sizes(laid, mattering(reached), need, Laid.some, wanted)


def block_coalitions(laid: Laid, reached: Mapping[str, Bits], wanted: float = np.inf) -> Sizes:
    """Who can together keep all others from rebuilding: G >= live - k + 1."""
    need = laid.live - (laid.held.scheme.k - 1)
    return _sizes(laid, mattering(reached), need, Laid.every, wanted)


def least(sizes: Ints) -> int | None:
    """The smallest of some; None of none."""
    return int(sizes.min()) if len(sizes) else None


def low(sizes: Ints, objects: Ints) -> int | None:
    """The smallest that at least one object in twenty does not exceed."""
    if not len(sizes):
        return None
    order = np.argsort(sizes, kind="stable")
    passed = np.cumsum(objects[order])
    return int(sizes[order][np.searchsorted(passed, LOW_SHARE * passed[-1])])


def mattering(reached: Mapping[str, Bits]) -> dict[str, Bits]:
    """Countries without those that reach no more than another one does."""
    kept: dict[str, Bits] = {}
    for name, mine in sorted(reached.items(), key=lambda item: (-int(item[1].sum()), item[0])):
        if mine.any() and not any((mine <= other).all() for other in kept.values()):
            kept[name] = mine
    return kept


def _sizes(
    laid: Laid, named: Mapping[str, Bits], need: Floats, count: Count, wanted: float
) -> Sizes:
    never = len(named) + 1
    masks = np.array(list(named.values()), bool).reshape(len(named), len(laid.held.classes))
    most = _at_most(laid, masks)
    sizes = 1 + sum((top < need).astype(np.int64) for top in most)
    sizes = np.where(need <= 0, 0, sizes)
    if len(named) > MOST:
        return Sizes(sizes, len(named), exact=False)
    objects, settled = laid.held.objects, sizes == 0
    for size in range(1, never):
        rows = np.flatnonzero(~settled & (sizes <= size))
        rows = rows[np.argsort(-most[size - 1][rows], kind="stable")]  # who has most is done first
        for begin in range(0, len(rows), ROWS):
            if objects[settled].sum() >= wanted:
                break
            some = rows[begin : begin + ROWS]
            enough = _some_group(laid.only(some), masks, need[some], count, size)
            settled[some[enough]] = True
            sizes[some] = np.where(enough, size, size + 1)
    return Sizes(np.where(settled, sizes, never), len(named), exact=True)


def _some_group(laid: Laid, masks: Bits, need: Floats, count: Count, size: int) -> Bits:
    """By row, whether any group of that size suffices."""
    enough = np.zeros(len(need), bool)
    groups = combinations(range(len(masks)), size)
    while some := list(islice(groups, max(1, CELLS // max(1, len(need))))):
        joined = np.array([masks[list(group)].any(axis=0) for group in some]).T
        enough |= count(laid, joined).max(axis=1) >= need
    return enough


def _at_most(laid: Laid, masks: Bits) -> list[Floats]:
    """No group of 1, 2, … reaches more: even if those that reach most had nothing in common.

    A copy is counted for whoever reaches any of its places, which is more than blocking needs.
    """
    alone = np.ascontiguousarray(laid.some(masks.T).T)
    return list(np.cumsum(_largest_first(alone), axis=0))


def _largest_first(columns: Floats) -> Floats:
    """Each column in order; a few long rows are soonest sorted by comparing neighbours."""
    if len(columns) > MOST:
        return -np.sort(-columns, axis=0)
    for turn in range(len(columns)):
        for at in range(turn % 2, len(columns) - 1, 2):
            larger = np.maximum(columns[at], columns[at + 1])
            np.minimum(columns[at], columns[at + 1], out=columns[at + 1])
            columns[at] = larger
    return columns
