"""A flush before its minute is over, when much waits in memory."""

import logging
import threading
from typing import Final

from collector.counters import Counters
from collector.store.tail import Tail
from collector.store.upkeep import Upkeep
from vigie.errors import StoreError

log = logging.getLogger(__name__)

FIRST_SHARE, MOST_SHARE = 1 / 16, 1 / 2
"""Of the bound, while records of before are applied: what is flushed is not applied once more
when this start, too, ends early. Soon at first, then after twice as much each time: one that lives
pays for few flushes."""
RETRY_SECONDS: Final = 5.0
"""Between two tries to make room on a disk that takes nothing."""


class Early:
    """A thread that flushes whenever it is woken."""

    def __init__(self, upkeep: Upkeep, tail: Tail, bound: int, counters: Counters) -> None:
        """`bound` is what the tail may hold, in bytes."""
        self._upkeep, self._tail, self._bound, self._counters = upkeep, tail, bound, counters
        self._share = FIRST_SHARE
        self._wake, self._over = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="store-flush", daemon=True)

    def start(self) -> None:
        """Begin to wait."""
        self._thread.start()

    def stop(self) -> None:
        """End; a flush that is under way is waited for."""
        self._over.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join()

    def look(self) -> None:
        """Have a flush begin if the tail is large."""
        if self._tail.bytes > self._bound:
            self._wake.set()

    def make_room(self) -> None:
        """The same while records are replayed, of which there may be more than memory bears."""
        if self._tail.bytes > self._share * self._bound:
            self._wake.set()
        while self._tail.bytes > self._bound and not self._over.is_set():
            self._flush()
            if self._tail.bytes > self._bound:
                self._over.wait(RETRY_SECONDS)

    def _run(self) -> None:
        while not self._over.is_set():
            self._wake.wait()
            self._wake.clear()
            if self._tail.bytes > self._share * self._bound and not self._over.is_set():
                self._share = min(2 * self._share, MOST_SHARE)
                self._flush()

    def _flush(self) -> None:
        try:
            self._upkeep.flush(drop=True)
        except (OSError, StoreError):
            log.exception("an early flush failed")
            self._counters.add("store_flush_failures_total")
