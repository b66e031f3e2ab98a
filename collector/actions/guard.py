"""Whether an action may begin: every reason why not. Independent of who planned it. Pure."""

from collections.abc import Callable, Iterator
from typing import Final

from collector.actions.asked import Asked
from collector.actions.bounds import Bounds
from collector.actions.case import Case
from collector.actions.facts import Facts
from collector.actions.rails import budget, consent, rest, sight
from collector.actions.rails.switch import switch
from collector.actions.refusal import Refusal

Rail = Callable[[Case], Iterator[Refusal]]

RAILS: Final[tuple[Rail, ...]] = (
    switch,
    consent.selection, consent.nature, consent.mode, consent.expiry, consent.approval,
    sight.blind, sight.freeze, sight.freshness, sight.agreement,
    budget.running, budget.volume,
    rest.sound, rest.flap, rest.back, rest.cool, rest.tries,
)  # fmt: skip


def judge(asked: Asked, facts: Facts, bounds: Bounds) -> tuple[Refusal, ...]:
    """Why an action may not begin now, every reason; none: it may.

    Whatever a rail raises refuses, too: what cannot be judged is not done.
    """
    case = Case(asked, facts, bounds)
    return tuple(refusal for rail in RAILS for refusal in rail(case))
