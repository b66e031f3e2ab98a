"""Sends the shelf to one upstream: many hosts' frames in a request, live first, backlog beside it.

One thread and one kept-alive connection for each upstream. A request that is refused is halved
until the frame at fault is found; it is buried, and the others go.
"""

import json
import logging
import random
import threading
import zlib
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import Final

from agent import clock, files
from agent.credential import Credential
from agent.intervals import Interval
from agent.relay import batch
from agent.relay.clocks import Clocks
from agent.relay.segments import Kept
from agent.relay.shelf import Shelf
from agent.relay.wants import Wants
from agent.ship import LONGEST_PAUSE_SECONDS, Answer, Line, Verdict, detail, pause, verdict
from agent.spool import DEAD_FILES
from vigie.errors import Unavailable
from vigie.frame import CLOCK_HEADER, CONTENT_TYPE, SCOPE_HEADER
from vigie.network.places import inside

LINGER_SECONDS: Final = 0.2
"""Between two live requests, so that many hosts' frames go in one."""
PATIENCE: Final = 3
"""So many 500 of one request are the upstream's trouble; then a frame's may be."""
PARK_SECONDS: Final = 600.0
"""A frame on which the upstream fails is tried again so much later."""
MAX_PARKED: Final = 64
MAX_REPLY_BYTES: Final = 16 * 2**20

log = logging.getLogger(__name__)

Held = dict[tuple[str, str, str], list[Interval]]


