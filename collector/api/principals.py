"""Who is let in: principals, and one-time codes for new ones."""

from dataclasses import dataclass, field
from typing import Annotated

from fastapi import APIRouter, Depends

from collector.api.access import require
from collector.people import CODE_SECONDS, Caller, Newcomer, People
from vigie.errors import Refused
from vigie.replies import Enrolment, Principals

MAX_CODE_SECONDS = 7 * 86_400.0

Registrar = Annotated[Caller, Depends(require("registrar"))]
Overseer = Annotated[Caller, Depends(require("registrar", "auditor"))]


@dataclass(frozen=True, slots=True)
class Entry:
    """Whom to let in; the code that comes back is valid for `expires_seconds`."""

    kind: str
    name: str
    roles: list[str] = field(default_factory=list)
    scope: str = ""
    simulated: bool = False
    expires_seconds: float = CODE_SECONDS


def routes(people: People) -> APIRouter:
    """`principals`."""
    router = APIRouter()

    @router.get("/principals")
    def principals(asking: Overseer) -> Principals:
        """Everybody within your scope, with their credentials and never a secret."""
        return Principals(people.principals(asking.scope))

    @router.post("/principals")
    def enrol(entry: Entry, asking: Registrar) -> Enrolment:
        """A one-time code for a new principal, or for one that exists and lost its credential."""
        if not 0 < entry.expires_seconds <= MAX_CODE_SECONDS:
            raise Refused(400, f"expires_seconds: more than 0, at most {MAX_CODE_SECONDS:.0f}")
        newcomer = Newcomer(
            entry.kind, entry.name, tuple(entry.roles), entry.scope, entry.simulated
        )
        return people.enrol(newcomer, asking, entry.expires_seconds)

    return router
