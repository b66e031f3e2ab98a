"""Which bytes of a Tahoe-LAFS share matter: a second, independent reading of its format."""

import re
import struct
from collections.abc import Iterator

LEASE = 72
SLOT = 468
"""Where the share begins in the container of a mutable one."""


def mutable(content: bytes) -> bool:
    """Whether a share is a mutable one."""
    return content.startswith(b"Tahoe mutable container")


def starts(content: bytes) -> list[int]:
    """Where the parts of an immutable share begin, in the file; the last one is where it ends."""
    version = struct.unpack_from(">L", content, 12)[0]
    head, number = (">6L", ">L") if version == 1 else (">6Q", ">Q")
    at = struct.unpack_from(head, content, 24 if version == 1 else 32)
    (length,) = struct.unpack_from(number, content, 12 + at[5])
    return [12 + start for start in at] + [12 + at[5] + struct.calcsize(number) + length]


def anchored(content: bytes) -> Iterator[int]:
    """The bytes of a share that something in it vouches for.

    Not: leases, secrets of the server, room that is not used, the encrypted private key; and of the
    URI extension `crypttext_hash`, and `size`, of which only the number of blocks shows.
    """
    if mutable(content):
        version, signed = content[SLOT], 75 if content[SLOT] == 0 else 59
        at = struct.unpack_from(">4L2Q" if version == 0 else ">8Q", content, SLOT + signed)
        yield from range(SLOT, SLOT + signed)
        if version == 0:
            yield from range(SLOT + 107, SLOT + at[4])
        else:
            yield from range(SLOT + at[1], SLOT + at[4])
            yield from range(SLOT + at[5], SLOT + at[7])
        return
    data, unused, trees, *_, end = starts(content)
    loose: set[int] = set()
    for part in (rb"crypttext_hash:32:(.{32}),", rb",size:[0-9]+:([0-9]+),"):
        found = re.compile(part, re.DOTALL).search(content, trees)
        assert found is not None
        loose.update(range(*found.span(1)))
    yield from (i for i in (*range(data, unused), *range(trees, end)) if i not in loose)
