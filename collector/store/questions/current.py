"""What is true now: the newest rows of some series, found without looking at the others."""

import threading
from collections.abc import Sequence
from typing import Final
from weakref import WeakKeyDictionary

import numpy as np
import pyarrow as pa

from collector.store import schema
from collector.store.chunk import flat, integers
from collector.store.live import Live, floats
from collector.store.questions.question import Rank
from collector.store.questions.selection import Selection, codes_of
from collector.store.questions.top import deviations, standing_out
from collector.store.questions.units import joined
from collector.store.schema import CONTAINER_COLUMN, SUSPECT_COLUMN
from collector.store.series import Numbers, Series
from vigie.shape import Measurement

DEVIATION: Final = "deviation"
_NONE: Final[Numbers] = np.zeros(0, np.int32)


class Index:
    """The series of each container, kept as they are first seen."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: WeakKeyDictionary[Series, dict[str, list[int]]] = WeakKeyDictionary()
        self._counts: WeakKeyDictionary[Series, int] = WeakKeyDictionary()

    def of(self, series: Series, selection: Selection) -> Numbers:
        """The numbers of the series in the containers of a selection."""
        with self._lock:
            places = self._places(series)
            if not selection.narrow:
                return np.arange(self._counts[series], dtype=np.int32)
            only = selection.only
            names = places if only is None else [name for name in only if name in places]
            some = [places[name] for name in names if selection.holds(name)]
        return np.array([n for numbers in some for n in numbers], np.int32) if some else _NONE

    def _places(self, series: Series) -> dict[str, list[int]]:
        places = self._known.setdefault(series, {})
        done, count = self._counts.get(series, 0), len(series)
        if done < count:
            column = series.arrays()[series.columns.index(CONTAINER_COLUMN)]
            for number, name in enumerate(column.slice(done).to_pylist(), done):
                places.setdefault(name, []).append(number)
            self._counts[series] = len(column)
        return places


class Current:
    """Live, as questions see it; safe to use from any thread."""

    def __init__(self, live: Live) -> None:
        self._live, self._index = live, Index()

    def rows(
        self, measurement: type[Measurement], selection: Selection,
        names: Sequence[str] | None = None, rank: Rank | None = None,
    ) -> pa.Table:  # fmt: skip
        """The newest rows, with these columns of the raw schema or all.

        With `rank`, those that stand out by the first field of `names`.
        """
        wanted = schema.raw(measurement)
        columns = wanted.names if names is None else list(names)
        series = self._live.series(measurement.name)
        if series is None:
            return pa.schema([wanted.field(name) for name in columns]).empty_table()
        numbers = self._selected(series, measurement, selection)
        if rank is None:
            return self._live.rows(measurement.name, numbers, columns)
        field = next(n for n in columns if n in {f.name for f in measurement.values})
        best, heights = self._standing_out(measurement, numbers, field, selection, rank)
        rows = self._live.rows(measurement.name, best, columns)
        if rank.order == DEVIATION:
            rows = rows.append_column(DEVIATION, pa.array(heights))
        return rows

    def _selected(
        self, series: Series, measurement: type[Measurement], selection: Selection
    ) -> Numbers:
        numbers = self._live.known(measurement.name, self._index.of(series, selection))
        keys = [name for name in selection.columns if name != CONTAINER_COLUMN]
        if not keys or not len(numbers):
            return numbers
        words = dict(zip(series.columns, series.arrays(), strict=True))
        picked = pa.array(numbers)
        coded = {
            name: codes_of(words[name].take(picked).dictionary_encode())
            for name in selection.columns
        }
        mask = selection.mask(coded)
        return numbers if mask is None else numbers[mask]

    def _standing_out(
        self, measurement: type[Measurement], numbers: Numbers, field: str,
        selection: Selection, rank: Rank,
    ) -> "tuple[Numbers, np.ndarray[tuple[int], np.dtype[np.float64]]]":  # fmt: skip
        """The series that stand out, and by how much."""
        number = next(f.number for f in measurement.values if f.name == field)
        rows = self._live.rows(measurement.name, numbers, [field, SUSPECT_COLUMN])
        values = floats(rows.column(field)).copy()
        values[integers(rows.column(SUSPECT_COLUMN)) >> number & 1 != 0] = np.nan
        if rank.order == DEVIATION:
            peers = self._peers(measurement, numbers, selection, rank)
            values = deviations(values[:, None], peers)[:, 0]
        kept = standing_out(values[:, None], rank.order, rank.count)
        return numbers[kept], values[kept]

    def _peers(
        self, measurement: type[Measurement], numbers: Numbers, selection: Selection, rank: Rank
    ) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
        series = self._live.series(measurement.name)
        if rank.among is None or series is None:
            return np.zeros(len(numbers), np.int64)
        words = dict(zip(series.columns, series.arrays(), strict=True))
        picked = pa.array(numbers)
        if rank.among in words:
            return joined([flat(words[rank.among].take(picked))])
        encoded = words[CONTAINER_COLUMN].take(picked).dictionary_encode()
        names = encoded.dictionary.to_pylist()
        levels = pa.array([selection.levels.words(n, rank.among) for n in names], pa.string())
        return joined([levels.take(encoded.indices)])
