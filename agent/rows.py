"""Rows of a measurement, as the columns that a source returns."""

from collections.abc import Mapping, Sequence

from vigie.shape import Columns, Field, Measurement, Value

Row = Mapping[Field, Value]


def columns(measurement: type[Measurement], rows: Sequence[Row]) -> Columns:
    """One column for each field that any of the rows has; None where a row lacks it."""
    present = {field for row in rows for field in row}
    return {f: [row.get(f) for row in rows] for f in measurement.fields if f in present}
