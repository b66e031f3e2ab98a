"""What every series said last: the near end of the joint to what it will say next."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.rollups.columns import series_columns
from collector.rollups.groups import Array
from vigie.shape import Measurement

_BETWEEN = "\x1f"


@dataclass(frozen=True, slots=True, eq=False)
class End:
    """The last reading of one field of every series; `time` in microseconds, 0 is never.

    `idle` says of a field that is told apart while idle whether the series was so in the window
    of that reading: 1 yes, 0 no, -1 unknown.
    """

    last: Array
    time: Array
    idle: Array | None = None

    def at(self, rows: Array | slice) -> "End":
        """Of these rows; of a row -1 nothing is known."""
        if isinstance(rows, slice):
            idle = None if self.idle is None else self.idle[rows]
            return End(self.last[rows], self.time[rows], idle)
        if not len(self.time):
            return nothing(len(rows), self)
        never = rows < 0
        return End(
            self.last[rows],
            np.where(never, 0, self.time[rows]),
            None if self.idle is None else np.where(never, np.int8(-1), self.idle[rows]),
        )

    def over(self, older: "End") -> "End":
        """This one, and where it knows nothing an older one."""
        unknown = self.time == 0
        if not unknown.any():
            return self
        idle = self.idle
        if idle is not None and older.idle is not None:
            idle = np.where(unknown, older.idle, idle)
        last = np.where(unknown, older.last, self.last)
        return End(last, np.where(unknown, older.time, self.time), idle)


def nothing(count: int, like: End) -> End:
    """That so many series have not said anything of such a field."""
    idle = None if like.idle is None else np.full(count, -1, np.int8)
    return End(np.zeros(count, like.last.dtype), np.zeros(count, np.int64), idle)


@dataclass(frozen=True, slots=True, eq=False)
class Ends:
    """The last readings of series, a row a series; a field that is not there nobody has said."""

    names: pa.Array
    fields: Mapping[str, End]
    newest: Array
    """When each series began its last window, in microseconds."""

    def find(self, names: pa.Array) -> Array | slice:
        """The rows of these series, -1 for one that is not here."""
        if self.names.slice(0, len(names)).equals(names):
            return slice(0, len(names))
        rows = pc.index_in(names, self.names)
        found: Array = pc.fill_null(rows, -1).to_numpy(zero_copy_only=False).astype(np.int64)
        return found

    def lacking(self, names: pa.Array, fields: Collection[str]) -> pa.Array:
        """Those of these series that are not here, or have not said one of these fields."""
        places = self.find(names)
        if isinstance(places, slice):
            if not fields:
                return names.slice(0, 0)
            places = np.arange(len(names))
        lacking = places < 0
        for name in fields:
            end = self.fields.get(name)
            lacking |= True if end is None else end.at(places).time == 0
        return names.filter(pa.array(lacking))

    def over(self, older: "Ends") -> "Ends":
        """These and, of what they do not know, what older ones do; in the order of these."""
        if not len(older.names):
            return self
        places = older.find(self.names)
        left = np.ones(len(older.names), bool)
        left[places if isinstance(places, slice) else places[places >= 0]] = False
        rest = np.flatnonzero(left)
        fields = {
            name: self._joined(older, name, places, rest)
            for name in {**self.fields, **older.fields}
        }
        names = self.names
        if len(rest):
            names = pa.concat_arrays([names, older.names.take(pa.array(rest))])
        return Ends(names, _shared(fields), np.append(self.newest, older.newest[rest]))

    def since(self, time: int) -> "Ends":
        """Without those that have not been heard since that time, in microseconds."""
        if not len(self.newest) or self.newest.min() >= time:
            return self
        return self._chosen(np.flatnonzero(self.newest >= time))

    def without(self, container: str) -> "Ends":
        """Without the series of one container."""
        inside = pc.starts_with(self.names, container + _BETWEEN)
        return self._chosen(np.flatnonzero(~inside.to_numpy(zero_copy_only=False)))

    def parted(self, container: str) -> tuple["Ends", "Ends"]:
        """Those of containers up to one, in order of their names, and those of later ones."""
        after = container + chr(ord(_BETWEEN) + 1)
        before = pc.less(self.names, after).to_numpy(zero_copy_only=False)
        return self._chosen(np.flatnonzero(before)), self._chosen(np.flatnonzero(~before))

    def _chosen(self, rows: Array) -> "Ends":
        fields = {name: end.at(rows) for name, end in self.fields.items()}
        return Ends(self.names.take(pa.array(rows)), _shared(fields), self.newest[rows])

    def _joined(self, older: "Ends", name: str, places: Array | slice, rest: Array) -> End:
        known = self.fields.get(name) or older.fields[name]
        mine = self.fields.get(name) or nothing(len(self.names), known)
        theirs = older.fields.get(name) or nothing(len(older.names), known)
        found = mine.over(theirs.at(places)) if (mine.time == 0).any() else mine
        if not len(rest):
            return found
        more = theirs.at(rest)
        both = None
        if found.idle is not None and more.idle is not None:
            both = np.append(found.idle, more.idle)
        return End(np.append(found.last, more.last), np.append(found.time, more.time), both)


def joined(parts: Sequence[Ends]) -> Ends:
    """Ends of different series as one."""
    some = [part for part in parts if len(part.names)]
    if len(some) < 2:
        return some[0] if some else nobody()
    fields: dict[str, End] = {}
    for name in dict.fromkeys(name for part in some for name in part.fields):
        like = next(part.fields[name] for part in some if name in part.fields)
        ends = [part.fields.get(name) or nothing(len(part.names), like) for part in some]
        idle = [end.idle for end in ends if end.idle is not None]
        fields[name] = End(
            np.concatenate([end.last for end in ends]),
            np.concatenate([end.time for end in ends]),
            np.concatenate(idle) if len(idle) == len(ends) else None,
        )
    names = pa.concat_arrays([part.names for part in some])
    return Ends(names, _shared(fields), np.concatenate([part.newest for part in some]))


def nobody() -> Ends:
    """Of no series."""
    return Ends(pa.array([], pa.string()), {}, np.empty(0, np.int64))


def names(measurement: type[Measurement], rows: pa.Table) -> pa.Array:
    """The name of each row's series: its container and keys in one word."""
    columns = [rows[name].combine_chunks() for name in series_columns(measurement)]
    words = [c if pa.types.is_string(c.type) else c.cast(pa.string()) for c in columns]
    joined = pc.binary_join_element_wise(*words, _BETWEEN)
    return joined.combine_chunks() if isinstance(joined, pa.ChunkedArray) else joined


def containers(names: pa.Array) -> list[str]:
    """The containers in the names of series."""
    parts = pc.split_pattern(names, _BETWEEN, max_splits=1)
    found: list[str] = pc.list_element(parts, 0).unique().to_pylist()
    return found


def _shared(fields: Mapping[str, End]) -> dict[str, End]:
    """The same with equal times kept once: fields are mostly read together."""
    made: dict[str, End] = {}
    times: Array | None = None
    for name, end in fields.items():
        if times is not None and np.array_equal(times, end.time):
            made[name] = End(end.last, times, end.idle)
        else:
            made[name], times = end, end.time
    return made
