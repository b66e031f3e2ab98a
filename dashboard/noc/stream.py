"""The API's stream of news, passed on under our own origin to the pages of all who are in.

Those who may see the same share one stream of the API, whose news are told to each page. A page
holds one thread here, which sleeps but when there are news; pages are bounded: beyond, one is told
to come back later, and lives on its polling meanwhile. A page that reads slowly holds up itself.
"""

import logging
import threading
from collections.abc import Callable, Hashable, Iterator
from typing import Final

import flask

from dashboard.changes import Changes
from dashboard.noc.watch import COOKIE
from dashboard.session import Visit
from vigie.client import Client
from vigie.errors import Refused, Unavailable

MAX_STREAMS: Final = 256
RETRY_MILLISECONDS: Final = 3_000
TIMEOUT_SECONDS: Final = 25.0
"""The API says something every ten seconds."""
ALIVE_SECONDS: Final = 10.0
"""So often a page is told that nothing changed, so that one that is gone is noticed."""
GATHER_SECONDS: Final = 0.5
"""News are told at most this often: pages come and ask for each."""
ALERT: Final = "alert"
CHANGED: Final = "event: changed\ndata: {}\n\n"
ALIVE: Final = ": alive\n\n"
Connect = Callable[[str], Client]

_log = logging.getLogger(__name__)


class Line:
    """One stream of the API, and the pages that hear of its news."""

    def __init__(self) -> None:
        self.pages = 0
        self._told, self._over = 0, False
        self._turn = threading.Condition()

    @property
    def over(self) -> bool:
        """Whether nothing more comes."""
        return self._over

    def tell(self, *, over: bool = False) -> None:
        """Wake every page: there are news, or there will be none any more."""
        with self._turn:
            self._told, self._over = self._told + 1, over
            self._turn.notify_all()

    @property
    def told(self) -> int:
        """How many times pages were woken."""
        return self._told

    def wait(self, seen: int, seconds: float) -> int | None:
        """Wait until more was told than `seen`, so long at most; how much it is then.

        None: nothing more comes.
        """
        with self._turn:
            self._turn.wait_for(lambda: self._over or self._told != seen, seconds)
            return None if self._over else self._told


class Lines:
    """The streams at hand, one for each kind of rights that a page is open for."""

    def __init__(
        self, connect: Connect, changes: Changes, clock: Callable[[], float], *,
        alive: float = ALIVE_SECONDS,
    ) -> None:  # fmt: skip
        """`connect` gives a client that speaks with a token, and waits longer than the API does."""
        self._connect, self._changes, self._clock = connect, changes, clock
        self._alive = alive
        self._lock = threading.Lock()
        self._lines: dict[Hashable, Line] = {}

    def told(self, visit: Visit, still: Callable[[], bool]) -> Iterator[str]:
        """What one page is told; ends when `still` says that its person is no longer in.

        What happened is not passed on: the page asks its board for it.
        """
        yield f"retry: {RETRY_MILLISECONDS}\n\n"
        line = self._join(visit)
        try:
            seen = line.told
            while (now := line.wait(seen, self._alive)) is not None and still():
                yield CHANGED if now != seen else ALIVE
                seen = now
        finally:
            self._leave(line)

    def _join(self, visit: Visit) -> Line:
        with self._lock:
            line = self._lines.get(visit.rights)
            if line is None or line.over:
                line = self._lines[visit.rights] = Line()
                threading.Thread(
                    target=self._hear, args=(line, visit), name="news", daemon=True
                ).start()
            line.pages += 1
            return line

    def _leave(self, line: Line) -> None:
        with self._lock:
            line.pages -= 1

    def _hear(self, line: Line, visit: Visit) -> None:
        """Listen for all pages of a line, until there is none or the API says no more.

        It speaks for the first who came. When their session ends, all pages of the line come back
        and the next who does speaks for them.
        """
        news, last = False, float("-inf")
        try:
            for event, _ in self._connect(visit.token).stream():
                if self._deserted(visit.rights, line):
                    return
                if event == ALERT:
                    news = True
                # What comes too soon is told with what comes next: the API is never silent long.
                if news and (now := self._clock()) - last >= GATHER_SECONDS:
                    news, last = False, now
                    self._changes.note(visit.rights)
                    line.tell()
        except (Refused, Unavailable) as error:
            _log.info("stream ended", extra={"why": str(error)})
        finally:
            line.tell(over=True)

    def _deserted(self, rights: Hashable, line: Line) -> bool:
        with self._lock:
            if line.pages:
                return False
            if self._lines.get(rights) is line:
                del self._lines[rights]
            return True


def stand(server: flask.Flask, lines: Lines, find: Callable[[str], Visit | None]) -> None:
    """Route `/stream`: an event `changed` when the API told an alert.

    `find` says whether a cookie's session is open still.
    """
    free = threading.BoundedSemaphore(MAX_STREAMS)

    @server.get("/stream")
    def stream() -> flask.typing.ResponseReturnValue:
        if not free.acquire(blocking=False):
            return flask.Response("503: too many open pages\n", 503, headers={"Retry-After": "15"})
        cookie = flask.request.cookies.get(COOKIE, "")
        response = flask.Response(
            lines.told(flask.g.visit, lambda: find(cookie) is not None),
            content_type="text/event-stream", headers={"X-Accel-Buffering": "no"},
        )  # fmt: skip
        # Called however the answer ends, also when it never began.
        response.call_on_close(free.release)
        return response
