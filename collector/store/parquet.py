"""Table files: sorted Parquet whose name carries a checksum, and whose footer says what it is.

What the footers say is enough to make a table again when its metadata is lost: which commit a
file belongs to, of how many files, up to which position, and which files it takes the place of.
"""

import contextlib
import json
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from collector.store.chunk import Times, flat, integers
from collector.store.disk import keep, make_directory
from collector.store.encodings import Choice, options, tried_out
from collector.store.schema import CONTAINER_COLUMN
from vigie.errors import StoreError
from vigie.frame import TIME_COLUMN

ROW_GROUP_ROWS: Final = 128 * 1024
ROW_GROUP_CELLS: Final = 6_000_000
"""Rows and values of a row group at most: so much is in memory while one is written or read."""
SUFFIX: Final = ".parquet"
FOOTER: Final = "vigie"
_WIDE: Final = 2**40


@dataclass(frozen=True, slots=True)
class Commit:
    """What a set of files is part of: one flush, merge or rollup of one table.

    `replaces` names files that are in the way of these; `properties` are those of the snapshot.
    """

    name: str
    position: int
    properties: Mapping[str, str]
    replaces: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TableFile:
    """One file of a table; `start` and `end` are its oldest and newest time in microseconds.

    `containers` are its first and last container, where they are known, and `entry` is what
    Iceberg's metadata say of it.
    """

    path: Path
    rows: int
    size: int
    start: int
    end: int
    containers: tuple[str, str] | None = None
    entry: Any = field(default=None, compare=False, repr=False)


@dataclass(frozen=True, slots=True)
class Footer:
    """What a file says of itself."""

    commit: Commit
    files: int
    number: int


def arranged(rows: pa.Table, keys: Sequence[str], partition: Times) -> tuple[pa.Table, Times]:
    """Rows by partition, keys and time, with their partitions; key columns are dictionaries."""
    rank = np.zeros(len(rows), np.int64)
    wide = 1
    for name in keys:
        column = rows.column(name).combine_chunks()
        if isinstance(column, pa.ChunkedArray):  # of no rows
            return rows, partition
        words = len(column.dictionary)
        order = np.empty(words, np.int64)
        order[pa.compute.sort_indices(column.dictionary).to_numpy()] = np.arange(words)
        if wide * words > _WIDE:
            found, rank = np.unique(rank, return_inverse=True)
            wide = len(found)
        rank = rank * words + order[column.indices.to_numpy()]
        wide *= words
    times = integers(rows.column(TIME_COLUMN))
    order = _order(partition - partition.min(), rank, times - times.min())
    if bool((order[1:] > order[:-1]).all()):
        return rows, partition
    return rows.take(pa.array(order)), partition[order]


def _order(partition: Times, rank: Times, times: Times) -> Any:
    """Indices by three numbers, none negative; in one number when they fit, which is faster."""
    partitions, ranks, span = (int(part.max()) + 1 for part in (partition, rank, times))
    if partitions * ranks * span < 2**62:
        return np.argsort((partition * ranks + rank) * span + times)
    return np.lexsort((times, rank, partition))


def encoded(rows: pa.Table, keys: Sequence[str]) -> pa.Table:
    """The same rows with key columns as dictionaries, one for all chunks of a column."""
    for name in keys:
        at = rows.schema.get_field_index(name)
        column = rows.column(at)
        if not pa.types.is_dictionary(column.type):
            column = column.dictionary_encode()
        column = column.unify_dictionaries()
        rows = rows.set_column(at, pa.field(name, column.type, nullable=False), column)
    return rows


