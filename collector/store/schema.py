"""Arrow schemas of what is stored, derived from the catalogue; the Iceberg tables follow them."""

from typing import Final

import pyarrow as pa

from collector.rollups import columns
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN, column_type
from vigie.shape import Field, Measurement

CONTAINER_COLUMN: Final = "container"
SUSPECT_COLUMN: Final = "suspect"
TIME_TYPE: Final = pa.timestamp("us", tz="UTC")

QUALITY: Final = pa.field(QUALITY_COLUMN, pa.int32(), nullable=False)
SUSPECT: Final = pa.field(SUSPECT_COLUMN, pa.int64(), nullable=False)

_ARROW: Final[dict[str, pa.DataType]] = {
    "string": pa.string(),
    "bool": pa.bool_(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "double": pa.float64(),
}

EVENTS: Final = pa.schema(
    [
        pa.field(TIME_COLUMN, TIME_TYPE, nullable=False),
        pa.field("learned", TIME_TYPE, nullable=False),
        pa.field(CONTAINER_COLUMN, pa.string(), nullable=False),
        pa.field("agent", pa.string(), nullable=False),
        pa.field("code", pa.string(), nullable=False),
        pa.field("severity", pa.string(), nullable=False),
        pa.field("keys", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
    ]
)
"""What happened and when it was learned; `keys` is a JSON object."""

_RAW: Final[dict[type[Measurement], pa.Schema]] = {}  # made once: asked for with every frame
_EMPTY: Final[dict[type[Measurement], pa.Table]] = {}


def arrow_type(declared: Field) -> pa.DataType:
    """The column type of a field."""
    return _ARROW[column_type(declared)]


def series_columns(measurement: type[Measurement]) -> list[str]:
    """The columns that name one series: the container and the keys."""
    return [CONTAINER_COLUMN, *(k.name for k in measurement.keys)]


def raw(measurement: type[Measurement]) -> pa.Schema:
    """Columns of one measurement as stored: time, container, keys, values, quality, suspect.

    `quality` is `shape.Quality.code`; bit n of `suspect` says that field number n is implausible.
    """
    found = _RAW.get(measurement)
    if found is None:
        found = _RAW[measurement] = _raw(measurement)
    return found


def empty(measurement: type[Measurement]) -> pa.Table:
    """No rows of one measurement."""
    found = _EMPTY.get(measurement)
    if found is None:
        found = _EMPTY[measurement] = raw(measurement).empty_table()
    return found


def _raw(measurement: type[Measurement]) -> pa.Schema:
    return pa.schema(
        [
            pa.field(TIME_COLUMN, TIME_TYPE, nullable=False),
            pa.field(CONTAINER_COLUMN, pa.string(), nullable=False),
            *(pa.field(k.name, pa.string(), nullable=False) for k in measurement.keys),
            *(pa.field(f.name, arrow_type(f)) for f in measurement.values),
            QUALITY,
            SUSPECT,
        ]
    )


def rollup(measurement: type[Measurement]) -> pa.Schema:
    """Columns of the measurement's rollups, whatever their resolution; `time` is window start."""
    return columns.schema(measurement)


def fits(sent: pa.Schema, measurement: type[Measurement]) -> bool:
    """Whether a sender's rows may have these columns: time, keys, and any others as stored."""
    allowed = [f for f in raw(measurement) if f.name != CONTAINER_COLUMN]
    needed = 1 + len(measurement.keys)
    named = set(sent.names)
    return list(sent) == [f for n, f in enumerate(allowed) if n < needed or f.name in named]