class Carrier:
    """What one upstream is sent next, and what it said."""

    def __init__(
        self, credential: Credential, shelf: Shelf, line: Line, *, clocks: Clocks, wants: Wants,
        dead: Path, chance: Callable[[], float] = random.random,
    ) -> None:  # fmt: skip
        """`dead` is where frames go that are refused for good."""
        self.url = credential.url
        self.sent = self.refused = self.requests = self.failures_total = 0
        self.trouble: str | None = "not reached yet"
        """What is wrong with this upstream, in words; None while it answers."""
        self._credential, self._shelf, self._line = credential, shelf, line
        self._clocks, self._wants, self._dead, self._chance = clocks, wants, dead, chance
        self._failures = self._newest = self._evictions = 0
        self._backlog: list[Kept] = []
        self._was_live = False
        self._parked: dict[int, float] = {}
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"carry-{self.url}", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def close(self, seconds: float) -> None:
        """End, after a last try if there is time; the shelf keeps what is not held."""
        self._ending.set()
        self._shelf.wake()
        self._thread.join(seconds)

    def step(self, now: float) -> float | None:
        """Send once; `now` in monotonic seconds.

        Returns how long to wait before the next step, or None: until there is something new.
        """
        self._newest = self._shelf.newest
        if self._evictions != self._shelf.evictions:
            self._backlog, self._evictions = [], self._shelf.evictions
        live = [] if self._was_live else self._sendable(self._live(), now)
        some = live or self._sendable(self._next_backlog(), now)
        if not some and self._was_live:
            self._was_live = False
            return self.step(now)
        if not some:
            return None if self._evictions == self._shelf.evictions else 0.0
        delay = self._send(some, now)
        self._was_live = bool(live) and not delay
        # Some of the live ones gathered meanwhile, if there is nothing else to do.
        return delay or (LINGER_SECONDS if live and not self._next_backlog() else 0.0)

    def _live(self) -> list[Kept]:
        return self._shelf.live(self.url, batch.enough())

    def _next_backlog(self) -> list[Kept]:
        self._backlog = self._shelf.here(self.url, self._backlog, self._evictions)
        if not self._backlog:
            self._backlog = self._shelf.backlog(self.url)
        return self._backlog

    def _sendable(self, some: Sequence[Kept], now: float) -> list[Kept]:
        """Of these, what goes in one request."""
        for number in [n for n, until in self._parked.items() if until <= now]:
            del self._parked[number]
        return batch.chosen(
            self._shelf.here(
                self.url, (k for k in some if k.number not in self._parked), self._evictions
            )
        )

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                delay = self.step(clock.seconds())
            except Exception:  # isolation point: one upstream
                log.exception("carrying failed", extra={"upstream": self.url})
                delay = LONGEST_PAUSE_SECONDS
            self._shelf.rest(self.url)
            if delay is None:
                self._shelf.wait(self._newest)
            elif delay:
                self._ending.wait(delay)
        self._line.close()

    def _send(self, some: Sequence[Kept], now: float) -> float:
        """Send some as one request, and act on the answer; seconds to wait after it."""
        if not self._credential.token:
            self._credential.reload()
        if not self._credential.token:
            return self._later("no credential yet: enrol this relay with --enrol CODE", None)
        try:
            answer = self._post(some)
            decided = self._decided(answer, some)
            if decided is Verdict.HELD:
                return self._took(some, answer.body)
        except Unavailable as error:
            return self._later(str(error), None)
        words = f"{answer.status} {detail(answer.body)}"
        if decided is Verdict.STRANGER:
            self._credential.reload()  # a person may have put a new one there
            return self._later(f"credential refused: {words}", answer.retry_after)
        if decided is Verdict.LATER:
            fails = answer.status == HTTPStatus.INTERNAL_SERVER_ERROR
            if fails and self._failures >= PATIENCE and len(self._parked) < MAX_PARKED:
                return self._halves(some, now) if len(some) > 1 else self._park(some[0], words, now)
            return self._later(words, answer.retry_after)
        if len(some) > 1:
            return self._halves(some, now)
        return self._refuse(some[0], words, now)

    def _post(self, some: Sequence[Kept]) -> Answer:
        self.requests += 1
        headers = {
            "Authorization": f"Bearer {self._credential.token}",
            "Content-Type": CONTENT_TYPE,
            "Content-Encoding": "zstd",
            SCOPE_HEADER: batch.scopes(some),
        }
        if clocks := self._clocks.header(some, clock.nanoseconds()):
            headers[CLOCK_HEADER] = clocks
        return self._line.post(batch.body(some), headers)

    def _decided(self, answer: Answer, some: Sequence[Kept]) -> Verdict:
        """As an agent's; but 403 may be about one frame, where all are of our own scope."""
        if (
            answer.status == HTTPStatus.FORBIDDEN
            and all(inside(k.parcel.scope, self._credential.scope) for k in some)
            and fault(answer.body) == "scope"
        ):
            return Verdict.REFUSED
        return verdict(answer.status)

    def _halves(self, some: Sequence[Kept], now: float) -> float:
        """Find out which frames of a request are at fault."""
        middle = len(some) // 2
        return self._send(some[:middle], now) or self._send(some[middle:], now)

    def _took(self, some: Sequence[Kept], body: bytes) -> float:
        held, wanted = receipt(body)
        taken = [
            k for k in some if all(_holds(held, f.sender, f.sequence) for f in k.parcel.frames)
        ]
        self._shelf.hold(self.url, [k.number for k in taken])
        self._wants.told(self.url, wanted)
        self.sent += sum(len(k.parcel.frames) for k in taken)
        if not taken:
            return self._later("200, but it holds none of the frames sent", None)
        if self.trouble is not None:
            log.info("upstream answers", extra={"upstream": self.url})
        self._failures, self.trouble = 0, None
        return 0.0

    def _refuse(self, kept: Kept, words: str, now: float) -> float:
        """Put a parcel aside for good, so that the next one can go; of several frames, each."""
        if len(kept.parcel.frames) > 1:
            return self._pieces(kept, words, now)
        self._bury(kept, words)
        self._shelf.hold(self.url, [kept.number])
        return 0.0

    def _pieces(self, kept: Kept, words: str, now: float) -> float:
        """Send the frames of a parcel one by one: some may be good."""
        for parcel in kept.parcel.apart():
            one = Kept(kept.number, kept.time, kept.machine, parcel)
            try:
                answer = self._post([one])
            except Unavailable as error:
                return self._later(str(error), None)
            decided = self._decided(answer, [one])
            if decided is Verdict.REFUSED:
                self._bury(one, f"{answer.status} {detail(answer.body)}")
            elif decided is not Verdict.HELD:
                return self._later(f"{answer.status} {detail(answer.body)}", answer.retry_after)
        self._shelf.hold(self.url, [kept.number])
        return 0.0

    def _bury(self, kept: Kept, words: str) -> None:
        """Keep a refused frame where a person can look at it."""
        self.refused += 1
        named = kept.parcel.frames[0]
        about = {**named._asdict(), "upstream": self.url, "reason": words}
        log.error("frame refused", extra=about)
        name = f"{kept.number:016d}-{named.sequence}-{zlib.crc32(self.url.encode()):08x}"
        files.keep(self._dead, name + ".frame", kept.parcel.body, DEAD_FILES)
        files.keep(self._dead, name + ".json", json.dumps(about).encode(), DEAD_FILES)

    def _park(self, kept: Kept, words: str, now: float) -> float:
        """Leave a parcel on which the upstream fails for a while, so that the next one can go."""
        self._parked[kept.number] = now + PARK_SECONDS
        log.error("upstream fails on a frame", extra={
            "upstream": self.url, "reason": words, **kept.parcel.frames[0]._asdict(),
        })  # fmt: skip
        return 0.0

    def _later(self, words: str, retry_after: float | None) -> float:
        self.failures_total += 1
        if words != self.trouble:
            extra = {"upstream": self.url, "reason": words}
            log.warning("upstream does not take frames", extra=extra)
        self.trouble = words
        delay = pause(self._failures, retry_after, self._chance())
        self._failures += 1
        return max(delay, 0.001)


def receipt(body: bytes) -> tuple[Held, dict[tuple[str, str], tuple[str, ...]]]:
    """Of a `replies.FramesReply`: what is held, and which inventories are asked of whom.

    Raises:
        Unavailable: it is none; some other server may have answered.
    """
    held: Held = {}
    wanted: dict[tuple[str, str], tuple[str, ...]] = {}
    try:
        for boot in json.loads(body)["held"]:
            agent = str(boot["container"]), str(boot["agent"])
            held[*agent, str(boot["boot"])] = [(int(a), int(b)) for a, b in boot["held"]]
            wanted[agent] = tuple(str(name) for name in boot.get("wants", ()))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unavailable(f"the answer is no FramesReply: {error}") from error
    return held, wanted


def _holds(held: Held, sender: tuple[str, str, str], sequence: int) -> bool:
    return any(first <= sequence <= last for first, last in held.get(sender, ()))


def fault(body: bytes) -> str:
    """The machine word of a problem document, "" where there is none."""
    try:
        return str(json.loads(body).get("fault", ""))
    except (ValueError, AttributeError):
        return ""
