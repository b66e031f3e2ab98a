"""Readings and rollups in one shape, so that both can be aggregated together. Pure.

A sample is what one row says of one field: low, high, total and count of its readings, and the
last with its time. A reading is all of them by itself.
"""

from collections.abc import Sequence
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from collector.store.schema import SUSPECT_COLUMN, TIME_TYPE
from vigie.frame import TIME_COLUMN
from vigie.shape import Field, Kind

SUFFIXES: Final = ("min", "max", "sum", "count", "last", "last_time")


def rolled(declared: Field, aggregate: str) -> bool:
    """Whether rollups of a field know an aggregate; if not, its readings must be asked."""
    return declared.kind is Kind.GAUGE or aggregate == "last"


def columns(fields: Sequence[Field], *, rolled: bool) -> list[str]:
    """The columns to read of a table, beside time and series."""
    if not rolled:
        return [f.name for f in fields]
    return [f"{f.name}_{suffix}" for f in fields for suffix in _known(f)]


def of(fields: Sequence[Field], series: Sequence[str], rows: pa.Table, *, rolled: bool) -> pa.Table:
    """Samples of each field, `field` its place among them, one field after the other."""
    tables = []
    for number, declared in enumerate(fields):
        values = _window(declared, rows) if rolled else _reading(declared, rows)
        made = {
            "field": pa.repeat(pa.scalar(number, pa.int8()), rows.num_rows),
            TIME_COLUMN: rows[TIME_COLUMN],
            **{name: rows[name] for name in series},
            "low": values[0].cast(pa.float64()),
            "high": values[1].cast(pa.float64()),
            "total": values[2].cast(pa.float64()),
            "count": values[3].cast(pa.float64()),
            "last": values[4].cast(pa.float64()),
            "last_time": values[5].cast(TIME_TYPE),
        }
        tables.append(pa.table(made))
    return pa.concat_tables(tables)


def _known(declared: Field) -> tuple[str, ...]:
    return SUFFIXES if declared.kind is Kind.GAUGE else SUFFIXES[-2:]


def _window(declared: Field, rows: pa.Table) -> list[pa.ChunkedArray]:
    unknown = pa.chunked_array([pa.nulls(rows.num_rows, pa.float64())])
    known = _known(declared)
    return [rows[f"{declared.name}_{s}"] if s in known else unknown for s in SUFFIXES]


def _reading(declared: Field, rows: pa.Table) -> list[pa.ChunkedArray]:
    """A suspect value is unknown."""
    values = rows[declared.name]
    if pa.types.is_boolean(values.type):
        values = values.cast(pa.int8())
    marked = pc.bit_wise_and(rows[SUSPECT_COLUMN], 1 << declared.number)
    values = pc.if_else(pc.equal(marked, 0), values, pa.scalar(None, values.type))
    there = pc.is_valid(values)
    times = pc.if_else(there, rows[TIME_COLUMN], pa.scalar(None, TIME_TYPE))
    return [values, values, values, there.cast(pa.int8()), values, times]
