"""`POST frames`: the one way in for readings. Plain ASGI, because it is asked the most."""

import asyncio
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Final

from collector.api.posts import Hand, Posts, Receive, whole
from collector.counters import Counters
from collector.intake.body import expand
from collector.intake.decode import decode, decode_plain
from collector.intake.door import Door, Headers
from collector.intake.told import Told
from collector.inventory.devices import Inventories
from collector.people import Caller
from collector.store.entry import Decoded, Envelope
from collector.store.groups import Appended
from collector.store.store import Store

PATH: Final = "/api/v1/frames"
INLINE_BYTES: Final = 128 * 2**10
PLAIN_BYTES: Final = 512 * 2**10
"""A body that is larger, before or after it is expanded, is decoded beside the event loop, so that
nobody waits behind it."""


class Frames(Posts):
    """Answers `POST frames`: 200 only when every frame of the request is synced to disk."""

    def __init__(
        self, door: Door, store: Store, inventories: Inventories, counters: Counters
    ) -> None:
        super().__init__(door)
        self._store = store
        self._inventories, self._counters = inventories, counters
        self._wakeups, self._told = Wakeups(), Told(time.monotonic)
        self._beside = ThreadPoolExecutor(2, thread_name_prefix="decode")

    async def _answer(self, caller: Caller, headers: Headers, receive: Receive) -> bytes:
        envelope = self._door.enter(headers, caller)
        hand = Hand(self._door)
        try:
            body = await whole(receive, hand.take)
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
