"""Readings to windows, and windows to wider windows."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from collector.rollups import columns
from collector.rollups.columns import SUSPECT_COLUMN, TIME_TYPE, series_columns
from collector.rollups.fields import Readings, Windows
from collector.rollups.groups import Array, Groups, group, numbers
from collector.rollups.states import Inside, reduce
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN
from vigie.shape import Field, Measurement


def roll(
    measurement: type[Measurement],
    rows: pa.Table,
    resolution_seconds: int,
    fields: Sequence[Field] | None = None,
) -> pa.Table:
    """Windows of `resolution_seconds` over raw rows in any order, each row once.

    The answer has the columns of `columns.schema`, in order of series and time; of some `fields`
    only, where those are named. Rows may lack fields. Nulls and suspect values stay out of their
    field; series columns may be dictionaries, and stay such.
    """
    return _reduce(measurement, rows, resolution_seconds, Readings, fields)


def merge(
    measurement: type[Measurement],
    windows: pa.Table,
    resolution_seconds: int,
    fields: Sequence[Field] | None = None,
) -> pa.Table:
    """Wider windows over rollup rows whose spans do not overlap.

    Associative, and equal to `roll` over the readings below: what lies between the last reading
    of one window and the first of the next is added here.
    """
    return _reduce(measurement, windows, resolution_seconds, Windows, fields)


def _reduce(
    measurement: type[Measurement],
    table: pa.Table,
    resolution: int,
    reader: type[Readings] | type[Windows],
    some: Sequence[Field] | None = None,
) -> pa.Table:
    schema = columns.schema(measurement, some)
    if not table.num_rows:
        return schema.empty_table()
    series = series_columns(measurement)
    groups = group(table, series, resolution)
    heads = groups.heads(series)
    made = {
        TIME_COLUMN: pa.array(groups.window[groups.starts]).view(TIME_TYPE),
        **{name: heads[name] for name in series},
    }
    fields = reader(measurement, groups)
    for declared in measurement.values if some is None else some:
        found = fields.field(declared)
        made |= _nothing(declared, groups) if found is None else _write(declared, groups, *found)
    quality = groups.arranged(numbers(table[QUALITY_COLUMN]))
    made[QUALITY_COLUMN] = pa.array(np.maximum.reduceat(quality, groups.starts))
    suspect = groups.arranged(numbers(table[SUSPECT_COLUMN]))
    made[SUSPECT_COLUMN] = pa.array(np.bitwise_or.reduceat(suspect, groups.starts))
    for name in series:
        at = schema.get_field_index(name)
        schema = schema.set(at, pa.field(name, heads[name].type, nullable=False))
    return pa.table([made[name] for name in schema.names], schema=schema)


def _nothing(declared: Field, groups: Groups) -> dict[str, pa.Array]:
    return {c.name: pa.nulls(groups.count, c.type) for c in columns.states(declared)}


def _write(
    declared: Field, groups: Groups, inside: Inside, present: Array | None
) -> dict[str, pa.Array]:
    """The field's columns; null for groups that are not present."""
    spans = inside.spans
    values = {
        **reduce(declared, inside),
        "first": inside.first[spans.starts],
        "first_time": spans.first_time[spans.starts],
        "last": inside.last[spans.ends],
        "last_time": spans.last_time[spans.ends],
    }
    where = None
    if present is not None:
        where = np.full(groups.count, -1)
        where[present] = np.arange(len(present))
    return {
        column.name: _column(values[column.name[len(declared.name) + 1 :]], column.type, where)
        for column in columns.states(declared)
    }


def _column(values: Array, kind: pa.DataType, where: Array | None) -> pa.Array:
    """An Arrow column of these values; `where` says which value each row has, -1 for null."""
    if pa.types.is_list(kind):
        offsets = np.arange(len(values) + 1, dtype=np.int32) * values.shape[1]
        column = pa.ListArray.from_arrays(offsets, pa.array(values.ravel()))
    elif pa.types.is_timestamp(kind):
        column = pa.array(values).view(kind)
    elif pa.types.is_boolean(kind):
        column = pa.array(values.astype(bool))
    else:
        column = pa.array(values).cast(kind)
    if where is None:
        return column
    return column.take(pa.array(where, mask=where < 0))
