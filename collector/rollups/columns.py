"""Columns of a rollup, derived from the catalogue; its Iceberg tables follow them."""

from collections.abc import Iterator, Sequence
from typing import Final

import pyarrow as pa

from vigie.frame import QUALITY_COLUMN, TIME_COLUMN, column_type
from vigie.shape import Field, Kind, Measurement

CONTAINER_COLUMN: Final = "container"
SUSPECT_COLUMN: Final = "suspect"
TIME_TYPE: Final = pa.timestamp("us", tz="UTC")

RESOLUTIONS: Final = {"1m": 60, "1h": 3600}
"""Suffix of a rollup table and the length of its windows in seconds."""

GAP_PERIODS: Final = 3
GAP_FLOOR_SECONDS: Final = 30.0

_VALUE: Final = {
    "bool": pa.bool_(),
    "int32": pa.int32(),
    "int64": pa.int64(),
    "double": pa.float64(),
}
_INSIDE: Final[dict[Kind, dict[str, pa.DataType | None]]] = {  # None: as the field itself
    Kind.GAUGE: {
        "min": None,
        "max": None,
        "sum": pa.float64(),
        "count": pa.int64(),
        "integral": pa.float64(),
        "covered": pa.float64(),
    },
    Kind.COUNTER: {"increase": None, "resets": pa.int64(), "gap": pa.float64()},
    Kind.STATE: {"seconds": pa.list_(pa.float64())},
    Kind.BITS: {"or": None, "seconds": pa.list_(pa.float64()), "covered": pa.float64()},
    Kind.FLAG: {"true_seconds": pa.float64(), "covered": pa.float64()},
}


def gap_seconds(measurement: type[Measurement]) -> float:
    """The longest time between two readings that is still covered, in seconds.

    Three periods, but never below half a minute: an agent may be told to read ten times less
    often than the catalogue says, and its readings must not come out as one long gap. Past it
    nothing is integrated: the time is uncovered, and for a counter a named gap.
    """
    return max(GAP_PERIODS * measurement.period_seconds, GAP_FLOOR_SECONDS)


def inside(declared: Field) -> dict[str, pa.DataType]:
    """What a window holds of a field beside its first and last reading: suffix and type.

    Times are in seconds. Lists go by code of a state, or by bit.
    """
    own = value_type(declared)
    return {suffix: kind or own for suffix, kind in _INSIDE[declared.kind].items()}


def value_type(declared: Field) -> pa.DataType:
    """The type of the field's first and last value."""
    return _VALUE[column_type(declared)]


def series_columns(measurement: type[Measurement]) -> list[str]:
    """The columns that name one series: the container and the keys."""
    return [CONTAINER_COLUMN, *(k.name for k in measurement.keys)]


def schema(measurement: type[Measurement], fields: Sequence[Field] | None = None) -> pa.Schema:
    """Columns of a rollup: window start, series, states of every field, quality, suspect.

    Of a field without a reading in the window all is null. `quality` is the worst of the window's
    readings, `suspect` names the fields of which a reading was implausible and left out. With
    `fields` it has the states of these alone.
    """
    return pa.schema(
        [
            pa.field(TIME_COLUMN, TIME_TYPE, nullable=False),
            *(pa.field(name, pa.string(), nullable=False) for name in series_columns(measurement)),
            *(column for f in fields or measurement.values for column in states(f)),
            pa.field(QUALITY_COLUMN, pa.int32(), nullable=False),
            pa.field(SUSPECT_COLUMN, pa.int64(), nullable=False),
        ]
    )


def states(declared: Field) -> Iterator[pa.Field]:
    """The columns of one field, named `<field>_<suffix>`."""
    for suffix, kind in inside(declared).items():
        yield pa.field(f"{declared.name}_{suffix}", kind)
    for end in ("first", "last"):
        yield pa.field(f"{declared.name}_{end}", value_type(declared))
        yield pa.field(f"{declared.name}_{end}_time", TIME_TYPE)
