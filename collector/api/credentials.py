"""Credentials: made for a code, renewed, ended."""

from dataclasses import dataclass

from fastapi import APIRouter

from collector.api.access import Asking, Relaying
from collector.people import People
from vigie.errors import Refused
from vigie.replies import Secret, ValidCredentials

MAX_ASKED = 1_000


@dataclass(frozen=True, slots=True)
class Code:
    """A one-time code."""

    code: str


@dataclass(frozen=True, slots=True)
class Asked:
    """Credentials by their public part, as `GET principals` names them."""

    credentials: list[str]


@dataclass(frozen=True, slots=True)
class Done:
    """Nothing to say but that it is so."""

    done: bool = True


def routes(people: People) -> APIRouter:
    """`credentials`."""
    router = APIRouter()

    @router.post("/credentials")
    def redeem(given: Code) -> Secret:
        """A credential for a one-time code; its token is shown this once. Needs no credential."""
        return people.redeem(given.code)

    @router.post("/credentials/valid")
    def valid(asked: Asked, asking: Relaying) -> ValidCredentials:
        """Which of these are still valid: for relays, which remember whom they let in."""
        if len(asked.credentials) > MAX_ASKED:
            raise Refused(413, f"at most {MAX_ASKED} credentials at once")
        return ValidCredentials(people.valid(asked.credentials, asking.scope))

    @router.post("/credentials/{credential}/rotate")
    def rotate(credential: str, asking: Asking) -> Secret:
        """A second credential; the first stays valid for a day. Your own, or as registrar."""
        return people.rotate(credential, asking)

    @router.post("/credentials/{credential}/revoke")
    def revoke(credential: str, asking: Asking) -> Done:
        """End a credential now. Your own, or as registrar."""
        people.revoke(credential, asking)
        return Done()

    return router
