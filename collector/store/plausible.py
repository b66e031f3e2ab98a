"""Which values cannot be: no numbers, or outside the bounds that the catalogue declares.

A number is kept, and marked; what is none becomes null, and is marked too.
"""

import sys
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.store.chunk import Times, flat
from vigie.shape import Field, Kind, Measurement

BOUNDED: Final = frozenset({Kind.GAUGE, Kind.COUNTER, Kind.STATE, Kind.BITS})
GREATEST: Final = sys.float_info.max


def bounds(declared: Field) -> tuple[float | None, float | None]:
    """Least and greatest plausible value; a counter's `high` bounds its rate, not its value."""
    if declared.kind not in BOUNDED:
        return None, None
    return declared.low, None if declared.kind is Kind.COUNTER else declared.high


def suspects(measurement: type[Measurement], rows: pa.Table) -> tuple[Times | None, pa.Table]:
    """Per row, a bit for each field that cannot be, or None; and the rows, numbers or null."""
    bits: Times | None = None
    for declared in measurement.values:
        at = rows.schema.get_field_index(declared.name)
        if at < 0:
            continue
        column = flat(rows.column(at))
        low, high = bounds(declared)
        infinite = pa.types.is_floating(column.type)
        if low is None and high is None and not infinite:
            continue
        values = column.to_numpy(zero_copy_only=False)
        wrong = _wrong(values, column, low, high)
        if wrong is None:
            continue
        bits = np.zeros(len(values), np.int64) if bits is None else bits
        bits[wrong] |= 1 << declared.number
        if infinite and not np.isfinite(values[wrong]).all():
            numbers = pc.if_else(pa.array(np.isfinite(values)), column, None)
            rows = rows.set_column(at, rows.schema.field(at), numbers)
    return bits, rows


def _wrong(values: Any, column: pa.Array, low: float | None, high: float | None) -> Any:
    """Which rows have a value that cannot be; None where none has."""
    possible = values >= (-GREATEST if low is None else low)
    possible &= values <= (GREATEST if high is None else high)
    if np.count_nonzero(possible) + column.null_count == len(values):
        return None
    return ~possible & column.is_valid().to_numpy(zero_copy_only=False)
