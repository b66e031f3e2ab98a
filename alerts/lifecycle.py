"""What becomes of an alert as its subject is looked at: pending, firing, acknowledged, resolved.

Pure. Times are Unix seconds and come from the caller. What is not known changes nothing: an alert
whose subject went mute stays, marked blind, and time unseen counts neither for `for` nor towards
resolving. Flapping is bounded: every opening within the last hour doubles how long the subject must
be quiet before its alert resolves. What comes again before anybody was told that it had gone is the
same alert, open again.
"""

import hashlib
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Final

from alerts.language.evaluate import FALSE, TRUE, UNKNOWN
from alerts.outlook import Outlook, Stakes
from alerts.rule import Rule

FLAP_WINDOW: Final = 3600.0
FLAP_LEAST: Final = 60.0
LONGEST_SETTLE: Final = 3600.0
AGAIN_SECONDS: Final = 30.0
"""For so long the end of an alert is told to nobody: it may come again."""
FLAPPING: Final = 3
"""Comings and goings within `FLAP_WINDOW` from which on an alert is said to flap."""


class State(StrEnum):
    """Where an alert stands."""

    PENDING = "pending"
    FIRING = "firing"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"


OPEN: Final = frozenset({State.FIRING, State.ACKNOWLEDGED})
"""The states in which something is wrong now."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What an alert is about: a container, and the values of the rule's keys, in their order."""

    container: str
    keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Sight:
    """What one look at a subject gave: `when` and `clear` as truths, and the rule's value."""

    when: int
    clear: int
    value: float | None = None

    @property
    def blind(self) -> bool:
        """Whether it says nothing of an open alert."""
        return self.when == UNKNOWN and self.clear == UNKNOWN


MUTE: Final = Sight(UNKNOWN, UNKNOWN)
"""The sight of a subject that is not there, or whose row is too old to say anything."""


@dataclass(frozen=True, slots=True)
class Alert:
    """One episode of one rule on one subject.

    `change` counts its changes of state and makes their notifications' identities. `told` is the
    state that receivers were last told. `sure` is when its condition was last known to hold,
    `quiet` since when it has been clear, `swings` when it last came back before it was over.
    `happened` and `learned` are an event's, `count` how many
    came during this episode. `outlook` is when its limit is reached if nothing is done, `stakes`
    what is lost then. `held` says why nobody is told: `inhibited`, `silence:ID` or
    `maintenance:ID`; None where receivers are told.
    """

    id: str
    rule: str
    subject: Subject
    priority: int
    state: State
    since: float
    changed: float
    change: int = 1
    value: float | None = None
    blind: bool = False
    told: State | None = None
    openings: tuple[float, ...] = ()
    simulated: bool = False
    acknowledged_by: str | None = None
    acknowledged_at: float | None = None
    note: str | None = None
    happened: float | None = None
    learned: float | None = None
    detail: str = ""
    until: float | None = None
    count: int = 1
    outlook: Outlook | None = None
    stakes: Stakes | None = None
    ticket: str | None = None
    ticket_status: str | None = None
    held: str | None = None
    sure: float = field(default=0.0, compare=False)
    quiet: float | None = field(default=None, compare=False)
    swings: tuple[float, ...] = field(default=(), compare=False)

    @property
    def open(self) -> bool:
        """Whether something is wrong now."""
        return self.state in OPEN

    @property
    def flapping(self) -> bool:
        """Whether it opened so often of late that its comings and goings say nothing any more."""
        return len(self.openings) + len(self.swings) >= FLAPPING

    @property
    def owed(self) -> State | None:
        """The state that receivers have yet to be told, if any."""
        if self.state is self.told or self.state is State.PENDING:
            return None
        if self.state is State.RESOLVED and self.told is None:
            return None
        return self.state


def identity(rule: str, subject: Subject, since: float) -> str:
    """The name of an episode; the same for the same beginning."""
    parts = (rule, subject.container, *subject.keys, f"{since:.6f}")
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:24]


def look(
    rule: Rule, subject: Subject, alert: Alert | None, sight: Sight, now: float
) -> Alert | None:
    """The alert after one look; None where nothing stands, and a pending one is dropped.

    `alert` is the subject's last one, open or not.
    """
    if alert is None or alert.state is State.RESOLVED:
        return _begun(rule, subject, alert, sight, now)
    if alert.state is State.PENDING:
        return _waited(rule, alert, sight, now)
    return _watched(rule, alert, sight, now)


def acknowledged(alert: Alert, person: str, note: str | None, now: float) -> Alert:
    """The alert in the hands of a person; of one that is not firing, itself."""
    if alert.state is not State.FIRING:
        return alert
    return replace(
        alert, state=State.ACKNOWLEDGED, changed=now, change=alert.change + 1,
        acknowledged_by=person, acknowledged_at=now, note=note,
    )  # fmt: skip


