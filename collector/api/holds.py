"""`holds`: what may not expire until somebody says so, who said it, and why."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Depends, Header

from collector import times
from collector.api import tables
from collector.api.access import Reading, require
from collector.api.events import moment
from collector.keeping.export import microseconds
from collector.networks import Networks
from collector.people import Caller, check_scope
from collector.store.expiry import holds as kept
from collector.store.expiry.holds import LIFTED, PLACED, Act, Held
from vigie import replies
from vigie.errors import Refused
from vigie.network.places import inside, perimeter_of
from vigie.replies import Hold, HoldAct

Counsel = Annotated[Caller, Depends(require("auditor"))]
Key = Annotated[str, Header(alias="Idempotency-Key", description="New for every act")]


@dataclass(frozen=True, slots=True)
class Wish:
    """What to hold: a path, "" for all, or `perimeter:id`; RFC 3339 times; why, and for whom.

    Without `to_time` what is still to come is held too.
    """

    scope: str
    from_time: str
    reason: str
    owner: str
    to_time: str | None = None


@dataclass(frozen=True, slots=True)
class Words:
    """Why a hold is lifted."""

    note: str


def routes(register: kept.Holds, networks: Networks, clock: Callable[[], float]) -> APIRouter:
    """`clock` tells Unix time."""
    router = APIRouter()

    @router.get("/holds")
    def holds(asking: Reading) -> replies.Holds:
        """Every hold that touches your scope, lifted ones too, the oldest first."""
        mine = [_reply(hold) for hold in register.all() if _touches(hold, asking)]
        return replies.Holds(times.text(clock()), mine)

    @router.post("/holds")
    def place(wish: Wish, asking: Counsel, idempotency_key: Key = "") -> Hold:
        """Hold data: nothing of it expires until the hold is lifted. For an auditor in person."""
        _person(asking, idempotency_key)
        paths = _paths(wish.scope, networks)
        outside = [path for path in paths if not inside(path, asking.scope)]
        if outside:
            raise Refused(403, f"{outside[0] or 'the whole network'} is outside your scope")
        start = microseconds(moment("from_time", wish.from_time))
        held = Held(paths, start or 0, microseconds(moment("to_time", wish.to_time)))
        act = Act(PLACED, clock(), asking.principal, idempotency_key)
        return _reply(register.place(wish.scope, held, wish.reason, wish.owner, act))

    @router.post("/holds/{hold}/lift")
    def lift(hold: str, words: Words, asking: Counsel, idempotency_key: Key = "") -> Hold:
        """Let what was held expire in its time again. For an auditor in person."""
        _person(asking, idempotency_key)
        known = register.hold(hold)
        if not all(inside(path, asking.scope) for path in known.held.paths):
            raise Refused(403, f"{hold:.80} holds more than your scope, {asking.scope!r}")
        note = words.note.strip()
        if not 0 < len(note) <= kept.MAX_WORDS:
            raise Refused(400, f"note: 1 to {kept.MAX_WORDS} characters are wanted: why")
        act = Act(LIFTED, clock(), asking.principal, idempotency_key, note)
        return _reply(register.lift(hold, act))

    return router


def _person(asking: Caller, key: str) -> None:
    if asking.kind != "person":
        raise Refused(403, f"a hold is the act of a person, not of a {asking.kind}")
    if not key:
        raise Refused(400, "an Idempotency-Key is wanted, so that the act is known again")


def _paths(scope: str, networks: Networks) -> tuple[str, ...]:
    """What a scope means now. Raises Refused (400) where it means nothing."""
    name = perimeter_of(scope)
    if name is None:
        check_scope(scope)
        return (scope,)
    declared = networks.current().perimeter(name)
    if declared is None:
        raise Refused(400, f"scope: no perimeter is called {name!r:.80}")
    return tuple(declared.sites)


def _touches(hold: kept.Hold, asking: Caller) -> bool:
    return any(tables.touch(path, asking.scope) for path in hold.held.paths)


def _reply(hold: kept.Hold) -> Hold:
    end = hold.held.end
    return Hold(
        hold.id, hold.scope, list(hold.held.paths), times.text(hold.held.start / 1e6),
        None if end is None else times.text(end / 1e6), hold.reason, hold.owner,
        "lifted" if hold.lifted else "active",
        [HoldAct(a.act, times.text(a.time), a.person, a.key, a.note) for a in hold.acts],
    )  # fmt: skip
