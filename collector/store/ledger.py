"""Which frames are held: intervals of sequence numbers per boot of a sender, and recent digests."""

import json
import threading
import zlib
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from vigie.database import Database, Table
from vigie.replies import Interval

DIGESTS: Final = 32
"""Digests kept per boot; an older frame that comes again is taken for itself.

Whoever sends under another's identity, as a cloned machine does, goes on from the number at which
it was copied, at the same pace: the two meet within a few frames. What is written of a boot at each
flush, and held of each for as long as readings are, grows with this.
"""
DIGEST_BYTES: Final = 8
STEP: Final = 8 + DIGEST_BYTES
"""Bytes of a sequence number and its digest."""
SCHEME: Final = b"\x03"
"""How the digests written were made; it changes with that."""
MAX_INTERVALS: Final = 4_096
MAX_BOOTS: Final = 256
"""Boots known of one sender; beyond, the one not seen for longest is forgotten. Frames of it that
come again would be kept twice: an agent that restarts so often has long sent them."""

LEDGER_TABLE: Final = Table(
    "store_ledger",
    "sender TEXT NOT NULL, boot TEXT NOT NULL, seen INTEGER NOT NULL, intervals TEXT NOT NULL, "
    "digests BLOB NOT NULL, checksum INTEGER NOT NULL, PRIMARY KEY (sender, boot)",
)


class Verdict(Enum):
    """What the ledger says of a frame."""

    FRESH = "fresh"
    HELD = "held"
    REUSED = "reused"


def holds(intervals: list[Interval], sequence: int) -> bool:
    """Whether a sorted list of intervals has that number."""
    at = bisect_right(intervals, sequence, key=lambda interval: interval[0]) - 1
    return at >= 0 and sequence <= intervals[at][1]


def joined(intervals: list[Interval], first: int, last: int) -> None:
    """Add `first` to `last` to a sorted list of disjoint, not adjacent intervals."""
    if intervals and intervals[-1][1] + 1 == first:
        intervals[-1] = (intervals[-1][0], last)
        return
    low = bisect_right(intervals, first, key=lambda interval: interval[0])
    if low and intervals[low - 1][1] >= first - 1:
        low -= 1
        first = intervals[low][0]
    high = low
    while high < len(intervals) and intervals[high][0] <= last + 1:
        last = max(last, intervals[high][1])
        high += 1
    intervals[low:high] = [(first, last)]


@dataclass(slots=True)
class Boot:
    """What is held of one boot, digests of the newest frames, and when it was last seen (ns).

    `recent` has `STEP` bytes a frame: thousands of senders are kept, copied, written and read as
    bytes, and only of a frame that comes again one is looked for.
    """

    intervals: list[Interval] = field(default_factory=list)
    recent: bytearray = field(default_factory=bytearray)
    seen: int = 0

    def add(self, sequence: int, digest: bytes) -> None:
        """Keep the digest of a frame, and let go of the oldest where there are enough."""
        self.recent += sequence.to_bytes(8, "little") + _short(digest)
        del self.recent[: -DIGESTS * STEP]

    def digest(self, sequence: int) -> bytes | None:
        """The digest of a frame as it is kept, or None where it is not."""
        wanted = sequence.to_bytes(8, "little")
        for at in range(0, len(self.recent), STEP):
            if self.recent[at : at + 8] == wanted:
                return bytes(self.recent[at + 8 : at + STEP])
        return None


