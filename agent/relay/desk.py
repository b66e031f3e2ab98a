"""Answers the site's agents: 200 for a frame only when it is on our own disk, synced.

The event loop reads and checks; one thread writes what came meanwhile, with one sync for all of it;
a few threads ask the upstream what only it knows.
"""

import asyncio
import contextlib
import json
import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from typing import Final, TypeVar

from agent import clock
from agent.relay.clocks import Clocks
from agent.relay.known import Known, Person
from agent.relay.parcel import Clock, Parcel, accept, spans
from agent.relay.shelf import Shelf
from agent.relay.through import Through
from agent.relay.wants import Wants
from agent.relay.wire import Request, Response, problem
from vigie.errors import FrameError, Refused, Unavailable, VigieError
from vigie.frame import CLOCK_HEADER, CONTENT_TYPE, MAX_REQUEST_BYTES

PATH: Final = "/api/v1/frames"
IN_HAND_BYTES: Final = 64 * 2**20
"""Bodies that came and are not on disk yet."""
MAX_ASKING: Final = 256
"""Requests that wait for the upstream to say who sends them, or for what they asked it."""
TEND_SECONDS: Final = 1.0
TEXT: Final = "text/plain; charset=utf-8"
METRICS: Final = "text/plain; version=0.0.4; charset=utf-8"
_FAULTS: Final = {401: "credential", 403: "scope", 413: "too_large", 415: "media_type"}

T = TypeVar("T")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Counts:
    """What came in: requests and frames taken, and requests refused by fault."""

    requests: int
    frames: int
    refused: dict[str, int]


@dataclass(slots=True)
class _Waiting:
    parcel: Parcel
    request: Request


