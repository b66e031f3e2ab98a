"""Objects that have lost fragments: how many good ones each has left. Pure."""

import numpy as np

from collector.inventory.placement import SLOT_BITS, Ints, Part


def hurt(part: Part, k: int) -> Ints:
    """How many objects that have lost a fragment have 0, 1, … n good ones left.

    Lost is what somebody has a record of that is of no use, while nobody has a good one. Of an
    object with fewer than `k` records, good and lost together, not all was ever told here, or the
    store is letting go of it: it is left out.
    """
    rows, indexes = np.divmod(np.unique(part.dead >> SLOT_BITS), part.n)
    rows, lost = np.unique(rows[part.cells[indexes, rows] == 0], return_counts=True)
    live = (part.cells[:, rows] != 0).sum(axis=0)
    counts: Ints = np.bincount(live[live + lost >= k], minlength=part.n + 1)
    return counts
