"""Rows of one group commit, and the words that name their series kept apart."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.store.entry import Batch
from collector.store.laid import Laid, Shape
from collector.store.schema import QUALITY, SUSPECT, SUSPECT_COLUMN, TIME_TYPE
from collector.store.series import Numbers, Series
from vigie.frame import TIME_COLUMN

Times = np.ndarray[tuple[int], np.dtype[np.int64]]


@dataclass(frozen=True, slots=True)
class Chunk:
    """Rows that came at positions `first` to `last`.

    `numbers` names the series of each row, and `rows` lacks the columns that it stands for, and
    those that nobody sent: `table` puts both back. With `series` None the rows are whole. `times`
    are microseconds UTC.
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
        if at < 0:
            rows = self.rows.append_column(SUSPECT, pa.array(bits))
        else:
            marked = np.bitwise_or(integers(self.rows.column(at)), bits)
            rows = self.rows.set_column(at, SUSPECT, pa.array(marked))
        return Chunk(self.series, self.numbers, self.times, rows, self.first, self.last)


def whole(series: Series, numbers: Numbers, rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows with the words of their series put back."""
    words = dict(zip(series.columns, series.arrays(), strict=True))
    picked = pa.array(numbers)
    columns = [words[f.name].take(picked) if f.name in words else column(rows, f) for f in schema]
    return pa.table(columns, schema=schema)


def column(rows: pa.Table, field: pa.Field) -> Any:
    """A column of sparse rows: one that is not there is unknown, or 0 where it cannot be."""
    at = rows.schema.get_field_index(field.name)
    if at >= 0:
        return rows.column(at)
    if field.nullable:
        return pa.nulls(len(rows), field.type)
    return pa.array(np.zeros(len(rows), field.type.to_pandas_dtype()))


def gathered(series: Series, batches: Sequence[Batch], first: int, last: int) -> Chunk:
    """One chunk of several batches of a measurement."""
    laid: dict[Shape, list[tuple[Batch, Laid]]] = {}
    read: list[Batch] = []
    for batch in batches:
        if isinstance(batch.sent, Laid):
            laid.setdefault(batch.sent.layout.shape, []).append((batch, batch.sent))
        else:
            read.append(batch)
    alike = _alike(read)
    ordered = [*(batch for some in laid.values() for batch, _ in some), *chain(*alike)]
    numbers = [series.numbers(batch) for batch in ordered]
    rows = stacked([
        *(shape.table([each for _, each in some]) for shape, some in laid.items()),
        *(pa.Table.from_batches([b.rows for b in some]) for some in alike),
    ])  # fmt: skip
    together = numbers[0] if len(numbers) == 1 else np.concatenate(numbers)
    return _chunk(series, together, rows, first, last)


def _alike(batches: Sequence[Batch]) -> list[list[Batch]]:
    """The batches, those with the same columns together."""
    found: list[list[Batch]] = []
    for batch in batches:
        for some in found:
            if batch.rows.schema.equals(some[0].rows.schema):
                some.append(batch)
                break
        else:
            found.append([batch])
    return found


def stacked(tables: Sequence[pa.Table]) -> pa.Table:
    """Sparse rows one below the other: what lacks in some is unknown there, or 0."""
    if len(tables) == 1:
        return tables[0]
    rows = pa.concat_tables(tables, promote_options="default")
    for field in (QUALITY, SUSPECT):
        at = rows.schema.get_field_index(field.name)
        if at >= 0 and rows.column(at).null_count:
            rows = rows.set_column(at, field, pc.fill_null(rows.column(at), 0))
    return rows


def known(series: Series, rows: pa.Table) -> Chunk:
    """A chunk of whole rows, that no record of the journal has any more."""
    told = [f.name for f in rows.schema if rows.column(f.name).null_count < len(rows)]
    return _chunk(series, series.numbered(rows), rows.select(told), 0, 0)


def _chunk(series: Series, numbers: Numbers, rows: pa.Table, first: int, last: int) -> Chunk:
    kept = [n for n in rows.column_names if n not in series.columns]
    rows = rows.select(kept).combine_chunks()
    return Chunk(series, numbers, integers(rows.column(TIME_COLUMN)), rows, first, last)


def combined(chunks: Sequence[Chunk]) -> Chunk:
    """Several chunks of one table as one."""
    if len(chunks) == 1:
        return chunks[0]
    return Chunk(
        chunks[0].series,
        np.concatenate([c.numbers for c in chunks]),
        np.concatenate([c.times for c in chunks]),
        stacked([c.rows for c in chunks]).combine_chunks(),
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
