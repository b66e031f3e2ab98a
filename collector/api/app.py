"""The application: routers under one roof, frames beside them, the same headers on every answer."""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from fastapi import APIRouter, FastAPI

from collector.api import docs, frames, problems
from collector.api.frames import Frames
from collector.api.idempotency import Idempotency
from collector.people import People
from vigie.database import Database
from vigie.errors import Unavailable
from vigie.frame import CONTENT_TYPE

ROOT: Final = "/api/v1"
DESCRIPTION: Final = (
    "Every route but /healthz, /readyz, /metrics and this page needs a credential: "
    "Authorization: Bearer <token>. Answers hold only what lies within its scope. "
    "Errors are RFC 9457 documents, times RFC 3339 UTC. Tables answer JSON, or an Arrow stream "
    "with Accept: application/vnd.apache.arrow.stream. "
    "A POST with an Idempotency-Key happens once, however often it is sent within a day."
)
SECURITY: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"x-frame-options", b"DENY"),
    (b"referrer-policy", b"no-referrer"),
    (b"cache-control", b"no-store"),
    (b"cross-origin-resource-policy", b"same-origin"),
)
POLICY: Final = (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class App:
    """ASGI: `POST frames` goes straight in, everything else through FastAPI."""

    def __init__(
        self, frames_route: Frames, api: FastAPI, database: Database, clock: Callable[[], float],
        hindrance: Callable[[], str],
    ) -> None:  # fmt: skip
        """`hindrance` says why nothing can be asked yet, or nothing; `clock` tells Unix time."""
        self.api, self._hindrance = api, hindrance
        self._frames = frames_route
        self._rest = Idempotency(api, database, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.api(scope, receive, send)
        elif scope["path"] == frames.PATH and scope["method"] == "POST":
            await self._frames(scope, receive, _secured(send))
        elif scope["path"].startswith(f"{ROOT}/") and (why := self._hindrance()):
            await problems.answer(Unavailable(why, 2))(scope, receive, _secured(send))
        else:
            await self._rest(scope, receive, _secured(send))


def application(
    people: People, routers: Sequence[APIRouter], open_routers: Sequence[APIRouter],
    lifespan: Lifespan | None = None,
) -> FastAPI:  # fmt: skip
    """The routes but frames; `open_routers` stand at the root and need no credential."""
    api = FastAPI(
        title="Vigie collector", version="1", description=DESCRIPTION, lifespan=lifespan,
        docs_url=None, redoc_url=None, openapi_url=f"{ROOT}/openapi.json",
    )  # fmt: skip
    api.state.people = people
    problems.install(api)
    for router in routers:
        api.include_router(router, prefix=ROOT)
    for router in open_routers:
        api.include_router(router)
    describe = api.openapi

    def with_frames() -> dict[str, Any]:
        document = describe()
        document["paths"].setdefault(frames.PATH, {"post": _FRAMES})
        return document

    api.openapi = with_frames  # type: ignore[method-assign]
    api.include_router(docs.routes(api.openapi))
    return api


_FRAMES: Final = {
    "summary": "Frames",
    "description": (
        "Keep frames: 200 when every one of them is synced to disk, with what is held of their "
        "agents and boots. 4xx: nothing of the request is kept, and the problem document's fault "
        "says why. 408, 503: keep them and come back. One frame or several, as vigie/frame.py "
        "says, zstd-compressed as a whole or not. Vigie-Clock: <boot> <wall ns> <monotonic ns>."
    ),
    "requestBody": {"content": {CONTENT_TYPE: {"description": "Frames, back to back."}}},
    "responses": {"200": {"description": "What is held."}},
}


def _secured(send: Send) -> Send:
    async def with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = list(message.get("headers", ()))
            headers += SECURITY
            if not any(name == POLICY[0] for name, _ in headers):
                headers.append(POLICY)
            message["headers"] = headers
        await send(message)

    return with_headers
