"""Questions that rows over devices answer: of containers and wider, nothing of one device asked.

Means, extremes and counts of any whole windows are exact. A sum over devices, and a percentile, is
of each device's mean in a step, so it is known where steps are as long as windows: exact of a sum,
and of a percentile within one container; over several it comes of sketches, within
`sketch.ERROR`, and the answer is called estimated. All else is read from the devices' windows.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.rollups import over
from collector.rollups.columns import RESOLUTIONS
from collector.rollups.groups import numbers
from collector.rollups.sketch import merged
from collector.store import tiers
from collector.store.questions import unrolled
from collector.store.questions.aggregate import written
from collector.store.questions.groups import Groups
from collector.store.questions.levels import LEVELS
from collector.store.questions.partial import Floats, Ints, Learned
from collector.store.questions.question import FOLDED, PERCENTILES, Answer
from collector.store.questions.reading import Reading, microseconds
from collector.store.questions.units import joined
from collector.store.questions.unrolled import Columns
from collector.store.schema import CONTAINER_COLUMN, SUSPECT_COLUMN
from collector.store.tiers import RAW, Part
from collector.store.upkeep import ROLLED_SINCE
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN
from vigie.shape import Field, Kind, Quality

LEAST: Final = {"1h": timedelta(days=1), "1m": timedelta(minutes=5)}
"""Of a shorter span the readings are read: that is fresher, and one container has few."""
EDGE: Final = timedelta(minutes=5)
"""Most that is read from readings before the first whole window, and after the last."""
COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    "mean": ("sum", "count"), "count": ("count",), "min": ("min",), "max": ("max",),
    "sum": ("means", "devices"),
    **{name: (name, "sketch", "devices") for name in PERCENTILES},
}  # fmt: skip
"""What each aggregate is made of."""


def answer(reading: Reading, by: Sequence[str]) -> Answer | None:
    """The answer; None where rows over devices cannot give it, or do not have that time."""
    usable = ((suffix, _parts(reading, suffix)) for suffix in fits(reading, by))
    suffix, parts = next(((suffix, parts) for suffix, parts in usable if parts), ("", None))
    if parts is None:
        return None
    columns = _columns(reading)
    rows = pa.concat_tables([_read(reading, part, suffix, columns) for part in parts])
    rows = rows.filter(pc.greater(rows[over.DEVICES_COLUMN], 0))
    groups = _groups(reading, rows, by)
    steps = tiers.count(reading.question.start, reading.question.end, reading.question.step)
    cell = groups.of * steps + _step(reading, rows)
    shape = (len(groups), steps)
    values = []
    for declared, agg in zip(reading.fields, reading.aggs, strict=True):
        found, rough = value(rows, declared, agg, (cell, shape[0] * steps))
        values.append(found.reshape(shape))
        if rough:
            reading.learned.add(Learned(quality=Quality.ESTIMATED.code))
    seen = np.zeros(shape[0] * steps, np.bool_)
    seen[cell] = True
    return written(reading, groups, values, seen.reshape(shape), suffix)


def fits(reading: Reading, by: Sequence[str]) -> list[str]:
    """The windows over devices that know what is asked, the coarsest first."""
    question = reading.question
    asked = {*by, *question.where}
    known_by = asked <= {CONTAINER_COLUMN, *LEVELS} and not reading.selection.hosts
    if reading.measurement not in over.MANY or not known_by:
        return []
    start, end = reading.edges
    pairs = list(zip(reading.fields, reading.aggs, strict=True))
    return [
        suffix
        for suffix, window in sorted(RESOLUTIONS.items())
        if question.tier in {None, suffix}
        and (question.step is None or question.step % window == 0)
        and end - start >= LEAST[suffix]
        and all(known(f, a, question.step, window) for f, a in pairs)
    ]


def known(declared: Field, agg: str, step: float | None, window: int) -> bool:
    """Whether rows over devices of such windows know an aggregate of a field in such steps."""
    if declared.kind is not Kind.GAUGE:
        return False
    return agg in FOLDED or (step == window and agg in COLUMNS)


def value(
    rows: pa.Table, declared: Field, agg: str, cells: tuple[Ints, int]
) -> tuple[Floats, bool]:
    """One value a cell, NaN where unknown, and whether it is of a sketch.

    `rows` are over devices, each in the cell of `cells[0]`, of which there are `cells[1]`.
    """
    cell, count = cells
    if agg in PERCENTILES:
        return _percentile(rows, declared, agg, cells)
    there = np.asarray(rows[f"{declared.name}_{COLUMNS[agg][0]}"].is_valid())
    columns = [numbers(rows[f"{declared.name}_{suffix}"]) for suffix in COLUMNS[agg]]
    if agg in {"min", "max"}:
        found = np.full(count, np.nan)
        join = np.fmin if agg == "min" else np.fmax
        join.at(found, cell[there], columns[0][there].astype(np.float64))
        return found, False
    total: Floats = np.bincount(cell, columns[0], count).astype(np.float64)
    many = np.bincount(cell, columns[-1], count)
    if agg == "mean":
        total = total / np.where(many > 0, many, np.nan)
    return np.where(many > 0, total, np.nan), False


def _percentile(
    rows: pa.Table, declared: Field, agg: str, cells: tuple[Ints, int]
) -> tuple[Floats, bool]:
    """Exact in cells of one row, else of the sketches."""
    cell, count = cells
    there = np.asarray(rows[f"{declared.name}_{agg}"].is_valid())
    members = np.bincount(cell[there], minlength=count)
    found = np.full(count, np.nan)
    alone = there & (members[cell] == 1)
    found[cell[alone]] = numbers(rows[f"{declared.name}_{agg}"])[alone]
    several = np.flatnonzero(there & (members[cell] > 1))
    if not len(several):
        return found, False
    sketches = rows[f"{declared.name}_sketch"].take(pa.array(several)).combine_chunks()
    lengths = pc.list_value_length(sketches).to_numpy(zero_copy_only=False)
    group = np.repeat(cell[several], lengths)
    which, of_sketches = merged(sketches.flatten().to_numpy(), group, [PERCENTILES[agg]])
    found[which] = of_sketches[:, 0]
    return found, True


def _columns(reading: Reading) -> Columns:
    """What is wanted of each field."""
    found: dict[Field, list[str]] = {}
    for declared, agg in zip(reading.fields, reading.aggs, strict=True):
        found.setdefault(declared, []).extend(COLUMNS[agg])
    return {declared: tuple(dict.fromkeys(some)) for declared, some in found.items()}


def _read(reading: Reading, part: Part, suffix: str, columns: Columns) -> pa.Table:
    """Rows over devices of a part; of readings they are made now."""
    if part.suffix == RAW:
        return unrolled.rows(reading, part, RESOLUTIONS[suffix], columns)
    names = [TIME_COLUMN, CONTAINER_COLUMN, over.DEVICES_COLUMN]
    names += [f"{f.name}_{suffix}" for f, some in columns.items() for suffix in some]
    return reading.rows(part, [*names, QUALITY_COLUMN, SUSPECT_COLUMN]).select(names)


def _parts(reading: Reading, suffix: str) -> list[Part] | None:
    """Whole windows from the table, what they leave from readings; None: it is not whole."""
    start, end = reading.edges
    table = over.table(reading.measurement, suffix)
    since = reading.shelf.rolled_until(table, ROLLED_SINCE)
    until = reading.shelf.rolled_until(table)
    window = RESOLUTIONS[suffix]
    if since is None or until is None or until <= start:
        return None
    first = _at(-(-start.timestamp() // window) * window, start)
    last = min(until, _at(end.timestamp() // window * window, end))
    # The last step may lie in the future for the most part.
    late = EDGE + timedelta(seconds=reading.question.step or 0)
    if since > first or last <= first or first - start > EDGE or end - last > late:
        return None
    edges = [Part(RAW, start, first), Part(RAW, last, end)]
    return [Part(f"over_{suffix}", first, last), *(p for p in edges if p.end > p.start)]


def _step(reading: Reading, rows: pa.Table) -> Ints:
    step = reading.question.step
    if step is None:
        return np.zeros(rows.num_rows, np.int64)
    times = numbers(rows[TIME_COLUMN])
    found: Ints = (times - microseconds(reading.edges[0])) // round(step * 1e6)
    return np.maximum(found, 0)


def _groups(reading: Reading, rows: pa.Table, by: Sequence[str]) -> Groups:
    """The groups of rows, in the order of their words."""
    if not by:
        return Groups(pa.table({}), np.zeros(rows.num_rows, np.int64))
    paths = rows[CONTAINER_COLUMN].combine_chunks().dictionary_encode()
    columns = []
    for name in by:
        words = paths.dictionary.to_pylist()
        if name != CONTAINER_COLUMN:
            words = [reading.levels.words(path, name) for path in words]
        columns.append(pa.array(words, pa.string()))
    codes = joined(columns)
    _, firsts, inverse = np.unique(codes, return_index=True, return_inverse=True)
    words_of = pa.table([c.take(pa.array(firsts)) for c in columns], names=list(by))
    order = pc.sort_indices(words_of, [(name, "ascending") for name in by]).to_numpy()
    place = np.empty(len(order), np.int64)
    place[order] = np.arange(len(order))
    return Groups(words_of.take(pa.array(order)), place[inverse][paths.indices.to_numpy()])


def _at(seconds: float, like: datetime) -> datetime:
    return datetime.fromtimestamp(seconds, like.tzinfo)
