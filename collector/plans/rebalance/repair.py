"""Fragments that nobody has are made anew, of the objects nearest to lost first."""

import numpy as np

from collector.plans.move import Phase
from collector.plans.rebalance.draft import Draft, Store
from collector.plans.risk import hazards

LOST = "fewer fragments are left than rebuild it"


def repair(draft: Draft) -> None:
    """Decide on every object that lacks fragments, as far as the plan has room.

    Order: margin over failure domains, then bytes of the object, then what is likely to go next.
    All that one object lacks is made of one read.
    """
    found = []
    for number, store in enumerate(draft.stores):
        stripes = store.stripes
        rows = np.flatnonzero(stripes.live < stripes.scheme.n)
        if not len(rows):
            continue
        margin = store.margins[rows]
        size = stripes.fragment_bytes * stripes.scheme.k
        hazard = hazards(stripes, draft.places)[rows]
        found += [
            (m, -size, -h, number, row)
            for m, h, row in zip(margin.tolist(), hazard.tolist(), rows.tolist(), strict=True)
        ]
    for margin, _, _, number, row in sorted(found):
        if draft.full:
            return
        _object(draft, draft.stores[number], row, margin)


def _object(draft: Draft, store: Store, row: int, margin: int) -> None:
    stripes, limits = store.stripes, store.limits
    holders = stripes.cells[row].tolist()
    if sum(h != 0 for h in holders) < stripes.scheme.k:
        draft.leave(Phase.REPAIR, store, LOST)
        return
    able = sorted({h for h in holders if h and limits.rebuilds(h) is None})
    by = 0
    for index in (index for index, holder in enumerate(holders) if not holder):
        if not by:
            target, _ = draft.target(store, stripes.cells[row].tolist(), 0)
            by = target if target and limits.rebuilds(target) is None else next(iter(able), 0)
            if target and not by:
                draft.leave(Phase.REPAIR, store, "nobody may hold enough of it to rebuild it")
                return
        if not draft.make(store, row, index, margin, by):
            return
