"""`silences`: what nobody is told of for a while, who said so, and what it would hide."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Annotated, Final

from fastapi import APIRouter, Depends
from pydantic import BaseModel, ConfigDict, Field

from alerts.register import Register, withdrawn
from alerts.rule import Rule
from alerts.silence import MAX_WORDS, Kind, Silence, checked
from collector import times
from collector.api import alerts, tables
from collector.api.access import Reading, require
from collector.api.alerts import Language
from collector.api.events import moment
from collector.people import Caller, check_scope
from vigie import replies
from vigie.document import suggestion
from vigie.errors import QueryError, Refused
from vigie.network.places import inside

DAY: Final = 86_400.0
LISTED: Final = 100
"""Alerts of a preview that are named one by one."""

Hushing = Annotated[Caller, Depends(require("operator", "shift lead"))]


class Scope(BaseModel):
    """What to hide, and when; times are RFC 3339. Without `starts` it is from now on."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind = "silence"
    scope: str = Field("", max_length=500)
    rule: str | None = Field(None, max_length=60)
    subject: str = Field("", max_length=500)
    starts: str | None = None
    expires: str


class Wish(Scope):
    """The same, with the reason."""

    reason: str = Field(max_length=MAX_WORDS)


def routes(
    register: Register, rules: Callable[[], Mapping[str, Rule]], clock: Callable[[], float]
) -> APIRouter:
    """`clock` tells Unix time."""
    router = APIRouter()

    @router.get("/silences")
    def silences(asking: Reading, over: bool = False) -> replies.Silences:  # noqa: FBT001, FBT002 - a query
        """Silences and maintenance windows that touch your scope, with `over` those that are."""
        now = clock()
        found = [
            _reply(one, now) for one in register.silences.all()
            if tables.touch(one.scope, asking.scope) and (over or one.standing(now) != "over")
        ]  # fmt: skip
        return replies.Silences(times.text(now), found)

    @router.post("/silences")
    def add(asking: Hushing, wish: Wish) -> replies.Silence:
        """Tell nobody of some alerts for a while; what is still wrong then is told then."""
        if asking.kind != "person":
            raise Refused(403, f"a silence is the act of a person, not of a {asking.kind}")
        now = clock()
        wanted = _wanted(wish, wish.reason, asking, rules(), now)
        return _reply(register.silences.add(wanted, now), now)

    @router.post("/silences/preview")
    def preview(
        asking: Reading, wish: Scope, language: Language = "fr"
    ) -> replies.SilencePreview:  # fmt: skip
        """What a silence would hide now, and what it would have hidden in the last 24 hours."""
        now, known = clock(), rules()
        wanted = checked(_wanted(wish, "preview", asking, known, now), now)
        return _preview(register, wanted, known, language, now)

    @router.post("/silences/{identity}/end")
    def end(asking: Hushing, identity: str) -> replies.Silence:
        """Let it be over now: what is wrong is told at once."""
        if asking.kind != "person":
            raise Refused(403, f"a silence is ended by a person, not by a {asking.kind}")
        one = register.silences.get(identity)
        if not inside(one.scope, asking.scope):
            raise Refused(404, f"no silence {identity!r:.80}")  # as if it were not there
        now = clock()
        return _reply(register.silences.end(identity, asking.name, now), now)

    return router


def _preview(
    register: Register, wanted: Silence, rules: Mapping[str, Rule], language: str, now: float
) -> replies.SilencePreview:
    """What it would hide: of what is open, and of what was over in the last day."""
    opened = sorted(
        (alert for alert in register.now() if alert.open), key=lambda a: (a.priority, a.since)
    )
    both = [
        [
            alert for alert in group
            if wanted.hides(alert, rules.get(alert.rule) or withdrawn(alert.rule))
        ]
        for group in (opened, register.over_since(now - DAY))
    ]  # fmt: skip
    lists = [
        [alerts.reply(a, rules.get(a.rule), language) for a in group[:LISTED]] for group in both
    ]
    counts = [len(group) for group in both]
    return replies.SilencePreview(times.text(now), counts[0], counts[1], lists[0], lists[1])


def _wanted(
    wish: Scope, reason: str, asking: Caller, rules: Mapping[str, Rule], now: float
) -> Silence:
    """What somebody wishes to hide.

    Raises:
        Refused: 403, it is outside their scope; 400, it is no scope.
        QueryError: no such rule, or no time.
    """
    check_scope(wish.scope)
    if not inside(wish.scope, asking.scope):
        raise Refused(403, f"{wish.scope or 'the whole network'} is outside your scope")
    if wish.rule is not None and wish.rule not in rules:
        raise QueryError(f"rule: {wish.rule!r:.60} is none; {suggestion(wish.rule, rules)}")
    starts, expires = moment("starts", wish.starts), moment("expires", wish.expires)
    return Silence(
        "", wish.kind, wish.scope, wish.rule, wish.subject, asking.name, reason,
        created=now, starts=_unix(starts, now), expires=_unix(expires, now),
    )  # fmt: skip


def _unix(instant: datetime | None, now: float) -> float:
    return now if instant is None else instant.timestamp()


def _reply(one: Silence, now: float) -> replies.Silence:
    return replies.Silence(
        one.id, one.kind, one.standing(now), one.scope, one.rule, one.subject, one.author,
        one.reason, times.text(one.created), times.text(one.starts), times.text(one.expires),
        None if one.ended is None else times.text(one.ended), one.ended_by,
    )  # fmt: skip