class Writer:
    """One file of a commit while it is being written: rows come in order, a part at a time.

    Columns that no row knows are left out: engines read them as null.
    """

    def __init__(
        self, directory: Path, schema: pa.Schema, commit: Commit, number: int, *,
        encodings: Mapping[str, Choice], group_rows: int | None = None,
    ) -> None:  # fmt: skip
        """`schema` has the file's columns with their ids.

        Raises:
            OSError: the disk is full, or failed.
        """
        make_directory(directory)
        self._commit, self._number, self._schema = commit, number, schema
        self._stem = directory / f"{commit.position:016x}-{commit.name}-{number:03}"
        self._fresh = self._stem.with_suffix(".new")
        most = max(1, ROW_GROUP_CELLS // len(schema))
        self._group_rows = group_rows or min(ROW_GROUP_ROWS, most)
        self._encodings = encodings
        self._writer: pq.ParquetWriter | None = None
        self._waiting: list[pa.Table] = []
        self._bounds: list[int] = []
        self._containers: list[str] = []
        self.rows = 0

    def add(self, rows: pa.Table) -> None:
        """Write rows that come after those before.

        Raises:
            OSError: the disk is full, or failed.
        """
        times = integers(rows.column(TIME_COLUMN))
        self._bounds += [int(times.min()), int(times.max())]
        if CONTAINER_COLUMN in rows.column_names:
            ends = (rows.column(CONTAINER_COLUMN)[at].as_py() for at in (0, -1))
            self._containers += map(str, ends)
        self._waiting.append(_typed(rows, self._schema))
        self.rows += len(rows)
        waiting = sum(map(len, self._waiting))
        if waiting >= self._group_rows:
            self._put(waiting - waiting % self._group_rows)

    def close(self, files: int) -> TableFile:
        """Make it last, as one of so many files of its commit.

        Raises:
            OSError: the disk is full, or failed.
        """
        if self._waiting:
            self._put(sum(map(len, self._waiting)))
        assert self._writer is not None  # noqa: S101  `_put` opens it
        said = {
            "commit": self._commit.name,
            "position": self._commit.position,
            "properties": dict(self._commit.properties),
            "replaces": list(self._commit.replaces),
            "files": files,
            "number": self._number,
        }
        self._writer.add_key_value_metadata({FOOTER: json.dumps(said)})
        self._writer.close()
        path = self._stem.with_name(f"{self._stem.name}.{_checksum(self._fresh):08x}{SUFFIX}")
        keep(self._fresh, path)
        first, *_, last = self._containers or ("", "")
        return TableFile(
            path, self.rows, path.stat().st_size, min(self._bounds), max(self._bounds),
            (first, last) if self._containers else None,
        )  # fmt: skip

    def abandon(self) -> None:
        """Leave nothing of it, unless it was closed."""
        if self._writer is not None:
            with contextlib.suppress(OSError):
                self._writer.close()
        self._fresh.unlink(missing_ok=True)

    def _put(self, count: int) -> None:
        """Write so many of the waiting rows, in whole row groups but for the last."""
        rows = _together(self._waiting)
        if self._writer is None:
            said = options(self._encodings, rows.schema)
            bounded = [f.name for f in rows.schema if not f.nullable]
            self._writer = pq.ParquetWriter(
                self._fresh, rows.schema, write_statistics=bounded, **said
            )
        for at in range(0, count, self._group_rows):
            part = rows.slice(at, min(self._group_rows, count - at))
            self._writer.write_table(trimmed(part))
        self._waiting = [rows.slice(count)] if count < len(rows) else []


def write(
    directory: Path, rows: pa.Table, schema: pa.Schema, commit: Commit, *, number: int, files: int
) -> TableFile:
    """One file of a commit, of rows in order; `schema` carries the ids of the columns.

    Raises:
        OSError: the disk is full, or failed.
    """
    writer = Writer(directory, schema, commit, number, encodings=tried_out(rows))
    try:
        writer.add(rows)
        return writer.close(files)
    except BaseException:
        writer.abandon()
        raise


def sound(path: Path) -> bool:
    """Whether a file holds what was written: its name says the checksum."""
    try:
        return path.suffixes[-2:] == [f".{_checksum(path):08x}", SUFFIX]
    except OSError:
        return False


def footer(path: Path) -> tuple[Footer, TableFile]:
    """What a file says of itself.

    Raises:
        StoreError: it is no file of ours, or damaged.
    """
    if not sound(path):
        raise StoreError(f"{path}: the content is not what was written")
    try:
        metadata = pq.read_metadata(path)
        said = json.loads((metadata.metadata or {})[FOOTER.encode()])
        commit = Commit(
            said["commit"], said["position"], said["properties"], tuple(said["replaces"])
        )
        start, end = _span(metadata)
        containers = _containers(metadata)
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise StoreError(f"{path}: no table file of ours: {error}") from error
    file = TableFile(path, metadata.num_rows, path.stat().st_size, start, end, containers)
    return Footer(commit, said["files"], said["number"]), file


def _typed(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows under the names and ids of a schema; a column that they lack is unknown."""
    columns = [
        _as(rows.column(f.name), f.type)
        if f.name in rows.column_names
        else pa.nulls(len(rows), f.type)
        for f in schema
    ]
    # A list's own type says the id of its elements: without it no other engine reads the file.
    fields = [
        pa.field(f.name, f.type if listed else column.type, f.nullable, f.metadata)
        for f, column in zip(schema, columns, strict=True)
        for listed in [pa.types.is_list(f.type)]
    ]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _as(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """A column that an older file has narrower; words stay dictionaries."""
    if column.type == kind or pa.types.is_dictionary(column.type) or pa.types.is_list(kind):
        return column
    return column.cast(kind)


def _together(parts: Sequence[pa.Table]) -> pa.Table:
    """Parts as one table, their words as one dictionary a column."""
    rows = parts[0] if len(parts) == 1 else pa.concat_tables(parts)
    return rows.unify_dictionaries()


def trimmed(rows: pa.Table) -> pa.Table:
    """The same rows with no word in a dictionary that they lack.

    Parquet writes a dictionary whole into every row group; past a limit it gives up halfway.
    """
    for at, column in enumerate(rows.schema):
        if pa.types.is_dictionary(column.type) and len(rows):
            words = flat(rows.column(at))
            codes = words.indices.to_numpy()
            used = np.zeros(len(words.dictionary), np.bool_)
            used[codes] = True
            fresh = (np.cumsum(used, dtype=np.int32) - 1)[codes]
            kept = words.dictionary.filter(pa.array(used))
            rows = rows.set_column(at, column, pa.DictionaryArray.from_arrays(fresh, kept))
    return rows


def _checksum(path: Path) -> int:
    checksum = 0
    with path.open("rb") as file:
        while piece := file.read(2**20):
            checksum = zlib.crc32(piece, checksum)
    return checksum


def _span(metadata: Any) -> tuple[int, int]:
    at = metadata.schema.names.index(TIME_COLUMN)
    bounds = [metadata.row_group(n).column(at).statistics for n in range(metadata.num_row_groups)]
    return min(b.min_raw for b in bounds), max(b.max_raw for b in bounds)


def _containers(metadata: Any) -> tuple[str, str] | None:
    """The first and the last container, as the row groups say."""
    if CONTAINER_COLUMN not in metadata.schema.names or not metadata.num_row_groups:
        return None
    at = metadata.schema.names.index(CONTAINER_COLUMN)
    bounds = [metadata.row_group(n).column(at).statistics for n in range(metadata.num_row_groups)]
    return str(min(b.min for b in bounds)), str(max(b.max for b in bounds))
