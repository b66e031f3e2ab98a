"""Rows as a file that grows piece by piece: Parquet, CSV or an Arrow stream."""

import io
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, Literal, Protocol

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pacsv
import pyarrow.parquet as pq

from vigie.frame import QUALITY_COLUMN
from vigie.shape import Quality

Format = Literal["parquet", "csv", "arrow"]
MEDIA: Final[Mapping[str, str]] = {
    "parquet": "application/vnd.apache.parquet",
    "csv": "text/csv; charset=utf-8",
    "arrow": "application/vnd.apache.arrow.stream",
}
GROUP_ROWS: Final = 128 * 1024
"""Rows of a row group of Parquet: so many wait in memory."""


class Writer(Protocol):
    """Takes tables of one schema, until it is closed."""

    def write(self, rows: pa.Table) -> None:
        """Take some more."""

    def close(self) -> None:
        """End the file."""


class Pieces(io.RawIOBase):
    """What a writer writes, until somebody takes it."""

    def __init__(self) -> None:
        super().__init__()
        self._written: list[bytes] = []
        self._place = 0

    def writable(self) -> bool:
        """As files say."""
        return True

    def write(self, data: Any) -> int:
        """Take bytes; how many."""
        piece = bytes(data)
        self._written.append(piece)
        self._place += len(piece)
        return len(piece)

    def tell(self) -> int:
        """How many were written."""
        return self._place

    def taken(self) -> Iterator[bytes]:
        """What was written since it was asked before."""
        written, self._written = self._written, []
        if written:
            yield b"".join(written)


class _Parquet:
    def __init__(self, sink: Pieces, schema: pa.Schema) -> None:
        self._rows: list[pa.Table] = []
        self._waiting = 0
        self._writer = pq.ParquetWriter(sink, schema, compression="zstd", write_page_checksum=True)

    def write(self, rows: pa.Table) -> None:
        self._rows.append(rows)
        self._waiting += len(rows)
        if self._waiting >= GROUP_ROWS:
            self._group()

    def close(self) -> None:
        self._group()
        self._writer.close()

    def _group(self) -> None:
        if self._rows:
            self._writer.write_table(pa.concat_tables(self._rows))
        self._rows, self._waiting = [], 0


class _Arrow:
    def __init__(self, sink: Pieces, schema: pa.Schema) -> None:
        self._writer = pa.ipc.new_stream(pa.PythonFile(sink, "w"), schema)

    def write(self, rows: pa.Table) -> None:
        self._writer.write_table(rows)

    def close(self) -> None:
        self._writer.close()


class _Csv:
    """Times as RFC 3339, quality as its word, a list with spaces between; unknown is empty."""

    def __init__(self, sink: Pieces, schema: pa.Schema) -> None:
        plain = pa.schema([
            pa.field(f.name, pa.string() if _spelled(f) else f.type) for f in schema
        ])  # fmt: skip
        self._plain = plain
        self._writer = pacsv.CSVWriter(pa.PythonFile(sink, "w"), plain)

    def write(self, rows: pa.Table) -> None:
        columns = [_text(f, rows.column(f.name)) if _spelled(f) else rows.column(f.name)
                   for f in rows.schema]  # fmt: skip
        self._writer.write_table(pa.table(columns, schema=self._plain))

    def close(self) -> None:
        self._writer.close()


def writer(kind: Format, sink: Pieces, schema: pa.Schema) -> Writer:
    """A writer of that kind into a sink."""
    made: Mapping[str, Callable[[Pieces, pa.Schema], Writer]] = {
        "parquet": _Parquet, "arrow": _Arrow, "csv": _Csv,
    }  # fmt: skip
    return made[kind](sink, schema)


def _spelled(field: pa.Field) -> bool:
    kinds = (pa.types.is_timestamp(field.type), pa.types.is_list(field.type))
    return any(kinds) or field.name == QUALITY_COLUMN


def _text(field: pa.Field, column: pa.ChunkedArray) -> pa.ChunkedArray:
    if pa.types.is_timestamp(field.type):
        return pc.strftime(column, format="%Y-%m-%dT%H:%M:%SZ")
    if field.name == QUALITY_COLUMN:
        words = pa.array([quality.value for quality in Quality])
        return pa.chunked_array([words.take(chunk) for chunk in column.chunks], pa.string())
    cells = (None if cell is None else " ".join("" if v is None else str(v) for v in cell)
             for cell in column.to_pylist())  # fmt: skip
    return pa.chunked_array([pa.array(cells, pa.string())])
