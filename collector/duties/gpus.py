"""What GPUs used between edges, added up by container: energy, also while idle, and activity.

There may be tens of thousands, so they stay in arrays, a row a GPU. An hour of a GPU counts as idle
as a whole or not at all: rollups keep its mean activity and not when within the hour it worked.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from collector.duties.windows import Windows
from collector.kpis.facts import Floats, GpuUse, Hourly
from collector.kpis.metered import Clock
from collector.rollups.increase import Spread
from vigie.catalogue import Gpu
from vigie.frame import QUALITY_COLUMN
from vigie.shape import Quality

IDLE: Final = 0.01
"""A GPU whose multiprocessors had work for less of an hour than this was idle in it."""
FIRST: Final = (Gpu.energy_joules_total, Gpu.sm_active_ratio)
INSTEAD: Final = (Gpu.power_watts, Gpu.utilization_ratio)
"""What stands in where a driver does not tell the first: the integral of power, utilisation."""

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Boards:
    """Each GPU, in order of container; NaN is unknown, and seconds are those known of each hour."""

    keys: pa.Table
    energy: Floats
    reach: Floats
    activity: Floats
    busy: Floats
    """Seconds of which the activity is known; `activity` is its integral over them."""
    quality: Quality

    @property
    def idle(self) -> Floats:
        """The energy of hours without work; unknown where activity or energy is."""
        mean = self.activity / np.where(self.busy > 0, self.busy, np.nan)
        idle = np.where(mean < IDLE, self.energy, 0.0)
        found: Floats = np.where(np.isnan(mean) | np.isnan(self.energy), np.nan, idle)
        return found

    def containers(self) -> Iterator[tuple[str, slice]]:
        """Each container, and the rows that are its GPUs."""
        names = np.asarray(self.keys["container"].combine_chunks().dictionary_encode().indices)
        starts = np.flatnonzero(np.append(True, names[1:] != names[:-1])).tolist()
        for start, end in pairwise([*starts, len(names)]):
            yield self.keys["container"][start].as_py(), slice(start, end)


def lacking(windows: Windows) -> bool:
    """Whether some GPU tells nothing of one of the first fields."""
    found = [windows.grown(declared) for declared in FIRST]
    return any(f is None or f.heads.num_rows < windows.series.num_rows for f in found)


def boards(first: Windows, instead: Windows | None, cells: slice) -> Boards | None:
    """Every GPU that the windows tell of; None where there is none."""
    once = first.series
    if not once.num_rows:
        return None
    told: list[Floats] = []
    for main, other in zip(FIRST, INSTEAD, strict=True):
        found = [first.grown(main), None if instead is None else instead.grown(other)]
        told += _first(once, cells, [spread for spread in found if spread is not None])
    codes = first.rows[QUALITY_COLUMN].unique().to_pylist()
    quality = list(Quality)[max(codes, default=0)]
    return Boards(once, told[0], told[1], told[2], told[3], quality)


def use(boards: Boards, clock: Clock) -> dict[str, GpuUse]:
    """Of each container; the number of GPUs is covered as their activity is, which it weighs."""
    idle = boards.idle
    both = np.minimum(boards.reach, boards.busy)
    told = ~np.isnan(boards.energy) | ~np.isnan(boards.activity)
    made = {}
    for container, rows in boards.containers():
        many = told[rows].sum(axis=0).astype(np.float64)
        sums = _Sums(container, rows, clock, boards.quality)
        activity = sums.of(boards.activity, boards.busy)
        known = np.where(np.isnan(boards.activity[rows]), 0.0, boards.busy[rows]).sum(axis=0)
        mean = activity.amount / np.where(known > 0, known, np.nan)
        made[container] = GpuUse(
            sums.of(boards.energy, boards.reach),
            sums.of(idle, both),
            Hourly(mean, activity.covered, activity.quality, activity.sources),  # of what is known
            Hourly(np.where(many > 0, many, np.nan), activity.covered, boards.quality),
        )
    return made


@dataclass(frozen=True, slots=True)
class _Sums:
    """Adds up the GPUs of a container."""

    container: str
    rows: slice
    clock: Clock
    quality: Quality

    def of(self, amounts: Floats, seconds: Floats) -> Hourly:
        """Their sum; `seconds` are known of each hour."""
        amount, clock = amounts[self.rows], self.clock
        count = len(amount)
        unknown = np.isnan(amount)
        known = np.where(unknown, 0.0, seconds[self.rows])
        covered = known.sum(axis=0) / count / np.where(clock.seconds > 0, clock.seconds, 1)
        return Hourly(
            np.where(unknown.all(axis=0), np.nan, np.nansum(amount, axis=0)),
            np.minimum(1.0, covered),
            self.quality,
            (f"{self.container}: {count} GPU (driver)",),
            np.asarray((known >= clock.seconds - clock.slack).all(axis=0)),
            (None if unknown.all() else float(np.nansum(amount)),),
        )


def _first(keys: pa.Table, cells: slice, spreads: list[Spread]) -> tuple[Floats, Floats]:
    """What each GPU grew by, and the seconds known, from the first that tells it."""
    total = np.full((keys.num_rows, cells.stop - cells.start), np.nan)
    seconds = np.zeros_like(total)
    for spread in spreads:
        at = _rows(spread.heads, keys)
        known, reach = np.full_like(total, np.nan), np.zeros_like(seconds)
        known[at] = spread.total[:, cells]
        reach[at] = (spread.covered + spread.gap)[:, cells]
        more = np.isnan(total) & ~np.isnan(known)
        total[more], seconds[more] = known[more], reach[more]
    return total, seconds


def _rows(heads: pa.Table, keys: pa.Table) -> Rows | slice:
    """Where these series stand among all: both are in order of their keys."""
    if heads.num_rows == keys.num_rows:
        return slice(None)
    names = heads.column_names
    numbered = keys.append_column("_at", pa.array(np.arange(keys.num_rows)))
    joined: Any = heads.join(numbered, names, join_type="inner")
    found: Rows = np.asarray(joined.sort_by([(name, "ascending") for name in names])["_at"])
    return found
