"""Readings left where they lie in the bytes that brought them, until a group of them is gathered.

Frames of one kind of machine are laid out alike, whoever sends them: the same columns, as many
rows, each column as far behind the one before. Those of a group are then stacked as they are, and
each column is taken out of all of them with one copy, instead of one for each frame.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """How numbers lie in a stretch of `size` bytes: `rows` of each of `fields`, at `offsets`.

    There is one object for all that are alike. Times lie elsewhere, and keys are not among them.
    """

    time: pa.Field
    fields: tuple[pa.Field, ...]
    offsets: tuple[int, ...]
    rows: int
    size: int

    def table(self, laid: Sequence["Laid"]) -> pa.Table:
        """Time and numbers of all of these, one below the other; a copy."""
        count = len(laid) * self.rows
        columns = [_array(self.time, count, b"".join([one.times for one in laid]))]
        each = np.frombuffer(b"".join([one.numbers for one in laid]), np.uint8)
        each = each.reshape(len(laid), self.size)
        for field, at in zip(self.fields, self.offsets, strict=True):
            width = self.rows * field.type.byte_width
            values = np.ascontiguousarray(each[:, at : at + width])
            columns.append(_array(field, count, values))
        return pa.Table.from_arrays(columns, schema=pa.schema([self.time, *self.fields]))


shape = lru_cache(maxsize=512)(Shape)
"""The shape of these fields, offsets, rows and size."""


@dataclass(frozen=True, slots=True, eq=False)
class Layout:
    """Where a section has its times, the words of its keys, and its numbers, by byte.

    `schema` is that of `Batch.rows`: time, keys, numbers. `words` has of each key where offsets
    and letters are.
    """

    schema: pa.Schema
    shape: Shape
    times: slice
    words: tuple[tuple[slice, slice], ...]
    numbers: slice


@dataclass(frozen=True, slots=True)
class Laid:
    """The bytes of one section, and what is where in them: without nulls, every word checked."""

    layout: Layout
    section: memoryview

    @property
    def times(self) -> memoryview:
        """Its times."""
        return self.section[self.layout.times]

    @property
    def numbers(self) -> memoryview:
        """The stretch that `Layout.shape` tells of."""
        return self.section[self.layout.numbers]

    def rows(self) -> pa.RecordBatch:
        """All columns; none of them is copied."""
        layout, of = self.layout, self.layout.shape
        count, section = of.rows, self.section
        columns = [_array(of.time, count, section[layout.times])]
        keys = layout.schema.names[1 : 1 + len(layout.words)]
        for name, where in zip(keys, layout.words, strict=True):
            columns.append(_array(layout.schema.field(name), count, *(section[w] for w in where)))
        for field, at in zip(of.fields, of.offsets, strict=True):
            values = self.numbers[at : at + count * field.type.byte_width]
            columns.append(_array(field, count, values))
        return pa.RecordBatch.from_arrays(columns, schema=layout.schema)


def _array(field: pa.Field, rows: int, *buffers: Any) -> pa.Array:
    return pa.Array.from_buffers(field.type, rows, [None, *map(pa.py_buffer, buffers)], 0)
