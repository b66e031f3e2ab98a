"""A shelf for questions: rows of GPUs in table files and in the tail, cut as a test wants."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from collector.rollups.roll import merge, roll
from collector.store import chunk, schema
from collector.store.chunk import integers
from collector.store.parquet import Commit, TableFile, arranged, encoded, sound, write
from collector.store.scan import View
from collector.store.series import Series
from collector.store.upkeep import ROLLED_UNTIL
from vigie.catalogue import Gpu
from vigie.frame import TIME_COLUMN

START = 1_700_006_400
"""A whole hour, in seconds."""


class Reading(NamedTuple):
    """One reading of a board; `second` counts from `START`, `place` says in which file it is."""

    second: int
    container: str
    gpu: str
    power: float | None
    suspect: bool = False
    place: int = 0
    host: str = "h"


def table(readings: Sequence[Reading]) -> pa.Table:
    """Whole rows as stored."""
    wanted = schema.raw(Gpu)
    columns: dict[str, Any] = {
        "time": pa.array([(START + r.second) * 1_000_000 for r in readings]).cast(schema.TIME_TYPE),
        "container": [r.container for r in readings],
        "host": [r.host for r in readings],
        "gpu": [r.gpu for r in readings],
        "power_watts": [r.power for r in readings],
        "temperature_celsius": [None if r.power is None else r.power / 10 for r in readings],
        "energy_joules_total": [700.0 * r.second for r in readings],
        "quality": pa.array([0] * len(readings), pa.int32()),
        "suspect": [int(r.suspect) << Gpu.power_watts.number for r in readings],
    }
    nothing = {f.name: pa.nulls(len(readings), f.type) for f in wanted}
    return pa.table({**nothing, **columns}).cast(wanted)


@dataclass
class Shelf:
    """Files in a directory; of place 0 is the tail."""

    directory: Path
    readings: Sequence[Reading]
    rolled: Mapping[str, int]
    """Until when a rollup reaches, in seconds from `START`, by suffix."""
    looked: int = 0

    def __post_init__(self) -> None:
        self._views = {"gpu": self._raw()}
        if not self.rolled:
            nothing = View(schema.rollup(Gpu), [], [])
            self._views |= {"gpu_1m": nothing, "gpu_1h": nothing}
            return
        minutes = roll(Gpu, table(self.readings), 60)
        for suffix, rows in (("1m", minutes), ("1h", merge(Gpu, minutes, 3600))):
            end = START + self.rolled.get(suffix, 0)
            kept = rows.filter(pa.compute.less(rows["time"], moment(end - START)))
            self._views[f"gpu_{suffix}"] = View(kept.schema, self._files(kept, suffix), [])

    def view(self, table: str) -> View:
        """What a table is."""
        return self._views[table]

    def check(self, table: str, view: View) -> None:
        """Drop the files that are not sound."""
        self.looked += 1
        kept = [f for f in view.files if sound(f.path)]
        self._views[table] = View(view.schema, kept, view.chunks)

    def rolled_until(self, table: str, said: str = ROLLED_UNTIL) -> datetime | None:
        """The end of the newest window."""
        end = self.rolled.get(table.removeprefix("gpu_"))
        return None if end is None or said != ROLLED_UNTIL else moment(end)

    def _raw(self) -> View:
        files = []
        for place in sorted({r.place for r in self.readings} - {0}):
            there = [r for r in self.readings if r.place == place]
            files += self._files(table(there), f"{place:03}")
        waiting = [r for r in self.readings if not r.place]
        series = Series(Gpu)
        chunks = [
            chunk.known(series, table(some))
            for some in (waiting[: len(waiting) // 3], waiting[len(waiting) // 3 :])
            if some
        ]
        return View(schema.raw(Gpu), files, chunks)

    def _files(self, rows: pa.Table, name: str) -> list[TableFile]:
        if not rows.num_rows:
            return []
        keys = schema.series_columns(Gpu)
        nowhere = np.zeros(rows.num_rows, np.int64)
        made, _ = arranged(encoded(rows, keys), keys, nowhere)
        assert integers(made[TIME_COLUMN]).dtype == np.int64
        return [write(self.directory, made, rows.schema, Commit(name, 1, {}), number=0, files=1)]


def moment(second: float) -> datetime:
    """So long after `START`."""
    return datetime.fromtimestamp(START + second, UTC)
