"""Small files into large ones, partition by partition, each in one commit."""

from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.dataset as ds

from collector.store.flush import MAX_ROWS, keys, put
from collector.store.parquet import TableFile
from collector.store.tables import Tables

SMALL_BYTES: Final = 48 * 2**20
OPEN_FILES: Final = 10
"""Small files of a partition that still grows, before they are worth a merge."""


def groups(files: Sequence[TableFile], growing: str) -> Iterator[list[TableFile]]:
    """Files that should be one; `growing` is the folder that rows still come to."""
    folders: dict[str, list[TableFile]] = {}
    for file in files:
        if file.size < SMALL_BYTES:
            folders.setdefault(file.path.parent.name, []).append(file)
    for folder, small in sorted(folders.items()):
        small.sort(key=lambda file: file.path.name)
        group: list[TableFile] = []
        for file in small:
            if group and sum(f.rows for f in group) + file.rows > MAX_ROWS:
                yield from _worth(group, growing == folder)
                group = []
            group.append(file)
        yield from _worth(group, growing == folder)


def _worth(group: list[TableFile], growing: bool) -> Iterator[list[TableFile]]:  # noqa: FBT001
    if len(group) >= (OPEN_FILES if growing else 2):
        yield group


def read(tables: Tables, table: str, files: Sequence[TableFile]) -> pa.Table:
    """The rows of some files with the table's columns, keys as dictionaries.

    Raises:
        OSError: a file is damaged.
    """
    wanted = tables.schema(table)
    words = keys(table)
    schema = pa.schema(
        pa.field(f.name, pa.dictionary(pa.int32(), pa.string()) if f.name in words else f.type)
        for f in wanted or ()
    )
    kind = ds.ParquetFileFormat(
        read_options=ds.ParquetReadOptions(dictionary_columns=words),
        default_fragment_scan_options=ds.ParquetFragmentScanOptions(
            page_checksum_verification=True
        ),
    )
    rows = ds.dataset([str(f.path) for f in files], schema=schema, format=kind).to_table()
    return rows.unify_dictionaries().combine_chunks()


def merge(tables: Tables, table: str, group: Sequence[TableFile]) -> None:
    """Make one file of several. Others may write meanwhile; of two that meet, the first counts.

    Raises:
        OSError: a file is damaged, or the disk is full; the table is as it was.
        Overtaken: one of them was replaced or dropped meanwhile; the table is as that left it.
    """
    rows = read(tables, table, group)
    put(tables, table, rows, tables.position(table), gone=group)
