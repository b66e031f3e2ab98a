"""`POST sql`: a query of one's own over stable views, answered by a process that does only that."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa
from fastapi import APIRouter, Request
from starlette.responses import Response

from collector import times
from collector.api import problems, tables
from collector.api.access import Reading, narrowed
from collector.networks import Networks
from collector.people import People
from collector.sql import parts, places, written
from collector.sql.children import Children, Part, Question, Running, Unreadable
from collector.sql.views import View, named, views
from collector.store.store import Store
from vigie.errors import QueryError, VigieError
from vigie.network.places import inside
from vigie.replies import Rows

MAX_QUERY: Final = 64 * 1024
"""Characters of a query."""
TAKE_SECONDS: Final = 300.0
"""How long a client may take over an answer."""
FORMS: Final = {tables.ARROW: written.ARROW, "text/csv": written.CSV}
"""What is accepted, and the form that it stands for; else it is JSON."""
JSON_TYPE: Final = "application/json"

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Sql:
    """One query; `scope` is a path prefix, default: all that you may see."""

    query: str
    scope: str | None = None


def routes(
    store: Store, networks: Networks, people: People, children: Children,
    clock: Callable[[], float],
) -> APIRouter:  # fmt: skip
    """`clock` tells Unix time."""
    router = APIRouter()
    known = views()
    planner = Planner(store, networks, people)

    @router.post("/sql", response_model=Rows)
    def sql(request: Request, asking: Reading, asked: Sql) -> Response:
        """One query in DuckDB's SQL over the views of docs/reference/views.md, in your scope only.

        JSON of 100,000 rows at most, or an Arrow stream or text/csv as Accept says, of 256 MiB at
        most; 30 s at most; few at once: 503 says when to come back. An answer that breaks off is
        not whole.
        """
        if len(asked.query) > MAX_QUERY:
            raise QueryError(f"query: at most {MAX_QUERY} characters")
        scope = narrowed(asking, asked.scope)
        wanted = [known[name] for name in named(asked.query, list(known))]
        kind = next((k for k in FORMS if k in request.headers.get("accept", "")), JSON_TYPE)
        told = {"as_of": times.text(clock()), "simulated": planner.simulated(wanted, scope)}
        question = Question(
            asked.query, FORMS.get(kind, written.JSON), (scope,), told,
            {view.name: planner.part(view, scope) for view in wanted},
        )  # fmt: skip
        return Streamed(
            lambda: children.begin(question), kind, lambda: planner.check(wanted)
        )  # fmt: skip

    return router


class Planner:
    """What the views of a question are made of."""

    def __init__(self, store: Store, networks: Networks, people: People) -> None:
        self._store, self._networks, self._people = store, networks, people

    def part(self, view: View, scope: str) -> Part:
        """Files and rows of a view, those within a scope."""
        if view.stored:
            return parts.stored(self._store.view(view.name), [scope])
        return parts.given(self._rows(view.name, scope))

    def simulated(self, wanted: list[View], scope: str) -> bool:
        """Whether rows of the twin may be among those of these views."""
        if not any(view.stored for view in wanted):
            return False
        return any(inside(s, scope) or inside(scope, s) for s in self._people.simulated())

    def check(self, wanted: list[View]) -> None:
        """Put away what is damaged of these views."""
        for view in wanted:
            if view.stored:
                files = self._store.view(view.name).files
                self._store.parts.upkeep.check(view.name, files)

    def _rows(self, name: str, scope: str) -> pa.Table:
        network = self._networks.current()
        if name == places.SITES:
            return places.sites(network, scope)
        senders = self._people.simulated()
        return places.containers(
            network, scope,
            lambda path: network.simulated(path) or any(tables.touch(path, s) for s in senders),
        )  # fmt: skip


class Streamed(Response):
    """An answer as its process gives it; the process ends with the connection, whatever happens."""

    def __init__(self, begin: Callable[[], Running], kind: str, check: Callable[[], None]) -> None:
        """`check` looks at files of which one could not be read."""
        super().__init__(media_type=kind)
        self._begin, self._check = begin, check

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """ASGI."""
        try:
            running = await asyncio.to_thread(self._begin)
        except VigieError as error:
            await problems.answer(error)(scope, receive, send)
            return
        leaving = asyncio.create_task(_cancel_when_gone(receive, running))
        try:
            async with asyncio.timeout(TAKE_SECONDS):
                await self._answer(running, scope, receive, send)
        finally:
            leaving.cancel()
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.shield(asyncio.to_thread(running.close))

    async def _answer(
        self, running: Running, scope: Message, receive: Receive, send: Send
    ) -> None:  # fmt: skip
        """The first piece decides between an answer and a problem; later it can only break off."""
        try:
            piece = await asyncio.to_thread(running.piece)
        except VigieError as error:
            if isinstance(error, Unreadable):
                await asyncio.to_thread(self._check)
            await problems.answer(error)(scope, receive, send)
            return
        kind = [(b"content-type", str(self.media_type).encode())]
        await send({"type": "http.response.start", "status": 200, "headers": kind})
        while piece is not None:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
            try:
                piece = await asyncio.to_thread(running.piece)
            except VigieError:
                return  # without an end: the server breaks the connection off
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _cancel_when_gone(receive: Receive, running: Running) -> None:
    """Who asked has gone: nobody wants the answer any more."""
    while (await receive())["type"] != "http.disconnect":
        pass
    running.cancel()