class Ledger:
    """What is held of every sender; safe to ask from any thread, changed by one."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._boots: dict[str, dict[str, Boot]] = {}
        self._changed: set[tuple[str, str]] = set()

    def judge(self, sender: str, boot: str, sequence: int, digest: bytes) -> Verdict:
        """Whether a frame is new, held already, or another under a held identity."""
        with self._lock:
            known = self._boots.get(sender, {}).get(boot)
            if known is None or not holds(known.intervals, sequence):
                return Verdict.FRESH
            kept = known.digest(sequence)
            same = kept is None or kept == _short(digest)
            return Verdict.HELD if same else Verdict.REUSED

    def hold(self, sender: str, boot: str, sequence: int, digest: bytes, now: int) -> None:
        """Take a frame as held; `now` in nanoseconds."""
        with self._lock:
            known = self._boot(sender, boot, now)
            joined(known.intervals, sequence, sequence)
            known.add(sequence, digest)

    def close(self, sender: str, boot: str, first: int, last: int, now: int) -> None:
        """Take numbers that will never come as held."""
        if first <= last:
            with self._lock:
                joined(self._boot(sender, boot, now).intervals, first, last)

    def overfull(self, sender: str, boot: str) -> Interval | None:
        """Where a boot has too many holes, the oldest one, which the caller must close."""
        with self._lock:
            intervals = self._boots[sender][boot].intervals
            if len(intervals) <= MAX_INTERVALS:
                return None
            return intervals[0][1] + 1, intervals[1][0] - 1

    def held(self, sender: str) -> dict[str, list[Interval]]:
        """Intervals held by boot."""
        with self._lock:
            boots = self._boots.get(sender, {})
            return {boot: list(known.intervals) for boot, known in boots.items()}

    def intervals(self, pairs: Iterable[tuple[str, str]]) -> dict[tuple[str, str], list[Interval]]:
        """Intervals held by (sender, boot), of those asked for."""
        with self._lock:
            return {
                (sender, boot): list(known.intervals) if known else []
                for sender, boot in pairs
                for known in (self._boots.get(sender, {}).get(boot),)
            }

    def changes(self) -> dict[tuple[str, str], Boot | None]:
        """Boots that differ from those last taken, as they are now; None where one is forgotten."""
        with self._lock:
            boots = {
                pair: _copy(self._boots.get(pair[0], {}).get(pair[1])) for pair in self._changed
            }
            self._changed = set()
            return boots

    def again(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Have `changes` name these once more: writing them failed."""
        with self._lock:
            self._changed.update(pairs)

    def load(self, database: Database) -> list[tuple[str, str]]:
        """Know what was written; the (sender, boot) of rows that are damaged and left out."""
        damaged = []
        for row in database.rows(f"SELECT * FROM {LEDGER_TABLE.name}"):  # noqa: S608
            sender, boot, seen, intervals, digests, checksum = row
            if checksum != _checksum(sender, boot, seen, intervals, digests):
                damaged.append((str(sender), str(boot)))
                continue
            spans = [(first, last) for first, last in json.loads(intervals)]
            self._boots.setdefault(sender, {})[boot] = Boot(spans, _digests(digests), seen)
        return damaged

    def forget(self, before: int) -> None:
        """Drop boots not seen since, in nanoseconds; their agents' spools are long past it."""
        with self._lock:
            for sender, boots in list(self._boots.items()):
                for boot in [b for b, known in boots.items() if known.seen < before]:
                    del boots[boot]
                    self._changed.add((sender, boot))
                if not boots:
                    del self._boots[sender]

    def _boot(self, sender: str, boot: str, now: int) -> Boot:
        self._changed.add((sender, boot))
        boots = self._boots.setdefault(sender, {})
        known = boots.get(boot)
        if known is None:
            if len(boots) >= MAX_BOOTS:
                oldest = min(boots, key=lambda name: boots[name].seen)
                del boots[oldest]
                self._changed.add((sender, oldest))
            known = boots[boot] = Boot()
        known.seen = max(known.seen, now)
        return known


def write(database: Database, boots: Mapping[tuple[str, str], Boot | None]) -> None:
    """Keep what `Ledger.changes` gave."""
    rows = {pair: _row(known) for pair, known in boots.items() if known is not None}
    with database.write() as connection:
        connection.executemany(
            f"DELETE FROM {LEDGER_TABLE.name} WHERE sender = ? AND boot = ?",  # noqa: S608
            [pair for pair in boots if pair not in rows],
        )
        connection.executemany(
            f"INSERT OR REPLACE INTO {LEDGER_TABLE.name} VALUES (?, ?, ?, ?, ?, ?)",  # noqa: S608
            [
                (sender, boot, *row, _checksum(sender, boot, *row))
                for (sender, boot), row in rows.items()
            ],
        )


def _checksum(sender: str, boot: str, seen: int, intervals: str, digests: bytes) -> int:
    words = json.dumps([sender, boot, seen, intervals]).encode()
    return zlib.crc32(digests, zlib.crc32(words))


def _short(digest: bytes) -> bytes:
    return digest[:DIGEST_BYTES].ljust(DIGEST_BYTES, b"\0")


def _copy(known: Boot | None) -> Boot | None:
    return known and Boot(known.intervals.copy(), known.recent.copy(), known.seen)


def _row(known: Boot) -> tuple[int, str, bytes]:
    return known.seen, json.dumps(known.intervals, separators=(",", ":")), SCHEME + known.recent


def _digests(data: bytes) -> bytearray:
    """What `_row` wrote; nothing of what was written before digests were made as now."""
    if len(data) % STEP != len(SCHEME) or not data.startswith(SCHEME):
        return bytearray()
    return bytearray(data[len(SCHEME) :])
