"""`GET stream`: server-sent events, so that nobody has to ask whether there is something new."""

import asyncio
import json
import threading
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.responses import StreamingResponse

from collector.api.access import Reading
from collector.counters import Counters
from collector.intake.door import bearer
from collector.people import People
from vigie.errors import Unavailable
from vigie.network.places import inside

HEARTBEAT_SECONDS: Final = 2.0
"""So often a listener hears something, and so soon one whose credential ended hears no more."""
TICK_SECONDS: Final = 1.0
"""At most one tick in so long."""
LOOK_SECONDS: Final = 0.1
QUEUED: Final = 500
"""Events that wait for a slow listener; past it the listener is let go and comes back."""
LISTENERS: Final = 500


@dataclass(eq=False)
class Listener:
    """One open stream; `scope` is what its holder may hear of."""

    scope: str
    loop: asyncio.AbstractEventLoop
    queue: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(QUEUED))

    def put(self, message: bytes | None) -> None:
        """Queue a message; in the listener's loop."""
        try:
            self.queue.put_nowait(message)
        except asyncio.QueueFull:
            while not self.queue.empty():
                self.queue.get_nowait()
            self.queue.put_nowait(None)


class Publisher:
    """Tells all who listen; `publish` may be called from any thread."""

    def __init__(self, counters: Counters) -> None:
        self._lock = threading.Lock()
        self._listeners: set[Listener] = set()
        self._closed = False
        counters.watch("stream_listeners", lambda: len(self._listeners))

    def publish(self, event: str, data: dict[str, Any]) -> None:
        """Send an event to everybody who may know of its subject, or container, if it has one."""
        message = written(event, data)
        path = data.get("subject") or data.get("container") or ""
        with self._lock:
            for listener in self._listeners:
                if not path or inside(path, listener.scope):
                    listener.loop.call_soon_threadsafe(listener.put, message)

    def listen(self, scope: str) -> Listener:
        """A new listener, in the running loop.

        Raises:
            Unavailable: there are too many, or we are ending.
        """
        listener = Listener(scope, asyncio.get_running_loop())
        with self._lock:
            if self._closed or len(self._listeners) >= LISTENERS:
                raise Unavailable("too many streams are open", 5)
            self._listeners.add(listener)
        return listener

    def leave(self, listener: Listener) -> None:
        """Nobody listens there any more."""
        with self._lock:
            self._listeners.discard(listener)

    def close(self) -> None:
        """End every stream, so that the server can end."""
        with self._lock:
            self._closed = True
            for listener in self._listeners:
                listener.loop.call_soon_threadsafe(listener.put, None)


async def tick(publisher: Publisher, commit: Callable[[], int]) -> None:
    """Say at most once a second that there is something new; runs as long as the server."""
    last, said = commit(), float("-inf")
    while True:
        await asyncio.sleep(LOOK_SECONDS)
        now, current = time.monotonic(), commit()
        if current != last and now - said >= TICK_SECONDS:
            last, said = current, now
            publisher.publish("tick", {"commit": current})


def routes(publisher: Publisher, people: People, commit: Callable[[], int]) -> APIRouter:
    """`commit` is the position of the newest record that can be asked for."""
    router = APIRouter()

    @router.get("/stream")
    async def stream(request: Request, asking: Reading) -> StreamingResponse:
        """Events `tick` {commit}, at most one a second, and `alert`; a comment every 2 s."""
        token = bearer(request.headers.get("authorization", ""))
        listener = publisher.listen(asking.scope)
        return StreamingResponse(
            _follow(publisher, listener, commit(), lambda: people.caller(token) is not None),
            media_type="text/event-stream",
            headers={"X-Accel-Buffering": "no"},
        )

    return router


async def _follow(
    publisher: Publisher, listener: Listener, commit: int, still: Callable[[], bool]
) -> AsyncIterator[bytes]:
    """What one listener is sent; ends when `still` says that they may no longer listen."""
    try:
        yield written("tick", {"commit": commit})
        while True:
            try:
                message = await asyncio.wait_for(listener.queue.get(), HEARTBEAT_SECONDS)
            except TimeoutError:
                message = b": still here\n\n"
            if message is None or not still():
                return
            yield message
    finally:
        publisher.leave(listener)


def written(event: str, data: dict[str, Any]) -> bytes:
    """An event as it goes over the wire."""
    return f"event: {event}\ndata: {json.dumps(data)}\n\n".encode()
