"""What an incident is: alerts that belong together, and what people did about them.

Pure. An incident is the sum of its acts, which are only ever added; times are Unix seconds. The
clock is that of NIS2 (Directive (EU) 2022/2555, Art. 23(4)): an early warning within 24 hours and a
notification within 72 hours of becoming aware, a final report within a month of the notification.
"""

from calendar import monthrange
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Final

from alerts.chronicle import Episode
from vigie.errors import Refused

EARLY: Final = 24 * 3600.0
NOTIFY: Final = 72 * 3600.0
OLDEST: Final = 10 * 366 * 86_400.0
"""Before that, nobody noticed anything that is still to be said."""
MAX_WORDS: Final = 4_000
MAX_TITLE: Final = 200
MAX_ALERTS: Final = 1_000
"""Of one incident."""


class Step(StrEnum):
    """What a person did."""

    OPENED = "opened"
    NOTED = "noted"
    ADDED = "added"
    FILED = "filed"
    CLOSED = "closed"
    BUNDLED = "bundled"


class Stage(StrEnum):
    """What is owed to the authority, in its order."""

    EARLY_WARNING = "early_warning"
    NOTIFICATION = "notification"
    FINAL_REPORT = "final_report"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a person did to an incident; `principal` is who that is in the audit.

    `alerts` are those that came to it, and `outage` whether each of them means that service was
    unavailable: None leaves that to its rule. `stage` is what was filed. `at` is what people say
    of a time: when they noticed (opened), when it was over (closed), when it was filed.
    """

    step: Step
    time: float
    person: str
    principal: str
    words: str = ""
    alerts: tuple[str, ...] = ()
    outage: bool | None = None
    stage: Stage | None = None
    at: float | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """One incident; `scope` is the path that all of it lies in."""

    id: str
    title: str
    scope: str
    acts: tuple[Act, ...]

    @property
    def opened(self) -> Act:
        """How it began."""
        return self.acts[0]

    @property
    def closed(self) -> Act | None:
        """How it ended, if it has: what is noted or filed later opens it no more."""
        return next((act for act in self.acts if act.step is Step.CLOSED), None)

    @property
    def alerts(self) -> Mapping[str, bool | None]:
        """Its alerts, and what people said of each: that it means an outage, that not, or None."""
        found: dict[str, bool | None] = {}
        for act in self.acts:
            for name in act.alerts:
                found[name] = found.get(name) if act.outage is None else act.outage
        return found

    @property
    def filed(self) -> Mapping[Stage, Act]:
        """What was sent to the authority, the first time of each."""
        found: dict[Stage, Act] = {}
        for act in self.acts:
            if act.stage is not None:
                found.setdefault(act.stage, act)
        return found


@dataclass(frozen=True, slots=True)
class Deadline:
    """Until when something is owed, and when it was filed, if it was."""

    stage: Stage
    due: float
    filed: float | None = None
    person: str | None = None
    reference: str | None = None

    def late(self, now: float) -> bool:
        """Whether it was filed too late, or is not filed and should be."""
        return (now if self.filed is None else self.filed) > self.due


@dataclass(frozen=True, slots=True)
class Clock:
    """The times that count; None is unknown, or not yet.

    `began` is since when it was so, `detected` when anybody could know: an alert fired, or a person
    noticed. `acknowledged` is when a person first had it in hand. `ended` is when its last alert
    was over, or what a person said at its close.
    """

    began: float | None
    detected: float | None
    acknowledged: float | None
    acknowledged_by: str | None
    ended: float | None
    deadlines: tuple[Deadline, ...]


def clock(incident: Incident, episodes: Sequence[Episode]) -> Clock:
    """The clock of an incident, of which these are the alerts."""
    noticed = incident.opened.at
    detected = _first([noticed, *(e.known for e in episodes)])
    taken = min((t for e in episodes if (t := e.taken)), key=lambda turn: turn.time, default=None)
    return Clock(
        began=_first([noticed, *(e.began for e in episodes)]),
        detected=detected,
        acknowledged=None if taken is None else taken.time,
        acknowledged_by=None if taken is None else taken.person,
        ended=_ended(incident, episodes),
        deadlines=() if detected is None else deadlines(detected, incident.filed),
    )


def deadlines(detected: float, filed: Mapping[Stage, Act]) -> tuple[Deadline, ...]:
    """What is owed to the authority since an incident was detected, and what was filed."""
    notified = filed.get(Stage.NOTIFICATION)
    due = {
        Stage.EARLY_WARNING: detected + EARLY,
        Stage.NOTIFICATION: detected + NOTIFY,
        Stage.FINAL_REPORT: month_after(
            detected + NOTIFY if notified is None else _when(notified)
        ),
    }  # fmt: skip
    return tuple(
        Deadline(stage, due[stage])
        if (act := filed.get(stage)) is None
        else Deadline(stage, due[stage], _when(act), act.person, act.words or None)
        for stage in Stage
    )


def month_after(time: float) -> float:
    """The same hour of the same day of the next month, or of its last day, in UTC."""
    day = datetime.fromtimestamp(time, UTC)
    year, month = (day.year + 1, 1) if day.month == 12 else (day.year, day.month + 1)
    last = monthrange(year, month)[1]
    return day.replace(year=year, month=month, day=min(day.day, last)).timestamp()


def common(paths: Iterable[str]) -> str:
    """The longest path that all of these lie in."""
    parts = [path.split("/") for path in paths]
    kept: list[str] = []
    for level in zip(*parts, strict=False):
        if len(set(level)) > 1:
            break
        kept.append(level[0])
    return "/".join(kept)


def check(act: Act, incident: Incident | None) -> None:
    """Whether an act makes sense.

    Raises:
        Refused: 400, words are missing or too many; 409, it comes too late.
    """
    if len(act.words) > MAX_WORDS:
        raise Refused(400, f"words: at most {MAX_WORDS} characters are wanted")
    if act.step in {Step.NOTED, Step.CLOSED} and not act.words.strip():
        raise Refused(400, "words: say what there is to say")
    known = incident.alerts if incident is not None else {}
    if len({*known, *act.alerts}) > MAX_ALERTS:
        raise Refused(400, f"an incident has at most {MAX_ALERTS} alerts; open another")
    if act.at is not None and not act.time - OLDEST <= act.at <= act.time:
        raise Refused(400, "a time that has passed is wanted, of the last ten years")
    if incident is None:
        return
    if incident.closed is not None and act.step in {Step.ADDED, Step.CLOSED}:
        raise Refused(409, f"{incident.id} is closed; open another incident")
    if act.stage is not None and act.stage in incident.filed:
        raise Refused(409, f"{incident.id}: {act.stage} was filed before; note what you add")


def _when(act: Act) -> float:
    return act.time if act.at is None else act.at


def _first(times: Iterable[float | None]) -> float | None:
    return min((time for time in times if time is not None), default=None)


def _ended(incident: Incident, episodes: Sequence[Episode]) -> float | None:
    if incident.closed is not None and incident.closed.at is not None:
        return incident.closed.at
    ends = [episode.ended for episode in episodes]
    known = [end for end in ends if end is not None]
    return max(known) if known and len(known) == len(ends) else None
