"""Who is on at an instant, and over the days to come. Pure; times are Unix seconds.

A shift is made of wall clock times. The night in which clocks change is an hour longer or shorter
for who is on, and no minute of it is without them. A time that clocks skip is that of the clock
before they were set; one that comes twice is its first.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from alerts.roster.roster import (
    DAY_MINUTES,
    DAYS,
    Level,
    Minute,
    Post,
    Quiet,
    Roster,
    Shift,
    StandIn,
    Turn,
)


@dataclass(frozen=True, slots=True)
class OnDuty:
    """Who is on; `backup` says that nobody was and that these stand in for them."""

    people: tuple[str, ...] = ()
    backup: bool = False


@dataclass(frozen=True, slots=True)
class Stretch:
    """From `start` until before `end` the same people are on."""

    start: float
    end: float
    on: OnDuty


def on(roster: Roster, post: Post, level: Level, at: float) -> OnDuty:
    """Who is on at one level of a post."""
    turns = _turns(roster, post, level, at, at)
    people = [turn.person for turn in turns if turn.start <= at < turn.end]
    for stand_in in _stand_ins(post, level):
        begins, ends = _span(stand_in, post.zone)
        if begins <= at < ends and stand_in.instead_of in {None, *people}:
            left = [p for p in people if stand_in.instead_of not in {None, p}]
            people = [*left, stand_in.person]
    found = tuple(dict.fromkeys(people))
    if found:
        return OnDuty(found)
    return OnDuty(level.backup, backup=bool(level.backup))


def course(
    roster: Roster, post: Post, level: Level, start: float, end: float
) -> list[Stretch]:  # fmt: skip
    """Who is on when, from `start` until `end`, without a hole: nobody is an answer too."""
    edges = {start, end}
    for turn in _turns(roster, post, level, start, end):
        edges |= {turn.start, turn.end}
    for stand_in in _stand_ins(post, level):
        edges |= set(_span(stand_in, post.zone))
    found: list[Stretch] = []
    ordered = sorted(edge for edge in edges if start <= edge <= end)
    for begins, ends in pairwise(ordered):
        now = on(roster, post, level, begins)
        if found and found[-1].on == now:
            found[-1] = Stretch(found[-1].start, ends, now)
        else:
            found.append(Stretch(begins, ends, now))
    return found


def quiet_until(post: Post, priority: int, at: float) -> float | None:
    """When the quiet hours in which an alert of this priority waits are over; None: there are none.

    Those that follow each other without a pause are one.
    """
    until = None
    for _ in range(len(DAYS) * len(post.quiet)):
        ends = [
            end
            for quiet in post.quiet
            if priority >= quiet.priority
            for begin, end in _nights(quiet, post.zone, at if until is None else until)
            if begin <= (at if until is None else until) < end
        ]
        if not ends:
            return until
        until = max(ends)
    return until


def moment(day: date, minutes: Minute, zone: ZoneInfo) -> float:
    """The instant at which clocks of a zone show so many minutes after a day's midnight."""
    days, minutes = divmod(minutes, DAY_MINUTES)
    midnight = datetime(day.year, day.month, day.day) + timedelta(days=days)  # noqa: DTZ001 - the zone comes next
    return (midnight + timedelta(minutes=minutes)).replace(tzinfo=zone).timestamp()


def _turns(roster: Roster, post: Post, level: Level, start: float, end: float) -> list[Turn]:
    """Turns that may touch a span: those of shifts as they are declared, then the calendar's."""
    found = [
        turn
        for shift in level.shifts
        for day in _days(start, end, post.zone)
        if (turn := _turn(shift, day, post.zone)) is not None
    ]
    calendar = roster.calendars.get(level.calendar)
    if calendar is not None:
        found += calendar.turns(start, end)
    return found


def _days(start: float, end: float, zone: ZoneInfo) -> Iterator[date]:
    """The days on which a shift begins that may last into a span.

    One that begins the day before may; and where the calendar left out a day, the one before that.
    """
    day = datetime.fromtimestamp(start, UTC).astimezone(zone).date() - timedelta(days=2)
    last = datetime.fromtimestamp(end, UTC).astimezone(zone).date()
    while day <= last:
        yield day
        day += timedelta(days=1)


def _turn(shift: Shift, day: date, zone: ZoneInfo) -> Turn | None:
    person = shift.person(day)
    if person is None:
        return None
    begins = moment(day, shift.begins, zone)
    return Turn(begins, moment(day, shift.begins + shift.minutes, zone), person)


def _nights(quiet: Quiet, zone: ZoneInfo, at: float) -> Iterator[tuple[float, float]]:
    for day in _days(at, at, zone):
        if DAYS[day.weekday()] in quiet.days:
            more = DAY_MINUTES if quiet.ends <= quiet.begins else 0
            yield moment(day, quiet.begins, zone), moment(day, quiet.ends + more, zone)


def _stand_ins(post: Post, level: Level) -> list[StandIn]:
    first = post.levels[0].name
    return [s for s in post.stand_ins if (s.level or first) == level.name]


def _span(stand_in: StandIn, zone: ZoneInfo) -> tuple[float, float]:
    begins, ends = (
        (t if t.tzinfo is not None else t.replace(tzinfo=zone)).timestamp()
        for t in (stand_in.begins, stand_in.ends)
    )
    return begins, ends
