"""What is wrong, with whom, and who has it in hand."""

from dataclasses import dataclass
from typing import Literal

AlertState = Literal["pending", "firing", "acknowledged", "resolved"]
SilenceKind = Literal["silence", "maintenance"]
SilenceState = Literal["planned", "active", "over"]


@dataclass(frozen=True, slots=True)
class Outlook:
    """When an alert's limit is reached if nothing is done, from `at` on, in seconds.

    `least` and `most` bound it in nine cases of ten. Null: the course does not lead there. `limit`
    is in the base unit of what nears it, `name` says what it is, in the asked language.
    """

    at: str
    name: str
    limit: float
    seconds: float | None = None
    least: float | None = None
    most: float | None = None


@dataclass(frozen=True, slots=True)
class Stakes:
    """What is lost, or stops, when the limit is reached; null is unknown."""

    gpus: int | None = None
    jobs: int | None = None
    tenants: list[str] | None = None
    objects: int | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that is wrong with one subject, and who has it.

    `subject` is the container path followed by the keys; `title` and `advice` are in the asked
    language. `blind` says that its source is mute: it never closes by itself. `held` says why
    nobody is told of it: `inhibited` (a wider fault explains it: that of the alert `held_by`, which
    may lie outside of your scope, and is null then), `silence:ID` or `maintenance:ID`.
    `flapping`: it comes and goes so often that this says nothing any more. `happened` and `learned`
    are of an event, `count` how many came. Where many of a container are wrong at once they share
    one alert: its `subject` has `*` for every key, and `count` is how many of the container are.
    """

    id: str
    rule: str
    priority: int
    state: AlertState
    container: str
    subject: str
    title: str
    advice: str
    value: str
    since: str
    changed: str
    simulated: bool
    blind: bool = False
    acknowledged_by: str | None = None
    acknowledged_at: str | None = None
    note: str | None = None
    runbook: str | None = None
    held: str | None = None
    held_by: str | None = None
    flapping: bool = False
    happened: str | None = None
    learned: str | None = None
    count: int = 1
    ticket: str | None = None
    ticket_status: str | None = None
    outlook: Outlook | None = None
    stakes: Stakes | None = None


@dataclass(frozen=True, slots=True)
class Alerts:
    """Answer to `GET alerts`, worst and oldest first."""

    as_of: str
    alerts: list[Alert]


@dataclass(frozen=True, slots=True)
class Silence:
    """What nobody is told of for a while: the alerts of a scope, a rule, a beginning of a subject.

    A `maintenance` window is planned work. `ended` is when somebody ended it before its time.
    """

    id: str
    kind: SilenceKind
    state: SilenceState
    scope: str
    rule: str | None
    subject: str
    author: str
    reason: str
    created: str
    starts: str
    expires: str
    ended: str | None = None
    ended_by: str | None = None


@dataclass(frozen=True, slots=True)
class Silences:
    """Answer to `GET silences`, the newest first."""

    as_of: str
    silences: list[Silence]


@dataclass(frozen=True, slots=True)
class SilencePreview:
    """Answer to `POST silences/preview`: what a silence would hide now, and would have hidden.

    `now` are alerts that are open, `day` those that were over in the last 24 hours. The counts are
    of all, the lists end after a hundred, the worst and newest first.
    """

    as_of: str
    now_count: int
    day_count: int
    now: list[Alert]
    day: list[Alert]
