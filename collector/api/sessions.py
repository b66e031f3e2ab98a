"""Sessions of persons, and who is asking."""

from dataclasses import dataclass
from typing import Final

from fastapi import APIRouter
from starlette.responses import Response

from collector import times
from collector.api.access import Asking
from collector.api.credentials import Code
from collector.people import Caller, People
from vigie.errors import Refused
from vigie.replies import Secret, Session, Standings

MAX_TOKENS: Final = 1_000


@dataclass(frozen=True, slots=True)
class Tokens:
    """Tokens to look at; whoever has them may."""

    tokens: list[str]


def session(caller: Caller) -> Session:
    """The session of who holds a credential."""
    expires = None if caller.expires is None else times.text(caller.expires)
    return Session(
        caller.principal, caller.name, caller.kind, sorted(caller.roles), caller.scope,
        expires, caller.simulated,
    )  # fmt: skip


def routes(people: People) -> APIRouter:
    """`sessions`."""
    router = APIRouter()

    @router.post("/sessions")
    def begin(given: Code) -> Secret:
        """A session for a person's one-time code; it lasts twelve hours. Needs no credential."""
        return people.redeem(given.code)

    @router.get("/sessions/current")
    def current(asking: Asking) -> Session:
        """Who is asking, and what they may."""
        return session(asking)

    @router.post("/sessions/checks")
    def check(given: Tokens, _: Asking) -> Standings:
        """What `sessions/current` says to the holder of each of many tokens."""
        if len(given.tokens) > MAX_TOKENS:
            raise Refused(400, f"tokens: at most {MAX_TOKENS}")
        found = map(people.caller, given.tokens)
        return Standings([None if caller is None else session(caller) for caller in found])

    @router.delete("/sessions/current", status_code=204, response_class=Response)
    def end(asking: Asking) -> None:
        """End the credential that was used."""
        people.revoke(asking.credential, asking)

    return router
