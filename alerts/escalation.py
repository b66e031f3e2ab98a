"""Who is called for an alert, and who next when nobody takes it in hand. Pure; Unix seconds.

A post's levels are a ladder. The lowest rung is called at once. Whoever has it does not acknowledge
in the time that is theirs: the next rung is called too. A priority 1 that a receiver has not taken
within `FAILOVER` seconds goes to the next one, whatever that receiver's retry schedule.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from alerts.lifecycle import Alert
from alerts.roster.duty import on
from alerts.roster.roster import Post, Roster
from alerts.rule import Rule

FAILOVER: Final = 30.0
"""How long a receiver has to answer 2xx to a priority 1."""
URGENT: Final = 1


@dataclass(frozen=True, slots=True)
class Rung:
    """Whom one level calls: `first` at once, `then` one by one where those are not reached.

    `within` is how long they have to acknowledge, in seconds; None: for ever.
    """

    first: tuple[str, ...]
    then: tuple[str, ...]
    within: float | None


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
    """What is due at a time: these receivers are called, at that level; `higher` than before?"""

    at: float
    level: int
    receivers: tuple[str, ...]
    higher: bool = False


def paths(alert: Alert, rule: Rule) -> tuple[str, ...]:
    """Where an alert is: its container, and its host where the rule has one."""
    container = alert.subject.container
    if "host" not in rule.keys:
        return (container,)
    return container, f"{container}/{alert.subject.keys[rule.keys.index('host')]}"


def ladder(
    roster: Roster, post: Post, wanting: Collection[str], priority: int, at: float
) -> tuple[Rung, ...]:
    """The levels of a post as they are at an instant; only receivers in `wanting` are called."""
    rungs = []
    for level in post.levels:
        duty = on(roster, post, level, at)
        ways = [_ways(roster, who, wanting) for who in duty.people]
        backup = [] if duty.backup else [_ways(roster, who, wanting) for who in level.backup]
        first = [*(n for n in level.receivers if n in wanting), *(way[0] for way in ways if way)]
        then = [*(name for way in ways for name in way[1:]), *(n for way in backup for n in way)]
        if not first and then:
            first, then = then[:1], then[1:]
        called = dict.fromkeys(first)
        rungs.append(
            Rung(
                tuple(called),
                tuple(name for name in dict.fromkeys(then) if name not in called),
                level.within.of(priority),
            )
        )
    return tuple(rungs)


def first(rungs: Sequence[Rung]) -> int | None:
    """The lowest rung that has anybody to call."""
    return next((number for number, rung in enumerate(rungs) if rung.first), None)


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
        steps.append(Step(reached.since + within, higher, fresh, higher=True))
    if priority == URGENT and calls:
        last = max(call.at for call in calls)
        other = _other(rungs, reached.level, called)
        if other is not None and any(not call.taken for call in calls if call.at == last):
            level, name = other
            steps.append(Step(last + FAILOVER, level, (name,), higher=level > reached.level))
    return min(steps, key=lambda step: step.at, default=None)


def _other(
    rungs: Sequence[Rung], level: int, called: Collection[str]
) -> tuple[int, str] | None:
    """The next receiver that was not called yet, on this rung or a higher one."""
    for number in range(level, len(rungs)):
        for name in (*rungs[number].first, *rungs[number].then):
            if name not in called:
                return number, name
    return None


def _ways(roster: Roster, who: str, wanting: Collection[str]) -> list[str]:
    """How a person can be reached with this alert, the first way first."""
    person = roster.people.get(who)
    return [] if person is None else [name for name in person.receivers if name in wanting]
