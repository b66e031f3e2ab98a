"""The smallest groups of countries that could read or block an object, by trying every group.

Who reaches a container is a set, and sets overlap: taking the country that adds most, then the
next, can miss the smallest group. So every group of one is tried, then of two, and so on. Only
countries that matter are: one that reaches no more than another adds nothing to any group.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, islice
from typing import Final

import numpy as np
from numpy.typing import NDArray

from collector.kpis.sovereignty.reading import Bits, Ints, Laid

MOST: Final = 12
"""So many countries are tried in every group; of more, only a bound is given."""
CELLS: Final = 2**24
"""Rows times groups that are worked on at once."""
LOW_SHARE: Final = 0.05
Rule = Callable[[Sequence[bool]], bool]


@dataclass(frozen=True, slots=True, eq=False)
class Sizes:
    """By row, how many countries it takes; 0 is already so, and `never` where none suffice.

    Of more than `MOST` countries (`countries` says how many) the sizes are at least so large.
    """

    sizes: Ints
    countries: int
    exact: bool

    @property
    def never(self) -> int:
        """What stands for no group at all."""
        return self.countries + 1


def read_coalitions(laid: Laid, reached: Mapping[str, Bits]) -> Sizes:
    """Who, by classes, can together rebuild: F of the group >= k."""
    need = np.full(len(laid.live), laid.held.scheme.k, np.int64)
    return _sizes(laid, reached, need, any)


def block_coalitions(laid: Laid, reached: Mapping[str, Bits]) -> Sizes:
    """Who, by classes, can together keep all others from rebuilding: G >= live - k + 1."""
    return _sizes(laid, reached, laid.live - laid.held.scheme.k + 1, all)


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


def _sizes(laid: Laid, reached: Mapping[str, Bits], need: Ints, rule: Rule) -> Sizes:
    named = mattering(reached)
    masks = np.array(list(named.values()), bool).reshape(len(named), len(laid.held.classes))
    sizes = np.where(need <= 0, 0, len(named) + 1).astype(np.int64)
    if len(named) > MOST:
        return Sizes(_bound(laid, masks, need), len(named), exact=False)
    for size in range(1, len(named) + 1):
        groups = combinations(range(len(named)), size)
        while some := list(islice(groups, max(1, CELLS // max(1, len(sizes))))):
            open_rows = np.flatnonzero(sizes > size)
            if not len(open_rows):
                return Sizes(sizes, len(named), exact=True)
            joined = np.array([masks[list(group)].any(axis=0) for group in some])
            most = (laid.holds[open_rows] @ _columns(laid, joined, rule)).max(axis=1)
            sizes[open_rows[most >= need[open_rows]]] = size
    return Sizes(sizes, len(named), exact=True)


def _columns(laid: Laid, joined: Bits, rule: Rule) -> NDArray[np.float32]:
    """Which columns count for each group, a column a group."""
    counted = [
        [rule([bool(group[c]) for c in column]) for group in joined]
        for column in laid.held.columns
    ]  # fmt: skip
    return np.array(counted, np.float32).reshape(len(laid.held.columns), len(joined))


def _bound(laid: Laid, masks: Bits, need: Ints) -> Ints:
    """No group is smaller: even if the countries that reach most had nothing in common.

    A copy is counted for whoever reaches any of its places, which is more than blocking needs.
    """
    alone = laid.holds @ _columns(laid, masks, any)
    together = np.cumsum(-np.sort(-alone, axis=1), axis=1)
    enough = together >= need[:, None]
    sizes = np.where(enough.any(axis=1), enough.argmax(axis=1) + 1, masks.shape[0] + 1)
    return np.where(need <= 0, 0, sizes)
