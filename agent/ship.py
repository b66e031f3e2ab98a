"""Sends the spool to one upstream: live first, backlog beside it, and again until it is held.

One thread for each upstream, each with its own position. What an answer means is decided by
`verdict`; how long to wait by `pause`; both are pure.
"""

import http.client
import json
import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from http import HTTPStatus
from typing import Final
from urllib.parse import urlsplit

import zstandard

from agent import clock
from agent.credential import Credential
from agent.intervals import Interval
from agent.segment import Record
from agent.spool import Spool
from vigie.errors import Unavailable, VigieError
from vigie.frame import CLOCK_HEADER, CONTENT_TYPE, MAX_FRAMES, MAX_RATIO
from vigie.frame import MAGIC as FRAME_MAGIC

TIMEOUT_SECONDS: Final = 15.0
BATCH_RAW_BYTES: Final = 2 * 2**20
"""How much of the backlog, before compression, goes into one request: it is held in memory."""
BODY_BYTES: Final = 2**20
FIRST_PAUSE_SECONDS: Final = 1.0
LONGEST_PAUSE_SECONDS: Final = 60.0
MAX_REPLY_BYTES: Final = 2**20
SAFE_RATIO: Final = MAX_RATIO * 0.8

log = logging.getLogger(__name__)


class Verdict(Enum):
    """What an answer means for the frames that it answers."""

    HELD = "held"
    REFUSED = "refused"
    STRANGER = "stranger"
    """The credential is wrong: the frames are good, and wait."""
    LATER = "later"


def verdict(status: int) -> Verdict:
    """What that HTTP status means."""
    if status in {HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN}:
        return Verdict.STRANGER
    if status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}:
        return Verdict.LATER
    if HTTPStatus.BAD_REQUEST <= status < HTTPStatus.INTERNAL_SERVER_ERROR:
        return Verdict.REFUSED
    return Verdict.HELD if status == HTTPStatus.OK else Verdict.LATER


def pause(failures: int, retry_after: float | None, chance: float) -> float:
    """Seconds to wait after that many failures in a row; `chance` is random in [0, 1).

    Exponential with full jitter, so that a thousand agents do not come back together; never
    sooner than the upstream asked.
    """
    most = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(failures, 10))
    return (retry_after or 0.0) + chance * most


@dataclass(frozen=True, slots=True)
class Answer:
    """What the upstream said."""

    status: int
    body: bytes
    retry_after: float | None


@dataclass(frozen=True, slots=True)
class Receipt:
    """The part of a FramesReply that an agent acts on: held intervals, inventories wanted."""

    held: Mapping[tuple[str, str], Sequence[Interval]]
    wants: tuple[str, ...]

    def holds(self, agent: str, record: Record) -> bool:
        """Whether the upstream has that frame on disk."""
        spans = self.held.get((agent, record.boot), ())
        return any(first <= record.sequence <= last for first, last in spans)


def receipt(body: bytes) -> Receipt:
    """A `replies.FramesReply` as it came.

    Raises:
        Unavailable: the body is none; some other server may have answered.
    """
    try:
        reply = json.loads(body)
        held = {
            (str(boot["agent"]), str(boot["boot"])): [(int(a), int(b)) for a, b in boot["held"]]
            for boot in reply["held"]
        }
        return Receipt(held, tuple(str(name) for name in reply.get("wants", ())))
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Unavailable(f"the answer is no FramesReply: {error}") from error


class Line:
    """One kept-alive HTTP connection to an upstream."""

    def __init__(
        self, url: str, *, path: str = "frames", timeout: float = TIMEOUT_SECONDS,
        most: int = MAX_REPLY_BYTES,
    ) -> None:  # fmt: skip
        """`path` is what to post to, below the root of the API; no answer is longer than `most`."""
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise VigieError(f"{url!r} is no http(s) URL of a collector")
        self._kind = (
            http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        )
        self._netloc, self._timeout, self._most = parts.netloc, timeout, most
        self._target = parts.path.rstrip("/") + f"/api/v1/{path}"
        self._connection: http.client.HTTPConnection | None = None

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        """Send one request body; a kept connection that has died meanwhile is made anew, once.

        Raises:
            Unavailable: no answer.
        """
        fresh = self._connection is None
        while True:
            connection = self._connection or self._kind(self._netloc, timeout=self._timeout)
            try:
                connection.request("POST", self._target, body, dict(headers))
                answer = connection.getresponse()
                text = answer.read(self._most)
            except (OSError, http.client.HTTPException) as error:
                connection.close()
                self._connection = None
                if fresh or isinstance(error, TimeoutError):
                    raise Unavailable(f"no answer: {str(error) or type(error).__name__}") from error
                fresh = True
                continue
            if answer.will_close or not answer.isclosed():
                connection.close()
                self._connection = None
            else:
                self._connection = connection
            after = answer.headers.get("Retry-After", "")
            return Answer(answer.status, text, float(after) if after.isdigit() else None)

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None


