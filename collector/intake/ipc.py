"""Arrow IPC streams message by message, looked into before Arrow allocates anything.

A record batch may be compressed inside and become thousands of times larger; its header, a
FlatBuffers table, says so and says how many rows it has. The few fields needed are read here
(format: https://arrow.apache.org/docs/format/Columnar.html#encapsulated-message-format,
Message.fbs); Arrow verifies the header in full when it reads the message.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from vigie.errors import FrameError

MAX_SCHEMA_BYTES: Final = 2**18
SCHEMA: Final = 1
DICTIONARY: Final = 2
BATCH: Final = 3

_CONTINUATION: Final = 0xFFFFFFFF
_PREFIX: Final = struct.Struct("<Ii")
_ROOT: Final = struct.Struct("<I")
_SIGNED: Final = struct.Struct("<i")
_SHORT: Final = struct.Struct("<H")
_LONG: Final = struct.Struct("<q")


@dataclass(frozen=True, slots=True)
class Message:
    """Where one message stands in its stream: `length` is the rows of a batch."""

    kind: int
    start: int
    end: int
    length: int


def schema_end(stream: memoryview) -> int:
    """Where the schema message, the first one, ends.

    Raises:
        FrameError: `arrow`, this is no stream; `schema`, it is too large.
    """
    if len(stream) < _PREFIX.size:
        raise FrameError("arrow", "an Arrow stream begins with its schema, this is too short")
    marker, size = _PREFIX.unpack_from(stream)
    if marker != _CONTINUATION or not 0 < size <= len(stream) - _PREFIX.size:
        raise FrameError("arrow", "an Arrow stream begins with its schema, this does not")
    if size > MAX_SCHEMA_BYTES:
        raise FrameError("schema", f"a schema of {size} bytes is too large")
    end: int = _PREFIX.size + size
    return end


def body(stream: memoryview, start: int) -> int:
    """Where the body of the message at `start` begins, if there is one; no further than the end."""
    if len(stream) < start + _PREFIX.size:
        return 0
    size: int = _PREFIX.unpack_from(stream, start)[1]
    return start + _PREFIX.size + max(size, 0)


def messages(stream: memoryview, start: int) -> Iterator[Message]:
    """What follows the schema, up to the end mark.

    Raises:
        FrameError: `arrow`, a message is cut or no message; `compressed`, a body is compressed.
    """
    while start < len(stream):
        try:
            message = _message(stream, start)
        except (struct.error, IndexError) as error:
            raise FrameError("arrow", f"byte {start}: no Arrow message: {error}") from error
        if message is None:
            return
        yield message
        start = message.end


def _message(stream: memoryview, start: int) -> Message | None:
    marker, size = _PREFIX.unpack_from(stream, start)
    if marker != _CONTINUATION or size < 0:
        raise FrameError("arrow", f"byte {start}: no Arrow message")
    if size == 0:
        return None
    text = stream[start + _PREFIX.size : start + _PREFIX.size + size]
    root = _ROOT.unpack_from(text)[0]
    kind_at, header_at, body_at = (_field(text, root, n) for n in (1, 2, 3))
    kind = text[kind_at] if kind_at else 0
    body = _LONG.unpack_from(text, body_at)[0] if body_at else 0
    end = start + _PREFIX.size + size + body
    if body < 0 or end > len(stream) or len(text) < size:
        raise FrameError("arrow", f"byte {start}: the message is cut")
    if kind not in {DICTIONARY, BATCH} or not header_at:
        raise FrameError("arrow", f"byte {start}: a message of kind {kind} has no place here")
    batch = header_at + _ROOT.unpack_from(text, header_at)[0]
    if kind == DICTIONARY:  # its batch is its second field
        inner = _field(text, batch, 1)
        batch = inner + _ROOT.unpack_from(text, inner)[0]
    if _field(text, batch, 3):
        raise FrameError("compressed", "compress the request (zstd), not what is inside")
    length_at = _field(text, batch, 0)
    length = _LONG.unpack_from(text, length_at)[0] if length_at else 0
    return Message(kind, start, end, length)


def _field(text: memoryview, table: int, number: int) -> int:
    """Where a field of a FlatBuffers table stands, or 0 where it is not given."""
    vtable = table - _SIGNED.unpack_from(text, table)[0]
    slot = 4 + 2 * number
    if slot >= _SHORT.unpack_from(text, vtable)[0]:
        return 0
    offset = _SHORT.unpack_from(text, vtable + slot)[0]
    return table + offset if offset else 0
