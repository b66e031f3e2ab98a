"""What a child and the collector say to each other: a letter, a length, and so many bytes."""

import struct
from typing import Final

HEAD: Final = struct.Struct("<cI")
MAX_BYTES: Final = 64 * 2**20
"""Of one message; whoever says more is not understood."""

CONFINEMENTS: Final = 2
"""How many ways there are to confine a child: `confine.LANDLOCK`, `confine.CALLS`."""

ASK: Final = b"Q"
"""To the child, JSON: the query, its form, and what each view is made of."""
BEGUN: Final = b"B"
"""From the child, JSON: what confines it; before it looks at the query."""
WANT: Final = b"W"
"""From the child, JSON: columns of what is not in files of a view."""
ROWS: Final = b"R"
"""To the child: a record batch of them."""
NO_MORE: Final = b"N"
"""To the child: that was the last one."""
OUTPUT: Final = b"O"
"""From the child: a piece of the answer."""
FAILED: Final = b"F"
"""From the child, JSON: why there is no answer, or no more of it; the last it says."""
DONE: Final = b"D"
"""From the child, JSON: rows, bytes and seconds; the last it says."""


def message(kind: bytes, body: bytes = b"") -> bytes:
    """A message as it goes through the pipe."""
    return HEAD.pack(kind, len(body)) + body
