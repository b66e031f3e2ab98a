"""A roster as it is written down: people, and posts with their levels, shifts and quiet hours.

Times of day are wall clock times of the post's time zone, in minutes after midnight.
"""

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from typing import Annotated, Any, Final, Literal, Protocol
from zoneinfo import ZoneInfo

from alerts.delivery.address import Allowed
from vigie.document import Duration, Misfit, Within, duration
from vigie.network.operators import Identifier
from vigie.network.places import TimeZone, inside

DAY_MINUTES: Final = 24 * 60
DAY_SECONDS: Final = 86_400.0
MAX_LEVELS: Final = 9
LEAST_AGAIN: Final = 60.0
DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")

Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def minute(value: object) -> int:
    """Minutes after midnight of `08:00`, from `00:00` to `24:00`.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, time):
        value = value.strftime("%H:%M")
    match = re.fullmatch(r"(\d\d):(\d\d)", value) if isinstance(value, str) else None
    found = int(match[1]) * 60 + int(match[2]) if match else -1
    if match is None or int(match[2]) > 59 or not 0 <= found <= DAY_MINUTES:
        raise ValueError(f"a time of day like 08:00 is wanted, 24:00 at most, got {value!r:.40}")
    return found


def wait(value: object) -> float:
    """Seconds of a duration, or of `never`: for ever.

    Raises:
        ValueError: it is neither.
    """
    return math.inf if value == "never" else duration(value)


Minute = Annotated[int, minute]
"""Minutes after midnight; written as a time of day."""
Wait = Annotated[float, wait]
"""Seconds, written as a duration; infinite, written as `never`."""


@dataclass(frozen=True, slots=True)
class Turn:
    """One person on from `start` until before `end`, Unix seconds."""

    start: float
    end: float
    person: str


class Calendar(Protocol):
    """Turns that are kept elsewhere."""

    def turns(self, start: float, end: float) -> Sequence[Turn]:
        """Those that touch a span of time, oldest first."""
        ...


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who can be on; `receivers` are the ways to reach them, the first tried first."""

    id: Identifier
    name: str
    receivers: tuple[str, ...]

    def __post_init__(self) -> None:
        """Check what no type says."""
        if not self.receivers:
            raise Misfit("receivers", "nobody can be reached without a receiver; name one")


