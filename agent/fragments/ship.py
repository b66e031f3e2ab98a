"""Tells one upstream of an inventory: changes, and after a gap digests, and the buckets it wants.

One for each upstream and store, each with the position that its upstream answered. What to send
next is decided by `due`, which is pure.
"""

import json
import logging
import random
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final, Protocol

import zstandard

from agent.credential import Credential
from agent.identity import Identity
from agent.ship import LONGEST_PAUSE_SECONDS, Line, Verdict, detail, pause, verdict
from vigie.errors import Unavailable
from vigie.fragments import BUCKETS, CONTENT_TYPE, Message, Scheme, pack

CHANGES: Final = 20_000
"""Changes, or records of buckets, of one message: less than 1 MB."""
PAUSE_SECONDS: Final = 5.0
"""Between two deltas: what changes often is told once."""
SNAPSHOT_BYTES_PER_SECOND: Final = 2_000_000
"""Most that is sent where much is wanted: no upstream and no line is to drown in it."""
DIGEST_SECONDS: Final = 86_400.0
"""How often digests are sent though nobody asks: what was lost unnoticed is then found."""
_CONFLICT: Final = 409

log = logging.getLogger(__name__)


class Kind(Enum):
    """What is to be sent next."""

    HELLO = "hello"
    """A delta without changes: what does the upstream hold?"""
    DELTA = "delta"
    DIGESTS = "digests"
    BUCKETS = "buckets"
    NOTHING = "nothing"


@dataclass(frozen=True, slots=True)
class Held:
    """What an upstream answered: a `replies.FragmentsHeld`."""

    epoch: str
    held: int
    digests: bool
    buckets: tuple[int, ...]

    @classmethod
    def parse(cls, body: bytes) -> "Held":
        """The answer as it came.

        Raises:
            Unavailable: it is none; some other server may have answered.
        """
        try:
            told = json.loads(body)
            numbers = tuple(int(n) for n in told["buckets"])
            found = cls(str(told["epoch"]), int(told["held"]), bool(told["digests"]), numbers)
        except (ValueError, KeyError, TypeError) as error:
            raise Unavailable(f"the answer is no FragmentsHeld: {error}") from error
        if not all(0 <= n < BUCKETS for n in numbers):
            raise Unavailable("the answer is no FragmentsHeld: a bucket that is none")
        return found

    @property
    def complete(self) -> bool:
        """Whether it wants nothing more."""
        return not self.digests and not self.buckets


def due(held: Held | None, epoch: str, newest: int, *, logged: bool) -> Kind:
    """What an upstream is to be sent that gave this answer last.

    `newest` is the number of the newest change; `logged` says whether the log has all changes
    after what is held.
    """
    if held is None or held.epoch != epoch or held.held > newest:
        return Kind.HELLO
    if held.held < newest:
        return Kind.DELTA if logged else Kind.HELLO
    if held.digests:
        return Kind.DIGESTS
    return Kind.BUCKETS if held.buckets else Kind.NOTHING


class Place(Protocol):
    """Where fragments lie."""

    @property
    def disk(self) -> str:
        """The disk that it is on."""


class Told(Protocol):
    """What is told of: an `agent.fragments.inventory.Inventory`, or a model of one."""

    @property
    def epoch(self) -> str:
        """The epoch that all numbers are of."""

    @property
    def sequence(self) -> int:
        """The number of the newest change."""

    @property
    def total(self) -> int:
        """Fragments known, whatever their state."""

    @property
    def schemes(self) -> Sequence[Scheme]:
        """Numbered by their places."""

    @property
    def roots(self) -> Sequence[Place]:
        """Numbered by their places."""

    def changes(self, after: int, limit: int) -> tuple[int, bytes, int] | None:
        """Records of at most `limit` changes after that one: first number, bytes, last number.

        None where they are not known any more.
        """

    def digests(self) -> tuple[int, bytes]:
        """The digests of all buckets, and the number of the change that they are as of."""

    def bucket(
        self, numbers: Sequence[int], limit: int
    ) -> tuple[int, list[tuple[int, int]], bytes]:
        """Records of the first of some buckets: change, (bucket, records) of each, and bytes."""

    def acknowledge(self, upstream: str, held: int) -> None:
        """An upstream holds everything up to that change."""