def resolved(alert: Alert, now: float, note: str | None = None) -> Alert:
    """The alert over."""
    return replace(
        alert, state=State.RESOLVED, changed=now, change=alert.change + 1, blind=False,
        note=note or alert.note,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Happened:
    """One event that a rule is about."""

    subject: Subject
    happened: float
    learned: float
    detail: str = ""


def struck(rule: Rule, alert: Alert | None, event: Happened, now: float) -> Alert:
    """The alert after an event: a new one, or the open one that lasts longer and counts one more.

    An event learned later than `rule.late` after it happened is history: its alert is born
    resolved, and nobody is told.
    """
    if alert is not None and alert.open:
        return replace(
            alert, count=alert.count + 1, learned=event.learned, until=now + rule.keep,
            detail=event.detail or alert.detail,
        )  # fmt: skip
    late = event.learned - event.happened > rule.late
    return Alert(
        id=identity(rule.name, event.subject, event.happened),
        rule=rule.name,
        subject=event.subject,
        priority=rule.priority,
        state=State.RESOLVED if late else State.FIRING,
        since=event.happened,
        changed=now,
        happened=event.happened,
        learned=event.learned,
        detail=event.detail,
        until=now + rule.keep,
    )


def expired(alert: Alert, now: float) -> Alert:
    """The alert of an event, resolved when its time is over."""
    if alert.open and alert.until is not None and now >= alert.until:
        return resolved(alert, now)
    return alert


def settle_time(rule: Rule, openings: int) -> float:
    """How long a subject must be quiet before its alert resolves, after so many openings."""
    if openings <= 1:
        return rule.settle
    return min(max(rule.settle, FLAP_LEAST) * 2.0 ** (openings - 1), LONGEST_SETTLE)


def _begun(
    rule: Rule, subject: Subject, last: Alert | None, sight: Sight, now: float
) -> Alert | None:
    if sight.when != TRUE:
        return last
    if last is not None and rule.hold <= 0 and 0 <= now - last.changed <= AGAIN_SECONDS:
        return _again(last, sight, now)
    openings = last.openings if last is not None else ()
    alert = Alert(
        id=identity(rule.name, subject, now),
        rule=rule.name,
        subject=subject,
        priority=rule.priority,
        state=State.PENDING,
        since=now,
        changed=now,
        value=sight.value,
        openings=tuple(t for t in openings if now - t < FLAP_WINDOW),
        sure=now,
    )
    return alert if rule.hold > 0 else _fired(replace(alert, change=0), now)


def _waited(rule: Rule, alert: Alert, sight: Sight, now: float) -> Alert | None:
    if sight.when == FALSE:
        return None
    if sight.when == UNKNOWN:
        return replace(alert, blind=True)
    unseen = now - alert.sure if alert.blind else 0.0
    alert = replace(
        alert, since=alert.since + unseen, sure=now, blind=False, value=sight.value
    )  # fmt: skip
    return _fired(alert, now) if now - alert.since >= rule.hold else alert


def _fired(alert: Alert, now: float) -> Alert:
    openings = (*alert.openings, now)
    return replace(
        alert, state=State.FIRING, changed=now, change=alert.change + 1, openings=openings
    )


def _again(alert: Alert, sight: Sight, now: float) -> Alert:
    """The alert open again, in the hands of whoever had it."""
    openings = (*(t for t in alert.openings if now - t < FLAP_WINDOW), now)
    return replace(
        alert,
        state=State.FIRING if alert.acknowledged_by is None else State.ACKNOWLEDGED,
        changed=now, change=alert.change + 1, openings=openings, value=sight.value, blind=False,
        quiet=None, sure=now,
    )  # fmt: skip


def _watched(rule: Rule, alert: Alert, sight: Sight, now: float) -> Alert:
    if sight.blind:
        return replace(alert, blind=True, quiet=None)
    value = sight.value if sight.value is not None else alert.value
    alert = replace(alert, blind=False, value=value)
    if sight.when == TRUE and alert.quiet is not None:
        swings = (*(t for t in alert.swings if now - t < FLAP_WINDOW), now)[-FLAPPING:]
        return replace(alert, quiet=None, sure=now, swings=swings)
    if sight.when == TRUE or sight.clear != TRUE:
        return replace(alert, quiet=None, sure=now)
    quiet = alert.quiet if alert.quiet is not None else now
    if now - quiet >= settle_time(rule, len(alert.openings)):
        return resolved(alert, now)
    return replace(alert, quiet=quiet)
