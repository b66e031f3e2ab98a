"""The application: routers under one roof, frames beside them, the same headers on every answer."""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Any, Final

from fastapi import APIRouter, FastAPI

from collector.api import docs, fragments, frames, problems
from collector.api.crowd import Crowd, nouns
from collector.api.gates.gates import Gates
from collector.api.headers import POLICY, SECURITY
from collector.api.idempotency import Idempotency
from collector.api.posts import Posts
from collector.counters import Counters
from collector.people import People
from vigie.database import Database
from vigie.errors import Unavailable
from vigie.fragments import CONTENT_TYPE as FRAGMENTS_TYPE
from vigie.frame import CONTENT_TYPE

ROOT: Final = "/api/v1"
DESCRIPTION: Final = (
    "Every route but /healthz, /readyz, /readyz/questions, /metrics and this page needs a "
    "credential: Authorization: Bearer <token>. Answers hold only what lies within its scope. "
    "Errors are RFC 9457 documents, times RFC 3339 UTC. Tables answer JSON, or an Arrow stream "
    "with Accept: application/vnd.apache.arrow.stream. "
    "A POST with an Idempotency-Key happens once, however often it is sent within a day."
)
AT_ONCE: Final = ("principals", "credentials", "sessions", "openapi.json")
"""What is answered while a start still reads the journal: none of it is of readings."""
Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Lifespan = Callable[[FastAPI], AbstractAsyncContextManager[None]]


class App:
    """ASGI: what senders post goes straight in, everything else through FastAPI.

    `frames` may be asked past ASGI, and `gates`, if any, take whole connections of senders.
    """

    def __init__(
        self, readings: frames.Frames, told: fragments.Told, api: FastAPI, database: Database, *,
        clock: Callable[[], float], behind: Callable[[], str], gates: Gates, counters: Counters,
    ) -> None:  # fmt: skip
        """Who takes frames, who takes what is told of fragments, and what answers the rest.

        `behind` says why readings cannot be asked for yet, or nothing; `clock` tells Unix time.
        """
        self.api, self._behind = api, behind
        self.frames, self.gates = readings, gates
        self._posts: dict[str, Posts] = {frames.PATH: readings, fragments.PATH: told}
        self._rest = Crowd(
            Idempotency(api, database, clock), api.state.nouns, counters
        )  # fmt: skip

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] != "http":
            await self.api(scope, receive, send)
        elif scope["method"] == "POST" and (post := self._posts.get(scope["path"])):
            await post(scope, receive, _secured(send))
        elif _of_readings(scope["path"]) and (why := self._behind()):
            await problems.answer(Unavailable(why, 2))(scope, receive, _secured(send))
        else:
            await self._rest(scope, receive, _secured(send))


def application(
    people: People, routers: Sequence[APIRouter], open_routers: Sequence[APIRouter],
    lifespan: Lifespan | None = None,
) -> FastAPI:  # fmt: skip
    """The routes but those of `Posts`; `open_routers` stand at the root and need no credential."""
    api = FastAPI(
        title="Vigie collector", version="1", description=DESCRIPTION, lifespan=lifespan,
        docs_url=None, redoc_url=None, openapi_url=f"{ROOT}/openapi.json",
    )  # fmt: skip
    api.state.people, api.state.nouns = people, nouns(routers)
    problems.install(api)
    for router in routers:
        api.include_router(router, prefix=ROOT)
    for router in open_routers:
        api.include_router(router)
    describe = api.openapi

    def with_posts() -> dict[str, Any]:
        document = describe()
        for path, post in ((frames.PATH, _FRAMES), (fragments.PATH, _FRAGMENTS)):
            document["paths"].setdefault(path, {})["post"] = post
        return document

    api.openapi = with_posts  # type: ignore[method-assign]
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


_FRAGMENTS: Final = {
    "summary": "Fragments",
    "description": (
        "Keep what a host tells of the fragments that it holds: 200 when it is synced to disk, "
        "with how far the inventory is held and what of it is wanted next. 4xx: nothing of it is "
        "kept; 409: its epoch had ended, begin a new one. 408, 503: keep it and come back. One "
        "message, as vigie/fragments.py says, zstd-compressed or not."
    ),
    "requestBody": {"content": {FRAGMENTS_TYPE: {"description": "One message."}}},
    "responses": {"200": {"description": "A FragmentsHeld."}},
}


def _of_readings(path: str) -> bool:
    """Whether an answer depends on what the store knows."""
    root, _, rest = path.partition(f"{ROOT}/")
    return not root and bool(rest) and rest.partition("/")[0] not in AT_ONCE


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