class Sender:
    """What one upstream holds of one inventory, and what it is sent next."""

    def __init__(
        self, store: str, who: Identity, inventory: Told, credential: Credential, line: Line,
        *, chance: Callable[[], float] = random.random, wall: Callable[[], float] = time.time,
    ) -> None:  # fmt: skip
        """`line` posts to `fragments`; `wall` is Unix seconds."""
        self.url = credential.url
        self.trouble: str | None = None
        """What is wrong with this upstream, in words; None while it answers."""
        self.ended = False
        """Whether it says that the inventory's epoch has ended: only a new one will be taken."""
        self._store, self._who, self._inventory = store, who, inventory
        self._credential, self._line = credential, line
        self._chance, self._wall = chance, wall
        self._held: Held | None = None
        self._failures = 0
        self._digested = wall()

    def step(self) -> float:
        """Send once what is due; seconds until the next step."""
        if not self._credential.token:
            self._credential.reload()
        if not self._credential.token:
            return self._later("no credential yet", None)
        body = self._body()
        if body is None:
            return PAUSE_SECONDS
        headers = {
            "Authorization": f"Bearer {self._credential.token}",
            "Content-Type": CONTENT_TYPE,
            "Content-Encoding": "zstd",
        }
        packed = zstandard.ZstdCompressor(level=3, write_checksum=True).compress(body)
        try:
            answer = self._line.post(packed, headers)
            decided = verdict(answer.status)
            if decided is Verdict.HELD:
                return self._took(Held.parse(answer.body), len(body))
        except Unavailable as error:
            return self._later(str(error), None)
        if decided is Verdict.STRANGER:
            self._credential.reload()
        self.ended = answer.status == _CONFLICT
        if decided is not Verdict.LATER:
            # What is refused would be refused again; the answer may have been about the past only.
            self._held = None
        return self._later(f"{answer.status} {detail(answer.body)}", answer.retry_after)

    def close(self) -> None:
        """Let go of the connection."""
        self._line.close()

    def _body(self) -> bytes | None:
        """The message that is due; None where nothing is."""
        inventory, held = self._inventory, self._held
        newest = inventory.sequence
        changes = None
        if held is not None and held.held < newest:
            changes = inventory.changes(held.held, CHANGES)
        kind = due(held, inventory.epoch, newest, logged=changes is not None)
        if kind is Kind.NOTHING and self._wall() - self._digested >= DIGEST_SECONDS:
            kind = Kind.DIGESTS
        if kind is Kind.NOTHING or held is None or kind is Kind.HELLO:
            return None if kind is Kind.NOTHING else self._message("delta", newest, b"", newest + 1)
        if kind is Kind.DELTA and changes is not None:
            first, payload, last = changes
            return self._message("delta", last, payload, first)
        if kind is Kind.DIGESTS:
            self._digested = self._wall()
            sequence, payload = inventory.digests()
            return self._message("digests", sequence, payload)
        sequence, told, payload = inventory.bucket(held.buckets, CHANGES)
        return self._message("buckets", sequence, payload, buckets=tuple(told))

    def _message(
        self, kind: str, sequence: int, payload: bytes, first: int = 0,
        buckets: tuple[tuple[int, int], ...] = (),
    ) -> bytes:  # fmt: skip
        known = self._inventory
        header = Message(
            kind, self._who.container, self._who.host, self._store, known.epoch, sequence,
            known.total, tuple(known.schemes), tuple(root.disk for root in known.roots), first,
            buckets,
        )  # fmt: skip
        return pack(header, payload)

    def _took(self, held: Held, size: int) -> float:
        """Act on an answer; seconds to wait, by how much was sent and is still to be."""
        before, self._held = self._held, held
        if self.trouble is not None:
            log.info("upstream takes fragments again", extra=self._whose())
        self.trouble = None
        if held == before and not self._idle(held):
            # It took the message, and wants what it wanted before: no haste.
            return self._later("200, but it holds no more than before", None)
        self._failures = 0
        # It holds changes that are not known here: an older copy of the inventory was put back.
        self.ended = held.epoch == self._inventory.epoch and held.held > self._inventory.sequence
        if held.epoch == self._inventory.epoch and held.complete:
            self._inventory.acknowledge(self.url, held.held)
        return PAUSE_SECONDS if self._idle(held) else size / SNAPSHOT_BYTES_PER_SECOND

    def _idle(self, held: Held) -> bool:
        return held.complete and held.held == self._inventory.sequence

    def _whose(self) -> dict[str, str]:
        """What a line of the log says of it: the twin has many of them."""
        return {"upstream": self.url, "container": self._who.container, "store": self._store}

    def _later(self, words: str, retry_after: float | None) -> float:
        if words != self.trouble:
            extra = {**self._whose(), "reason": words}
            log.warning("upstream does not take fragments", extra=extra)
        self.trouble = words
        delay = min(LONGEST_PAUSE_SECONDS, pause(self._failures, retry_after, self._chance()))
        self._failures += 1
        return delay
