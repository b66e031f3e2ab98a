"""The roster as people read it: who is on now, who comes, and when nobody is. Pure."""

from collections.abc import Collection, Iterator, Sequence
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo

from alerts.roster.duty import Stretch, course, quiet_until
from alerts.roster.ladder import URGENT, Rung, ladder
from alerts.roster.roster import DAY_SECONDS, Level, Post, Roster
from vigie.replies import roster as replies

MAX_DAYS: Final = 90
LOW: Final = 3
"""The priority that quiet hours are asked of."""


def posts(roster: Roster, at: float, days: float) -> list[replies.RosterPost]:
    """Every post as it is at an instant, with the turns of so many days after it."""
    return [_post(roster, post, at, days) for post in roster.posts]


def holes(roster: Roster, at: float, days: float) -> list[str]:
    """When nobody is on at a level, in the days after an instant, one sentence each."""
    found = []
    for post in roster.posts:
        for level in post.levels:
            if level.receivers:
                continue  # a desk is always there
            for stretch in course(roster, post, level, at, at + days * DAY_SECONDS):
                if not stretch.on.people:
                    begins, ends = (clock(t, post.zone) for t in (stretch.start, stretch.end))
                    place = f"{post.id}, {level.name}"
                    found.append(f"{place}: nobody is on from {begins} until {ends}; add a backup")
    return found


def unwatched(roster: Roster, sites: Collection[tuple[str, str]]) -> list[str]:
    """The sites, each with who operates it, for which no post answers: everybody would be told."""
    return [
        f"{site}: no post answers for it; name it in the scopes of one, or {operator} in its "
        "operators"
        for site, operator in sites
        if roster.post([site], operator) is None
    ]


def clock(at: float, zone: ZoneInfo) -> str:
    """An instant as the clock of a zone shows it, to the minute, with its offset."""
    return datetime.fromtimestamp(at, UTC).astimezone(zone).isoformat(timespec="minutes")


def _post(roster: Roster, post: Post, at: float, days: float) -> replies.RosterPost:
    quiet = quiet_until(post, LOW, at)
    rungs = ladder(roster, post, roster.receivers, URGENT, at)
    levels = [
        _level(roster, post, level, rung, course(roster, post, level, at, at + days * DAY_SECONDS))
        for level, rung in zip(post.levels, rungs, strict=True)
    ]
    return replies.RosterPost(
        post.id, post.name, post.timezone, list(post.scopes), list(post.operators),
        None if quiet is None else clock(quiet, post.zone), levels,
    )  # fmt: skip


def _level(
    roster: Roster, post: Post, level: Level, rung: Rung, turns: Sequence[Stretch]
) -> replies.RosterLevel:
    now, lasting = turns[0], len(turns) == 1  # for longer than was looked
    return replies.RosterLevel(
        name=level.name,
        people=_names(roster, now.on.people),
        backup=now.on.backup,
        until=None if lasting else clock(now.end, post.zone),
        first=list(rung.first),
        then=list(rung.then),
        within_seconds=rung.within,
        turns=list(_turns(roster, turns, post.zone)),
    )


def _turns(
    roster: Roster, turns: Sequence[Stretch], zone: ZoneInfo
) -> Iterator[replies.RosterTurn]:  # fmt: skip
    for turn in turns:
        yield replies.RosterTurn(
            clock(turn.start, zone), clock(turn.end, zone), _names(roster, turn.on.people),
            turn.on.backup,
        )  # fmt: skip


def _names(roster: Roster, people: Sequence[str]) -> list[str]:
    return [roster.people[who].name if who in roster.people else who for who in people]
