"""Who is on, now and over the days to come."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RosterTurn:
    """Who is on from `start` until `end`; nobody, where `people` is empty.

    `backup` says that nobody has this turn, and that these stand in. Times carry the offset of the
    post's time zone.
    """

    start: str
    end: str
    people: list[str]
    backup: bool


@dataclass(frozen=True, slots=True)
class RosterLevel:
    """One level of a post: who is on now, until when, how they are called, and who comes.

    `first` are the receivers that are called at once, `then` those for when these are not reached.
    `within_seconds` is how long a priority 1 may stay unacknowledged before the next level is
    called; null: for ever.
    """

    name: str
    people: list[str]
    backup: bool
    until: str | None
    first: list[str]
    then: list[str]
    within_seconds: float | None
    turns: list[RosterTurn]


@dataclass(frozen=True, slots=True)
class RosterPost:
    """One post; without `scopes` and `operators` it answers for what no other one does.

    `quiet_until` is when low priorities are told again; null outside quiet hours.
    """

    id: str
    name: str
    timezone: str
    scopes: list[str]
    operators: list[str]
    quiet_until: str | None
    levels: list[RosterLevel]


@dataclass(frozen=True, slots=True)
class Roster:
    """Answer to `GET roster`: no post where there is no roster. `faults` say what is wrong now."""

    as_of: str
    posts: list[RosterPost]
    faults: list[str]


@dataclass(frozen=True, slots=True)
class AlertCall:
    """One receiver that a message about an alert is for; `taken` is null until it has taken it.

    Both are of the first of its `count` messages about the alert, `last` is when the last was made.
    """

    receiver: str
    called: str
    taken: str | None
    count: int = 1
    last: str | None = None


@dataclass(frozen=True, slots=True)
class AlertCalls:
    """Answer to `GET alerts/{id}/calls`: who was called, the first one first, and who is next.

    `post` and `level` are null where no post answers for it. `next_receivers` are called at
    `next_at` unless somebody takes it in hand; null: nobody is. `ticket_url` leads to its ticket,
    `new_ticket_url` begins one, where the roster says how.
    """

    id: str
    post: str | None
    level: str | None
    calls: list[AlertCall]
    next_at: str | None
    next_receivers: list[str] | None
    ticket: str | None
    ticket_status: str | None
    ticket_url: str | None
    new_ticket_url: str | None
