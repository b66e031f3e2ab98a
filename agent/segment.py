"""How frames lie in a segment of the spool: records that each prove themselves, read from bytes.

::

    "VSR1" | u32 payload bytes | u64 sequence | i64 time (µs UTC) | boot, 16 ASCII
           | u32 CRC of payload | u32 CRC of all the above | payload

A record that does not check is damage: it is told apart from its neighbours and costs none of
them, because the next one is found by its first four bytes.
"""

import struct
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

from vigie.errors import FrameError
from vigie.frame import MAGIC as FRAME_MAGIC
from vigie.frame import Gap, unpack

MAGIC: Final = b"VSR1"
BOOT_BYTES: Final = 16
_BODY: Final = struct.Struct(f"<4sIQq{BOOT_BYTES}sI")
_CHECK: Final = struct.Struct("<I")
HEAD_BYTES: Final = _BODY.size + _CHECK.size


@dataclass(frozen=True, slots=True)
class Record:
    """One frame of the spool: who it is, when it was taken (µs UTC), its bytes."""

    boot: str
    sequence: int
    time: int
    payload: bytes


class Head(NamedTuple):
    """What stands before a payload: the record's identity and time, its size and its CRC."""

    boot: str
    sequence: int
    time: int
    size: int
    check: int


@dataclass(frozen=True, slots=True)
class Damage:
    """Bytes `start` to `end` of a segment that are no record, between two that are."""

    start: int
    end: int
    before: Record | None
    after: Record | None


def write(record: Record) -> bytes:
    """The bytes of a record."""
    body = _BODY.pack(
        MAGIC,
        len(record.payload),
        record.sequence,
        record.time,
        record.boot.encode("ascii"),
        zlib.crc32(record.payload),
    )
    return body + _CHECK.pack(zlib.crc32(body)) + record.payload


def scan(data: bytes) -> tuple[list[Record], list[Damage]]:
    """The sound records of a segment, and the damage between them."""
    records: list[Record] = []
    bad: list[tuple[int, int, int]] = []  # start, end, number of records before
    at = 0
    while at < len(data):
        record, end = _record(data, at)
        if record is not None:
            records.append(record)
        elif bad and bad[-1][1] == at:
            bad[-1] = (bad[-1][0], end, len(records))
        else:
            bad.append((at, end, len(records)))
        at = end
    damages = [
        Damage(start, end, records[n - 1] if n else None, records[n] if n < len(records) else None)
        for start, end, n in bad
    ]
    return records, damages


def head(data: bytes, at: int) -> Head | None:
    """The sound head of a record at that byte, whatever its payload; None where there is none."""
    if len(data) < at + HEAD_BYTES:
        return None
    magic, size, sequence, time, boot, check = _BODY.unpack_from(data, at)
    head_check = _CHECK.unpack_from(data, at + _BODY.size)[0]
    if magic != MAGIC or zlib.crc32(data[at : at + _BODY.size]) != head_check:
        return None
    return Head(boot.decode("ascii", "replace"), sequence, time, size, check)


def _record(data: bytes, at: int) -> tuple[Record | None, int]:
    """The record at that byte, or None; and where to go on."""
    start, found = at + HEAD_BYTES, head(data, at)
    if found is not None:
        end = start + found.size
        payload = data[start:end]
        if len(payload) == found.size and zlib.crc32(payload) == found.check:
            return Record(found.boot, found.sequence, found.time, payload), end
        if end <= len(data):
            return None, end
    following = data.find(MAGIC, at + 1)
    return None, len(data) if following < 0 else following


def lost(records: Iterable[Record], reason: str) -> dict[str, list[Gap]]:
    """The gaps that these records leave, by boot; what a gap frame among them told stays told."""
    gaps: dict[str, list[Gap]] = {}
    for record in records:
        own = Gap(record.sequence, record.sequence, record.time, record.time, reason)
        gaps.setdefault(record.boot, []).extend([*carried(record), own])
    return {boot: joined(found) for boot, found in gaps.items()}


def carried(record: Record) -> tuple[Gap, ...]:
    """The gaps that a record's own frame tells, where it is a gap frame."""
    if not record.payload.startswith(FRAME_MAGIC):
        return ()
    try:
        return next(unpack(record.payload)).header.gaps
    except (FrameError, StopIteration):
        return ()


def joined(gaps: Sequence[Gap]) -> list[Gap]:
    """The same gaps in order, neighbours of one reason made one."""
    done: list[Gap] = []
    for gap in sorted(gaps, key=lambda g: g.first):
        last = done[-1] if done else None
        if last is not None and gap.first <= last.last + 1 and gap.reason == last.reason:
            done[-1] = Gap(
                last.first,
                max(last.last, gap.last),
                min(last.from_time, gap.from_time),
                max(last.to_time, gap.to_time),
                gap.reason,
            )
        else:
            done.append(gap)
    return done


def between(
    damage: Damage, first: int, preceding: Record | None, following: Record | None, reason: str
) -> tuple[str, Gap] | None:
    """The boot and the gap that damage leaves: the numbers between its neighbours.

    `first` is the number that the segment begins with; `preceding` and `following` are the
    records next to it in other segments. With nothing after, one frame is named: the one that was
    being written. Numbers between two boots are told of the earlier one. None where no number is
    missing, or where nothing is left that says whose they were.
    """
    before, after = damage.before, damage.after or following
    neighbour = before or preceding or after
    if neighbour is None:
        return None
    start = first if before is None else before.sequence + 1
    last = start if after is None else after.sequence - 1
    if last < start:
        return None
    until = (after or neighbour).time
    return neighbour.boot, Gap(start, last, neighbour.time, until, reason)
