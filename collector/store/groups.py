"""Group commit: one thread takes everything that waits, and has it written and synced at once."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from collector.store.entry import Decoded, Envelope
from collector.store.envelope import Note, Told
from vigie.errors import Unavailable
from vigie.replies import Interval

log = logging.getLogger(__name__)

QUEUE_BYTES: Final = 256 * 2**20
GROUP_BYTES: Final = 32 * 2**20
GATHER_SECONDS: Final = 0.002
"""How long the first one waits for those that were decoded with it."""


@dataclass(frozen=True, slots=True)
class Appended:
    """A request is on the disk; what is now held of each (sender, boot) that it named."""

    held: Mapping[tuple[str, str], list[Interval]]


Done = Callable[[Appended | Exception], None]


@dataclass(frozen=True, slots=True)
class Waiting:
    """One request that waits for its group, or a note of the store's own without `decoded`."""

    envelope: Envelope | Note | Told
    body: bytes
    decoded: Decoded | None
    done: Done
    size: int = field(default=0)


class Groups:
    """The queue and its thread: at most one group per window, at once when idle."""

    def __init__(
        self, commit: Callable[[list[Waiting]], None], *, window: float,
        queue_bytes: int = QUEUE_BYTES,
    ) -> None:  # fmt: skip
        self._commit = commit
        self._window = window
        self._limit = queue_bytes
        self._condition = threading.Condition()
        self._queue: list[Waiting] = []
        self._bytes = 0
        self._stopped = False
        self._thread = threading.Thread(target=self._run, name="store-groups", daemon=True)

    def start(self) -> None:
        """Begin to take."""
        self._thread.start()

    def put(self, waiting: Waiting) -> None:
        """Queue a request.

        Raises:
            Unavailable: too much waits already, or the store is closed.
        """
        with self._condition:
            if self._stopped:
                raise Unavailable("the store is closed", retry_after=5)
            if self._bytes and self._bytes + waiting.size > self._limit:
                raise Unavailable("too many requests wait for the disk", retry_after=1)
            self._queue.append(waiting)
            self._bytes += waiting.size
            if len(self._queue) == 1 or self._hurried():  # else the window's end wakes it
                self._condition.notify()

    def stop(self) -> None:
        """Write what waits, and end."""
        with self._condition:
            self._stopped = True
            self._condition.notify()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        began = -self._window
        while True:
            with self._condition:
                self._condition.wait_for(lambda: self._queue or self._stopped)
                # Under load the rest of the window gathers a group that is worth a sync.
                left = max(began + self._window - time.monotonic(), GATHER_SECONDS)
                self._condition.wait_for(self._hurried, left)
                if not self._queue:
                    return
                group = self._take()
            began = time.monotonic()
            self._commit(group)

    def _hurried(self) -> bool:
        return self._stopped or self._bytes >= GROUP_BYTES

    def _take(self) -> list[Waiting]:
        size, count = 0, 0
        for waiting in self._queue:
            count += 1
            size += waiting.size
            if size >= GROUP_BYTES:
                break
        group, self._queue = self._queue[:count], self._queue[count:]
        self._bytes -= size
        return group


def answer(waiting: Waiting, result: Appended | Exception) -> None:
    """Tell who waits; what goes wrong there is no matter of the store."""
    try:
        waiting.done(result)
    except Exception:
        log.exception("a caller failed on its answer")
