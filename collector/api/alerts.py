"""What is wrong now, what was, and who has it in hand."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Final, Literal, Protocol

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field

from alerts import text
from alerts.lifecycle import OPEN, Alert, State, Subject
from alerts.mass import shared
from alerts.record import Change
from alerts.register import MAX_NOTE, Register, withdrawn
from alerts.rule import Rule
from collector import times
from collector.api.access import Reading, narrowed, require
from collector.api.latest import Scope
from collector.people import Caller
from vigie import replies
from vigie.document import suggestion
from vigie.errors import QueryError, Refused
from vigie.network.places import inside

EVERY: Final = "all"
_STATES: Final[Mapping[str, frozenset[State]]] = {
    "open": OPEN, EVERY: frozenset(State), **{str(s): frozenset({s}) for s in State},
}  # fmt: skip

Language = Annotated[Literal["fr", "en"], Query(description="Of titles, advice and numbers")]
States = Annotated[
    str, Query(description="open (firing and acknowledged), all, or states with commas")
]
Acting = Annotated[Caller, Depends(require("operator", "shift lead"))]


Limit = Annotated[int, Query(ge=1, le=100_000, description="How many are named")]


class Watching(Protocol):
    """Who looks at the rows."""

    def announce(self, changed: list[Alert]) -> None:
        """A person changed these."""

    def members(self, alert: Alert) -> list[tuple[Subject, float]]:
        """Which subjects share an alert now, and since when each is wrong."""


class Taken(BaseModel):
    """What a person says when taking an alert."""

    model_config = ConfigDict(extra="forbid")

    note: str | None = Field(None, max_length=MAX_NOTE)


@dataclass(frozen=True, slots=True)
class Entry:
    """One change of an alert."""

    state: str
    time: str
    person: str | None
    note: str | None


@dataclass(frozen=True, slots=True)
class History:
    """Answer to `GET alerts/{id}/history`, oldest first."""

    id: str
    changes: list[Entry]


@dataclass(frozen=True, slots=True)
class Sharing:
    """One subject of an alert that many share, and since when it is wrong."""

    subject: str
    since: str


@dataclass(frozen=True, slots=True)
class Subjects:
    """Answer to `GET alerts/{id}/subjects`: how many there are, and the first of them."""

    id: str
    count: int
    subjects: list[Sharing]


def routes(
    register: Register,
    rules: Callable[[], Mapping[str, Rule]],
    watching: Watching,
    clock: Callable[[], float],
) -> APIRouter:
    """`clock` tells Unix time."""
    router = APIRouter()

    @router.get("/alerts")
    def alerts(
        asking: Reading, state: States = "open", language: Language = "fr", scope: Scope = None
    ) -> replies.Alerts:
        """What is wrong within your scope, worst and oldest first."""
        within, known = narrowed(asking, scope), rules()
        found = [
            alert for alert in register.listed(states(state))
            if visible(alert, known.get(alert.rule), within)
        ]  # fmt: skip
        shown = _shown(register, found, known, asking, language)
        return replies.Alerts(times.text(clock()), shown)

    @router.post("/alerts/{identity}/acknowledge")
    def acknowledge(
        asking: Acting, identity: str, given: Taken, language: Language = "fr"
    ) -> replies.Alert:
        """Take an alert in hand. Receivers are told; whoever has it already keeps it."""
        if asking.kind != "person":
            raise Refused(403, f"a {asking.kind} cannot take an alert in hand; a person can")
        before = _seen(register, rules(), asking, identity)
        alert = register.acknowledge(before.id, asking.name, given.note, clock())
        if alert.change != before.change:
            watching.announce([alert])
        return reply(alert, rules().get(alert.rule), language)

    @router.get("/alerts/{identity}/history")
    def history(asking: Reading, identity: str) -> History:
        """What became of one alert, and who did what."""
        alert = _seen(register, rules(), asking, identity)
        return History(alert.id, [_entry(change) for change in register.history(alert.id)])

    @router.get("/alerts/{identity}/subjects")
    def subjects(asking: Reading, identity: str, limit: Limit = 1_000) -> Subjects:
        """Who is concerned: one subject, or those that share the alert now, by their names."""
        return _concerned(watching, _seen(register, rules(), asking, identity), asking, limit)

    return router


def _shown(
    register: Register, found: Sequence[Alert], rules: Mapping[str, Rule], asking: Caller,
    language: str,
) -> list[replies.Alert]:  # fmt: skip
    """Alerts as they are answered, each with the one that holds it where the caller sees that."""
    seen = {a.id for a in register.now() if visible(a, rules.get(a.rule), asking.scope)}
    holders = [register.holder(alert) for alert in found]
    return [
        replace(
            reply(alert, rules.get(alert.rule), language), held_by=by if by in seen else None
        )
        for alert, by in zip(found, holders, strict=True)
    ]  # fmt: skip


def states(asked: str) -> frozenset[State]:
    """The states that a query names.

    Raises:
        QueryError: it names another one.
    """
    found: set[State] = set()
    for word in asked.split(","):
        if word not in _STATES:
            raise QueryError(f"state: {word!r:.40} is none; {suggestion(word, _STATES)}")
        found |= _STATES[word]
    return frozenset(found)


def visible(alert: Alert, rule: Rule | None, scope: str) -> bool:
    """Whether an alert lies within a scope, which may go down to a host."""
    container, keys = alert.subject.container, alert.subject.keys
    if inside(container, scope):
        return True
    if shared(alert.subject):  # some of them may be there
        return inside(scope, container)
    names = rule.keys if rule is not None else ()
    return "host" in names and inside(f"{container}/{keys[names.index('host')]}", scope)


def reply(alert: Alert, rule: Rule | None, language: str) -> replies.Alert:
    """An alert as it is answered."""
    rule = rule or withdrawn(alert.rule)
    value = text.value(rule, alert.value, language) or alert.detail
    return replies.Alert(
        id=alert.id,
        rule=alert.rule,
        priority=alert.priority,
        state=alert.state.value,
        container=alert.subject.container,
        subject=text.subject_path(alert.subject),
        title=text.titled(rule, alert.subject, alert.count, language),
        advice=text.filled(rule.advice, rule, alert.subject, language),
        value=value,
        since=times.text(alert.since),
        changed=times.text(alert.changed),
        simulated=alert.simulated,
        blind=alert.blind,
        acknowledged_by=alert.acknowledged_by,
        acknowledged_at=_optional(alert.acknowledged_at),
        note=alert.note,
        runbook=text.runbook(alert.rule),
        held=alert.held,
        flapping=alert.flapping,
        happened=_optional(alert.happened),
        learned=_optional(alert.learned),
        count=alert.count,
        ticket=alert.ticket,
        ticket_status=alert.ticket_status,
        outlook=_outlook(alert, rule, language),
        stakes=_stakes(alert),
    )


def _outlook(alert: Alert, rule: Rule, language: str) -> replies.Outlook | None:
    found = alert.outlook
    if found is None:
        return None
    name = rule.limit.name.said(language) if rule.limit is not None else ""
    return replies.Outlook(
        times.text(found.at), name, found.limit, found.seconds, found.least, found.most
    )


def _stakes(alert: Alert) -> replies.Stakes | None:
    found = alert.stakes
    if found is None:
        return None
    tenants = None if found.tenants is None else list(found.tenants)
    return replies.Stakes(found.gpus, found.jobs, tenants, found.objects)


def _optional(seconds: float | None) -> str | None:
    return None if seconds is None else times.text(seconds)


def _seen(register: Register, rules: Mapping[str, Rule], asking: Caller, identity: str) -> Alert:
    alert = register.get(identity)
    # Outside the scope is as if it were not there.
    if alert is None or not visible(alert, rules.get(alert.rule), asking.scope):
        raise Refused(404, f"no alert {identity!r:.80}")
    return alert


def _concerned(watching: Watching, alert: Alert, asking: Caller, limit: int) -> Subjects:
    found = watching.members(alert) if shared(alert.subject) else [(alert.subject, alert.since)]
    path = text.subject_path
    named = sorted((path(s), at) for s, at in found if inside(path(s), asking.scope))
    return Subjects(alert.id, len(named), [Sharing(s, times.text(t)) for s, t in named[:limit]])


def _entry(change: Change) -> Entry:
    return Entry(str(change.state), times.text(change.time), change.person, change.note)
