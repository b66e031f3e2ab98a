"""How much alarms ask of an operator's post."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AlarmFlood:
    """More alarms than anybody reads; `end` is null while it lasted at the end of the period."""

    start: str
    end: str | None
    alarms: int
    peak: int


@dataclass(frozen=True, slots=True)
class AlarmActor:
    """What raised so many alarms, their share of all, and for how long it was in alarm.

    `subject` is null where all subjects of a rule are meant.
    """

    rule: str
    subject: str | None
    alarms: int
    share: float
    seconds: float


@dataclass(frozen=True, slots=True)
class StandingAlarm:
    """An alarm that stood for more than a day at the end of the period."""

    id: str
    rule: str
    subject: str
    priority: int
    since: str
    seconds: float
    acknowledged: bool


@dataclass(frozen=True, slots=True)
class ChatteringAlarm:
    """A subject that comes and goes: its transitions in the worst minute."""

    rule: str
    subject: str
    transitions: int


@dataclass(frozen=True, slots=True)
class PostLoad:
    """The figures of one post, where people take turns; never of a person.

    `rate` is the mean of alarms in ten minutes, `p50` and `p95` are of whole windows of ten
    minutes, `over` is the share of those with more than ten, `peak` the most in any ten minutes.
    `level` is acceptable, manageable, overdemanding or unacceptable, by `rate`. `flood_share` is
    the share of time in floods. `priorities` are shares of the alarms, by priority.
    """

    post: str
    alarms: int
    simulated_share: float | None
    rate: float
    p50: int | None
    p95: int | None
    over: float | None
    peak: int
    level: str
    flood_share: float
    floods: list[AlarmFlood]
    standing: list[StandingAlarm]
    chattering: list[ChatteringAlarm]
    actors: list[AlarmActor]
    rules: list[AlarmActor]
    priorities: dict[str, float]


@dataclass(frozen=True, slots=True)
class AlarmLoad:
    """Answer to `GET alarm-load`: every post that had an alarm, by name."""

    as_of: str
    from_time: str
    to_time: str
    scope: str
    posts: list[PostLoad]
