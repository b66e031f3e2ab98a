"""Rows into table files: sorted, cut by partition, synced, and committed in one step."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from collector.store import schema
from collector.store.chunk import Chunk, column, integers, stacked
from collector.store.parquet import Commit, TableFile, arranged, encoded, write
from collector.store.schema import CONTAINER_COLUMN
from collector.store.tables import Tables, commit_name, partitions
from vigie import catalogue
from vigie.errors import StoreError
from vigie.frame import TIME_COLUMN

MAX_ROWS = 4_000_000
"""Rows of one file at most."""
EVENTS_TABLE = "events"
RESOLUTIONS = ("_1m", "_1h")


def base(table: str) -> str:
    """The measurement that a table is of."""
    for suffix in RESOLUTIONS:
        table = table.removesuffix(suffix)
    return table


def columns(table: str) -> pa.Schema:
    """The columns that a table has by the catalogue.

    Raises:
        StoreError: the catalogue knows no such table.
    """
    if table == EVENTS_TABLE:
        return schema.EVENTS
    measurement = catalogue.measurement(base(table))
    if measurement is None:
        raise StoreError(f"no table {table!r}")
    return schema.raw(measurement) if base(table) == table else schema.rollup(measurement)


def keys(table: str) -> list[str]:
    """The columns that a table is sorted by, before time."""
    measurement = catalogue.measurement(base(table))
    if measurement is None:
        return [CONTAINER_COLUMN, "code"] if table == EVENTS_TABLE else [CONTAINER_COLUMN]
    return schema.series_columns(measurement)


def folder(table: str, time: int) -> str:
    """The name of the folder that rows of that time (microseconds) are written to."""
    return str(int(partitions(table, np.array([time]))[0]))


def of_chunks(table: str, chunks: Sequence[Chunk]) -> pa.Table:
    """The rows of some chunks, with the words of their series as dictionaries."""
    rows = stacked([c.rows for c in chunks])
    series = chunks[0].series
    if series is None:
        return encoded(rows, keys(table))
    for field in (schema.QUALITY, schema.SUSPECT):
        if field.name not in rows.column_names:
            rows = rows.append_column(field, column(rows, field))
    numbers = np.concatenate([c.numbers for c in chunks])
    for at, (name, words) in enumerate(zip(series.columns, series.arrays(), strict=True), 1):
        known = words.dictionary_encode()
        codes = known.indices.to_numpy()[numbers]
        named = pa.DictionaryArray.from_arrays(pa.array(codes), known.dictionary)
        rows = rows.add_column(at, pa.field(name, named.type, nullable=False), named)
    return rows


def put(
    tables: Tables, table: str, rows: pa.Table, position: int, *,
    properties: Mapping[str, str] | None = None, gone: Iterable[TableFile] = (),
    along: Callable[[], None] | None = None,
) -> None:  # fmt: skip
    """Add rows to a table, perhaps in place of some of its files, in one commit.

    `rows` have the table's columns, its keys as dictionaries; `position` is the newest record of
    the journal that they hold.

    Raises:
        OSError: the disk is full, or failed; the table is as it was.
        Overtaken: a file of `gone` is no longer the table's; nothing is added.
    """
    removed = list(gone)
    replaces = tuple(file.path.name for file in removed)
    commit = Commit(commit_name(), position, dict(properties or {}), replaces)
    wanted = tables.schema(table)
    if wanted is None:
        raise StoreError(f"no table {table!r} was made")
    parts = list(_parts(table, rows)) if len(rows) else []
    written: list[TableFile] = []
    try:
        for number, (partition, part) in enumerate(parts):
            folder = tables.data(table) / str(partition)
            written.append(write(folder, part, wanted, commit, number=number, files=len(parts)))
        tables.commit(table, commit, written, removed, along)
    except BaseException:
        current = {file.path for file in tables.files(table)}
        for file in written:
            if file.path not in current:
                file.path.unlink(missing_ok=True)
        raise


def _parts(table: str, rows: pa.Table) -> Iterable[tuple[int, pa.Table]]:
    """Sorted rows of each partition, none longer than a file may be."""
    rows, where = arranged(rows, keys(table), partitions(table, integers(rows.column(TIME_COLUMN))))
    edges = np.flatnonzero(np.diff(where)) + 1
    for start, end in zip([0, *edges.tolist()], [*edges.tolist(), len(where)], strict=True):
        for at in range(start, end, MAX_ROWS):
            yield int(where[start]), rows.slice(at, min(MAX_ROWS, end - at))
