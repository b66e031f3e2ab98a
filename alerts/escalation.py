"""Who is called for an alert, and who next when nobody takes it in hand. Pure; Unix seconds.

A post's levels are a ladder. The lowest rung is called at once. Whoever has it does not acknowledge
in the time that is theirs: the next rung is called too. A priority 1 that a receiver has not taken
within `FAILOVER` seconds goes to the next one, whatever that receiver's retry schedule.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from alerts.lifecycle import Alert
from alerts.roster.ladder import URGENT, Rung, first
from alerts.rule import Rule

FAILOVER: Final = 30.0
"""How long a receiver has to answer 2xx to a priority 1."""
Why = Literal["first", "unanswered", "unreached"]


@dataclass(frozen=True, slots=True)
class Call:
    """One receiver that was called at that time, and whether it has taken the message."""

    receiver: str
    at: float
    taken: bool


@dataclass(frozen=True, slots=True)
class Reached:
    """The rung that an alert has come to, and since when."""

    level: int
    since: float


@dataclass(frozen=True, slots=True)
class Step:
    """What is due at a time: these receivers are called, at that level, and why.

    `first`: nobody was called yet. `unanswered`: nobody acknowledged in the time that was theirs.
    `unreached`: a receiver did not take it. `climbs` says that the level is a higher one.
    """

    at: float
    level: int
    receivers: tuple[str, ...]
    why: Why
    climbs: bool = False


def paths(alert: Alert, rule: Rule) -> tuple[str, ...]:
    """Where an alert is: its container, and its host where the rule has one."""
    container = alert.subject.container
    if "host" not in rule.keys:
        return (container,)
    return container, f"{container}/{alert.subject.keys[rule.keys.index('host')]}"


def begun(rungs: Sequence[Rung], calls: Sequence[Call]) -> Reached:
    """Where an alert stands that was called for once: on the lowest rung that was called."""
    called = {call.receiver for call in calls}
    found = [number for number, rung in enumerate(rungs) if called.intersection(rung.first)]
    level = found[0] if found else first(rungs)
    return Reached(level or 0, min(call.at for call in calls))


def following(
    rungs: Sequence[Rung], reached: Reached, calls: Sequence[Call], priority: int
) -> Step | None:
    """What is due next for an alert that fires and that nobody has in hand; None: nothing more."""
    called = {call.receiver for call in calls}
    steps = []
    higher = next((n for n in range(reached.level + 1, len(rungs)) if rungs[n].first), None)
    within = rungs[reached.level].within if reached.level < len(rungs) else None
    if within is not None and higher is not None:
        fresh = tuple(name for name in rungs[higher].first if name not in called)
        steps.append(Step(reached.since + within, higher, fresh, "unanswered", climbs=True))
    if priority == URGENT and calls:
        last = max(call.at for call in calls)
        other = _other(rungs, reached.level, called)
        if other is not None and any(not call.taken for call in calls if call.at == last):
            level, name = other
            climbs = level > reached.level
            steps.append(Step(last + FAILOVER, level, (name,), "unreached", climbs=climbs))
    return min(steps, key=lambda step: step.at, default=None)


def _other(rungs: Sequence[Rung], level: int, called: Collection[str]) -> tuple[int, str] | None:
    """The next receiver that was not called yet, on this rung or a higher one."""
    for number in range(level, len(rungs)):
        for name in (*rungs[number].first, *rungs[number].then):
            if name not in called:
                return number, name
    return None
