"""`POST frames`: the one way in for readings. Plain ASGI, because it is asked the most."""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Awaitable, Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http import HTTPStatus
from typing import Any, Final

from collector.api import problems
from collector.counters import Counters
from collector.intake.body import expand
from collector.intake.decode import decode, decode_plain
from collector.intake.door import Door, length, too_large
from collector.intake.told import Told
from collector.inventory.devices import Inventories
from collector.people import Caller
from collector.store.entry import Decoded, Envelope
from collector.store.groups import Appended
from collector.store.store import Store
from vigie.errors import Refused, VigieError
from vigie.frame import MAX_REQUEST_BYTES

log = logging.getLogger(__name__)

PATH: Final = "/api/v1/frames"
READ_SECONDS: Final = 30.0
"""A body that takes longer to arrive is given up."""
SKIPPED_BYTES: Final = 8 * MAX_REQUEST_BYTES
"""Of a refused body so much is read past, so that its sender hears the answer."""
INLINE_BYTES: Final = 128 * 2**10
PLAIN_BYTES: Final = 512 * 2**10
"""A body that is larger, before or after it is expanded, is decoded beside the event loop, so that
nobody waits behind it."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Gone(Exception):
    """The sender hung up; nobody waits for an answer."""


class Frames:
    """Answers `POST frames`: 200 only when every frame of the request is synced to disk."""

    def __init__(
        self, door: Door, store: Store, inventories: Inventories, counters: Counters
    ) -> None:
        self._door, self._store = door, store
        self._inventories, self._counters = inventories, counters
        self._wakeups, self._told = Wakeups(), Told(time.monotonic)
        self._beside = ThreadPoolExecutor(2, thread_name_prefix="decode")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        caller: Caller | None = None
        headers = dict(scope["headers"])
        more: dict[str, str] = {}
        try:
            caller = self._door.sender(headers)
            status, content = 200, await self._answer(caller, headers, receive)
        except Gone:
            return
        except VigieError as error:
            status, detail, fault, more = problems.of(error)
            if isinstance(error, Refused):
                fault = "scope" if caller and error.status == 403 else fault
            self._door.count_refused(caller, fault)
            content = problems.document(status, detail, fault)
        except Exception:
            # One request: whatever it held, the next one is served.
            log.exception("a request with frames failed")
            self._door.count_refused(caller, "internal")
            status = 500
            content = problems.document(500, "the collector failed on these frames", "internal")
        if status == HTTPStatus.REQUEST_TIMEOUT or (status >= 400 and _endless(headers)):
            more["Connection"] = "close"  # what still comes is too much to be read past
        await _respond(send, status, content, more)

    async def _answer(self, caller: Caller, headers: dict[bytes, bytes], receive: Receive) -> bytes:
        envelope = self._door.enter(headers, caller)
        hand = Hand(self._door)
        try:
            body = await _body(receive, hand.take)
            decoded = await self._decoded(body, envelope)
            decoded = self._told.thinned(decoded)
            future, done = self._wakeups.future()
            self._store.append(envelope, body, decoded, done)
        finally:
            hand.empty()
        appended = await future
        self._count(caller, decoded)
        if any(frame.header.inventories for frame in decoded.frames):
            await asyncio.to_thread(self._inventories.take, decoded.frames)
        return self._reply(decoded, appended)

    async def _decoded(self, body: bytes, envelope: Envelope) -> Decoded:
        beside = partial(asyncio.get_running_loop().run_in_executor, self._beside)
        if len(body) > INLINE_BYTES:
            return await beside(decode, body, envelope)
        plain = expand(body, compressed=envelope.compressed)
        if len(plain) > PLAIN_BYTES:
            return await beside(decode_plain, plain, envelope)
        return decode_plain(plain, envelope)

    def _count(self, caller: Caller, decoded: Decoded) -> None:
        self._counters.add("frames_acknowledged_total", len(decoded.frames), agent=caller.name)
        for measurement, names in decoded.dropped.items():
            self._counters.add("columns_dropped_total", len(names), measurement=measurement)

    def _reply(self, decoded: Decoded, appended: Appended) -> bytes:
        """A `replies.FramesReply`."""
        reply: dict[str, object] = {
            "held": [
                {"container": container, "agent": agent, "boot": boot, "held": held}
                for (sender, boot), held in appended.held.items()
                for container, _, agent in (sender.partition("\t"),)
            ],
            "dropped": decoded.dropped,
            "wants": self._inventories.wants(frame.header for frame in decoded.frames),
        }
        return json.dumps(reply, separators=(",", ":")).encode()


class Wakeups:
    """Futures that the store's thread resolves, many with one call into the event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._done: list[tuple[asyncio.Future[Appended], Appended | Exception]] = []

    def future(self) -> tuple[asyncio.Future[Appended], Callable[[Appended | Exception], None]]:
        """A future of the running loop, and what to call once from any thread to resolve it."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[Appended] = loop.create_future()

        def done(result: Appended | Exception) -> None:
            with self._lock:
                self._done.append((future, result))
                first = len(self._done) == 1
            if first:
                loop.call_soon_threadsafe(self._resolve)

        return future, done

    def _resolve(self) -> None:
        with self._lock:
            done, self._done = self._done, []
        for future, result in done:
            if future.done():
                continue
            if isinstance(result, Exception):
                future.set_exception(result)
            else:
                future.set_result(result)


class Hand:
    """What of one request is in hand: what came, not what its sender promises."""

    def __init__(self, door: Door) -> None:
        self._door, self._size = door, 0

    def take(self, size: int) -> None:
        """So many bytes more; raises Unavailable when all requests together are too much."""
        self._door.take(size)
        self._size += size

    def empty(self) -> None:
        """They are in the store's hands, or gone."""
        self._door.leave(self._size)
        self._size = 0


def _endless(headers: dict[bytes, bytes]) -> bool:
    return b"content-length" not in headers or length(headers) > SKIPPED_BYTES


async def _body(receive: Receive, take: Callable[[int], None]) -> bytes:
    """The whole body; `take` is told of each piece.

    Raises:
        Refused: 413, 408.
        Unavailable: by `take`.
        Gone: the sender hung up.
    """
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await _pieces(receive, take)
    except TimeoutError as error:
        raise Refused(408, f"the body did not arrive within {READ_SECONDS:.0f} s") from error


async def _pieces(receive: Receive, take: Callable[[int], None]) -> bytes:
    pieces: list[bytes] = []
    total = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        piece: bytes = message.get("body", b"")
        total += len(piece)
        if total > MAX_REQUEST_BYTES:
            raise too_large()
        take(len(piece))
        if not message.get("more_body"):
            return b"".join((*pieces, piece)) if pieces else piece
        pieces.append(piece)


async def _respond(send: Send, status: int, content: bytes, more: dict[str, str]) -> None:
    kind = b"application/json" if status == HTTPStatus.OK else problems.MEDIA_TYPE.encode()
    headers = [
        (b"content-type", kind),
        (b"content-length", str(len(content)).encode()),
        *((name.lower().encode(), value.encode()) for name, value in more.items()),
    ]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": content})
