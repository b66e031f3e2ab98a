"""Windows of many series as one row for their container: a rollup over devices. Pure.

A row has the states of all devices of one (container, window). What lies between two readings of a
device is shared out to the windows that it crosses, so that sums over rows equal the sums over
devices of `increase`, between any two edges of windows. Rows of one container and window add up:
there is a second, of no devices, for what only the next reading told of a window.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import pyarrow as pa

from collector.rollups.columns import (
    CONTAINER_COLUMN,
    SUSPECT_COLUMN,
    TIME_TYPE,
    gap_seconds,
    value_type,
)
from collector.rollups.crossing import Cells, Crossing, Place, Rows
from collector.rollups.ends import Ends, names, nobody
from collector.rollups.groups import Array, numbers
from collector.rollups.sketch import ordered, ranked
from collector.rollups.told import IDLE, Told, idle_of
from collector.rollups.window import SHARES, filled, sketches
from vigie.catalogue import Disk, DiskIo, Gpu, Host
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN
from vigie.shape import Field, Kind, Measurement
from vigie.units import MICROSECONDS_PER_SECOND

Before = Callable[[pa.Array], Ends]

MANY: Final[tuple[type[Measurement], ...]] = (Host, Gpu, Disk, DiskIo)
"""Measurements of which a container has many series, and so a table of their sums."""
SUFFIX: Final = "_over"
"""Of the names of their tables, after the measurement and before the resolution."""
DEVICES_COLUMN: Final = "devices"
_LIST: Final = pa.list_(pa.float64())
_SUFFIXES: Final[Mapping[Kind, Mapping[str, pa.DataType | None]]] = {  # None: as the field
    Kind.GAUGE: {
        "devices": pa.int64(), "min": None, "max": None, "sum": pa.float64(), "count": pa.int64(),
        "means": pa.float64(), "integral": pa.float64(), "covered": pa.float64(),
        **dict.fromkeys(SHARES, pa.float64()), "sketch": pa.list_(pa.int64()),
    },
    Kind.COUNTER: {
        "devices": pa.int64(), "increase": pa.float64(), "resets": pa.int64(),
        "covered": pa.float64(), "gap": pa.float64(),
    },
    Kind.STATE: {"devices": pa.int64(), "seconds": _LIST},
    Kind.BITS: {"devices": pa.int64(), "or": None, "seconds": _LIST, "covered": pa.float64()},
    Kind.FLAG: {"devices": pa.int64(), "true_seconds": pa.float64(), "covered": pa.float64()},
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Made:
    """Rows over devices, and what every series said last."""

    rows: pa.Table
    ends: Ends


def table(measurement: type[Measurement], suffix: str) -> str:
    """The name of the table of a resolution, as `gpu_over_1m`."""
    return f"{measurement.name}{SUFFIX}_{suffix}"


def is_over(table: str) -> bool:
    """Whether a table has such a name."""
    return table.rpartition("_")[0].endswith(SUFFIX)


def schema(measurement: type[Measurement], fields: Sequence[Field] | None = None) -> pa.Schema:
    """Columns of a rollup over devices: window start, container, and states of every field.

    `devices` is how many series had readings, and `<field>_devices` how many of the field. Of a
    gauge, `means` is the sum of the devices' means, `p50` and so on percentiles of these, and
    `sketch` as in `sketch`. `<field>_idle` is the part of a growth that came from devices that
    were idle in that window. A sum that nothing tells is null.
    """
    return pa.schema(
        [
            pa.field(TIME_COLUMN, TIME_TYPE, nullable=False),
            pa.field(CONTAINER_COLUMN, pa.string(), nullable=False),
            pa.field(DEVICES_COLUMN, pa.int64(), nullable=False),
            *(c for f in fields or measurement.values for c in states(measurement, f)),
            pa.field(QUALITY_COLUMN, pa.int32(), nullable=False),
            pa.field(SUSPECT_COLUMN, pa.int64(), nullable=False),
        ]
    )


def states(measurement: type[Measurement], declared: Field) -> Iterator[pa.Field]:
    """The columns of one field, named `<field>_<suffix>`."""
    for suffix, kind in _SUFFIXES[declared.kind].items():
        yield pa.field(f"{declared.name}_{suffix}", kind or value_type(declared))
    if (idle := IDLE.get(measurement)) and declared in idle.amounts:
        yield pa.field(f"{declared.name}_idle", pa.float64())


def over(
    measurement: type[Measurement],
    windows: pa.Table,
    resolution_seconds: int,
    before: Before | None = None,
    fields: Sequence[Field] | None = None,
) -> Made:
    """Rows over the devices of windows of that resolution, one of a series and time at most.

    `before` is asked what the series, by name, said before. Rows come for earlier windows too, of
    no devices: the share that joints have in them. They are in order of container and time.
    """
    some = measurement.values if fields is None else fields
    wanted = schema(measurement, some)
    if not windows.num_rows:
        return Made(wanted.empty_table(), nobody())
    lines = _lines(measurement, windows, resolution_seconds)
    older = nobody() if before is None else before(lines.names)
    found = _tell(measurement, lines, older, some)
    touched = [cells for told in found for cells in told.crossing.touched()]
    cells = Cells([np.unique(lines.rows.cells), *touched])
    sums = _Sums(cells)
    made = {**lines.heads(cells), **_common(lines, cells)}
    by_name = {told.declared: told for told in found}
    for declared in some:
        told = by_name.get(declared)
        columns = sums.nothing(declared) if told is None else sums.of(told)
        for column in states(measurement, declared):
            value = columns.get(column.name[len(declared.name) + 1 :])
            made[column.name] = (
                pa.nulls(len(cells.numbers), column.type) if value is None else value
            )
    rows = pa.table([made[c.name].cast(c.type) for c in wanted], schema=wanted)
    order = [(CONTAINER_COLUMN, "ascending"), (TIME_COLUMN, "ascending")]
    return Made(rows.sort_by(order), _ends(lines, found).over(older))


def ends(
    measurement: type[Measurement], windows: pa.Table, fields: Sequence[Field] | None = None
) -> Ends:
    """What each series said last in these windows, of whatever resolution.

    Of a field they need the columns `last` and `last_time`, and of what tells idleness `sum` and
    `count`.
    """
    if not windows.num_rows:
        return nobody()
    lines = _lines(measurement, windows, 1)
    some = measurement.values if fields is None else fields
    return _ends(lines, _tell(measurement, lines, nobody(), some))


@dataclass(frozen=True, slots=True, eq=False)
class _Lines:
    """Windows in order of series and time."""

    table: pa.Table
    rows: Rows
    names: pa.Array
    containers: pa.Array

    def heads(self, cells: Cells) -> dict[str, pa.Array]:
        """Time and container of each cell."""
        time = cells.window * self.rows.width
        return {
            TIME_COLUMN: pa.array(time).view(TIME_TYPE),
            CONTAINER_COLUMN: self.containers.take(pa.array(cells.container)),
        }


def _lines(measurement: type[Measurement], windows: pa.Table, resolution: int) -> _Lines:
    windows = windows.combine_chunks()
    width = resolution * MICROSECONDS_PER_SECOND
    encoded = names(measurement, windows).dictionary_encode()
    series = encoded.indices.to_numpy().astype(np.int64)
    times = numbers(windows[TIME_COLUMN])
    same = series[1:] == series[:-1]
    if not bool(np.all(np.where(same, times[1:] > times[:-1], series[1:] > series[:-1]))):
        order = np.lexsort((times, series))
        windows = windows.take(pa.array(order)).combine_chunks()
        series, times = series[order], times[order]
    container = windows[CONTAINER_COLUMN].combine_chunks()
    if not pa.types.is_dictionary(container.type):
        container = container.dictionary_encode()
    places = container.indices.to_numpy().astype(np.int64)
    rows = Rows(series, places, times // width, width)
    words = container.dictionary.cast(pa.string())
    return _Lines(windows, rows, encoded.dictionary, words)


def _tell(
    measurement: type[Measurement], lines: _Lines, before: Ends, fields: Sequence[Field]
) -> list[Told]:
    """Each field that is known somewhere; those read at the same times share their joints."""
    gap = gap_seconds(measurement)
    places = before.find(lines.names) if len(before.names) else None
    idle = idle_of(measurement, lines.table)
    crossings: list[tuple[Array | None, Crossing]] = []
    found = []
    for declared in fields:
        older = before.fields.get(declared.name)
        end = None if older is None or places is None else older.at(places)
        told = Told.of(measurement, declared, lines.table, idle)
        if told is None:
            continue
        spoke = np.zeros(len(lines.names), np.int64) if end is None else end.time
        crossing = next(
            (c for rows, c in crossings if _alike(rows, told.rows) and c.same(*told.times, spoke)),
            None,
        )
        if crossing is None:
            crossing = Crossing(lines.rows.at(told.rows), *told.times, spoke, gap)
            crossings.append((told.rows, crossing))
        found.append(told.joined(crossing, end))
    return found


def _alike(one: Array | None, other: Array | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)


def _ends(lines: _Lines, found: Sequence[Told]) -> Ends:
    series = lines.rows.series
    tails = np.flatnonzero(np.append(series[1:] != series[:-1], True))
    newest = lines.rows.window[tails] * lines.rows.width
    times: dict[int, Array] = {}
    fields = {}
    for told in found:
        last = told.end(len(lines.names), times.get(id(told.crossing)))
        times[id(told.crossing)] = last.time
        fields[told.declared.name] = last
    return Ends(lines.names, fields, newest)


def _common(lines: _Lines, cells: Cells) -> dict[str, pa.Array]:
    """What a row has of no field: devices, the worst quality, all that was suspect."""
    place = Place.of(cells.find(lines.rows.cells))
    devices = np.bincount(place.cells, minlength=len(cells.numbers))
    made: dict[str, pa.Array] = {DEVICES_COLUMN: pa.array(devices)}
    for name, join in ((QUALITY_COLUMN, np.maximum), (SUSPECT_COLUMN, np.bitwise_or)):
        whole = np.zeros(len(cells.numbers), np.int64)
        whole[place.present] = place.reduce(join, numbers(lines.table[name]))
        made[name] = pa.array(whole)
    return made


@dataclass(frozen=True, slots=True)
class _Sums:
    """Columns of one field after the other, by suffix."""

    cells: Cells
    _kept: dict[tuple[int, str], Array] = field(default_factory=dict)
    """What depends on times alone, and is the same for all fields that are read together."""

    def nothing(self, declared: Field) -> dict[str, pa.Array]:
        """Of a field that nothing tells."""
        return {}

    def of(self, told: Told) -> dict[str, pa.Array]:
        """Of a field."""
        kinds: Mapping[Kind, Callable[[Told], dict[str, pa.Array]]] = {
            Kind.GAUGE: self._gauge,
            Kind.COUNTER: self._counter,
            Kind.STATE: self._state,
            Kind.BITS: self._bits,
            Kind.FLAG: self._flag,
        }
        made = kinds[told.declared.kind](told)
        count = self._once(told, "devices", lambda c: c.inside(np.ones(len(c.first)), self.cells))
        return made | {"devices": self._there(count, told)}

    def _gauge(self, told: Told) -> dict[str, pa.Array]:
        place = told.crossing.place(self.cells)
        total, count = told.more("sum"), told.more("count")
        means = total / count
        line = ordered(place.arranged(means), place.starts)
        area = (told.before + told.first) * told.crossing.held / 2
        covered = self._inside(told, told.more("covered")) + self._held(told)
        integral = self._whole(told, told.more("integral"), area)
        made = {
            "min": self._at(place, place.reduce(np.minimum, told.more("min"))),
            "max": self._at(place, place.reduce(np.maximum, told.more("max"))),
            "sum": self._there(self._inside(told, total), told),
            "count": self._there(self._inside(told, count), told),
            "means": self._there(self._inside(told, means), told),
            "integral": _null(integral, covered == 0),
            "covered": _null(covered, covered == 0),
            "sketch": sketches(place, line, len(self.cells.numbers)),
            **self._idle(told, told.more("integral"), area),
        }
        for name, share in SHARES.items():
            made[name] = self._at(place, ranked(line, place.starts, share))
        return made

    def _counter(self, told: Told) -> dict[str, pa.Array]:
        crossing, gap = told.crossing, told.more("gap")
        length = (crossing.last - crossing.first) / MICROSECONDS_PER_SECOND
        grown, reset = told.grown
        covered = self._inside(told, length - gap) + self._held(told)
        lost = self._inside(told, gap) + self._lost(told)
        unknown = covered + lost == 0
        increase = self._whole(told, told.more("increase"), grown)
        return {
            "increase": _null(increase, unknown),
            "resets": self._there(self._inside(told, told.more("resets") + reset), told),
            "covered": _null(covered, unknown),
            "gap": _null(lost, unknown),
            **self._idle(told, told.more("increase"), grown),
        }

    def _state(self, told: Told) -> dict[str, pa.Array]:
        return {"seconds": self._seconds(told, lambda code: told.before == code)}

    def _bits(self, told: Told) -> dict[str, pa.Array]:
        place = told.crossing.place(self.cells)
        covered = self._inside(told, told.more("covered")) + self._held(told)
        return {
            "or": self._at(place, place.reduce(np.bitwise_or, told.more("or"))),
            "seconds": self._seconds(told, lambda bit: told.before >> bit & 1),
            "covered": _null(covered, covered == 0),
        }

    def _flag(self, told: Told) -> dict[str, pa.Array]:
        held = told.crossing.held
        covered = self._inside(told, told.more("covered")) + self._held(told)
        true = self._whole(told, told.more("true_seconds"), held * (told.before == 1))
        return {
            "true_seconds": _null(true, covered == 0),
            "covered": _null(covered, covered == 0),
        }

    def _seconds(self, told: Told, held: Callable[[int], Array]) -> pa.Array:
        inside = told.more("seconds")
        columns = [
            self._whole(told, inside[:, code], told.crossing.held * held(code))
            for code in range(inside.shape[1])
        ]
        matrix = np.stack(columns, axis=1)
        offsets = np.arange(len(matrix) + 1, dtype=np.int32) * matrix.shape[1]
        unknown = pa.array(matrix.sum(axis=1) == 0)
        return pa.ListArray.from_arrays(offsets, pa.array(matrix.ravel()), mask=unknown)

    def _idle(self, told: Told, inside: Array, joints: Array) -> dict[str, pa.Array]:
        """The part of a growth in windows in which its device was idle."""
        if told.idle is None or told.idle_before is None:
            return {}
        idle = told.idle == 1
        found = self._inside(told, inside * idle)
        found += told.crossing.spread(joints, self.cells, (idle, told.idle_before == 1))
        known = self._inside(told, (told.idle >= 0).astype(float))
        return {"idle": _null(found, (known == 0) & (found == 0))}

    def _held(self, told: Told) -> Array:
        """Seconds of covered joints."""
        return self._once(told, "held", lambda c: c.spread(c.held, self.cells))

    def _lost(self, told: Told) -> Array:
        """Seconds of joints that are too long to be covered."""
        return self._once(told, "lost", lambda c: c.spread(c.seconds - c.held, self.cells))

    def _once(self, told: Told, name: str, make: Callable[[Crossing], Array]) -> Array:
        key = (id(told.crossing), name)
        if key not in self._kept:
            self._kept[key] = make(told.crossing)
        return self._kept[key]

    def _whole(self, told: Told, inside: Array, joints: Array) -> Array:
        """What is inside the windows, and the shares of the joints."""
        return self._inside(told, inside) + told.crossing.spread(joints, self.cells)

    def _inside(self, told: Told, values: Array) -> Array:
        return told.crossing.inside(values, self.cells)

    def _there(self, values: Array, told: Told) -> pa.Array:
        """Null where no device has a reading."""
        place = told.crossing.place(self.cells)
        return self._at(place, values[place.present])

    def _at(self, place: Place, values: Array) -> pa.Array:
        """Values of the cells that are present; of others null."""
        return filled(place, values, len(self.cells.numbers))


def _null(values: Array, unknown: Array) -> pa.Array:
    return pa.array(values, mask=unknown)
