"""Aggregates in steps over devices: cells are filled, brought together in groups, and written."""

from collections.abc import Sequence

import numpy as np
import pyarrow as pa

from collector.store import tiers
from collector.store.questions import groups as together
from collector.store.questions.cells import Cells, Matrix
from collector.store.questions.groups import Groups, grouped
from collector.store.questions.partial import NEEDS, Wanted
from collector.store.questions.question import FOLDED, Answer
from collector.store.questions.reading import Reading, microseconds
from collector.store.questions.top import deviations, standing_out
from collector.store.questions.units import Units, joined
from collector.store.schema import CONTAINER_COLUMN, TIME_TYPE
from collector.store.tiers import RAW
from vigie.frame import TIME_COLUMN
from vigie.shape import Field, Kind

DEVIATION = "deviation"


def rolled(declared: Field, agg: str) -> bool:
    """Whether rollups of a field know an aggregate; if not, its readings must be asked."""
    return declared.kind is Kind.GAUGE or agg == "last"


def answer(reading: Reading, by: Sequence[str]) -> Answer:
    """One row per step and group: each unit in each step first, then the groups."""
    question = reading.question
    aggs = reading.aggs
    usable = all(rolled(f, agg) for f, agg in zip(reading.fields, aggs, strict=True))
    fits = tiers.tier(question.start, question.end, question.step)
    tier = (question.tier or fits) if usable else RAW
    steps = tiers.count(question.start, question.end, question.step)
    needs = [NEEDS.get(agg, NEEDS["sum"]) for agg in aggs]
    cells = Cells(Units(_units(reading, by)), steps, needs)
    width = round(question.step * 1e6) if question.step else 0
    for part in reading.parts(tier):
        wanted = Wanted(
            reading.fields, cells.units.columns, needs, reading.selection,
            microseconds(part.start), microseconds(part.end), microseconds(reading.edges[0]),
            width, part.suffix != RAW,
        )  # fmt: skip
        for partial in reading.partials(part, wanted):
            cells.add(partial)
            reading.learned.add(partial.learned)
    found = grouped(cells.units, by, reading.levels)
    values = [together.values(cells, n, agg, found) for n, agg in enumerate(aggs)]
    return written(reading, found, values, together.seen(cells, found), tier)


def written(
    reading: Reading, groups: Groups, values: list[Matrix], seen: Matrix, tier: str
) -> Answer:
    """The rows of groups and steps, in order of time, and of groups or of how they stand out."""
    question, names = reading.question, [f.name for f in reading.fields]
    words = groups.words
    if question.rank is not None and len(groups):
        if question.rank.order == DEVIATION:
            values = [*values, deviations(values[0], _peers(reading, groups))]
            names.append(DEVIATION)
        first = values[-1 if question.rank.order == DEVIATION else 0]
        kept = standing_out(first, question.rank.order, question.rank.count)
        words, seen = words.take(pa.array(kept)), seen[kept]
        values = [matrix[kept] for matrix in values]
    step, group = np.nonzero(seen.T)
    at = int(question.cursor or 0)
    page = slice(at, at + question.limit)
    more = len(step) > at + question.limit
    coverage = None
    if not more and not at:
        known = sum(np.count_nonzero(~np.isnan(m)) for m in values[: len(reading.fields)])
        cells = len(seen) * seen.shape[1] * len(reading.fields)
        coverage = known / cells if len(step) else 0.0
    step, group = step[page], group[page]
    columns = {TIME_COLUMN: _times(reading, step)}
    taken = words.take(pa.array(group)) if words.num_columns else words
    columns |= {name: taken[name] for name in words.column_names}
    for name, matrix in zip(names, values, strict=True):
        found = matrix[group, step]
        columns[name] = pa.array(found, mask=np.isnan(found))
    return Answer(
        pa.table(columns), tier, coverage, reading.quality, reading.suspect,
        reading.learned.containers, str(at + question.limit) if more else None,
    )  # fmt: skip


def _times(reading: Reading, step: "np.ndarray[tuple[int], np.dtype[np.int64]]") -> pa.Array:
    origin = microseconds(reading.edges[0])
    width = round(reading.question.step * 1e6) if reading.question.step else 0
    return pa.array(origin + step * width).view(TIME_TYPE)


def _units(reading: Reading, by: Sequence[str]) -> list[str]:
    """What to tell apart while reading: every series, unless the aggregate folds them."""
    if not set(reading.aggs) <= set(FOLDED):
        return reading.series
    levels = any(name not in reading.series for name in by)
    named = {*by, CONTAINER_COLUMN} if levels else set(by)
    places = [n for n, name in enumerate(reading.series) if name in named]
    # With the keys that files are sorted by before it, so that a unit's rows follow each other.
    return reading.series[: max(places, default=-1) + 1]


def _peers(reading: Reading, groups: Groups) -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """One number for the groups that are compared with each other."""
    rank = reading.question.rank
    if rank is None or rank.among is None:
        return np.zeros(len(groups), np.int64)
    names = groups.words.column_names
    if rank.among in names:
        return joined([groups.words[rank.among].combine_chunks()])
    containers = groups.words[CONTAINER_COLUMN].to_pylist()
    words = [reading.levels.words(path, rank.among) for path in containers]
    return joined([pa.array(words, pa.string())])
