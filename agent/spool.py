"""Frames on disk until every upstream holds them: bounded, checksummed, synced at each tick.

Segments are append-only files named after their first sequence number; the number grows over
restarts, so that one set of intervals says what an upstream holds. What is evicted or found
damaged becomes a gap frame, synced before anything is removed. Only the agent's main thread
writes; upstreams' threads read and report what is held.
"""

import contextlib
import json
import logging
import os
import secrets
import threading
import zlib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agent import files, intervals, position, segment
from agent.intervals import Interval
from agent.segment import Record
from vigie.frame import Gap

SEGMENT_BYTES: Final = 2**20
SAVE_SECONDS: Final = 10.0
"""How often positions are written; an older one only makes frames be sent twice."""
BEYOND: Final = 10**6
"""More frames than a segment holds."""
QUARANTINE_FILES: Final = 64
DEAD_FILES: Final = 64
FULL: Final = "spool full"
OLD: Final = "too old for the spool"
DAMAGED: Final = "damaged on disk"
UNWRITTEN: Final = "could not be written to disk"

GapFrame = Callable[[str, int, Sequence[Gap]], bytes]
"""Makes the frame of (boot, sequence) that tells these gaps."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Segment:
    """One file, and what is known of it without reading it; `since` in monotonic seconds."""

    path: Path
    since: float
    size: int = 0
    held: list[Interval] = field(default_factory=list)
    """The sequence numbers in it."""


class Spool:
    """The frames of one agent that some upstream still lacks."""

    def __init__(
        self, directory: Path, upstreams: Sequence[str], gap_frame: GapFrame, *,
        limit_bytes: int, limit_seconds: float,
    ) -> None:  # fmt: skip
        self.boot = secrets.token_hex(segment.BOOT_BYTES // 2)
        self.next = 0
        self.dropped = 0
        self._directory = directory
        self._gap_frame = gap_frame
        self._limit_bytes, self._limit_seconds = limit_bytes, limit_seconds
        self._segment_bytes = max(4096, min(SEGMENT_BYTES, limit_bytes // 8))
        self._segments: list[_Segment] = []
        self._held: dict[str, list[Interval]] = {name: [] for name in upstreams}
        self._file = -1
        self._untold: dict[str, list[Gap]] = {}
        self._suspects: set[Path] = set()
        self._spoiled: set[Path] = set()
        """Damaged segments whose gap is told, and that the disk does not let us mend."""
        self._latest: Record | None = None
        self._saved = 0.0
        self._changed = False
        self._closed = False
        self._news = threading.Condition()

    # What the main thread does.

    def open(self, now: float) -> None:
        """Take up what an earlier run left; `now` in monotonic seconds.

        Damaged records are put in quarantine, and the gaps that they leave are told.

        Raises:
            OSError: the directory cannot be read or written.
        """
        self._directory.mkdir(parents=True, exist_ok=True)
        for upstream in self._held:
            self._held[upstream] = position.load(self._directory / position.file_name(upstream))
        position.forget(self._directory, {position.file_name(u) for u in self._held})
        for leftover in self._directory.glob("*.part"):
            leftover.unlink()
        for path in sorted(p for p in self._directory.glob("*.spool") if p.stem.isdigit()):
            try:
                records, damages = segment.scan(path.read_bytes())
            except OSError as error:
                log.warning("segment unreadable, left alone", extra={"file": path, "error": error})
                self.next = max(self.next, int(path.stem) + BEYOND)
                continue
            if not records and not damages:
                self.next = max(self.next, int(path.stem))
                path.unlink()  # begun, and nothing written: the number was not used
                continue
            found = _Segment(path, now, path.stat().st_size)
            found.held = intervals.union((r.sequence, r.sequence) for r in records)
            self._segments.append(found)
            if damages:
                self._suspects.add(path)
            # A number whose record is damaged was given out: it is told, and not used again.
            newest = records[-1].sequence + 1 if records else int(path.stem)
            self.next = max(self.next, newest + bool(damages and damages[-1].after is None))
        self.next = max([self.next, *(h[-1][1] + 1 for h in self._held.values() if h)])
        self.tend(now)

    def append(self, payload: bytes, time: int, now: float) -> None:
        """Add the frame numbered `next`, taken at `time` (µs UTC); synced on return.

        A disk that refuses loses the frame, unless it leaves live: that is counted and told.
        """
        record = Record(self.boot, self.next, time, payload)
        self.next += 1
        if not self._write(record, now):
            self._owe(self.boot, [Gap(record.sequence, record.sequence, time, time, UNWRITTEN)])
        with self._news:
            self._latest = record
            self._news.notify_all()

    def tend(self, now: float) -> None:
        """Repair, evict what is too much or too old, and drop what all upstreams hold."""
        for path in list(self._suspects):
            self._suspects.discard(path)
            try:
                self._repair(path, now)
            except OSError as error:
                self._spoiled.add(path)
                log.warning("segment cannot be mended", extra={"file": path, "error": error})
        shared = self._shared()
        for done in [s for s in self._segments[:-1] if not intervals.missing(s.held, shared)]:
            self._remove(done)
        self._evict(now)
        if self._changed and now - self._saved >= SAVE_SECONDS:
            self._save(now)

    def close(self) -> None:
        """Write the positions and let go of the file."""
        self._save(self._saved)
        self._roll()
        self.wake()

    @property
    def bytes(self) -> int:
        """What the frames take on disk."""
        return sum(s.size for s in self._segments)

    @property
    def waiting(self) -> tuple[int, int]:
        """Frames that the slowest upstream lacks, and about how many bytes they take."""
        with self._news:
            held = [list(h) for h in self._held.values()]
            segments = [(list(s.held), s.size) for s in self._segments if s.held]
        return position.slowest(held, segments)

    # What an upstream's thread does.

    @property
    def newest(self) -> int:
        """The number of the newest frame of this boot, -1 before the first."""
        with self._news:
            return -1 if self._latest is None else self._latest.sequence

    def live(self, upstream: str) -> Record | None:
        """The newest frame, unless that upstream holds it."""
        with self._news:
            latest = self._latest
            if latest is None or intervals.contains(self._held[upstream], latest.sequence):
                return None
            return latest

    def backlog(self, upstream: str) -> list[Record]:
        """Frames that the upstream lacks, oldest first, from one segment."""
        with self._news:
            held = list(self._held[upstream])
            candidates = [
                (s.path, s.size) for s in self._segments if intervals.missing(s.held, held)
            ]
        for path, size in candidates:
            try:
                with path.open("rb") as file:
                    data = file.read(size)
            except OSError as error:  # evicted meanwhile, or a disk that fails
                log.info("segment skipped", extra={"file": path, "error": error})
                continue
            records, damages = segment.scan(data)
            if (damages or not records) and path not in self._spoiled:
                self._suspects.add(path)
            lacking = [r for r in records if not intervals.contains(held, r.sequence)]
            if lacking:
                return lacking
        return []

    def hold(self, upstream: str, sequences: Iterable[int]) -> None:
        """The upstream holds these, or has refused them for good."""
        with self._news:
            new = [*self._held[upstream], *((n, n) for n in sequences)]
            self._held[upstream] = intervals.union(new)
            self._changed = True

    def wait(self, after: int) -> None:
        """Sleep until a frame newer than number `after` is there, or `wake` is called."""
        with self._news:
            while not self._closed and self.newest <= after:
                self._news.wait()

    def wake(self) -> None:
        """Let no `wait` sleep any longer."""
        with self._news:
            self._closed = True
            self._news.notify_all()

    def bury(self, upstream: str, record: Record, reason: str) -> None:
        """Keep a frame that the upstream refused for good where a person can look at it."""
        name = f"{record.sequence:016d}-{zlib.crc32(upstream.encode()):08x}"
        told = json.dumps({"upstream": upstream, "boot": record.boot, "reason": reason})
        files.keep(self._directory / "dead", name + ".frame", record.payload, DEAD_FILES)
        files.keep(self._directory / "dead", name + ".json", told.encode(), DEAD_FILES)

    # How.

    def _write(self, record: Record, now: float) -> bool:
        data = segment.write(record)
        try:
            if self._file < 0:
                self._begin(record.sequence, now)
            current = self._segments[-1]
            files.append(self._file, data)
        except OSError as error:
            log.warning("spool cannot be written", extra={"file": self._directory, "error": error})
            self._cut()
            return False
        with self._news:
            current.size += len(data)
            current.held = intervals.union([*current.held, (record.sequence, record.sequence)])
        if current.size >= self._segment_bytes:
            self._roll()
        return True

    def _begin(self, sequence: int, now: float) -> None:
        path = self._directory / f"{sequence:016d}.spool"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND, 0o600)
        files.sync_directory(self._directory)
        with self._news:
            self._segments.append(_Segment(path, now))

    def _roll(self) -> None:
        if self._file >= 0:
            os.close(self._file)
        self._file = -1

    def _cut(self) -> None:
        """Take a half-written record off the current segment, and begin another one next."""
        if self._file >= 0:
            with contextlib.suppress(OSError):
                os.ftruncate(self._file, self._segments[-1].size)
            if not self._segments[-1].size:
                self._remove(self._segments[-1])
        self._roll()

    def _owe(self, boot: str, gaps: Iterable[Gap]) -> None:
        self._untold.setdefault(boot, []).extend(gaps)

    def _settle(self, now: float) -> None:
        """Append a gap frame for each boot that has lost something; later if the disk refuses."""
        shared, newest = self._shared(), self._latest
        for boot, owed in list(self._untold.items()):
            # A frame that is not on disk may still leave live, until the next one is there.
            waiting = [
                g for g in owed
                if g.reason == UNWRITTEN and newest is not None and g.last >= newest.sequence
            ]  # fmt: skip
            lost = segment.joined(
                [
                    g
                    for g in owed
                    if g not in waiting and intervals.missing([(g.first, g.last)], shared)
                ]
            )
            if lost:
                payload = self._gap_frame(boot, self.next, lost)
                if not self._write(Record(boot, self.next, lost[-1].to_time, payload), now):
                    return
                self.next += 1
                self.dropped += sum(g.last - g.first + 1 for g in lost if g.reason == UNWRITTEN)
            if waiting:
                self._untold[boot] = waiting
            else:
                del self._untold[boot]

    def _evict(self, now: float) -> None:
        """Drop the oldest segments while they are too many or too old; the gap is told first."""
        victims: list[_Segment] = []
        size = self.bytes
        for oldest in self._segments[:-1]:
            reason = FULL if size > self._limit_bytes else OLD
            if reason == OLD and now - oldest.since <= self._limit_seconds:
                break
            size -= oldest.size
            victims.append(oldest)
            records, shared = _records(oldest.path), self._shared()
            lost = [r for r in records if not intervals.contains(shared, r.sequence)]
            for boot, gaps in segment.lost(lost, reason).items():
                self._owe(boot, gaps)
            frames = len([r for r in lost if not segment.carried(r)])
            self.dropped += frames
            log.warning("frames dropped", extra={"reason": reason, "frames": frames})
        self._settle(now)
        for victim in victims:
            self._remove(victim)

    def _repair(self, path: Path, now: float) -> None:
        """Put what is damaged in quarantine, tell the gap, and keep the sound records."""
        index = next((i for i, s in enumerate(self._segments) if s.path == path), None)
        if index is None:
            return
        found = self._segments[index]
        data = path.read_bytes()
        if index == len(self._segments) - 1 and self._file >= 0:
            self._roll()
        records, damages = segment.scan(data)
        before, after, shared = *self._around(index), self._shared()
        for damage in damages:
            name = f"{path.stem}-{damage.start}.bin"
            files.keep(
                self._directory / "quarantine",
                name,
                data[damage.start : damage.end],
                QUARANTINE_FILES,
            )
            gap = segment.between(damage, int(path.stem), before, after, DAMAGED)
            log.error(
                "spool damaged",
                extra={
                    "file": path,
                    "at": damage.start,
                    "bytes": damage.end - damage.start,
                    "lost": gap,
                },
            )
            if gap and intervals.missing([(gap[1].first, gap[1].last)], shared):
                self._owe(gap[0], [gap[1]])
                self.dropped += gap[1].last - gap[1].first + 1
        self._settle(now)
        if not records:
            self._remove(found)
            return
        files.replace(path, b"".join(segment.write(r) for r in records))
        with self._news:
            found.size = path.stat().st_size
            found.held = intervals.union((r.sequence, r.sequence) for r in records)

    def _around(self, index: int) -> tuple[Record | None, Record | None]:
        """The last record before a segment, and the first one after it."""
        sides = (reversed(self._segments[:index]), self._segments[index + 1 :])
        before, after = (
            next((found for s in side if (found := _records(s.path))), None) for side in sides
        )
        return before[-1] if before else None, after[0] if after else None

    def _remove(self, gone: _Segment) -> None:
        with self._news:
            self._segments.remove(gone)
        gone.path.unlink(missing_ok=True)

    def _shared(self) -> list[Interval]:
        with self._news:
            return intervals.common(list(self._held.values()))

    def _save(self, now: float) -> None:
        with self._news:
            self._changed, self._saved = False, now
            oldest = next((s.held[0][0] for s in self._segments if s.held), 0)
            for upstream, held in self._held.items():
                # What is no longer here need not be told apart any more.
                if held and oldest:
                    self._held[upstream] = intervals.union([*held, (0, oldest - 1)])
            positions = {u: list(h) for u, h in self._held.items()}
        for upstream, held in positions.items():
            position.save(self._directory, upstream, held)


def _records(path: Path) -> list[Record]:
    try:
        return segment.scan(path.read_bytes())[0]
    except OSError as error:
        log.warning("segment unreadable", extra={"file": path, "error": error})
        return []
