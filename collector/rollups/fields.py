"""One field of grouped rows as spans, whether the rows are readings or windows."""

import numpy as np
import pyarrow as pa

from collector.rollups.columns import SUSPECT_COLUMN, gap_seconds
from collector.rollups.groups import Array, Groups, numbers
from collector.rollups.states import Inside, Spans
from vigie.frame import TIME_COLUMN
from vigie.shape import Field, Kind, Measurement


class Readings:
    """Raw rows: a field is known where it is neither null nor suspect."""

    def __init__(self, measurement: type[Measurement], groups: Groups) -> None:
        self._groups = groups
        self._times = groups.arranged(numbers(groups.table[TIME_COLUMN]))
        self._gap = gap_seconds(measurement)
        self._suspect = groups.arranged(numbers(groups.table[SUSPECT_COLUMN]))
        self._suspects = int(np.bitwise_or.reduce(self._suspect))
        self._all = Spans(groups.starts, self._times, self._times, self._gap)

    def field(self, declared: Field) -> tuple[Inside, Array | None] | None:
        """The field's spans and the groups that have any (None: all); None: nowhere known."""
        if declared.name not in self._groups.table.column_names:
            return None
        column = self._groups.table[declared.name]
        known = self._known(declared, column)
        if known is None:
            values = self._groups.arranged(numbers(column))
            return Inside(self._all, values, values, None), None
        rows = np.flatnonzero(known)
        if not len(rows):
            return None
        starts, present = _regroup(self._groups, rows)
        values = self._groups.arranged(numbers(column))[rows]
        times = self._times[rows]
        return Inside(Spans(starts, times, times, self._gap), values, values, None), present

    def _known(self, declared: Field, column: pa.ChunkedArray) -> Array | None:
        """Which rows know the field; None: all of them."""
        known: Array | None = None
        if column.null_count:
            known = self._groups.arranged(_valid(column))
        if self._suspects >> declared.number & 1:
            sound = self._suspect >> declared.number & 1 == 0
            known = sound if known is None else known & sound
        if pa.types.is_floating(column.type) or declared.kind is Kind.STATE:
            values = self._groups.arranged(numbers(column))
            sane = (
                (values >= 0) & (values < len(declared.codes))
                if declared.kind is Kind.STATE
                else ~np.isnan(values)
            )
            if not sane.all():
                known = sane if known is None else known & sane
        return known


class Windows:
    """Rows of a rollup: a field is known where its first time is."""

    def __init__(self, measurement: type[Measurement], groups: Groups) -> None:
        self._groups = groups
        self._gap = gap_seconds(measurement)

    def field(self, declared: Field) -> tuple[Inside, Array | None] | None:
        """The field's spans and the groups that have any (None: all); None: nowhere known."""
        table, name = self._groups.table, declared.name
        if f"{name}_first_time" not in table.column_names:
            return None
        known = self._groups.arranged(_valid(table[f"{name}_first_time"]))
        rows = np.flatnonzero(known)
        if not len(rows):
            return None
        starts, present = _regroup(self._groups, rows)
        where = rows if self._groups.order is None else self._groups.order[rows]

        def more(suffix: str) -> Array:
            column = table[f"{name}_{suffix}"]
            if pa.types.is_list(column.type):
                return matrix(column.take(where), len(declared.codes))
            return numbers(column)[where]

        spans = Spans(starts, more("first_time"), more("last_time"), self._gap)
        return Inside(spans, more("first"), more("last"), more), present


def _regroup(groups: Groups, rows: Array) -> tuple[Array, Array | None]:
    """Where groups start among these rows, and which of all groups they are (None: each)."""
    if len(rows) == len(groups.window):
        return groups.starts, None
    numbered = groups.group[rows]
    starts = np.flatnonzero(np.append(True, numbered[1:] != numbered[:-1]))
    return starts, numbered[starts] if len(starts) < groups.count else None


def _valid(column: pa.ChunkedArray) -> Array:
    valid: Array = column.is_valid().combine_chunks().to_numpy(zero_copy_only=False)
    return valid


def matrix(column: pa.ChunkedArray, width: int) -> Array:
    """Lists as rows; one written before the catalogue grew is shorter, and 0 at its end."""
    whole = column.combine_chunks()
    lengths = np.diff(numbers(pa.chunked_array([whole.offsets])))
    flat = numbers(pa.chunked_array([whole.flatten()]))
    if bool((lengths == width).all()):
        return flat.reshape(-1, width)
    matrix = np.zeros((len(lengths), width))
    row = np.repeat(np.arange(len(lengths)), lengths)
    at = np.arange(len(flat)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    matrix[row[at < width], at[at < width]] = flat[at < width]
    return matrix
