"""What the views of one question are made of: out of the store, or of the network."""

from collections.abc import Iterator, Sequence

import pyarrow as pa

from collector.sql.children import Part
from collector.sql.planned import BATCH_ROWS
from collector.store import scope
from collector.store.scan import View
from collector.store.schema import CONTAINER_COLUMN
from vigie.frame import TIME_COLUMN


def stored(view: View, scopes: Sequence[str]) -> Part:
    """The part that is a table: only rows within the scopes are given of what is in no file."""

    def batches(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        kept = {*columns, TIME_COLUMN, CONTAINER_COLUMN, scope.HOST_COLUMN, scope.KEYS_COLUMN}
        narrow = pa.schema([field for field in view.schema if field.name in kept])
        chosen = scope.condition(narrow, None, None, scopes, {})
        for chunk in view.chunks:
            rows = chunk.table(narrow).filter(chosen).select(columns)
            yield from rows.to_batches(max_chunksize=BATCH_ROWS)

    spans = [
        (int(c.times.min()), int(c.times.max())) for c in view.chunks if len(c.times)
    ]  # fmt: skip
    memory = (min(s for s, _ in spans), max(e for _, e in spans)) if spans else None
    files = [(str(file.path.absolute()), file.start, file.end) for file in view.files]
    return Part(files, memory, bool(spans), view.schema.names, batches)


def given(rows: pa.Table) -> Part:
    """The part that is a few rows, already within the scopes."""

    def batches(columns: Sequence[str]) -> Iterator[pa.RecordBatch]:
        yield from rows.select(columns).to_batches(max_chunksize=BATCH_ROWS)

    return Part([], None, True, rows.schema.names, batches)
