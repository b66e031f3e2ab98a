"""How each column of a table file is encoded: as it comes out smallest, tried on some of its rows.

What a field is (a gauge that a driver rounds, a counter that always grows, times that all series
share) shows in the rows and decides what is smallest; so does resolution. All are encodings of the
Parquet standard that every engine reads (docs/decisions/0018).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

COMPRESSION: Final = "zstd"
LEVEL: Final = 1

_DICTIONARY, _PLAIN = "RLE_DICTIONARY", "PLAIN"
_SPLIT, _DELTA = "BYTE_STREAM_SPLIT", "DELTA_BINARY_PACKED"
SLICES: Final = 4
SLICE_ROWS: Final = 4 * 1024
"""What is tried of the rows: some slices of neighbours, for neighbours are what compresses."""
AGAIN: Final = 60
"""Files of a table that keep a choice: trying it costs as much as writing these rows four times."""
GAIN: Final = 0.95
"""How much smaller another encoding must be than a dictionary, the quickest to read, and what is
compressed than what is not."""
TINY: Final = 0.05
"""Bytes a value below which nothing is worth more effort."""


@dataclass(frozen=True, slots=True)
class Choice:
    """How a column is encoded, and whether it is compressed then."""

    encoding: str = _DICTIONARY
    compressed: bool = True


class Encodings:
    """What was chosen for the columns of each table, and how often it has served."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[Mapping[str, Choice], int, int]] = {}

    def of(self, table: str, rows: pa.Table) -> Mapping[str, Choice]:
        """The encoding of each column of these rows, which are those that a file begins with."""
        chosen, tried, served = self._known.get(table, ({}, 0, 0))
        lacks = any(name not in chosen for name in rows.column_names)
        if lacks or served >= AGAIN or min(len(rows), SLICES * SLICE_ROWS) > 2 * tried:
            sample = _sample(rows)
            chosen, tried, served = {**chosen, **tried_out(sample)}, len(sample), 0
        self._known[table] = (chosen, tried, served + 1)
        return chosen


def tried_out(rows: pa.Table) -> Mapping[str, Choice]:
    """The choice for each column that makes these rows small with little work."""
    best: dict[str, tuple[int, Choice]] = {}
    for encoding in (_DICTIONARY, _SPLIT, _DELTA, _PLAIN):
        names = [f.name for f in rows.schema if encoding in _possible(f.type)]
        for name, (whole, compressed) in _sizes(rows, encoding, names).items():
            gains = compressed < whole * GAIN and compressed + TINY * len(rows) < whole
            size = compressed if gains else whole
            known = best.get(name)
            if known is None or size < known[0] * GAIN - TINY * len(rows):
                best[name] = (size, Choice(encoding, gains))
    return {name: choice for name, (_, choice) in best.items()}


def options(chosen: Mapping[str, Choice], columns: pa.Schema) -> dict[str, object]:
    """What the writer is told."""
    told = {_path(f): chosen.get(f.name, Choice()) for f in columns}
    others = {path: c.encoding for path, c in told.items() if c.encoding != _DICTIONARY}
    packed = {path: COMPRESSION if c.compressed else "none" for path, c in told.items()}
    return {
        "compression": packed,
        "compression_level": {path: LEVEL for path, c in told.items() if c.compressed},
        "use_dictionary": [path for path in told if path not in others],
        "column_encoding": others,
        "store_schema": False,
        "write_page_checksum": True,
        "version": "2.6",
    }


def _possible(kind: pa.DataType) -> tuple[str, ...]:
    """What a column may be encoded with."""
    if pa.types.is_floating(kind):
        return (_DICTIONARY, _SPLIT, _PLAIN)
    if pa.types.is_integer(kind):
        return (_DICTIONARY, _SPLIT, _DELTA, _PLAIN)
    if pa.types.is_timestamp(kind):
        return (_DICTIONARY, _DELTA)
    return (_DICTIONARY,)


def _path(column: pa.Field) -> str:
    """Where the values of a column are."""
    return f"{column.name}.list.element" if pa.types.is_list(column.type) else str(column.name)


def _sizes(rows: pa.Table, encoding: str, names: Sequence[str]) -> dict[str, tuple[int, int]]:
    """How many bytes each column takes that way, and when it is compressed."""
    if not names:
        return {}
    sink = pa.BufferOutputStream()
    told = rows.select(names)
    pq.write_table(told, sink, **options(dict.fromkeys(names, Choice(encoding)), told.schema))
    group = pq.read_metadata(pa.BufferReader(sink.getvalue())).row_group(0)
    columns = (group.column(at) for at in range(group.num_columns))
    return {
        column.path_in_schema.partition(".")[0]: (
            column.total_uncompressed_size,
            column.total_compressed_size,
        )
        for column in columns
    }


def _sample(rows: pa.Table) -> pa.Table:
    if len(rows) <= SLICES * SLICE_ROWS:
        return rows
    step = (len(rows) - SLICE_ROWS) // (SLICES - 1)
    return pa.concat_tables([rows.slice(n * step, SLICE_ROWS) for n in range(SLICES)])
