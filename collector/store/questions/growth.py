"""What counters grew by, and what gauges add up to, between two instants or in each step."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from collector.rollups import columns
from collector.rollups.columns import RESOLUTIONS, gap_seconds
from collector.rollups.increase import increase
from collector.rollups.roll import roll
from collector.store import tiers
from collector.store.questions.aggregate import written
from collector.store.questions.cells import Matrix
from collector.store.questions.groups import Groups, grouped
from collector.store.questions.question import Answer
from collector.store.questions.reading import Reading
from collector.store.questions.units import Units
from collector.store.schema import SUSPECT_COLUMN
from collector.store.tiers import RAW
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN


def answer(reading: Reading, by: Sequence[str]) -> Answer:
    """What each series grew by in each step, summed over groups; nothing lost between steps."""
    question = reading.question
    tier = question.tier or tiers.tier(question.start, question.end, question.step)
    together = _windows(reading, tier)
    cuts = tiers.edges(question.start, question.end, question.step)
    units = Units(reading.series)
    totals: list[Matrix] = []
    steps = len(cuts) - 1
    for declared in reading.fields:
        reading.budget.check()
        rows = increase(reading.measurement, declared, together, cuts)
        heads = [rows[name].combine_chunks().take(pa.array(np.arange(0, len(rows), steps)))
                 for name in reading.series]  # fmt: skip
        at = units.numbers(heads, len(rows) // steps, once=True)
        total = rows["total"].to_numpy().reshape(-1, steps)
        if reading.aggs[0] == "rate":
            covered = rows["covered"].to_numpy().reshape(-1, steps)
            with np.errstate(invalid="ignore", divide="ignore"):
                total = np.where(covered > 0, total / covered, np.nan)
        matrix: Matrix = np.full((len(units), steps), np.nan)
        matrix[at] = total
        totals.append(matrix)
    found = grouped(units, by, reading.levels)
    wide = [_padded(matrix, len(units)) for matrix in totals]
    seen = np.ones((len(found) if len(units) else 0, steps), np.bool_)
    values = [_summed(matrix, found) for matrix in wide]
    seen &= np.any([~np.isnan(m) for m in values], axis=0) if len(units) else seen
    return written(reading, found, values, seen, tier)


def _windows(reading: Reading, tier: str) -> pa.Table:
    """Windows with what growth needs of the fields alone.

    What lies just outside is read too: an edge falls between two readings.
    """
    measurement, fields = reading.measurement, reading.fields
    margin = max(gap_seconds(measurement), RESOLUTIONS.get(tier, 0))
    width = min(RESOLUTIONS["1m"], int(reading.question.step or RESOLUTIONS["1m"]))
    states = columns.schema(measurement, fields)
    raw = [TIME_COLUMN, *reading.series, *(f.name for f in fields), QUALITY_COLUMN, SUSPECT_COLUMN]
    found = [states.empty_table()]
    for part in reading.parts(tier, margin):
        if part.suffix == RAW:
            rows = roll(measurement, reading.rows(part, raw), width, fields)
        else:
            rows = reading.rows(part, states.names)
        found.append(rows)
    return pa.concat_tables(found)


def _padded(matrix: Matrix, rows: int) -> Matrix:
    """More rows of unknown values: units of a later field."""
    more: Matrix = np.full((rows - len(matrix), matrix.shape[1]), np.nan)
    return np.vstack([matrix, more])


def _summed(matrix: Matrix, groups: Groups) -> Matrix:
    """Known values added up by group; unknown where none is known."""
    total: Matrix = np.zeros((len(groups), matrix.shape[1]))
    known = np.zeros(total.shape, np.int64)
    np.add.at(total, groups.of, np.nan_to_num(matrix, nan=0.0))
    np.add.at(known, groups.of, ~np.isnan(matrix))
    return np.where(known > 0, total, np.nan)
