"""What is known of a section from how it begins, so that one like it need not be read anew.

A section begins with its schema and with what Arrow wants to know of its rows: how many there are,
which have nulls, where each column is. Nothing after that but the bytes of the columns is its own.
Where another began with the very same bytes and Arrow found it sound, it would find the same again
in columns of plain numbers without nulls, since any bits are a number; words of keys are held
against those that were found sound (`section.py`).
"""

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa

from collector.intake import ipc
from collector.intake.clock import Stamp
from collector.intake.plan import Plan
from collector.store.laid import Layout, shape
from vigie.catalogue import Source
from vigie.frame import Section

MAX_KNOWN: Final = 2_048
"""Beginnings kept, 6 kB each: machines whose names together differ in length have their own."""
MAX_BEGINNING: Final = 2**14
"""Bytes; an agent's are about 3,000."""
_WIDE: Final = (pa.int32(), pa.int64(), pa.float64())
_KNOWN: Final[dict[bytes, "Known"]] = {}


@dataclass(frozen=True, slots=True, eq=False)
class Known:
    """All that sections with one beginning have in common.

    They are `size` bytes long, of which those from `end` on are `mark`; `described` is what
    `Batch.keys` begins with.
    """

    how: Plan
    layout: Layout
    size: int
    end: int
    mark: bytes
    described: bytes

    def keys(self, stream: memoryview) -> bytes:
        """What the keys are, as `Batch.keys`."""
        words = self.layout.words
        return b"".join((self.described, *(stream[at] for both in words for at in both)))

    def timely(self, stream: memoryview, when: Stamp) -> bool:
        """Whether every row may stay at the time that it was sent with."""
        times = bytes(stream[self.layout.times])
        earliest = latest = int.from_bytes(times[:8], "little", signed=True)
        if times != times[:8] * self.layout.shape.rows:
            each = np.frombuffer(times, np.int64)
            earliest, latest = each.min(), each.max()
        return not when.shift and when.first <= earliest and latest <= when.last


def find(section: Section, stream: memoryview, end: int) -> Known | None:
    """What is known of a section by its beginning; its schema ends at `end`."""
    known = _KNOWN.get(bytes(stream[: ipc.body(stream, end)]))
    if (
        known is None
        or section.rows != known.layout.shape.rows
        or section.measurement != known.how.measurement.name
        or len(stream) != known.size
        or stream[known.end :] != known.mark
    ):
        return None
    return known


def learn(stream: memoryview, end: int, how: Plan, rows: pa.RecordBatch, described: bytes) -> None:
    """Know sections like this one from now on, which was found sound; if it is a plain one.

    `rows` is how it was read, all columns in the order sent.
    """
    start = ipc.body(stream, end)
    if start > MAX_BEGINNING or how.measurement is Source or how.quality >= 0 or how.casts:
        return
    messages = list(ipc.messages(stream, end))
    layout = _layout(stream, how, rows) if len(messages) == 1 else None
    if layout is None:
        return
    if len(_KNOWN) >= MAX_KNOWN:
        _KNOWN.clear()
    after = messages[0].end
    mark = bytes(stream[after:])
    _KNOWN[bytes(stream[:start])] = Known(how, layout, len(stream), after, mark, described)


def _layout(stream: memoryview, how: Plan, rows: pa.RecordBatch) -> Layout | None:
    """Where its columns are; None where one is of words, has nulls, or lies outside."""
    words = {how.picks[n] for n in how.keys}
    for n, column in enumerate(rows.columns):
        plain = n in words or column.type in _WIDE or pa.types.is_timestamp(column.type)
        if not plain or column.null_count or column.offset or column.buffers()[0] is not None:
            return None
    base = pa.py_buffer(stream).address
    places = [[_place(b, base) for b in rows.column(n).buffers()[1:]] for n in how.picks]
    if any(at.start < 0 or at.stop > len(stream) for some in places for at in some):
        return None
    after = 1 + len(how.keys)
    fields = tuple(how.fitted.field(n) for n in range(after, len(places)))
    if not fields:
        return None
    first = min(at.start for (at,) in places[after:])
    last = max(at.stop for (at,) in places[after:])
    offsets = tuple(at.start - first for (at,) in places[after:])
    return Layout(
        how.fitted,
        shape(how.fitted.field(0), fields, offsets, rows.num_rows, last - first),
        places[0][0],
        tuple((ends, letters) for ends, letters in places[1:after]),
        slice(first, last),
    )


def _place(buffer: Any, base: int) -> slice:
    """Where a buffer stands in a section that begins at that address."""
    start = buffer.address - base
    return slice(start, start + buffer.size)
