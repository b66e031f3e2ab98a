"""Rows of one group commit, and the words that name their series kept apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa

from collector.store.schema import SUSPECT_COLUMN, TIME_TYPE
from collector.store.series import Numbers, Series
from vigie.frame import TIME_COLUMN

Times = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows that came at positions `first` to `last`.

    `numbers` names the series of each row, and `rows` lacks the columns that it stands for; with
    `series` None the rows are whole. `times` are microseconds UTC.
    """

    series: Series | None
    numbers: Numbers
    times: Times
    rows: pa.Table
    first: int
    last: int

    @property
    def bytes(self) -> int:
        """Memory held."""
        return int(self.rows.nbytes + self.numbers.nbytes)

    def table(self, schema: pa.Schema) -> pa.Table:
        """The rows with the columns of `schema`, the series' words among them."""
        if self.series is None:
            return self.rows.select(schema.names)
        return whole(self.series, self.numbers, self.rows, schema)

    def suspect(self, bits: Times) -> "Chunk":
        """The same rows with more of them marked implausible."""
        at = self.rows.schema.get_field_index(SUSPECT_COLUMN)
        marked = np.bitwise_or(integers(self.rows.column(at)), bits)
        rows = self.rows.set_column(at, self.rows.schema.field(at), pa.array(marked))
        return Chunk(self.series, self.numbers, self.times, rows, self.first, self.last)


def whole(series: Series, numbers: Numbers, rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows with the words of their series put back."""
    words = dict(zip(series.columns, series.arrays(), strict=True))
    picked = pa.array(numbers)
    columns = [
        words[name].take(picked) if name in words else rows.column(name) for name in schema.names
    ]
    return pa.table(columns, schema=schema)


def gathered(series: Series, batches: Sequence[pa.RecordBatch], first: int, last: int) -> Chunk:
    """One chunk of several batches of a measurement."""
    numbers = [series.numbers(batch) for batch in batches]
    rows = pa.Table.from_batches(batches)
    kept = [n for n in rows.column_names if n not in series.columns]
    rows = rows.select(kept).combine_chunks()
    together = numbers[0] if len(numbers) == 1 else np.concatenate(numbers)
    return Chunk(series, together, integers(rows.column(TIME_COLUMN)), rows, first, last)


def combined(chunks: Sequence[Chunk]) -> Chunk:
    """Several chunks of one table as one."""
    if len(chunks) == 1:
        return chunks[0]
    return Chunk(
        chunks[0].series,
        np.concatenate([c.numbers for c in chunks]),
        np.concatenate([c.times for c in chunks]),
        pa.concat_tables([c.rows for c in chunks]).combine_chunks(),
        min(c.first for c in chunks),
        max(c.last for c in chunks),
    )


def flat(column: Any) -> pa.Array:
    """A column as one array; copied only where it is in pieces."""
    if not isinstance(column, pa.ChunkedArray):
        return column
    if column.num_chunks == 1:
        return column.chunk(0)
    return pa.concat_arrays(column.chunks) if column.num_chunks else pa.array([], column.type)


def integers(column: Any) -> Times:
    """A column of times or integers without nulls as numbers."""
    column = flat(column)
    if column.type == TIME_TYPE:
        column = column.view(pa.int64())
    numbers: Times = column.to_numpy(zero_copy_only=False)
    return numbers
