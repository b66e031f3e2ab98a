import asyncio
import json
from typing import Any

from fastapi import APIRouter

from collector.api.crowd import AT_ONCE, Crowd, Message, Receive, Scope, Send, nouns
from collector.counters import Counters


class World:
    """An application that answers when it is let, and who asks it."""

    def __init__(self) -> None:
        self.go, self.counters = asyncio.Event(), Counters()
        self.crowd = Crowd(self.app, frozenset({"latest", "stream"}), self.counters)

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Wait, then answer."""
        await self.go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def ask(self, path: str) -> tuple[int, dict[bytes, bytes], bytes]:
        """Status, headers and body."""
        told: list[Message] = []

        async def send(message: Message) -> None:
            told.append(message)

        async def receive() -> Message:
            return {"type": "http.request"}

        scope: dict[str, Any] = {"type": "http", "method": "GET", "path": path, "headers": []}
        await self.crowd(scope, receive, send)
        body = told[1]["body"] if len(told) > 1 else b""
        return told[0]["status"], dict(told[0]["headers"]), body


async def crowded() -> None:
    world = World()
    streams = [asyncio.ensure_future(world.ask("/api/v1/stream")) for _ in range(AT_ONCE)]
    first = [asyncio.ensure_future(world.ask("/api/v1/latest/gpu")) for _ in range(AT_ONCE)]
    await asyncio.sleep(0)
    status, headers, body = await world.ask("/api/v1/latest/gpu")
    assert (status, headers[b"retry-after"]) == (503, b"1")
    assert json.loads(body)["fault"] == "unavailable"
    assert world.counters.value("requests_refused_total") == 1
    world.go.set()
    assert {answer[0] for answer in await asyncio.gather(*first, *streams)} == {200}
    assert (await world.ask("/api/v1/latest/gpu"))[0] == 200


def test_who_comes_when_too_many_are_answered_is_told_when_to_come_back() -> None:
    """Streams, which stay open, take nobody's place."""
    asyncio.run(crowded())


async def counted() -> None:
    world = World()
    world.go.set()
    for path in ("/api/v1/latest/gpu", "/api/v1/latest/host", "/healthz", "/a/b/c/d", "/x"):
        await world.ask(path)
    assert world.counters.value("requests_total", noun="latest") == 2
    assert world.counters.value("requests_total", noun="other") == 3


def test_requests_are_counted_by_the_nouns_that_there_are() -> None:
    asyncio.run(counted())


def test_nouns_are_those_that_routes_begin_with() -> None:
    router = APIRouter()
    for path in ("/latest/{measurement}", "/events", "/sessions/current"):
        router.get(path)(lambda: None)
    assert nouns([router]) == {"latest", "events", "sessions"}