class Desk:
    """The house that `wire.Connection` brings its requests to."""

    def __init__(
        self, shelf: Shelf, known: Known, *, clocks: Clocks, wants: Wants, through: Through,
        page: Callable[["Desk"], str],
    ) -> None:  # fmt: skip
        self.counts = Counts(0, 0, {})
        self.in_hand = 0
        self._shelf, self._known, self._clocks, self._wants = shelf, known, clocks, wants
        self._through, self._page = through, page
        self._loop = asyncio.get_running_loop()
        self._asking = 0
        self._beside = ThreadPoolExecutor(4, thread_name_prefix="ask")
        self._queue: list[_Waiting] = []
        self._news = threading.Condition()
        self._ending = False
        self._writer = threading.Thread(target=self._write, name="shelf", daemon=True)
        self._writer.start()

    def close(self, seconds: float) -> None:
        """Write what is in hand, and end."""
        with self._news:
            self._ending = True
            self._news.notify()
        self._writer.join(seconds)
        self._beside.shutdown(wait=False, cancel_futures=True)

    # What a connection asks.

    def admit(self, request: Request, length: int) -> Response | None:
        """See `wire.House`."""
        if length > MAX_REQUEST_BYTES:
            words = f"a request is at most {MAX_REQUEST_BYTES} bytes; send less at once"
            return self._refused(413, words, "too_large")
        if request.path != PATH:
            return None
        if request.method != "POST":
            return problem(405, "frames are posted", "method")
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != CONTENT_TYPE:
            return self._refused(415, f"Content-Type is to be {CONTENT_TYPE}", "media_type")
        if request.headers.get("content-encoding", "").lower() not in {"", "identity", "zstd"}:
            return self._refused(415, "Content-Encoding is to be zstd, or none", "media_type")
        try:
            self._known.look(token(request))
        except Refused as error:
            return self._refused(error.status, str(error), _FAULTS.get(error.status, "refused"))
        return None

    def carry(self, size: int) -> Response | None:
        """See `wire.House`."""
        self.in_hand += size
        if size > 0 and self.in_hand > IN_HAND_BYTES and self.in_hand > size:
            return self._refused(503, "too many requests at once; come back soon", "unavailable", 1)
        return None

    def serve(self, request: Request) -> None:
        """See `wire.House`."""
        path = request.path.partition("?")[0]
        if request.path == PATH:
            self._frames(request)
        elif path == "/healthz":
            request.answer(Response(200, b"ok\n", TEXT))
        elif path == "/readyz":
            ready = self._shelf.takes
            request.answer(
                Response(200 if ready else 503, b"ready\n" if ready else b"full\n", TEXT)
            )
        elif path == "/metrics":
            request.answer(Response(200, self._page(self).encode(), METRICS))
        elif self._through.knows(request.method, path):
            self._beside_loop(partial(self._through.ask, request), request, request.answer)
        else:
            request.answer(problem(404, "a relay takes frames; ask the collector", "not_found"))

    # Frames.

    def _frames(self, request: Request) -> None:
        try:
            person = self._known.look(token(request))
        except Refused as error:
            request.answer(self._of(error))
            return
        if person is not None:
            self._take(request, person)
            return
        if not token(request):
            words = "a valid credential is wanted: Authorization: Bearer <token>"
            request.answer(self._refused(401, words, "credential"))
            return
        ask = partial(self._known.ask, token(request))
        self._beside_loop(ask, request, partial(self._take, request))

    def _take(self, request: Request, person: Person) -> None:
        try:
            told = _clock(request.headers.get(CLOCK_HEADER.lower(), ""))
            zipped = request.headers.get("content-encoding", "").lower() == "zstd"
            parcel = accept(request.body, person.scope, told, zipped=zipped)
        except VigieError as error:
            request.answer(self._of(error))
            return
        if told is not None:
            self._clocks.note(told, person.credential)
        request.body = b""
        with self._news:
            self._queue.append(_Waiting(parcel, request))
            self._news.notify()

    def _write(self) -> None:
        """The writing thread: groups of what came, one sync each; and the shelf tended."""
        tended = 0.0
        while True:
            with self._news:
                self._news.wait_for(lambda: self._queue or self._ending, TEND_SECONDS)
                group, self._queue = self._queue, []
                if not group and self._ending:
                    return
            outcome = self._put(group) if group else None
            if group:
                self._later(self._answer, group, outcome)
            now = clock.seconds()
            if now - tended >= TEND_SECONDS:
                tended = now
                try:
                    self._shelf.tend(now)
                except Exception:  # isolation point: the duty of tending
                    log.exception("shelf not tended")

    def _put(self, group: Sequence[_Waiting]) -> Unavailable | None:
        try:
            self._shelf.put([waiting.parcel for waiting in group], clock.seconds())
        except Unavailable as error:
            return error
        except Exception:  # isolation point: one group
            log.exception("a group could not be kept")
            return Unavailable("the relay failed on this", 30)
        return None

    def _answer(self, group: Sequence[_Waiting], failed: Unavailable | None) -> None:
        for waiting in group:
            if failed is not None:
                waiting.request.answer(self._of(failed))
                continue
            self.counts.requests += 1
            self.counts.frames += len(waiting.parcel.frames)
            waiting.request.answer(Response(200, self._reply(waiting.parcel)))

    def _reply(self, parcel: Parcel) -> bytes:
        """A `replies.FramesReply`."""
        held = spans(parcel.frames)
        return json.dumps({
            "held": [
                {"container": container, "agent": agent, "boot": boot, "held": numbers}
                for (container, agent, boot), numbers in held.items()
            ],
            "dropped": {},
            "wants": self._wants.of((container, agent) for container, agent, _ in held),
        }, separators=(",", ":")).encode()  # fmt: skip

    # What others answer.

    def _beside_loop(
        self, ask: Callable[[], T], request: Request, then: Callable[[T], None]
    ) -> None:
        if self._asking >= MAX_ASKING:
            request.answer(self._of(Unavailable("too many questions at once; come back soon", 5)))
            return
        self._asking += 1

        def run() -> None:
            try:
                answer = ask()
            except VigieError as error:
                act: Callable[[], None] = partial(request.answer, self._of(error))
            except Exception:  # isolation point: one question
                log.exception("asking upstream failed")
                act = partial(request.answer, problem(500, "the relay failed on this", "internal"))
            else:
                act = partial(then, answer)
            self._later(self._asked, act)

        self._beside.submit(run)

    def _later(self, act: Callable[..., None], *given: object) -> None:
        """Have the loop do it; where the loop has ended, nobody waits for it any more."""
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(act, *given)

    def _asked(self, act: Callable[[], None]) -> None:
        self._asking -= 1
        act()

    def _of(self, error: VigieError) -> Response:
        if isinstance(error, Unavailable):
            return self._refused(503, str(error), "unavailable", error.retry_after or 5)
        if isinstance(error, FrameError):
            return self._refused(400, str(error), error.fault)
        status = error.status if isinstance(error, Refused) else 500
        return self._refused(status, str(error), _FAULTS.get(status, "refused"))

    def _refused(
        self, status: int, detail: str, fault: str, after: float | None = None
    ) -> Response:
        self.counts.refused[fault] = self.counts.refused.get(fault, 0) + 1
        return problem(status, detail, fault, after)


def token(request: Request) -> str:
    """The bearer token of a request, "" where there is none."""
    scheme, _, told = request.headers.get("authorization", "").partition(" ")
    return told.strip() if scheme.lower() == "bearer" else ""


def _clock(text: str) -> Clock | None:
    """The clocks of whoever sends, and ours."""
    if not text:
        return None
    parts = text.split(" ")
    if (
        len(parts) != 3
        or not 0 < len(parts[0]) <= 128
        or "," in parts[0]
        or not all(part.isdecimal() and part.isascii() and len(part) < 20 for part in parts[1:])
    ):
        raise FrameError("clock", f"{CLOCK_HEADER} is to be <boot> <wall ns> <monotonic ns>")
    return Clock(parts[0], int(parts[1]), int(parts[2]), clock.nanoseconds())
