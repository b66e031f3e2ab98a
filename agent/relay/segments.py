"""The files of a relay's shelf: parcels one after the other, and which numbers each file has.

A file is written by one thread and read by those of the upstreams. A closed one has its numbers
beside it, so that a start need not read gigabytes; the record format is that of `agent.segment`.
"""

import contextlib
import json
import logging
import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agent import files, intervals, segment
from agent.intervals import Interval
from agent.relay.parcel import Parcel, labelled, read
from agent.segment import Damage, Record
from vigie.errors import FrameError

SEGMENT_BYTES: Final = 8 * 2**20
SUFFIX: Final = ".spool"
_NUMBERS: Final = ".numbers"

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Kept:
    """One parcel on disk: its number, when it came (µs UTC), the machine boot of then."""

    number: int
    time: int
    machine: str
    parcel: Parcel


@dataclass(slots=True)
class Segment:
    """One file; `since` in monotonic seconds, `held` the numbers in it."""

    path: Path
    since: float
    size: int = 0
    held: list[Interval] = field(default_factory=list)
    frames: int = 0

    def note(self) -> None:
        """Write the numbers beside the file; without them it is read at the next start."""
        text = json.dumps([self.size, self.frames, self.held]).encode()
        try:
            files.replace(self.path.with_suffix(_NUMBERS), text)
        except OSError as error:
            log.warning("numbers not noted", extra={"file": self.path, "error": error})

    def unlink(self) -> None:
        """Remove the file and what stands beside it."""
        self.path.with_suffix(_NUMBERS).unlink(missing_ok=True)
        self.path.unlink(missing_ok=True)


def noted(path: Path, since: float) -> Segment | None:
    """A closed file as it was noted; None where it must be read."""
    try:
        size, frames, held = json.loads(path.with_suffix(_NUMBERS).read_text())
        if size != path.stat().st_size:
            return None
        return Segment(path, since, size, [(int(a), int(b)) for a, b in held], int(frames))
    except (OSError, ValueError, TypeError):
        return None


def contents(data: bytes) -> tuple[list[Kept], list[Damage]]:
    """The parcels in a file, in the order of the file, and what is damaged."""
    records, damages = segment.scan(data)
    kept = []
    for record in records:
        try:
            parcel = read(record.payload)
        except FrameError as error:
            log.warning("parcel left out", extra={"number": record.sequence, "reason": str(error)})
            continue
        kept.append(Kept(record.sequence, record.time, record.boot, parcel))
    return kept, damages


def scanned(path: Path, since: float) -> tuple[Segment, list[Kept], bytes, list[Damage]]:
    """A file that is read as a whole.

    Raises:
        OSError: it cannot be.
    """
    data = path.read_bytes()
    kept, damages = contents(data)
    numbers = intervals.union((k.number, k.number) for k in kept)
    frames = sum(len(k.parcel.frames) for k in kept)
    return Segment(path, since, len(data), numbers, frames), kept, data, damages


def written(kept: Iterable[Kept]) -> bytes:
    """The bytes of a file with these."""
    return b"".join(
        segment.write(Record(k.machine, k.number, k.time, k.parcel.payload)) for k in kept
    )


def salvaged(data: bytes, damages: Iterable[Damage]) -> list[Kept]:
    """Parcels without their frames, of which only the labels are whole."""
    found = []
    for damage in damages:
        at = damage.start
        while (head := segment.head(data, at)) is not None and at < damage.end:
            payload = data[at + segment.HEAD_BYTES : at + segment.HEAD_BYTES + head.size]
            if (label := labelled(payload)) is not None:
                found.append(Kept(head.sequence, head.time, head.boot, label))
            at += segment.HEAD_BYTES + head.size
    return found


class Writer:
    """Appends to the newest file; synced on return, or nothing was written."""

    def __init__(self, directory: Path, segment_bytes: int) -> None:
        self._directory, self._limit = directory, segment_bytes
        self._file = -1
        self.current: Segment | None = None

    def append(self, kept: Sequence[Kept], name: int, now: float) -> Segment:
        """Write and sync; the file that took them, of which the numbers are the caller's to note.

        A new file gets that `name`, which no other had.

        Raises:
            OSError: the disk refuses.
        """
        if self.current is None or self.current.size >= self._limit:
            self.close()
            self._begin(name, now)
        current = self.current
        assert current is not None  # noqa: S101 - begun above
        data = written(kept)
        try:
            files.append(self._file, data)
        except OSError:
            self._cut(current)
            raise
        current.size += len(data)
        return current

    def close(self) -> None:
        """Begin another file next."""
        if self._file >= 0:
            os.close(self._file)
            if self.current is not None:
                self.current.note()
        self._file, self.current = -1, None

    def _begin(self, number: int, now: float) -> None:
        path = self._directory / f"{number:016d}{SUFFIX}"
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND, 0o600)
        self.current = Segment(path, now)
        files.sync_directory(self._directory)

    def _cut(self, current: Segment) -> None:
        """Take what was half written off the file, and begin another next."""
        with contextlib.suppress(OSError):
            os.ftruncate(self._file, current.size)
        os.close(self._file)
        self._file, self.current = -1, None
        if not current.size:
            with contextlib.suppress(OSError):
                current.unlink()
