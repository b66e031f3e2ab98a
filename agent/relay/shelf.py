"""Parcels on disk until every upstream holds them: bounded in bytes and age, synced in groups.

Parcels are numbered as they come; one set of intervals of numbers says what an upstream holds. What
is evicted becomes parcels of gap frames: each takes the number, and the frame's identity, of the
last parcel lost that the same upstreams lacked, so that nobody who has the frame is told a gap.
One thread writes; those of the upstreams read and report what is held.
"""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Final

from agent import files, intervals, position
from agent.intervals import Interval
from agent.relay import segments
from agent.relay.gaps import Told, told
from agent.relay.parcel import Parcel
from agent.relay.seen import Seen
from agent.relay.segments import Kept, Segment, Writer
from agent.spool import DAMAGED, FULL, OLD, QUARANTINE_FILES, SAVE_SECONDS
from vigie.errors import Unavailable

FRESH_BYTES: Final = 32 * 2**20
"""Of the newest parcels so much stays in memory, so that what goes up at once is not read back."""
HARD: Final = 1.25
"""More than that over the limit is never on disk: new frames stay with their agents."""

log = logging.getLogger(__name__)


class Shelf:
    """The frames of a site that some upstream still lacks."""

    def __init__(
        self, directory: Path, upstreams: Sequence[str], machine: str, *,
        limit_bytes: int, limit_seconds: float,
    ) -> None:  # fmt: skip
        """`machine` is 16 characters that change when the machine starts anew."""
        self.dropped = 0
        """Frames that were evicted or damaged before every upstream had them."""
        self.evictions = 0
        self._directory, self._machine = directory, machine
        self._limit_bytes, self._limit_seconds = limit_bytes, limit_seconds
        self._writer = Writer(directory, max(4096, min(segments.SEGMENT_BYTES, limit_bytes // 16)))
        self._segments: list[Segment] = []
        self._held: dict[str, list[Interval]] = {name: [] for name in upstreams}
        self._sending: dict[str, list[Interval]] = {}
        self._fresh: deque[Kept] = deque()
        self._fresh_bytes = 0
        self._suspects: set[Path] = set()
        self._seen = Seen()
        self._next, self._newest, self._saved = 1, 0, 0.0
        self._closed = self._failing = False
        self._news = threading.Condition()

    # What the writing thread does.

    def open(self, now: float) -> None:
        """Take up what an earlier run left; `now` in monotonic seconds.

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
            self._next = max(self._next, int(path.stem) + 1)
            known = segments.noted(path, now) or self._read(path, now)
            if known is not None:
                self._segments.append(known)
        ends = [h[-1][1] for h in (*self._held.values(), *(s.held for s in self._segments)) if h]
        self._next = max([self._next, *(end + 1 for end in ends)])
        self._newest = self._next - 1
        self.tend(now)

    def put(self, parcels: Sequence[Parcel], now: float) -> None:
        """Keep what of these is not here yet; synced on return.

        Raises:
            Unavailable: the disk does not take them; none of them is here.
        """
        if self.bytes > HARD * self._limit_bytes:
            raise Unavailable("the relay's spool is full; keep it and come back", 30)
        new = []
        for parcel in parcels:
            fresh = self._seen.fresh(parcel)
            if fresh is not None:
                self._seen.note(fresh)
                new.append(fresh)
        if not new:
            return
        taken = time.time_ns() // 1000
        kept = [
            Kept(number, taken, self._machine, parcel)
            for number, parcel in enumerate(new, self._next)
        ]
        try:
            self._append(kept, now)
        except OSError as error:
            for parcel in new:
                self._seen.forget(parcel)
            self._failing = True
            log.warning("spool cannot be written", extra={"file": self._directory, "error": error})
            raise Unavailable(f"the relay's disk does not take it: {error.strerror}", 30) from error
        self._next += len(kept)
        self._failing = False
        with self._news:
            self._newest = self._next - 1
            self._fresh.extend(kept)
            self._fresh_bytes += sum(k.parcel.size for k in kept)
            while self._fresh_bytes > FRESH_BYTES:
                self._fresh_bytes -= self._fresh.popleft().parcel.size
            self._news.notify_all()

    def tend(self, now: float) -> None:
        """Repair, drop what all upstreams hold, evict what is too much or too old."""
        for path in list(self._suspects):
            self._suspects.discard(path)
            self._mend(path, now)
        with self._news:
            shared = self._shared()
            done = [
                s for s in self._segments
                if s is not self._writer.current and not intervals.missing(s.held, shared)
            ]  # fmt: skip
        for finished in done:
            self._remove(finished)
        self._evict(now)
        if now - self._saved >= SAVE_SECONDS:
            self.save(now)

    def save(self, now: float) -> None:
        """Write what each upstream holds."""
        with self._news:
            self._saved = now
            oldest = min((s.held[0][0] for s in self._segments if s.held), default=self._next)
            for upstream, held in self._held.items():
                # What is no longer here need not be told apart any more.
                self._held[upstream] = intervals.union([*held, (0, oldest - 1)])
            positions = {u: list(h) for u, h in self._held.items()}
        for upstream, held in positions.items():
            position.save(self._directory, upstream, held)

    def close(self) -> None:
        """Write the positions and let go of the file."""
        self.save(self._saved)
        self._writer.close()
        self.wake()

    @property
    def bytes(self) -> int:
        """What the parcels take on disk."""
        return sum(s.size for s in list(self._segments))

    @property
    def takes(self) -> bool:
        """Whether the disk took the last parcels, and there is room for more."""
        return not self._failing and self.bytes <= HARD * self._limit_bytes

    def unsent(self, upstream: str, now: float) -> tuple[int, float]:
        """About how many parcels that upstream lacks, and how old the oldest file with one is."""
        with self._news:
            held = self._held[upstream]
            lacking = [(s, intervals.missing(s.held, held)) for s in self._segments]
        count = sum(intervals.size(numbers) for _, numbers in lacking)
        since = min((s.since for s, numbers in lacking if numbers), default=now)
        return count, now - since

    # What an upstream's thread does.

    def live(self, upstream: str, enough: Callable[[Kept], bool]) -> list[Kept]:
        """The newest parcels that it lacks, the oldest of them first.

        `enough` is told of each, the newest first, until it says that they are.
        """
        found: list[Kept] = []
        with self._news:
            held = self._held[upstream]
            for kept in reversed(self._fresh):
                if not intervals.contains(held, kept.number):
                    found.append(kept)
                    if enough(kept):
                        break
        return found[::-1]

    def backlog(self, upstream: str) -> list[Kept]:
        """Parcels that it lacks and that are not among the newest, oldest first, from one file."""
        with self._news:
            held = list(self._held[upstream])
            if self._fresh:
                held = intervals.union([*held, (self._fresh[0].number, self._newest)])
            candidates = [
                (s.path, s.size) for s in self._segments if intervals.missing(s.held, held)
            ]
        for path, size in candidates:
            try:
                with path.open("rb") as file:
                    found, damages = segments.contents(file.read(size))
            except OSError as error:  # evicted meanwhile, or a disk that fails
                log.info("segment skipped", extra={"file": path, "error": error})
                continue
            if damages:
                self._suspects.add(path)
            if lacking := [k for k in found if not intervals.contains(held, k.number)]:
                return lacking
        return []

    def here(self, upstream: str, some: Iterable[Kept], evictions: int) -> list[Kept]:
        """Those that it still lacks, from now on safe from eviction until `rest`.

        `evictions` is from before they were found: after another one none of them is believed, as
        the number of an evicted parcel may be that of a gap now.
        """
        with self._news:
            if self.evictions != evictions:
                self._sending.pop(upstream, None)
                return []
            held, files_ = self._held[upstream], [s.held for s in self._segments]
            found = [
                k for k in some
                if not intervals.contains(held, k.number)
                and any(intervals.contains(numbers, k.number) for numbers in files_)
            ]  # fmt: skip
            self._sending[upstream] = intervals.union((k.number, k.number) for k in found)
        return found

    def hold(self, upstream: str, numbers: Iterable[int]) -> None:
        """The upstream holds these, or refused them for good."""
        with self._news:
            new = [*self._held[upstream], *((n, n) for n in numbers)]
            self._held[upstream] = intervals.union(new)
            shared = self._shared()
            while self._fresh and intervals.contains(shared, self._fresh[0].number):
                self._fresh_bytes -= self._fresh.popleft().parcel.size

    def rest(self, upstream: str) -> None:
        """The upstream is being sent nothing now: what it lacks may be evicted."""
        with self._news:
            self._sending.pop(upstream, None)

    def wait(self, after: int, seconds: float | None = None) -> None:
        """Sleep until a parcel newer than that number is there, or `wake`, or the time is up."""
        with self._news:
            self._news.wait_for(lambda: self._closed or self._newest > after, seconds)

    @property
    def newest(self) -> int:
        """The number of the newest parcel."""
        return self._newest

    def wake(self) -> None:
        """Let no `wait` sleep any longer."""
        with self._news:
            self._closed = True
            self._news.notify_all()

    # How.

    def _append(self, kept: Sequence[Kept], now: float) -> None:
        target = self._writer.append(kept, self._next, now)
        with self._news:
            if target not in self._segments[-1:]:
                self._segments.append(target)
            numbers = [(k.number, k.number) for k in kept]
            target.held = intervals.union([*target.held, *numbers])
            target.frames += sum(len(k.parcel.frames) for k in kept)

    def _read(self, path: Path, now: float) -> Segment | None:
        try:
            found, kept, _, damages = segments.scanned(path, now)
        except OSError as error:
            log.warning("segment unreadable, left alone", extra={"file": path, "error": error})
            return None
        if not kept and not damages:
            path.unlink()
            return None
        for one in kept:
            self._seen.note(one.parcel)
        if damages:
            self._suspects.add(path)
        return found

    def _remove(self, gone: Segment) -> None:
        with self._news:
            self._segments.remove(gone)
        gone.unlink()

    def _shared(self) -> list[Interval]:
        return intervals.common(list(self._held.values()))

    def _lacking(self) -> Callable[[int], frozenset[str]]:
        """Which upstreams lack a number, as of now."""
        with self._news:
            held = {u: list(h) for u, h in self._held.items()}
        return lambda number: frozenset(
            u for u, h in held.items() if not intervals.contains(h, number)
        )

    def _evict(self, now: float) -> None:
        """Drop the oldest files while they are too many or too old; the gap is told first."""
        for oldest in list(self._segments):
            reason = FULL if self.bytes > self._limit_bytes else OLD
            if reason == OLD and now - oldest.since <= self._limit_seconds:
                break
            if oldest is self._writer.current or not self._give_up(oldest):
                break
            try:
                _, kept, _, _ = segments.scanned(oldest.path, now)
                self._tell(told(kept, self._lacking(), reason), reason, now)
            except OSError as error:
                log.warning("nothing evicted", extra={"file": oldest.path, "error": error})
                break
            self._remove(oldest)

    def _give_up(self, segment: Segment) -> bool:
        """Have nobody send of it any more, unless somebody just does; whether that is so."""
        with self._news:
            sending = intervals.union(n for some in self._sending.values() for n in some)
            if intervals.overlap(segment.held, sending):
                return False
            self.evictions += 1
            stay = [k for k in self._fresh if not intervals.contains(segment.held, k.number)]
            self._fresh = deque(stay)
            self._fresh_bytes = sum(k.parcel.size for k in stay)
        return True

    def _tell(self, gaps: Told, reason: str, now: float) -> None:
        """Put gap frames in the place of what goes. Raises OSError."""
        if gaps.frames:
            self.dropped += gaps.frames
            log.warning("frames dropped", extra={"reason": reason, "frames": gaps.frames})
        if gaps.kept:
            self._append(gaps.kept, now)
            self._next += 1  # the file may be named after it
            with self._news:
                self._newest = self._next - 1
                self._news.notify_all()

    def _mend(self, path: Path, now: float) -> None:
        """Put what is damaged in quarantine, tell the gaps, and keep the sound parcels."""
        found = next((s for s in self._segments if s.path == path), None)
        if found is None:
            return
        if found is self._writer.current:
            self._writer.close()
        try:
            _, kept, data, damages = segments.scanned(path, now)
            torn = found is self._segments[-1] and damages and damages[-1].end == len(data)
            for damage in damages:
                log.error("spool damaged", extra={
                    "file": path, "at": damage.start, "bytes": damage.end - damage.start,
                })  # fmt: skip
                files.keep(
                    self._directory / "quarantine", f"{path.stem}-{damage.start}.bin",
                    data[damage.start : damage.end], QUARANTINE_FILES,
                )  # fmt: skip
            # What a crash tore off the end was never said to be held: its agent sends it again.
            lost = segments.salvaged(data, damages[:-1] if torn else damages)
            self._tell(told(lost, self._lacking(), DAMAGED), DAMAGED, now)
            if not kept:
                self._remove(found)
                return
            files.replace(path, segments.written(kept))
            with self._news:
                found.size = path.stat().st_size
                found.held = intervals.union((k.number, k.number) for k in kept)
        except OSError as error:
            log.warning("segment cannot be mended", extra={"file": path, "error": error})
