"""What was true at a past instant: of every series the last row up to then, not older than an age.

Files are read from the newest back, so that mostly the first row met of a series is its last.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import numpy as np
import pyarrow as pa

from collector.store import schema
from collector.store.chunk import Chunk, flat, integers
from collector.store.questions import stored
from collector.store.questions.partial import NEVER, Ints, Learned, Wanted, picked
from collector.store.questions.question import Answer
from collector.store.questions.reading import Reading, microseconds
from collector.store.questions.runs import counted
from collector.store.questions.selection import codes_of
from collector.store.questions.units import Units
from collector.store.questions.waiting import ranked
from collector.store.schema import CONTAINER_COLUMN, SUSPECT_COLUMN, TIME_TYPE
from collector.store.tiers import RAW, Part
from vigie.errors import QueryError
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN

MAX_ROWS: Final = 1_000_000
"""Series of one answer."""


def answer(reading: Reading, at: datetime, age: timedelta) -> Answer:
    """The rows, in order of series.

    Raises:
        QueryError: there are too many.
    """
    part = Part(RAW, at - age, at + timedelta(microseconds=1))
    names = [TIME_COLUMN, *reading.series, *(f.name for f in reading.fields)]
    names += [QUALITY_COLUMN, SUSPECT_COLUMN]
    found = _Newest(reading.series)
    for rows in _pieces(reading, part, names):
        found.take(rows)
        reading.budget.check()
    whole = found.table() if found.met else empty(reading)
    _learn(reading, whole)
    question = reading.question
    begin = int(question.cursor or 0)
    more = len(whole) > begin + question.limit
    whole = whole.sort_by([(name, "ascending") for name in reading.series])
    return Answer(
        whole.slice(begin, question.limit), RAW, None, reading.quality, reading.suspect,
        reading.learned.containers, str(begin + question.limit) if more else None,
    )  # fmt: skip


class _Newest:
    """The last row of each series among those met."""

    def __init__(self, series: Sequence[str]) -> None:
        self._units = Units(series)
        self._times: Ints = np.zeros(0, np.int64)
        self._of: Ints = np.zeros(0, np.int64)
        self._tables: list[pa.Table] = []

    def take(self, rows: pa.Table) -> None:
        """Rows of which no series has two."""
        heads = [flat(rows.column(name)).cast(pa.string()) for name in self._units.columns]
        numbers = self._units.numbers(heads, len(rows), once=False)
        if len(self._units) > MAX_ROWS:
            raise QueryError(f"more than {MAX_ROWS} series: ask for some containers")
        more = len(self._units) - len(self._times)
        self._times = np.concatenate([self._times, np.full(more, NEVER)])
        self._of = np.concatenate([self._of, np.zeros(more, np.int64)])
        times = integers(rows.column(TIME_COLUMN))
        newer = times > self._times[numbers]
        kept = np.flatnonzero(newer)
        if len(kept):
            self._times[numbers[kept]] = times[kept]
            before = sum(map(len, self._tables))
            self._of[numbers[kept]] = before + np.arange(len(kept))
            words = dict(zip(self._units.columns, heads, strict=True))
            plain = [words.get(n, rows.column(n)) for n in rows.column_names]
            self._tables.append(pa.table(plain, names=rows.column_names).take(pa.array(kept)))

    @property
    def met(self) -> bool:
        """Whether there is any."""
        return bool(self._tables)

    def table(self) -> pa.Table:
        """One row a series."""
        return pa.concat_tables(self._tables).take(pa.array(self._of))


def _pieces(reading: Reading, part: Part, names: list[str]) -> Iterator[pa.Table]:
    """The last row of every series in each piece, the newest pieces first."""
    view = reading.view(part)
    wanted = Wanted(
        reading.fields, reading.series, (), reading.selection,
        microseconds(part.start), microseconds(part.end), 0, 0, rolled=False,
    )  # fmt: skip
    yield from (rows for c in view.chunks if len(rows := _waiting(c, wanted, names, view.schema)))
    files = sorted(view.files, key=lambda file: file.end, reverse=True)
    try:
        for file in files:
            footer = reading.footers.of(file.path)
            groups = stored.chosen(footer, wanted)
            reading.budget.rows(sum(group.rows for group in groups))
            with stored.opened(file.path, footer, list(reading.series)) as opened:
                for group in groups:
                    present = [n for n in names if n in footer.columns]
                    rows = opened.read_row_group(group.number, columns=present, use_threads=False)
                    if len(rows := _last(rows, wanted)):
                        yield _all(rows, names, view.schema)
    except (OSError, pa.ArrowException) as error:
        reading.lost(reading.table(RAW), view, error)


def _last(rows: pa.Table, wanted: Wanted) -> pa.Table:
    """Of sorted rows the last wanted of each series."""
    words = {name: codes_of(flat(rows.column(name))) for name in wanted.units}
    times = integers(rows.column(TIME_COLUMN))
    mask = (times >= wanted.start) & (times < wanted.end)
    chosen = wanted.selection.mask(words)
    at = np.flatnonzero(mask if chosen is None else mask & chosen)
    words = picked(words, at)
    ends = np.zeros(len(at), np.bool_)
    ends[-1:] = True
    for codes, _ in words.values():
        ends[:-1] |= codes[1:] != codes[:-1]
    return rows.take(pa.array(at[ends]))


def _waiting(chunk: Chunk, wanted: Wanted, names: list[str], whole: pa.Schema) -> pa.Table:
    """Of a chunk the last wanted row of each series."""
    if chunk.series is None or not len(chunk.times):
        return pa.table({})
    words, place = ranked(chunk.series)
    mask = (chunk.times >= wanted.start) & (chunk.times < wanted.end)
    mask &= chunk.numbers < len(place)
    numbers = np.minimum(chunk.numbers, len(place) - 1)
    allowed = wanted.selection.mask(words)
    if allowed is not None:
        mask &= allowed[numbers]
    at = np.flatnonzero(mask)
    at = at[np.lexsort((chunk.times[at], numbers[at]))]
    ends = np.ones(len(at), np.bool_)
    ends[:-1] = np.diff(numbers[at]) != 0
    at = at[ends]
    some = chunk.rows.take(pa.array(at))
    kept = Chunk(chunk.series, chunk.numbers[at], chunk.times[at], some, chunk.first, chunk.last)
    return kept.table(pa.schema([whole.field(name) for name in names]))


def _all(rows: pa.Table, names: list[str], whole: pa.Schema) -> pa.Table:
    """Rows with the columns that a file lacks, unknown."""
    columns: list[Any] = [
        rows.column(n) if n in rows.column_names else pa.nulls(len(rows), whole.field(n).type)
        for n in names
    ]
    return pa.table(columns, names=names)


def _learn(reading: Reading, rows: pa.Table) -> None:
    if not len(rows):
        return
    bits = sum(1 << f.number for f in reading.fields)
    reading.learned = Learned(
        len(rows),
        int(np.count_nonzero(integers(rows.column(SUSPECT_COLUMN)) & bits)),
        int(integers(rows.column(QUALITY_COLUMN)).max()),
    )
    reading.learned.count(
        counted(codes_of(flat(rows.column(CONTAINER_COLUMN)).dictionary_encode()))
    )


def empty(reading: Reading) -> pa.Table:
    """No rows, with the columns that there would be."""
    whole = schema.raw(reading.measurement)
    names = [*reading.series, *(f.name for f in reading.fields), QUALITY_COLUMN, SUSPECT_COLUMN]
    return pa.schema(
        [pa.field(TIME_COLUMN, TIME_TYPE), *(whole.field(name) for name in names)]
    ).empty_table()
