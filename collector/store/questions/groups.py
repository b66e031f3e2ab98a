"""Units brought together by keys and levels, and one value for each group and step. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.store.questions.cells import Cells, Matrix
from collector.store.questions.levels import Levels
from collector.store.questions.partial import NEVER, Ints
from collector.store.questions.question import PERCENTILES
from collector.store.questions.units import Units, joined
from collector.store.schema import CONTAINER_COLUMN

FEW_STEPS: Final = 64


@dataclass(frozen=True, slots=True)
class Groups:
    """`words` has a row for each group, in their order; `of` is the group of each unit."""

    words: pa.Table
    of: Ints

    def __len__(self) -> int:
        return len(self.words) if self.words.num_columns else min(1, len(self.of))


def grouped(units: Units, by: Sequence[str], levels: Levels) -> Groups:
    """The groups of units."""
    columns = [column(units, name, levels) for name in by]
    if not columns:
        return Groups(pa.table({}), np.zeros(len(units), np.int64))
    codes = joined(columns)
    _, firsts, inverse = np.unique(codes, return_index=True, return_inverse=True)
    words = pa.table([c.take(pa.array(firsts)) for c in columns], names=list(by))
    order = pc.sort_indices(words, [(name, "ascending") for name in by]).to_numpy()
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return Groups(words.take(pa.array(order)), place[inverse])


def column(units: Units, name: str, levels: Levels) -> pa.Array:
    """The words of a key or a level, by unit."""
    if name in units.columns:
        return units.words(name)
    containers = units.words(CONTAINER_COLUMN).dictionary_encode()
    words = [levels.words(path, name) for path in containers.dictionary.to_pylist()]
    return pa.array(words, pa.string()).take(containers.indices)


def seen(cells: Cells, groups: Groups) -> Matrix:
    """In which steps a group has a row."""
    order, starts = _sorted(groups)
    if not len(order):
        return np.zeros((len(groups), cells.steps), np.bool_)
    found: Matrix = np.logical_or.reduceat(cells.seen[order], starts, axis=0)
    return found


def values(cells: Cells, field: int, agg: str, groups: Groups) -> Matrix:
    """The aggregate of a field, a row a group and a column a step; NaN is unknown."""
    order, starts = _sorted(groups)
    if not len(order):
        return np.full((len(groups), cells.steps), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        return _values(cells, field, agg, order, starts)


def _values(cells: Cells, field: int, agg: str, order: Ints, starts: Ints) -> Matrix:
    def of(name: str) -> Matrix:
        matrix = cells.of(field, name)
        return matrix[order] if (order[1:] < order[:-1]).any() else matrix

    found: Matrix
    if agg == "min":
        found = np.fmin.reduceat(of("low"), starts, axis=0)
    elif agg == "max":
        found = np.fmax.reduceat(of("high"), starts, axis=0)
    elif agg == "last":
        found = _newest(of("last"), of("last_time"), starts)
    elif agg in {"mean", "count"}:
        count = np.add.reduceat(of("count"), starts, axis=0)
        count = np.where(count > 0, count, np.nan)
        found = count
        if agg == "mean":
            found = np.add.reduceat(of("total"), starts, axis=0) / count
    else:
        means = of("total") / of("count")
        if agg == "sum":
            total = np.add.reduceat(np.nan_to_num(means, nan=0.0), starts, axis=0)
            known = np.add.reduceat(~np.isnan(means), starts, axis=0, dtype=np.int64)
            found = np.where(known > 0, total, np.nan)
        else:
            found = quantiles(means, starts, PERCENTILES[agg])
    return found


def _sorted(groups: Groups) -> tuple[Ints, Ints]:
    """Units by group, and where each group begins."""
    order = np.argsort(groups.of, kind="stable")
    starts = np.searchsorted(groups.of[order], np.arange(len(groups)))
    return order, starts


def _newest(last: Matrix, times: Matrix, starts: Ints) -> Matrix:
    """Of each group and step the value with the latest time."""
    newest = np.maximum.reduceat(times, starts, axis=0)
    group = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(times)))
    is_newest = times == newest[group]
    found: Matrix = np.fmax.reduceat(np.where(is_newest, last, np.nan), starts, axis=0)
    return np.where(newest == NEVER, np.nan, found)


def quantiles(rows: Matrix, starts: Ints, share: float) -> Matrix:
    """A quantile of each group's known values in each step, in proportion between two."""
    found: Matrix = np.full((len(starts), rows.shape[1]), np.nan)
    if not len(starts):
        return found
    ends = np.append(starts[1:], len(rows))
    for number, (start, end) in enumerate(zip(starts.tolist(), ends.tolist(), strict=True)):
        part = rows[start:end]
        if rows.shape[1] <= FEW_STEPS and end - start > FEW_STEPS:
            found[number] = [_quantile(part[:, step], share) for step in range(part.shape[1])]
        else:
            found[number] = _all(np.sort(part, axis=0), share)
    return found


def _quantile(values: Matrix, share: float) -> float:
    known = values[~np.isnan(values)]
    if not len(known):
        return float("nan")
    at = share * (len(known) - 1)
    low = int(at)
    high = min(low + 1, len(known) - 1)
    parted = np.partition(known, (low, high))
    return float(parted[low] + (parted[high] - parted[low]) * (at - low))


def _all(ordered: Matrix, share: float) -> Matrix:
    """Of sorted columns, unknown values last."""
    count = np.count_nonzero(~np.isnan(ordered), axis=0)
    at = share * np.maximum(count - 1, 0)
    low = at.astype(np.int64)
    high = np.minimum(low + 1, np.maximum(count - 1, 0))
    steps = np.arange(ordered.shape[1])
    below, above = ordered[low, steps], ordered[high, steps]
    found: Matrix = np.where(count > 0, below + (above - below) * (at - low), np.nan)
    return found
