"""Table files: sorted Parquet whose name carries a checksum, and whose footer says what it is.

What the footers say is enough to make a table again when its metadata is lost: which commit a
file belongs to, of how many files, up to which position, and which files it takes the place of.
"""

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
from vigie.errors import StoreError
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN

ROW_GROUP_ROWS: Final = 128 * 1024
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

    `entry` is what Iceberg's metadata say of it.
    """

    path: Path
    rows: int
    size: int
    start: int
    end: int
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


def write(
    directory: Path, rows: pa.Table, schema: pa.Schema, commit: Commit, *, number: int, files: int
) -> TableFile:
    """One file of a commit; `schema` carries the ids of the columns.

    Raises:
        OSError: the disk is full, or failed.
    """
    make_directory(directory)
    stem = f"{commit.position:016x}-{commit.name}-{number:03}"
    fresh = directory / f"{stem}.new"
    footer = {
        "commit": commit.name,
        "position": commit.position,
        "properties": dict(commit.properties),
        "replaces": list(commit.replaces),
        "files": files,
        "number": number,
    }
    try:
        typed = _typed(rows, schema)
        with pq.ParquetWriter(fresh, typed.schema, **_options(schema)) as writer:
            for at in range(0, max(1, len(typed)), ROW_GROUP_ROWS):
                writer.write_table(_trimmed(typed.slice(at, ROW_GROUP_ROWS)))
            writer.add_key_value_metadata({FOOTER: json.dumps(footer)})
        path = directory / f"{stem}.{_checksum(fresh):08x}{SUFFIX}"
        keep(fresh, path)
    except OSError:
        fresh.unlink(missing_ok=True)
        raise
    times = integers(rows.column(TIME_COLUMN))
    return TableFile(path, len(rows), path.stat().st_size, int(times.min()), int(times.max()))


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
    except (OSError, ValueError, KeyError, TypeError, pa.ArrowException) as error:
        raise StoreError(f"{path}: no table file of ours: {error}") from error
    file = TableFile(path, metadata.num_rows, path.stat().st_size, start, end)
    return Footer(commit, said["files"], said["number"]), file


def _typed(rows: pa.Table, schema: pa.Schema) -> pa.Table:
    """Rows under the names and ids of a schema; a column that they lack is unknown."""
    columns = [
        rows.column(f.name) if f.name in rows.column_names else pa.nulls(len(rows), f.type)
        for f in schema
    ]
    fields = [
        pa.field(f.name, column.type, f.nullable, f.metadata)
        for f, column in zip(schema, columns, strict=True)
    ]
    return pa.Table.from_arrays(columns, schema=pa.schema(fields))


def _trimmed(rows: pa.Table) -> pa.Table:
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


def _options(schema: pa.Schema) -> dict[str, Any]:
    words = [f.name for f in schema if pa.types.is_string(f.type)]
    # Sorted by series, a float changes little from row to row: its high bytes compress well.
    plain = {
        f.name: "BYTE_STREAM_SPLIT" if pa.types.is_floating(f.type) else "DELTA_BINARY_PACKED"
        for f in schema
        if f.name != QUALITY_COLUMN
        and (pa.types.is_floating(f.type) or pa.types.is_integer(f.type) or f.name == TIME_COLUMN)
    }
    return {
        "compression": "zstd",
        "compression_level": 1,
        "use_dictionary": [*words, QUALITY_COLUMN],
        "column_encoding": plain,
        "store_schema": False,
        "write_page_checksum": True,
        "version": "2.6",
    }


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
