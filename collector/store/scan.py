"""Rows of one table out of its files and the tail, each once."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.dataset as ds

from collector.store.chunk import Chunk
from collector.store.parquet import TableFile


@dataclass(frozen=True, slots=True)
class View:
    """What a table is at one moment: its files, and what is not in them yet."""

    schema: pa.Schema
    files: Sequence[TableFile]
    chunks: Sequence[Chunk]

    def within(self, start: int | None, end: int | None) -> "View":
        """Without the files and chunks that have no row from `start` until before `end` (µs)."""
        return View(
            self.schema,
            [f for f in self.files if _meets(f.start, f.end, start, end)],
            [
                c
                for c in self.chunks
                if len(c.times) and _meets(int(c.times.min()), int(c.times.max()), start, end)
            ],
        )

    def read(self, columns: Sequence[str] | None, chosen: Any) -> pa.Table:
        """The rows that `chosen` (an Arrow expression) picks.

        Raises:
            OSError: a file is damaged.
        """
        names = self.schema.names if columns is None else list(columns)
        wanted = pa.schema([self.schema.field(name) for name in names])
        parts = [c.table(self.schema).filter(chosen).select(names) for c in self.chunks]
        if self.files:
            kind = ds.ParquetFileFormat(
                default_fragment_scan_options=ds.ParquetFragmentScanOptions(
                    page_checksum_verification=True
                )
            )
            paths = [str(file.path) for file in self.files]
            files = ds.dataset(paths, schema=self.schema, format=kind)
            parts.append(files.to_table(columns=names, filter=chosen))
        return pa.concat_tables([p.cast(wanted) for p in parts]) if parts else wanted.empty_table()


def _meets(first: int, last: int, start: int | None, end: int | None) -> bool:
    return (start is None or last >= start) and (end is None or first < end)
