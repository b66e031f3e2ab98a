"""Which values cannot be: outside the bounds that the catalogue declares. They are kept, marked."""

from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.store.chunk import Times
from vigie.shape import Field, Kind, Measurement

BOUNDED: Final = frozenset({Kind.GAUGE, Kind.COUNTER, Kind.STATE, Kind.BITS})


def bounds(declared: Field) -> tuple[float | None, float | None]:
    """Least and greatest plausible value; a counter's `high` bounds its rate, not its value."""
    if declared.kind not in BOUNDED:
        return None, None
    return declared.low, None if declared.kind is Kind.COUNTER else declared.high


def suspects(measurement: type[Measurement], rows: pa.Table) -> Times | None:
    """Per row, a bit for each field out of its bounds; None where nothing is."""
    bits: Times | None = None
    for declared in measurement.values:
        low, high = bounds(declared)
        if low is None and high is None:
            continue
        column = rows.column(declared.name)
        if _within(column, low, high):
            continue
        values = column.to_numpy()
        wrong = np.zeros(len(values), np.bool_)
        if low is not None:
            wrong |= values < low
        if high is not None:
            wrong |= values > high
        bits = np.zeros(len(values), np.int64) if bits is None else bits
        bits[wrong] |= 1 << declared.number
    return bits


def _within(column: pa.ChunkedArray, low: float | None, high: float | None) -> bool:
    least, greatest = pc.min_max(column).values()
    return (least.as_py() is None) or (
        (low is None or least.as_py() >= low) and (high is None or greatest.as_py() <= high)
    )
