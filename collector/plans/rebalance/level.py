"""What is much fuller than the others gives to what is emptier, at last and at leisure."""

from typing import Final

from collector.plans.move import Phase
from collector.plans.rebalance.draft import Draft

ENTER: Final = 0.10
"""Share of capacity above the mean from which a container gives."""
LEAVE: Final = 0.05
"""Down to so much above it."""
GIVEN_UP: Final = 200
"""So many fragments one after the other without a place, and a container gives no more."""


def level(draft: Draft) -> None:
    """Even out, from the fullest down; of the objects with the most to spare first."""
    known = [n for n, p in enumerate(draft.places, 1) if p.fullness is not None and p.in_service]
    if not known:
        return
    mean = sum(draft.room.fullness(n) for n in known) / len(known)
    full = [n for n in known if draft.room.fullness(n) > mean + ENTER]
    if not full:
        return
    for number in sorted(full, key=lambda n: (-draft.room.fullness(n), n)):
        _give(draft, number, mean + LEAVE)


def _give(draft: Draft, number: int, until: float) -> None:
    missed = 0
    for store in draft.stores:
        rows, indexes = store.held(number)
        margins = store.margins[rows]
        for row, index, margin in zip(
            rows[::-1].tolist(), indexes[::-1].tolist(), margins[::-1].tolist(), strict=True
        ):
            if draft.full or draft.room.fullness(number) <= until or missed == GIVEN_UP:
                return
            if not store.touched[row]:
                moved = draft.move(Phase.LEVEL, store, row, index, margin)
                missed = 0 if moved else missed + 1
