"""Who is called for an alert, and who next when nobody takes it in hand. Pure; Unix seconds.

A post's levels are a ladder. The lowest rung is called at once. Whoever has it does not acknowledge
in the time that is theirs: the next rung is called too. Above the last one nobody is left: it is
called again and again. A priority 1 that a receiver has not taken within `FAILOVER` seconds goes to
the next one, whatever that receiver's retry schedule. Who comes on hears of what nobody has taken.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from alerts.lifecycle import Alert
from alerts.roster.ladder import URGENT, Rung, first
from alerts.rule import Rule

FAILOVER: Final = 30.0
"""How long a receiver has to answer 2xx to a priority 1."""
TOLD_ON: Final = 2
"""Up to this priority who comes on is told what nobody has in hand."""
Why = Literal["first", "unanswered", "unreached", "handover", "again"]


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
    `unreached`: a receiver did not take it. `handover`: they have come on since the last call.
    `again`: the last level did not answer. `climbs` says that the level is a higher one, `count`
    the how-manieth call for the alert it is.
    """

    at: float
    level: int
    receivers: tuple[str, ...]
    why: Why
    climbs: bool = False
    count: int = 1


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
    rungs: Sequence[Rung], reached: Reached, calls: Sequence[Call], priority: int,
    *, again: float | None = None,
) -> Step | None:  # fmt: skip
    """What is due next for an alert that fires and that nobody has in hand; None: nothing more.

    `again` is after how many seconds the last rung is called again; None: never.
    """
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
    if higher is None and again is not None:
        steps += _repeated(rungs, reached.level, calls, again)
    return min(steps, key=lambda step: step.at, default=None)


def handover(
    before: Sequence[Rung], rungs: Sequence[Rung], reached: Reached, calls: Sequence[Call],
    now: float,
) -> Step | None:  # fmt: skip
    """Whom to tell of an alert because they have come on since its last call.

    `before` are the rungs as they were at that call, `rungs` as they are now.
    """
    fresh: dict[str, None] = {}
    for old, new in list(zip(before, rungs, strict=False))[: reached.level + 1]:
        fresh |= dict.fromkeys(name for name in new.first if name not in old.first)
    if not fresh:
        return None
    return Step(now, reached.level, tuple(fresh), "handover", count=_counted(calls))


def _repeated(
    rungs: Sequence[Rung], level: int, calls: Sequence[Call], again: float
) -> list[Step]:  # fmt: skip
    """The last rung on which anybody can be reached once more.

    Those to whom a message is still on its way cannot.
    """
    last = {call.receiver: call for call in sorted(calls, key=lambda call: call.at)}
    for number in range(min(level, len(rungs) - 1), -1, -1):
        names = tuple(n for n in rungs[number].first if n not in last or last[n].taken)
        if names and calls:
            mine = [last[name] for name in names if name in last]
            since = max(call.at for call in mine or calls)
            return [Step(since + again, number, names, "again", count=_counted(calls))]
    return []


def _counted(calls: Sequence[Call]) -> int:
    """The how-manieth call the next one is; those of one time are one."""
    return len({call.at for call in calls}) + 1


def _other(rungs: Sequence[Rung], level: int, called: Collection[str]) -> tuple[int, str] | None:
    """The next receiver that was not called yet, on this rung or a higher one."""
    for number in range(level, len(rungs)):
        for name in (*rungs[number].first, *rungs[number].then):
            if name not in called:
                return number, name
    return None
