"""How each column of a table file is encoded: as it comes out smallest, tried on some of its rows.

What a field is (a gauge that a driver rounds, a counter that always grows, times that all series
share) shows in the rows and decides what is smallest; so does resolution. All are encodings of the
Parquet standard that every engine reads (docs/decisions/0016).
"""

from collections.abc import Mapping, Sequence
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

DICTIONARY: Final = "RLE_DICTIONARY"
PLAIN: Final = "PLAIN"
COMPRESSION: Final = {"compression": "zstd", "compression_level": 1}

_SPLIT, _DELTA = "BYTE_STREAM_SPLIT", "DELTA_BINARY_PACKED"
SLICES: Final = 4
SLICE_ROWS: Final = 4 * 1024
"""What is tried of the rows: some slices of neighbours, for neighbours are what compresses."""
AGAIN: Final = 60
"""Files of a table that keep a choice: trying it costs as much as writing these rows four times."""
GAIN: Final = 0.95
"""How much smaller another encoding must be than a dictionary, the quickest to read."""


class Encodings:
    """What was chosen for the columns of each table, and how often it has served."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Mapping[str, str], int, int]] = {}

    def of(self, table: str, rows: pa.Table) -> Mapping[str, str]:
        """The encoding of each column of these rows, which are those that a file begins with."""
        chosen, tried, served = self._known.get(table, ({}, 0, 0))
        lacks = any(name not in chosen for name in rows.column_names)
        if lacks or served >= AGAIN or min(len(rows), SLICES * SLICE_ROWS) > 2 * tried:
            sample = _sample(rows)
            chosen, tried, served = {**chosen, **tried_out(sample)}, len(sample), 0
        self._known[table] = (chosen, tried, served + 1)
        return chosen


def tried_out(rows: pa.Table) -> Mapping[str, str]:
    """The encoding of each column that makes these rows smallest."""
    best = {f.name: (DICTIONARY, size) for f, size in _sizes(rows, DICTIONARY, rows.column_names)}
    for encoding in (_SPLIT, _DELTA, PLAIN):
        names = [f.name for f in rows.schema if encoding in _others(f.type)]
        for f, size in _sizes(rows, encoding, names):
            known = best[f.name]
            if size < known[1] * (GAIN if known[0] == DICTIONARY else 1):
                best[f.name] = (encoding, size)
    return {name: encoding for name, (encoding, _) in best.items()}


def options(chosen: Mapping[str, str], names: Sequence[str]) -> dict[str, object]:
    """What the writer is told."""
    return {
        **COMPRESSION,
        "use_dictionary": [n for n in names if chosen.get(n, DICTIONARY) == DICTIONARY],
        "column_encoding": {n: chosen[n] for n in names if chosen.get(n, DICTIONARY) != DICTIONARY},
        "store_schema": False,
        "write_page_checksum": True,
        "version": "2.6",
    }


def _others(kind: pa.DataType) -> tuple[str, ...]:
    """What a column may be encoded with beside a dictionary."""
    if pa.types.is_floating(kind):
        return (_SPLIT, PLAIN)
    if pa.types.is_integer(kind):
        return (_SPLIT, _DELTA, PLAIN)
    if pa.types.is_timestamp(kind):
        return (_DELTA,)
    return ()


def _sizes(rows: pa.Table, encoding: str, names: Sequence[str]) -> list[tuple[pa.Field, int]]:
    """How many bytes each column takes that way."""
    if not names:
        return []
    sink = pa.BufferOutputStream()
    told = rows.select(names)
    pq.write_table(told, sink, **options(dict.fromkeys(names, encoding), names))
    group = pq.read_metadata(pa.BufferReader(sink.getvalue())).row_group(0)
    sizes: dict[str, int] = {}
    for at in range(group.num_columns):
        column = group.column(at)
        name = column.path_in_schema.partition(".")[0]
        sizes[name] = sizes.get(name, 0) + column.total_compressed_size
    return [(field, sizes[field.name]) for field in told.schema]


def _sample(rows: pa.Table) -> pa.Table:
    if len(rows) <= SLICES * SLICE_ROWS:
        return rows
    step = (len(rows) - SLICE_ROWS) // (SLICES - 1)
    return pa.concat_tables([rows.slice(n * step, SLICE_ROWS) for n in range(SLICES)])
