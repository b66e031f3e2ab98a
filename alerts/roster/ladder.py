"""Whom the levels of a post call at an instant: a ladder, the first level its lowest rung. Pure."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final

from alerts.roster.duty import on
from alerts.roster.roster import Post, Roster

URGENT: Final = 1
"""The priority that wakes somebody."""


@dataclass(frozen=True, slots=True)
class Rung:
    """Whom one level calls: `first` at once, `then` one by one where those are not reached.

    `within` is how long they have to acknowledge, in seconds; None: for ever.
    """

    first: tuple[str, ...]
    then: tuple[str, ...]
    within: float | None


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


def _ways(roster: Roster, who: str, wanting: Collection[str]) -> list[str]:
    """How a person can be reached with this alert, the first way first."""
    person = roster.people.get(who)
    return [] if person is None else [name for name in person.receivers if name in wanting]
