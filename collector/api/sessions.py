"""Sessions of persons, and who is asking."""

from fastapi import APIRouter
from starlette.responses import Response

from collector import times
from collector.api.access import Asking
from collector.api.credentials import Code
from collector.people import People
from vigie.replies import Secret, Session


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
        expires = None if asking.expires is None else times.text(asking.expires)
        return Session(
            asking.principal, asking.name, asking.kind, sorted(asking.roles), asking.scope,
            expires, asking.simulated,
        )  # fmt: skip

    @router.delete("/sessions/current", status_code=204, response_class=Response)
    def end(asking: Asking) -> None:
        """End the credential that was used."""
        people.revoke(asking.credential, asking)

    return router
