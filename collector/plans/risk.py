"""How far objects are from lost, over failure domains: now, and were a container to go dark.

The margin of an object is its live fragments with distinct indexes, of which a failure domain
counts for as many as the policy lets it hold, less k. So n fragments in one place are no margin.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from collector.plans.limits import Limits
from collector.plans.place import Places
from collector.plans.stripes import Cells, Ints, Stripes


def margins(stripes: Stripes, limits: Limits, cells: Cells | None = None) -> Ints:
    """The margin of each object; of other cells than its own, when they are given."""
    domains = np.asarray(limits.domain, np.uint16)[stripes.cells if cells is None else cells]
    domains.sort(axis=1)
    there = domains != 0
    if limits.most == 1:
        there[:, 1:] &= domains[:, 1:] != domains[:, :-1]
    else:
        run = np.zeros(len(domains), np.int16)
        for at in range(1, domains.shape[1]):
            run = np.where(domains[:, at] == domains[:, at - 1], run + 1, 0).astype(np.int16)
            there[:, at] &= run < limits.most
    found: Ints = there.sum(axis=1) - stripes.scheme.k
    return found


def hazards(stripes: Stripes, places: Places) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Of each object, the fragments expected to be lost within a year of those that are left."""
    of = np.array([0.0, *(place.hazard for place in places)])
    found: np.ndarray[tuple[int], np.dtype[np.float64]] = of[stripes.cells].sum(axis=1)
    return found


def histogram(found: Ints) -> dict[int, int]:
    """How many objects have each margin, the smallest first; -1 and less cannot be rebuilt."""
    values, counts = np.unique(found, return_counts=True)
    return dict(zip(values.tolist(), counts.tolist(), strict=True))


@dataclass(frozen=True, slots=True)
class Dark:
    """What becomes of objects when some containers go dark: counts by margin, before and after."""

    before: dict[int, int]
    after: dict[int, int]

    @property
    def lost(self) -> int:
        """Objects that can be rebuilt now and could not be then."""
        return sum(n for m, n in self.after.items() if m < 0) - sum(
            n for m, n in self.before.items() if m < 0
        )


def dark(everything: Sequence[tuple[Stripes, Limits]], gone: Sequence[int]) -> Dark:
    """What becomes of all objects when the containers of these numbers go dark."""
    before: Counter[int] = Counter()
    after: Counter[int] = Counter()
    for stripes, limits in everything:
        found = margins(stripes, limits)
        before.update(histogram(found))
        hit = np.flatnonzero(np.isin(stripes.cells, gone).any(axis=1))
        cells = stripes.cells[hit]
        cells[np.isin(cells, gone)] = 0
        found[hit] = margins(stripes, limits, cells)
        after.update(histogram(found))
    return Dark(dict(sorted(before.items())), dict(sorted(after.items())))
