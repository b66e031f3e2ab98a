"""Fragments are taken off containers that go, that suffer, or that are too full."""

from typing import Final

from collector.plans.limits import STALE_SECONDS
from collector.plans.move import Phase
from collector.plans.rebalance.draft import Draft, Store
from collector.plans.risk import margins
from collector.plans.room import FULL
from collector.plans.stripes import Ints

FLOOR: Final = 1
"""Margin that an object must keep were a suffering container to go dark."""
RELIEVED: Final = 0.80
"""Share of its capacity to which a container that is too full is emptied."""


def drain(draft: Draft, now: float) -> None:
    """Empty what leaves or is failing, whatever left soonest or is failing first.

    It copies while that can still be read: rebuilding takes k times as many bytes.
    """
    going = [
        (place.leaves is None, place.leaves or 0.0, number)
        for number, place in enumerate(draft.places, 1)
        if place.failing or place.leaves is not None
    ]
    for _, _, number in sorted(going, key=lambda one: (not one[0], one[1], one[2])):
        if _readable(draft, number, now):
            _take(draft, Phase.DRAIN, number)


def evacuate(draft: Draft, now: float) -> None:
    """Relieve what is hot of the objects that would be thin without it, and what is too full."""
    for number, place in enumerate(draft.places, 1):
        if place.hot and _readable(draft, number, now):
            _take(draft, Phase.EVACUATE, number, below=FLOOR)
    for number, place in enumerate(draft.places, 1):
        if place.fullness is not None and place.fullness > FULL and _readable(draft, number, now):
            _take(draft, Phase.EVACUATE, number, until=RELIEVED)


def _readable(draft: Draft, number: int, now: float) -> bool:
    told = draft.places[number].told
    return told is not None and now - told <= STALE_SECONDS


def _take(
    draft: Draft, phase: Phase, number: int, *, below: int | None = None, until: float = 0.0
) -> None:
    """Move fragments off a container, of the objects that would be thinnest without it first."""
    found: list[tuple[int, int, int, int]] = []
    for at, store in enumerate(draft.stores):
        rows, indexes = store.held(number)
        without = _without(store, rows, number)
        if below is not None:
            rows, indexes, without = (some[without < below] for some in (rows, indexes, without))
        found += zip(
            without.tolist(), [at] * len(rows), rows.tolist(), indexes.tolist(), strict=True
        )
    thinnest_last = until > 0.0  # where only room matters, what is thin stays
    found.sort(key=lambda one: (-one[0] if thinnest_last else one[0], *one[1:]))
    for margin, at, row, index in found:
        if draft.full or draft.room.fullness(number) <= until:
            return
        store = draft.stores[at]
        if not store.touched[row]:
            draft.move(phase, store, row, index, margin)


def _without(store: Store, rows: Ints, number: int) -> Ints:
    """The margin of objects were a container not there."""
    cells = store.stripes.cells[rows]
    cells[cells == number] = 0
    return margins(store.stripes, store.limits, cells)
