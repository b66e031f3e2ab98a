"""All that should be done with fragments, by urgency: repair, drain, evacuate, level."""

from collections.abc import Sequence
from dataclasses import dataclass

from collector.plans.move import Left, Move
from collector.plans.place import Places
from collector.plans.rebalance.draft import Draft
from collector.plans.rebalance.empty import drain, evacuate
from collector.plans.rebalance.level import level
from collector.plans.rebalance.repair import repair
from collector.plans.stripes import Stripes

MOST: int = 20_000


@dataclass(frozen=True, slots=True)
class Rebalance:
    """Moves in the order in which they are to be made, and what could not be helped.

    `whole` says that nothing was left out for want of room in the plan.
    """

    moves: tuple[Move, ...]
    left: tuple[Left, ...]
    whole: bool


def rebalance(
    places: Places, everything: Sequence[Stripes], now: float, most: int = MOST
) -> Rebalance:
    """What to do; equal input gives the same. `now` in Unix seconds."""
    draft = Draft.begun(places, everything, now, most)
    repair(draft)
    drain(draft, now)
    evacuate(draft, now)
    level(draft)
    return Rebalance(tuple(draft.moves), draft.leavings(), not draft.full)
