"""A few threads that send for many: each thing that sends has its turn when it is due.

An agent has a thread for each upstream. The twin plays a hundred agents, and they share these: no
more requests are under way at one time than there are threads.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Protocol

log = logging.getLogger(__name__)

THREADS: Final = 4
ASIDE: Final = 2
"""Of these at most so many for what is sent aside: what is heavy must not silence the others."""
FAULT_SECONDS: Final = 60.0
NEVER: Final = float("inf")


class Sends(Protocol):
    """A shipper of frames, or a sender of fragments."""

    def step(self) -> float | None:
        """Send once what is due; seconds until the next step, None: until there is more."""


@dataclass(slots=True, eq=False)
class Round:
    """One that sends, and when its next turn is; in monotonic seconds."""

    what: Sends
    due: float
    aside: bool = False
    busy: bool = False
    again: bool = False
    """Whether there was more while it had its turn."""


class Couriers:
    """Runs `step` of all that was added; `nudge` says that one has more to send."""

    def __init__(self, threads: int = THREADS, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock, self._ending = clock, False
        self._rounds: dict[int, Round] = {}
        self._news = threading.Condition()
        self._threads = [
            threading.Thread(target=self._run, name=f"courier-{n}", daemon=True)
            for n in range(threads)
        ]

    def start(self) -> None:
        """Begin."""
        for thread in self._threads:
            thread.start()

    def add(self, what: Sends, *, aside: bool = False) -> None:
        """One more that sends; its first turn is now. `aside` is what may wait."""
        with self._news:
            self._rounds[id(what)] = Round(what, self._clock(), aside)
            self._news.notify()

    def remove(self, what: Sends) -> None:
        """It has no more turns; the one it may be having goes on."""
        with self._news:
            del self._rounds[id(what)]

    def nudge(self, what: Sends) -> None:
        """It has more to send: its turn is now, unless it waits for its upstream."""
        with self._news:
            found = self._rounds[id(what)]
            if found.busy:
                found.again = True
            elif found.due == NEVER:
                found.due = self._clock()
                self._news.notify()

    def close(self, seconds: float) -> None:
        """End, once what is due has been sent if that takes no longer than that."""
        end = self._clock() + seconds
        with self._news:
            while (left := end - self._clock()) > 0 and any(
                r.busy or r.due <= self._clock() for r in self._rounds.values()
            ):
                self._news.wait(left)
            self._ending = True
            self._news.notify_all()
        for thread in self._threads:
            thread.join(max(0.0, end - self._clock()))

    def turn(self) -> bool:
        """Give a turn to who is due longest; False where nobody is."""
        with self._news:
            first, _ = self._first()
        if first is not None:
            self._serve(first)
        return first is not None

    def _run(self) -> None:
        while True:
            with self._news:
                first, wait = self._first()
                while first is None and not self._ending:
                    self._news.wait(None if wait == NEVER else wait)
                    first, wait = self._first()
                if first is None or self._ending:
                    return
            self._serve(first)

    def _first(self) -> tuple[Round | None, float]:
        """Who is due, now busy; or None, and the seconds until somebody will be."""
        full = sum(r.busy and r.aside for r in self._rounds.values()) >= ASIDE
        free = [r for r in self._rounds.values() if not r.busy and not (full and r.aside)]
        first = min(free, key=lambda r: r.due, default=None)
        wait = NEVER if first is None else first.due - self._clock()
        if first is None or wait > 0:
            return None, wait
        first.busy, first.again = True, False
        return first, 0.0

    def _serve(self, some: Round) -> None:
        delay: float | None = FAULT_SECONDS
        try:
            delay = some.what.step()
        except Exception:  # isolation point: one that sends
            log.exception("sending failed")
        with self._news:
            more = 0.0 if some.again else NEVER
            some.due = self._clock() + (more if delay is None else delay)
            some.busy = False
            self._news.notify_all()
