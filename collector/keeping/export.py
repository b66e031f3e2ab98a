"""Rows of one table as a file, made piece by piece: memory is bounded, however long the span.

The span is read in slices of the table's own partitions, each planned when its turn comes, so that
a merge or an expiry meanwhile takes nothing away. Slices do not overlap, so each row comes once; a
row that arrives late for a slice that was written already is not in it.
"""

import contextlib
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds

from collector.keeping.formats import Format, Pieces, writer
from collector.store import flush
from collector.store.parts import Parts
from collector.store.scan import View
from collector.store.schema import CONTAINER_COLUMN
from collector.store.scope import condition
from collector.store.tables import partition_of
from vigie.errors import QueryError, StoreError

BATCH_ROWS: Final = 32_768
"""Rows in memory at once."""
SLICES: Final[Mapping[str, int]] = {
    "hour": 3_600_000_000, "day": 86_400_000_000, "month": 28 * 86_400_000_000,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to export: rows of a table from `start` until before `end` (µs; None: all), in scope.

    `among` are the paths in the scope that are wanted; none named means all of it.
    """

    table: str
    start: int | None
    end: int | None
    scope: str
    kind: Format = "parquet"
    among: tuple[str, ...] = ()


class Export:
    """One export of one store."""

    def __init__(self, parts: Parts, wanted: Wanted) -> None:
        """Plan it.

        Raises:
            QueryError: there is no such table.
        """
        self._parts, self._wanted = parts, wanted
        try:
            self._schema = flush.columns(wanted.table)
        except StoreError as error:
            raise QueryError(f"no table {wanted.table!r:.80}; see vigie store status") from error

    def pieces(self) -> Iterator[bytes]:
        """The file, piece by piece."""
        sink = Pieces()
        with contextlib.closing(writer(self._wanted.kind, sink, self._schema)) as file:
            for batch in self._batches():
                file.write(batch)
                yield from sink.taken()
        yield from sink.taken()

    def containers(self) -> dict[str, int]:
        """How many rows each container has in it, as of now."""
        found: dict[str, int] = {}
        for batch in self._batches([CONTAINER_COLUMN]):
            for one in pc.value_counts(batch.column(CONTAINER_COLUMN)).to_pylist():
                found[one["values"]] = found.get(one["values"], 0) + one["counts"]
        return found

    def more_than(self, rows: int) -> bool:
        """Whether there are more rows than that; reads no further than it must."""
        counted = 0
        return any((counted := counted + len(b)) > rows for b in self._batches([CONTAINER_COLUMN]))

    def _batches(self, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
        for start, end in self._slices():
            view = self._view().within(start, end)
            scopes = self._wanted.among or (self._wanted.scope,)
            chosen = condition(self._schema, start, end, scopes, {})
            yield from _read(view, self._schema, columns or self._schema.names, chosen)

    def _view(self) -> View:
        table = self._wanted.table
        with self._parts.memory.lock:
            chunks = self._parts.memory.tail.chunks(table)
            files = self._parts.tables.files(table)
        return View(self._schema, files, chunks)

    def _slices(self) -> Iterator[tuple[int, int]]:
        """Spans that are read one after the other, those without rows left out."""
        view = self._view().within(self._wanted.start, self._wanted.end)
        spans = [(f.start, f.end) for f in view.files]
        spans += [(int(c.times.min()), int(c.times.max())) for c in view.chunks if len(c.times)]
        if not spans:
            return
        width = SLICES[partition_of(self._wanted.table)[0]]
        low, high = min(first for first, _ in spans), max(last for _, last in spans) + 1
        low = low if self._wanted.start is None else max(low, self._wanted.start)
        high = high if self._wanted.end is None else min(high, self._wanted.end)
        edges = np.unique(np.concatenate([np.arange(a // width, b // width + 1) for a, b in spans]))
        for edge in edges.tolist():
            start, end = max(low, edge * width), min(high, (edge + 1) * width)
            if start < end:
                yield start, end


def _read(view: View, schema: pa.Schema, names: Sequence[str], chosen: Any) -> Iterator[pa.Table]:
    """Rows of a view, few at a time."""
    wanted = pa.schema([schema.field(name) for name in names])
    for chunk in view.chunks:
        rows = chunk.table(schema).filter(chosen).select(names).cast(wanted)
        for at in range(0, len(rows), BATCH_ROWS):
            yield rows.slice(at, BATCH_ROWS)
    if not view.files:
        return
    kind = ds.ParquetFileFormat(
        default_fragment_scan_options=ds.ParquetFragmentScanOptions(page_checksum_verification=True)
    )
    data = ds.dataset([str(file.path) for file in view.files], schema=schema, format=kind)
    found = data.to_batches(
        columns=list(names), filter=chosen, batch_size=BATCH_ROWS, batch_readahead=1,
        fragment_readahead=1, use_threads=False,
    )  # fmt: skip
    for batch in found:
        if batch.num_rows:
            yield pa.Table.from_batches([batch]).cast(wanted)


def microseconds(moment: datetime | None) -> int | None:
    """A time as the store counts."""
    return None if moment is None else math.floor(moment.astimezone(UTC).timestamp() * 1e6)
