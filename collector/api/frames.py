"""`POST frames`: the one way in for readings. No framework, because it is asked the most."""

import asyncio
import json
import logging
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Final

from collector.api.posts import Hand, Posts, Receive, whole
from collector.api.straight import Answer, Done
from collector.counters import Counters
from collector.intake.door import Door, Headers
from collector.intake.readers import Post, Readers
from collector.intake.told import Told
from collector.inventory.devices import Inventories
from collector.people import Caller
from collector.store.entry import Decoded, Envelope
from collector.store.groups import Appended
from collector.store.store import Store
from vigie.errors import VigieError

log = logging.getLogger(__name__)

PATH: Final = "/api/v1/frames"


class Frames(Posts):
    """Answers `POST frames`: 200 only when every frame of the request is synced to disk."""

    def __init__(
        self, door: Door, store: Store, inventories: Inventories, counters: Counters
    ) -> None:
        super().__init__(door)
        self._store = store
        self._inventories, self._counters = inventories, counters
        self._wakeups, self._told = Wakeups(), Told(time.monotonic)
        self._readers = Readers()
        self._encode = json.JSONEncoder(separators=(",", ":")).encode

    def take(self, caller: Caller, envelope: Envelope, body: bytes, done: Done) -> None:
        """Keep a body; call it, and be called back, in the loop's thread."""
        self._wakeups.here()

        def read(result: Decoded | Exception) -> None:
            if isinstance(result, Exception):
                self._wakeups.soon(partial(done, result))
            else:
                self.keep(caller, envelope, body, self._told.thinned(result), done)

        self._readers.put(Post(envelope, body, read))

    def keep(
        self, caller: Caller, envelope: Envelope, body: bytes, decoded: Decoded, done: Done
    ) -> None:
        """Keep a body that was read already; from any thread."""

        def kept(appended: Appended | Exception) -> None:
            self._wakeups.soon(partial(self._kept, caller, decoded, appended, done))

        try:
            self._store.append(envelope, body, decoded, kept)
        except VigieError as error:
            self._wakeups.soon(partial(done, error))

    async def _answer(self, caller: Caller, headers: Headers, receive: Receive) -> bytes:
        envelope = self.door.enter(headers, caller)
        hand = Hand(self.door)
        try:
            body = await whole(receive, hand.take)
            future: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()
            self.take(caller, envelope, body, partial(_resolve, future))
            return await future
        finally:
            hand.empty()

    def begin(self) -> None:
        """The running loop is the one that is called back in."""
        self._wakeups.here()

    def _kept(
        self, caller: Caller, decoded: Decoded, appended: Appended | Exception, done: Done
    ) -> None:
        """It is on the disk, or not: tell the sender."""
        if isinstance(appended, Exception):
            done(appended)
            return
        self._count(caller, decoded)
        if not any(frame.header.inventories for frame in decoded.frames):
            done(self._reply(decoded, appended))
            return
        loop = asyncio.get_running_loop()
        taken = loop.run_in_executor(None, self._inventories.take, decoded.frames)

        def then(_: object) -> None:
            error = taken.exception()
            done(error if isinstance(error, Exception) else self._reply(decoded, appended))

        taken.add_done_callback(then)

    def _count(self, caller: Caller, decoded: Decoded) -> None:
        self._counters.add("frames_acknowledged_total", len(decoded.frames), agent=caller.name)
        for measurement, names in decoded.dropped.items():
            self._counters.add("columns_dropped_total", len(names), measurement=measurement)

    def _reply(self, decoded: Decoded, appended: Appended) -> bytes:
        """A `replies.FramesReply`."""
        boots: list[dict[str, object]] = []
        wanted: dict[str, None] = {}
        for (sender, boot), held in appended.held.items():
            container, _, agent = sender.partition("\t")
            told: dict[str, object] = {
                "container": container, "agent": agent, "boot": boot, "held": held,
            }  # fmt: skip
            if wants := self._inventories.wants(container, agent):
                told["wants"] = wants
                wanted.update(dict.fromkeys(wants))
            boots.append(told)
        reply = {"held": boots, "dropped": decoded.dropped, "wants": list(wanted)}
        return self._encode(reply).encode()


def _resolve(future: "asyncio.Future[bytes]", answer: Answer) -> None:
    if future.done():
        return
    if isinstance(answer, bytes):
        future.set_result(answer)
    else:
        future.set_exception(answer if isinstance(answer, Exception) else TypeError(answer))


Call = Callable[[], None]


class Wakeups:
    """Calls that other threads want made in the loop's: many with one wake-up of it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._calls: list[Call] = []
        self._loop: asyncio.AbstractEventLoop | None = None

    def here(self) -> None:
        """The running loop is the one to make them in."""
        if self._loop is None:
            self._loop = asyncio.get_running_loop()

    def soon(self, call: Call) -> None:
        """Have a call made; from any thread, once `here` was called."""
        with self._lock:
            self._calls.append(call)
            first = len(self._calls) == 1
        if first and self._loop is not None:
            self._loop.call_soon_threadsafe(self._make)

    def _make(self) -> None:
        with self._lock:
            calls, self._calls = self._calls, []
        for call in calls:
            try:
                call()
            except Exception:
                # One sender's connection: the others hear their answers.
                log.exception("an answer could not be given")
