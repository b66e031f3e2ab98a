"""Who is asking, and whether they may."""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request

from collector.intake.door import bearer
from collector.people import Caller, People
from vigie.errors import Refused
from vigie.network.places import inside


async def caller(request: Request) -> Caller:
    """Who holds the credential of this request.

    Raises:
        Refused: 401, nobody does.
    """
    people: People = request.app.state.people
    found = people.caller(bearer(request.headers.get("authorization", "")))
    if found is None:
        raise Refused(401, "a valid credential is wanted: Authorization: Bearer <token>")
    return found


def require(*roles: str) -> Callable[[Caller], Awaitable[Caller]]:
    """A dependency: the caller, who has one of these roles.

    Raises:
        Refused: 403, they have none of them.
    """

    async def with_role(found: Annotated[Caller, Depends(caller)]) -> Caller:
        if not found.roles.intersection(roles):
            raise Refused(403, f"this needs the role {' or '.join(roles)}")
        return found

    return with_role


async def _reader(found: Annotated[Caller, Depends(caller)]) -> Caller:
    if not found.roles:
        raise Refused(403, f"a {found.kind} without a role may not read")
    return found


async def _relay(found: Annotated[Caller, Depends(caller)]) -> Caller:
    if found.kind != "relay":
        raise Refused(403, "only a relay asks this")
    return found


Relaying = Annotated[Caller, Depends(_relay)]
"""The relay of a site."""
Asking = Annotated[Caller, Depends(caller)]
"""Anybody with a credential."""
Reading = Annotated[Caller, Depends(_reader)]
"""Anybody with a role: every role may read within its scope."""


def narrowed(asking: Caller, scope: str | None) -> str:
    """The scope of an answer: what was asked for, within what the caller may see.

    Raises:
        Refused: 403, it is outside.
    """
    if not scope or scope == asking.scope:
        return asking.scope
    if inside(scope, asking.scope):
        return scope
    if inside(asking.scope, scope):
        return asking.scope
    raise Refused(403, f"scope {scope!r:.80} is outside yours, {asking.scope!r}")
