"""How a fragment lies in the inventory: 18 bytes that name it, 20 bytes that tell of it.

Both have a fixed size, so that a change never makes a page of the database overflow. The rules by
which a row changes are here too; they are pure.
"""

import struct
import zlib
from typing import Final, NamedTuple, Self

from vigie.fragments import OBJECT_BYTES, RECORD, Status

KEY_BYTES: Final = OBJECT_BYTES + 2
VALUE_BYTES: Final = 20
SHORT_BYTES: Final = 5
_VALUE: Final = struct.Struct("<QHBIIB")
LOOK: Final = slice(0, 10)
"""The part of a value that a walk sees: size, time of the last change, and where."""
_LOOK: Final = struct.Struct("<QH")
_LEARNT: Final = struct.Struct("<BIIB")
_STATUS: Final = 19
_TAIL: Final = struct.Struct(RECORD.format.replace("16sH", ""))
"""A record without its first 18 bytes, which are the key."""
_SIZE_BITS: Final = 48
_SIZES: Final = 2**_SIZE_BITS - 1
_STAMP_SHIFT: Final = 20
_STAMPS: Final = 2**16 - 1
"""A stamp counts about milliseconds, and starts again after a minute: of two changes that leave
the size as it was, one in 65,536 is taken for none."""
_ROOT_BITS: Final = 12
PLACES: Final = 16


class Row(NamedTuple):
    """What is known of one fragment; times in Unix seconds, 0 is never.

    `seen` holds the size and the stamp of the last change; `where` the number of the root, and the
    `place` in it.
    """

    seen: int
    where: int
    scheme: int
    verified: int
    since: int
    status: int

    @classmethod
    def of(cls, value: bytes) -> Self:
        """The row of these 20 bytes."""
        return cls._make(_VALUE.unpack(value))

    @property
    def size(self) -> int:
        """Bytes of the file."""
        return self.seen & _SIZES

    @property
    def root(self) -> int:
        """Number of the root in which it lies."""
        return self.where & (1 << _ROOT_BITS) - 1

    @property
    def place(self) -> int:
        """The `place` of its path."""
        return self.where >> _ROOT_BITS

    def pack(self) -> bytes:
        """The 20 bytes."""
        return _VALUE.pack(*self)


def key(oid: bytes, idx: int) -> bytes:
    """The 18 bytes that name a fragment; those of one object lie together."""
    return oid + idx.to_bytes(2, "little")


def short(key: bytes) -> bytes:
    """5 bytes that, with the first bits of the key, tell a fragment from others.

    Ten million of them hide one that has gone by a chance of one in a million.
    """
    return key[1:5] + key[OBJECT_BYTES : OBJECT_BYTES + 1]


def look(size: int, mtime_ns: int, where: int) -> bytes:
    """What a walk sees of a fragment."""
    stamp = mtime_ns >> _STAMP_SHIFT & _STAMPS
    return _LOOK.pack(min(size, _SIZES) | stamp << _SIZE_BITS, where)


def where(root: int, place: int) -> int:
    """Where a fragment lies: number of the root, and the place in it."""
    return root | place << _ROOT_BITS


def place(name: str) -> int:
    """One of 16 numbers for the first name of a path below a root, "" for the root itself.

    It tells directories apart, and leads to none.
    """
    return zlib.crc32(name.encode(errors="surrogateescape")) % PLACES


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
    return seen + _LEARNT.pack(scheme, 0, since, Status.UNVERIFIED)


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


def record(key: bytes, row: Row) -> bytes:
    """The 43 bytes of the wire; the disk is the number of the root."""
    return key + _TAIL.pack(
        row.scheme, row.seen & _SIZES, row.verified, row.since, row.root, 0, row.status
    )


def gone(key: bytes) -> bytes:
    """The 43 bytes that say that a fragment is to be forgotten."""
    return key + _TAIL.pack(0, 0, 0, 0, 0, 0, Status.GONE)
