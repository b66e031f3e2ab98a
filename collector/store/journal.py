"""What was acknowledged and is not yet in the tables: checksummed records in append-only segments.

A segment's name carries the position of its first record and a random salt; each of its records
begins with that salt. Nobody who sends a frame knows the salt, so that after damage the search for
the next record cannot be led astray by a record forged inside a body. Positions grow by one with
each record and never repeat, over segments and restarts: a start leaves out many, so that it need
not read what is there before it writes. A file is never appended to after a restart: what a crash
left torn stays at the end of its own segment.
"""

import contextlib
import errno
import os
import secrets
import struct
import threading
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from collector.store.disk import make_directory, sync_directory
from vigie.errors import Unavailable

SEGMENT_BYTES: Final = 64 * 2**20
LEAP: Final = 2**24
"""Positions left out at a start: several times the records that one segment can have."""

_HEAD: Final = struct.Struct("<8sIIIQ")  # salt, checksum, sizes of envelope and body, position
_SUMMED: Final = struct.Struct("<IIQ")
_SUFFIX: Final = ".journal"


@dataclass(frozen=True, slots=True)
class Record:
    """One request as it came, and where it stands."""

    position: int
    envelope: bytes
    body: bytes


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes of a segment that are no record."""

    path: Path
    offset: int
    data: bytes


@dataclass(frozen=True, slots=True, order=True)
class Segment:
    """One file of the journal."""

    first: int
    salt: int
    path: Path

    @staticmethod
    def of(path: Path) -> "Segment | None":
        """The segment of that name, or None where it is no segment's."""
        first, _, salt = path.stem.partition("-")
        with contextlib.suppress(ValueError):
            if path.suffix == _SUFFIX:
                return Segment(int(first, 16), int(salt, 16), path)
        return None

    @property
    def mark(self) -> bytes:
        """What each record begins with."""
        return self.salt.to_bytes(8, "little")

    def read(self) -> Iterator[Record | Damage]:
        """Every record in order, and between them what is damaged."""
        data = self.path.read_bytes()
        offset, damaged = 0, -1
        while offset < len(data):
            record = _record(data, offset, self.mark)
            if record is None:
                damaged = offset if damaged < 0 else damaged
                found = data.find(self.mark, offset + 1)
                offset = len(data) if found < 0 else found
                continue
            if damaged >= 0:
                yield Damage(self.path, damaged, data[damaged:offset])
                damaged = -1
            yield record
            offset += _HEAD.size + len(record.envelope) + len(record.body)
        if damaged >= 0:
            yield Damage(self.path, damaged, data[damaged:])


def _record(data: bytes, offset: int, mark: bytes) -> Record | None:
    if len(data) - offset < _HEAD.size:
        return None
    salt, checksum, envelope_size, body_size, position = _HEAD.unpack_from(data, offset)
    start = offset + _HEAD.size
    middle, end = start + envelope_size, start + envelope_size + body_size
    if salt != mark or end > len(data):
        return None
    envelope, body = data[start:middle], data[middle:end]
    if checksum != _checksum(envelope, body, position):
        return None
    return Record(position, envelope, body)


def _checksum(envelope: bytes, body: bytes, position: int) -> int:
    head = zlib.crc32(_SUMMED.pack(len(envelope), len(body), position))
    return zlib.crc32(body, zlib.crc32(envelope, head))


def missing(last: int, first: int) -> bool:
    """Whether a segment is lost between the record at `last` and a segment that begins at `first`.

    A start leaves out what is left of `LEAP` after the first record of the newest segment.
    """
    left_out = first - last - 1
    return left_out > 0 and not LEAP // 2 < left_out <= LEAP


class Journal:
    """The segments of one directory; one thread writes, another drops what the tables hold."""

    def __init__(self, directory: Path, *, segment_bytes: int = SEGMENT_BYTES) -> None:
        self._directory = directory
        self._segment_bytes = segment_bytes
        self._file = -1
        self._size = 0
        self._current: Segment | None = None
        self._lock = threading.Lock()
        self.next = 1
        make_directory(directory)

    def segments(self) -> list[Segment]:
        """Every segment on disk, oldest first."""
        found = (Segment.of(path) for path in self._directory.iterdir())
        return sorted(s for s in found if s is not None)

    def size(self) -> int:
        """Bytes on disk."""
        return sum(s.path.stat().st_size for s in self.segments())

    def begin(self, after: int) -> None:
        """Say that every position up to `after` is taken, and those of the segments that are there.

        None of them is read, and whatever is damaged or lost in them is passed by too.
        """
        newest = max((s.first for s in self.segments()), default=0)
        self.next = max(after, newest - 1) + LEAP + 1 if max(after, newest) else 1

    def append(self, entries: Sequence[tuple[bytes, bytes]]) -> int:
        """Write and sync envelopes with their bodies; the position of the first.

        Raises:
            Unavailable: the disk is full; nothing was kept.
            OSError: the disk failed, and what is on it is unknown: the process must end.
        """
        with self._lock:
            return self._append(entries)

    def rotate(self) -> None:
        """End the current segment; the next record opens another."""
        with self._lock:
            self._rotate()

    def drop(self, upto: int) -> int:
        """Remove segments that hold no position above `upto`; how many went."""
        with self._lock:  # else a segment that is being made might be taken for an old one
            segments = self.segments()
            ends = [s.first for s in segments[1:]] + [self.next]
            gone = [
                segment
                for segment, end in zip(segments, ends, strict=True)
                if end <= upto + 1 and segment != self._current
            ]
        for segment in gone:
            segment.path.unlink()
        if gone:
            sync_directory(self._directory)
        return len(gone)

    def close(self) -> None:
        """Let go of the file."""
        self.rotate()

    def _append(self, entries: Sequence[tuple[bytes, bytes]]) -> int:
        if self._size >= self._segment_bytes:
            self._rotate()
        segment = self._current or self._create()
        first = self.next
        pieces: list[bytes] = []
        for position, (envelope, body) in enumerate(entries, first):
            checksum = _checksum(envelope, body, position)
            head = _HEAD.pack(segment.mark, checksum, len(envelope), len(body), position)
            pieces += (head, envelope, body)
        data = b"".join(pieces)
        try:
            _write(self._file, data)
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            os.ftruncate(self._file, self._size)
            os.lseek(self._file, self._size, os.SEEK_SET)
            raise Unavailable(f"{segment.path}: {error.strerror}", retry_after=10) from error
        os.fdatasync(self._file)
        self._size += len(data)
        self.next = first + len(entries)
        return first

    def _rotate(self) -> None:
        if self._current is not None:
            os.close(self._file)
            self._current, self._size = None, 0

    def _create(self) -> Segment:
        salt = secrets.randbits(63) + 1
        path = self._directory / f"{self.next:016x}-{salt:016x}{_SUFFIX}"
        try:
            self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o640)
        except OSError as error:
            if error.errno not in {errno.ENOSPC, errno.EDQUOT}:
                raise
            raise Unavailable(f"{path}: {error.strerror}", retry_after=10) from error
        sync_directory(self._directory)
        self._current, self._size = Segment(self.next, salt, path), 0
        return self._current


def _write(file: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(file, view) :]