@dataclass(frozen=True, slots=True)
class Shift:
    """A turn that comes again: on these days, from `begins` until `ends` of the same day or next.

    Several people take it in turns, `every` so long each, the first of them from `since` on.
    """

    people: tuple[Identifier, ...]
    days: tuple[Day, ...] = DAYS
    begins: Minute = 0
    ends: Minute = DAY_MINUTES
    every: Duration = 7 * DAY_SECONDS
    since: date | None = None

    def __post_init__(self) -> None:
        """Check what no type says."""
        if not self.people:
            raise Misfit("people", "somebody must take this shift; name one or more")
        if not self.days:
            raise Misfit("days", "a shift on no day is none; leave days out for all of them")
        if self.begins == DAY_MINUTES:
            raise Misfit("begins", "a shift begins on its own day: write 00:00 of the next one")
        if self.every <= 0 or self.every % DAY_SECONDS:
            raise Misfit("every", "whole days are wanted, as 1d or 1w")
        if len(self.people) > 1 and self.since is None:
            raise Misfit("since", "name the first day of the first of these people")

    @property
    def minutes(self) -> int:
        """How long it lasts on the clock of a day without a change of time."""
        return self.ends - self.begins + (DAY_MINUTES if self.ends <= self.begins else 0)

    def person(self, day: date) -> str | None:
        """Who takes the shift that begins on this day; None where nobody does."""
        if DAYS[day.weekday()] not in self.days:
            return None
        if self.since is None:
            return self.people[0]
        passed = (day - self.since).days
        if passed < 0:
            return None
        return self.people[passed // round(self.every / DAY_SECONDS) % len(self.people)]


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a level has to acknowledge, by priority."""

    p1: Wait = 300.0
    p2: Wait = 1800.0
    p3: Wait = math.inf

    def of(self, priority: int) -> float | None:
        """Seconds for an alert of that priority; None: for ever."""
        found = {1: self.p1, 2: self.p2}.get(priority, self.p3)
        return None if math.isinf(found) else found


@dataclass(frozen=True, slots=True)
class Again:
    """How long until the last level is called again where nobody takes it, by priority."""

    p1: Wait = 900.0
    p2: Wait = 3600.0
    p3: Wait = math.inf

    def __post_init__(self) -> None:
        """Check what no type says."""
        for name in ("p1", "p2", "p3"):
            if getattr(self, name) < LEAST_AGAIN:
                raise Misfit(name, 'at least "1min" is wanted, or "never"')

    def of(self, priority: int) -> float | None:
        """Seconds for an alert of that priority; None: never."""
        found = {1: self.p1, 2: self.p2}.get(priority, self.p3)
        return None if math.isinf(found) else found


@dataclass(frozen=True, slots=True)
class Level:
    """Who is called at one height of the ladder.

    `receivers` are told whoever is on, as a desk is. Who is on is said by `shifts` and by
    `calendar`, an iCalendar file or address; `backup` is on where nobody else is, and is called
    where those who are on cannot be reached. `within` is how long they have.
    """

    name: str
    shifts: tuple[Shift, ...] = ()
    calendar: str = ""
    backup: tuple[Identifier, ...] = ()
    receivers: tuple[str, ...] = ()
    within: Patience = Patience()

    def __post_init__(self) -> None:
        """Check what no type says."""
        if not (self.shifts or self.calendar or self.backup or self.receivers):
            raise ValueError("nobody is ever on; add shifts, a calendar, backup or receivers")


@dataclass(frozen=True, slots=True)
class Quiet:
    """Hours in which alerts of `priority` and below wait for their end; a night is of its eve."""

    begins: Minute
    ends: Minute
    days: tuple[Day, ...] = DAYS
    priority: Annotated[int, Within(2, 3)] = 3


@dataclass(frozen=True, slots=True)
class StandIn:
    """Somebody takes over from `begins` until `ends`, as people agree among themselves.

    Times without an offset are of the post's time zone. Without `level` it is the first one;
    without `instead_of` they take over from everybody who is on.
    """

    person: Identifier
    begins: datetime
    ends: datetime
    level: str = ""
    instead_of: Identifier | None = None


@dataclass(frozen=True, slots=True)
class Post:
    """A post: for which places and operators it answers, and its levels, the first one first.

    A post without `scopes` and `operators` answers for what no other one does. `again` is how often
    its last level is called while nobody takes an alert in hand.
    """

    id: Identifier
    name: str
    levels: tuple[Level, ...]
    scopes: tuple[str, ...] = ()
    operators: tuple[str, ...] = ()
    timezone: TimeZone = "UTC"
    quiet: tuple[Quiet, ...] = ()
    stand_ins: tuple[StandIn, ...] = ()
    again: Again = Again()

    def __post_init__(self) -> None:
        """Check what no type says."""
        if not 0 < len(self.levels) <= MAX_LEVELS:
            raise Misfit("levels", f"1 to {MAX_LEVELS} levels are wanted, got {len(self.levels)}")

    @property
    def zone(self) -> ZoneInfo:
        """Its time zone."""
        return ZoneInfo(self.timezone)

    def fits(self, paths: Iterable[str], operator: str) -> int:
        """How closely it answers for what has these paths; -1 where it does not.

        A path counts for more the longer it is, an operator for less than any of them.
        """
        close = [
            2 * len(scope.split("/")) for path in paths for scope in self.scopes
            if scope and inside(path, scope)
        ]  # fmt: skip
        close += [1] if operator in self.operators else []
        close += [0] if "" in self.scopes or not (self.scopes or self.operators) else []
        return max(close, default=-1)


@dataclass(frozen=True, slots=True)
class Tickets:
    """Where tickets are: `show` leads to one, `new` begins one; places in braces are filled."""

    show: str = ""
    new: str = ""


@dataclass(frozen=True, slots=True)
class Feeds:
    """How calendars elsewhere are asked for: how often, and at which internal addresses."""

    every: Annotated[Duration, Within(60, DAY_SECONDS)] = 300.0
    allow: tuple[Annotated[Any, Allowed.parse], ...] = ()


@dataclass(frozen=True, slots=True)
class Roster:
    """All that is written down, with the calendars by the name that levels give them."""

    people: Mapping[str, Person] = field(default_factory=dict)
    posts: tuple[Post, ...] = ()
    tickets: Tickets = Tickets()
    feeds: Feeds = Feeds()
    calendars: Mapping[str, Calendar] = field(default_factory=dict)

    def post(self, paths: Sequence[str], operator: str = "") -> Post | None:
        """The post that answers for what has these paths: the closest one."""
        fits = [(post.fits(paths, operator), post) for post in self.posts]
        best = max((fit for fit, _ in fits), default=-1)
        return next((post for fit, post in fits if fit == best), None) if best >= 0 else None

    @property
    def receivers(self) -> frozenset[str]:
        """Those that the roster calls: nobody tells them otherwise."""
        levels = [level for post in self.posts for level in post.levels]
        return frozenset(
            name
            for group in (*(p.receivers for p in self.people.values()),
                          *(level.receivers for level in levels))
            for name in group
        )  # fmt: skip


NOBODY: Final = Roster()
"""No roster: every receiver is told of what it wants, at any time."""
