"""Files into fewer and larger ones, each group in one commit.

While rows still come to a partition, only small files are made one of. When a stretch of time is
at rest (an hour of readings or minutes, a day of hours), what a container has in it is brought
together: its files are read side by side and written one after the other, cut between containers.
So every row is written at its flush, at most a few times while its file is small, and once or
twice when its hour is over. What comes later waits until it is worth writing its neighbours again.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from itertools import accumulate
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from collector.store.flush import MAX_ROWS, keys, put
from collector.store.order import Rows
from collector.store.parquet import TableFile, arranged
from collector.store.sweep import Piece, sweep
from collector.store.tables import Tables
from vigie.errors import StoreError

SMALL_BYTES: Final = 48 * 2**20
OPEN_FILES: Final = 10
"""Small files of a partition that still grows, before they are worth a merge."""
DEEP: Final = 8
"""Files that share containers of a time at rest, before they are brought together."""
LATE_SHARE: Final = 8
"""What is merged into a large file is at least this part of it, or `OPEN_FILES` files."""
FAN_BYTES: Final = 256 * 2**20
FANS: Final = (4, 64)
"""Memory for the row groups that a merge has at hand, and how many files that is at least and at
most."""
HOUR: Final = 3_600_000_000
REST: Final = 600_000_000
"""Microseconds after its end at which nothing but late rows comes to a stretch of time."""


class Stopped(StoreError):
    """A merge was told to stop; the table is as it was."""


def groups(
    files: Sequence[TableFile], growing: str, now: int, stretch: int
) -> Iterator[list[TableFile]]:
    """Files that should be one.

    `growing` is the folder that rows still come to, `stretch` how long a time is brought together,
    `now` the time, both in microseconds.
    """
    folders: dict[str, list[TableFile]] = {}
    for file in sorted(files, key=lambda file: file.path.name):
        folders.setdefault(file.path.parent.name, []).append(file)
    for folder, inside in sorted(folders.items()):
        taken: set[TableFile] = set()
        for together in _at_rest(inside, now, stretch):
            taken.update(together)
            yield together
        small = [f for f in inside if f.size < SMALL_BYTES and f not in taken]
        least = OPEN_FILES if growing == folder else 2
        yield from (group for group in _filled(small) if len(group) >= least)


def _filled(small: Sequence[TableFile]) -> Iterator[list[TableFile]]:
    """Small files, as many together as one may be large."""
    group: list[TableFile] = []
    for file in small:
        if group and sum(f.rows for f in group) + file.rows > MAX_ROWS:
            yield group
            group = []
        group.append(file)
    if group:
        yield group


def _at_rest(files: Sequence[TableFile], now: int, stretch: int) -> Iterator[list[TableFile]]:
    """Files of one stretch that share containers, and are worth being brought together."""
    stretches: dict[int, list[TableFile]] = {}
    for file in files:
        at = file.start // stretch
        if file.end // stretch == at and (at + 1) * stretch + REST <= now and file.containers:
            stretches.setdefault(at, []).append(file)
    for _, inside in sorted(stretches.items()):
        for shared in _sharing(inside):
            sizes = [file.rows for file in shared]
            worth = (sum(sizes) - max(sizes)) * LATE_SHARE >= max(sizes)
            if _deep(shared) >= DEEP and (worth or len(shared) >= OPEN_FILES):
                # What was brought together once covers a long time: it comes last.
                shared.sort(key=lambda file: (file.end - file.start, file.start))
                most = _fan(shared[0])
                batches = (shared[n : n + most] for n in range(0, len(shared), most))
                yield from (batch for batch in batches if len(batch) > 1)


def _deep(files: Sequence[TableFile]) -> int:
    """In how many of the files a container may be at most."""
    ends = [(low, 0, 1) for low, _ in (f.containers or ("", "") for f in files)]
    ends += [(high, 1, -1) for _, high in (f.containers or ("", "") for f in files)]
    return max(accumulate(step for _, _, step in sorted(ends)), default=0)


def _sharing(files: Sequence[TableFile]) -> Iterator[list[TableFile]]:
    """Files whose containers overlap, directly or by others; those that share none are left out."""
    group: list[TableFile] = []
    last = ""
    for file in sorted(files, key=lambda f: (f.containers or ("", ""), f.path.name)):
        low, high = file.containers or ("", "")
        if group and low > last:
            if len(group) > 1:
                yield group
            group = []
        group.append(file)
        last = high if len(group) == 1 else max(last, high)
    if len(group) > 1:
        yield group


def merge(
    tables: Tables, table: str, group: Sequence[TableFile],
    stop: Callable[[], bool] = lambda: False,
) -> None:  # fmt: skip
    """Make few files of several. Others may write meanwhile; of two that meet, the first counts.

    Raises:
        OSError: a file is damaged, or the disk is full; the table is as it was.
        Overtaken: one of them was replaced or dropped meanwhile; the table is as that left it.
        Stopped: `stop` said so; the table is as it was.
    """
    words = keys(table)
    rows = sweep([Piece(file.path, words) for file in group])
    parts = _until(stop, ordered(rows, words))
    put(tables, table, replace(rows, parts=parts), tables.position(table), gone=group)


def _fan(file: TableFile) -> int:
    """How many such files can be read side by side."""
    metadata = pq.read_metadata(file.path)
    least, most = FANS
    if not metadata.num_row_groups:
        return most
    group = metadata.row_group(0)
    cells = int(group.num_rows * group.num_columns)
    return min(most, max(least, FAN_BYTES // (8 * cells + 1)))


def ordered(rows: Rows, words: Sequence[str]) -> Iterator[pa.Table]:
    """Parts that are in order of containers, each in order of all keys and time."""

    def arrange(part: pa.Table) -> pa.Table:
        return arranged(part, words, np.zeros(len(part), np.int64))[0] if len(part) else part

    return map(arrange, rows.parts)  # holds no part while another looks at what became of it


def _until(stop: Callable[[], bool], parts: Iterator[pa.Table]) -> Iterator[pa.Table]:

    def asked(part: pa.Table) -> pa.Table:
        if stop():
            raise Stopped("a merge was told to stop")
        return part

    return map(asked, parts)


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
