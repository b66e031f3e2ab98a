"""How a fragment lies in the inventory: 18 bytes that name it, 23 bytes that tell of it.

Both have a fixed size, so that a change never makes a page of the database overflow. The rules by
which a row changes are here too; they are pure.
"""

import struct
import zlib
from typing import Final, NamedTuple, Self

from vigie.fragments import OBJECT_BYTES, RECORD, Status

KEY_BYTES: Final = OBJECT_BYTES + 2
_VALUE: Final = struct.Struct("<IHIHBBIIB")
LOOK: Final = slice(0, 13)
"""The part of a value that a walk sees: size, time of the last change, and where."""
_LOOK: Final = struct.Struct("<IHIHB")
_STATUS: Final = 22
_UINT32: Final = 0xFFFF_FFFF
_LARGEST: Final = 2**48 - 1
_STAMP_SHIFT: Final = 20
"""A stamp counts about milliseconds, and starts again after 52 days."""


class Row(NamedTuple):
    """What is known of one fragment; times in Unix seconds, 0 is never.

    `stamp` is taken from the time of the file's last change, `place` from the first name of its
    path below its root: both tell two apart, and lead nowhere.
    """

    size: int
    stamp: int
    root: int
    place: int
    scheme: int
    verified: int
    since: int
    status: int

    @classmethod
    def of(cls, value: bytes) -> Self:
        """The row of these 23 bytes."""
        low, high, *rest = _VALUE.unpack(value)
        return cls(high << 32 | low, *rest)

    def pack(self) -> bytes:
        """The 23 bytes."""
        return _VALUE.pack(self.size & _UINT32, self.size >> 32, *self[1:])


def key(oid: bytes, idx: int) -> bytes:
    """The 18 bytes that name a fragment; those of one object lie together."""
    return oid + idx.to_bytes(2, "little")


def look(size: int, mtime_ns: int, root: int, place: int) -> bytes:
    """What a walk sees of a fragment."""
    size = min(size, _LARGEST)
    return _LOOK.pack(size & _UINT32, size >> 32, mtime_ns >> _STAMP_SHIFT & _UINT32, root, place)


def place(name: str) -> int:
    """One byte for the first name of a path below a root; 0 for what lies in the root itself."""
    return zlib.crc32(name.encode(errors="surrogateescape")) & 0xFF


def status(value: bytes) -> int:
    """The status alone."""
    return value[_STATUS]


def news(before: bytes | None, seen: bytes) -> bool:
    """Whether seeing a fragment like this changes what is known of it."""
    return before is None or before[LOOK] != seen or before[_STATUS] == Status.MISSING


def sighted(before: bytes | None, seen: bytes, scheme: int, now: int) -> bytes:
    """The value of a fragment that was seen: its content is not vouched for."""
    since = now
    if before is not None and before[_STATUS] == Status.UNVERIFIED:
        since = Row.of(before).since
    return seen + struct.pack("<BIIB", scheme, 0, since, Status.UNVERIFIED)


def turned(before: bytes, to: Status, now: int) -> bytes:
    """The value after its status was learnt otherwise than by reading the content."""
    row = Row.of(before)
    if row.status == to:
        return before
    return row._replace(status=to, since=now).pack()


def checked(before: bytes, found: Status, size: int, now: int) -> bytes:
    """The value after its content was read, and was found so in `size` bytes.

    A good check of another size than what is known is one of a file that has changed meanwhile:
    the walk will see it, and nothing is vouched for until then.
    """
    row = Row.of(before)
    if found == Status.OK and row.size != size:
        return before
    since = row.since if row.status == found else now
    return row._replace(status=found, since=since, verified=now).pack()


def record(name: bytes, value: bytes) -> bytes:
    """The 43 bytes of the wire; the disk is the number of the root."""
    row = Row.of(value)
    return RECORD.pack(
        name[:OBJECT_BYTES], int.from_bytes(name[OBJECT_BYTES:], "little"), row.scheme, row.size,
        row.verified, row.since, row.root, 0, row.status,
    )  # fmt: skip


def gone(name: bytes) -> bytes:
    """The 43 bytes that say that a fragment is to be forgotten."""
    idx = int.from_bytes(name[OBJECT_BYTES:], "little")
    return RECORD.pack(name[:OBJECT_BYTES], idx, 0, 0, 0, 0, 0, 0, Status.GONE)