class Shipper:
    """What one upstream holds, and what to send it next."""

    def __init__(
        self,
        url: str,
        agent: str,
        credential: Credential,
        spool: Spool,
        line: Line,
        *,
        wanted: Callable[[Sequence[str]], None],
        chance: Callable[[], float] = random.random,
    ) -> None:
        """`wanted` is told the names of inventories that the upstream asks for."""
        self.url = url
        self.refused = 0
        self.trouble: str | None = None
        """What is wrong with this upstream, in words; None while it answers."""
        self._agent, self._credential, self._spool, self._line = agent, credential, spool, line
        self._wanted, self._chance = wanted, chance
        self._failures = 0
        self._seen = -1
        self._was_live = False
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"ship-{url}", daemon=True)

    def start(self) -> None:
        """Begin to send."""
        self._thread.start()

    def close(self, seconds: float) -> None:
        """End, after a last try if there is time; the spool keeps what is not held."""
        self._ending.set()
        self._spool.wake()
        self._thread.join(seconds)

    def step(self) -> float | None:
        """Send once: the newest frame if it is not held, else the oldest of the backlog.

        After a live frame the backlog has its turn, so that neither waits for the other's end.
        Returns how long to wait before the next step, or None: until there is a new frame.
        """
        # Asked first: a frame that comes meanwhile must not be slept over, nor spun upon.
        self._seen = self._spool.newest
        live = self._spool.live(self.url)
        if live is not None and not self._was_live:
            delay = self._send([live])
            self._was_live = not delay
            return delay
        self._was_live = False
        # A frame that the disk refused is in no backlog.
        records = self._spool.backlog(self.url) or ([live] if live else [])
        return self._send(records) if records else None

    def _run(self) -> None:
        while not self._ending.is_set():
            try:
                delay = self.step()
            except Exception:  # isolation point: one upstream
                log.exception("shipping failed", extra=self._whose())
                delay = LONGEST_PAUSE_SECONDS
            if delay is None:
                self._spool.wait(self._seen)
            elif delay:
                self._ending.wait(delay)
        self._line.close()

    def _send(self, records: Sequence[Record]) -> float:
        """Send some frames as one request, and act on the answer; seconds to wait after it."""
        if not self._credential.token:
            self._credential.reload()
        if not self._credential.token:
            return self._later("no credential yet: enrol this agent with --enrol CODE", None)
        sent, body, compressed = _body(records)
        try:
            answer = self._line.post(body, self._headers(compressed=compressed))
            decided = verdict(answer.status)
            if decided is Verdict.HELD:
                return self._held(sent, receipt(answer.body))
        except Unavailable as error:
            return self._later(str(error), None)
        words = f"{answer.status} {detail(answer.body)}"
        if decided is Verdict.STRANGER:
            self._credential.reload()  # a person may have put a new one there
            return self._later(f"credential refused: {words}", answer.retry_after)
        if decided is Verdict.LATER:
            return self._later(words, answer.retry_after)
        if len(sent) > 1:
            return self._one_by_one(sent)
        self._refuse(sent[0], words)
        return 0.0

    def _one_by_one(self, records: Sequence[Record]) -> float:
        """Find out which frame of a refused request is at fault."""
        for record in records:
            delay = self._send([record])
            if delay:
                return delay
        return 0.0

    def _held(self, sent: Sequence[Record], got: Receipt) -> float:
        held = [r.sequence for r in sent if got.holds(self._agent, r)]
        self._spool.hold(self.url, held)
        if got.wants:
            self._wanted(got.wants)
        if not held:
            return self._later("200, but it holds none of the frames sent", None)
        if self.trouble is not None:
            log.info("upstream answers again", extra=self._whose())
        self._failures, self.trouble = 0, None
        return 0.0

    def _refuse(self, record: Record, words: str) -> None:
        """Put one frame aside for good, so that the next one can go."""
        self.refused += 1
        self._spool.bury(self.url, record, words)
        self._spool.hold(self.url, [record.sequence])
        log.error(
            "frame refused",
            extra={
                **self._whose(),
                "boot": record.boot,
                "sequence": record.sequence,
                "answer": words,
            },
        )

    def _later(self, words: str, retry_after: float | None) -> float:
        if words != self.trouble:
            extra = {**self._whose(), "reason": words}
            log.warning("upstream does not take frames", extra=extra)
        self.trouble = words
        delay = pause(self._failures, retry_after, self._chance())
        self._failures += 1
        return delay

    def _whose(self) -> dict[str, str]:
        """What a line of the log says of it: the twin has a shipper a container."""
        return {"upstream": self.url, "container": self._credential.container}

    def _headers(self, *, compressed: bool) -> dict[str, str]:
        headers = {
            "Authorization": f"Bearer {self._credential.token}",
            "Content-Type": CONTENT_TYPE,
            CLOCK_HEADER: f"{self._spool.boot} {time.time_ns()} {clock.nanoseconds()}",
        }
        if compressed:
            headers["Content-Encoding"] = "zstd"
        return headers


def _body(records: Sequence[Record]) -> tuple[Sequence[Record], bytes, bool]:
    """The records that fit in one request, its body, and whether that is compressed.

    A single frame leaves as it lies in the spool. Several are compressed together, which is
    smaller; a body so regular that it would look like a bomb leaves as it is.
    """
    if len(records) == 1:
        payload = records[0].payload
        return records, payload, not payload.startswith(FRAME_MAGIC)
    taken, frames, raw, packed = 0, list[bytes](), 0, 0
    for record in records[:MAX_FRAMES]:
        frame = _plain(record.payload)
        raw, packed = raw + len(frame), packed + len(record.payload)
        if taken and (raw > BATCH_RAW_BYTES or packed > BODY_BYTES):
            break
        frames.append(frame)
        taken += 1
    whole = b"".join(frames)
    body = zstandard.ZstdCompressor(level=3, write_checksum=True).compress(whole)
    if len(whole) > SAFE_RATIO * len(body):
        return records[:taken], whole, False
    return records[:taken], body, True


def _plain(payload: bytes) -> bytes:
    if payload.startswith(FRAME_MAGIC):
        return payload
    return zstandard.ZstdDecompressor().decompress(payload)


def detail(body: bytes) -> str:
    """What a problem document says, or the first bytes of something else."""
    try:
        problem = json.loads(body)
        return str(problem.get("detail") or problem.get("title") or "")[:300]
    except (ValueError, AttributeError):
        return body[:200].decode(errors="replace")
