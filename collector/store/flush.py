"""Rows into table files: sorted, cut by partition, synced, and committed in one step."""

from collections.abc import Callable, Iterable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from collector.rollups import over
from collector.store import schema
from collector.store.chunk import Chunk, integers
from collector.store.order import Order, Rows
from collector.store.parquet import Commit, TableFile, Writer, arranged, encoded
from collector.store.schema import CONTAINER_COLUMN
from collector.store.tables import Tables, commit_name, partitions
from vigie import catalogue
from vigie.errors import StoreError
from vigie.frame import TIME_COLUMN

MAX_ROWS = 8_000_000
"""Rows of one file at most."""
MAX_CELLS = 192_000_000
"""Values of one file, about: a file of many columns has fewer rows."""
GROUP_ROWS = 32 * 1024
"""Rows of a row group of a flush: an hour of flushes is merged with one group of each in memory."""
WINDOW_GROUP_ROWS = 16 * 1024
"""Likewise of a minute's windows, which have many columns."""
EVENTS_TABLE = "events"
RESOLUTIONS = ("_1m", "_1h")


def base(table: str) -> str:
    """The measurement that a table is of."""
    for suffix in RESOLUTIONS:
        table = table.removesuffix(suffix)
    return table.removesuffix(over.SUFFIX)


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
    if over.is_over(table):
        return over.schema(measurement)
    return schema.raw(measurement) if base(table) == table else schema.rollup(measurement)


def keys(table: str) -> list[str]:
    """The columns that a table is sorted by, before time."""
    measurement = catalogue.measurement(base(table))
    if measurement is not None and over.is_over(table):
        return [CONTAINER_COLUMN]
    if measurement is None:
        return [CONTAINER_COLUMN, "code"] if table == EVENTS_TABLE else [CONTAINER_COLUMN]
    return schema.series_columns(measurement)


def folder(table: str, time: int) -> str:
    """The name of the folder that rows of that time (microseconds) are written to."""
    return str(int(partitions(table, np.array([time]))[0]))


def of_chunks(table: str, chunks: Sequence[Chunk], order: Order | None) -> Rows:
    """The rows of some chunks in order; `order` is that of their series, None where they lack."""
    if order is None:
        rows = encoded(pa.concat_tables([c.rows for c in chunks]), keys(table))
        return in_order(table, rows)
    return order.of(chunks)


def in_order(table: str, rows: pa.Table) -> Rows:
    """Whole rows in the order of a table; their keys are dictionaries."""
    names = [f.name for f in rows.schema if rows.column(f.name).null_count < len(rows)]
    if not len(rows):
        return Rows(names, iter(()))
    arrived, _ = arranged(rows, keys(table), np.zeros(len(rows), np.int64))
    return Rows(names, iter([arrived]))


def put(
    tables: Tables, table: str, rows: pa.Table | Rows, position: int, *,
    properties: Mapping[str, str] | None = None, gone: Iterable[TableFile] = (),
    along: Callable[[], None] | None = None, group_rows: int | None = None,
) -> int:  # fmt: skip
    """Add rows to a table, perhaps in place of some of its files, in one commit; how many.

    `rows` have keys as dictionaries; `position` is the newest record of the journal that they
    hold; `group_rows` are those of a row group.

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
    stream = in_order(table, rows) if isinstance(rows, pa.Table) else rows
    writing = _Writing(tables, table, commit, _present(wanted, stream.names), group_rows)
    written: list[TableFile] = []
    try:
        for part in stream.parts:
            writing.add(part)
        writing.close(written)
        tables.commit(table, commit, written, removed, along)
    except BaseException:
        writing.abandon()
        current = {file.path for file in tables.files(table)}
        for file in written:
            if file.path not in current:
                file.path.unlink(missing_ok=True)
        raise
    return sum(file.rows for file in written)


def _present(wanted: pa.Schema, names: Sequence[str]) -> pa.Schema:
    """The columns that a file needs: those that cannot be null, and those that some row has."""
    return pa.schema([f for f in wanted if not f.nullable or f.name in names])


class _Writing:
    """The files of one commit, one a partition and another when that has `MAX_ROWS`."""

    def __init__(
        self, tables: Tables, table: str, commit: Commit, columns: pa.Schema,
        group_rows: int | None,
    ) -> None:  # fmt: skip
        self._tables, self._table, self._commit = tables, table, commit
        self._columns, self._group_rows = columns, group_rows
        self._most = min(MAX_ROWS, MAX_CELLS // len(columns))
        self._open: dict[int, Writer] = {}
        self._writers: list[Writer] = []

    def add(self, rows: pa.Table) -> None:
        """Write rows that come after those before."""
        where = partitions(self._table, integers(rows.column(TIME_COLUMN)))
        for partition in np.unique(where).tolist():
            mine = rows if where.min() == where.max() else rows.filter(pa.array(where == partition))
            for at in range(0, len(mine), self._most):
                fits = mine.slice(at, self._most)
                writer = self._open.get(partition)
                if writer is None or writer.rows + len(fits) > self._most:
                    writer = self._open[partition] = self._writer(partition, fits)
                writer.add(fits)

    def close(self, written: list[TableFile]) -> None:
        """Make all last, and tell them as they are."""
        written.extend(writer.close(len(self._writers)) for writer in self._writers)

    def abandon(self) -> None:
        """Leave nothing of those that are not closed."""
        for writer in self._writers:
            writer.abandon()

    def _writer(self, partition: int, rows: pa.Table) -> Writer:
        writer = Writer(
            self._tables.data(self._table) / str(partition), self._columns, self._commit,
            len(self._writers), group_rows=self._group_rows,
            encodings=self._tables.encodings.of(self._table, rows),
        )  # fmt: skip
        self._writers.append(writer)
        return writer
