"""Row groups of table files, each brought down to a partial as soon as it is read."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from collector.store.chunk import flat, integers
from collector.store.questions.footers import Footer, RowGroup
from collector.store.questions.partial import (
    ADDED,
    SUFFIXES,
    Floats,
    Ints,
    Learned,
    Partial,
    Wanted,
    of_runs,
    picked,
    sample,
)
from collector.store.questions.runs import Known, found
from collector.store.questions.selection import codes_of
from collector.store.schema import CONTAINER_COLUMN, SUSPECT_COLUMN
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN


@dataclass(frozen=True, slots=True)
class Stretch:
    """Row groups of one file, read one after the other."""

    path: Path
    footer: Footer
    groups: tuple[RowGroup, ...]
    known: Known

    @property
    def rows(self) -> int:
        """How many rows they have."""
        return sum(group.rows for group in self.groups)


def chosen(footer: Footer, wanted: Wanted) -> list[RowGroup]:
    """The row groups of a file that may have rows wanted."""
    return [
        group
        for group in footer.groups
        if group.end >= wanted.start
        and group.start < wanted.end
        and (group.containers is None or wanted.selection.between(*group.containers))
    ]


def opened(path: Path, footer: Footer, words: list[str]) -> pq.ParquetFile:
    """A table file to read, the checksums of its pages looked at.

    Raises:
        OSError: it is not there.
    """
    return pq.ParquetFile(
        path, metadata=footer.metadata, read_dictionary=words, page_checksum_verification=True
    )


def partials(stretch: Stretch, wanted: Wanted) -> Iterator[Partial]:
    """What a stretch says.

    Raises:
        OSError, pa.ArrowException: the file is damaged, or gone.
    """
    words = list({*wanted.units, *wanted.selection.columns, CONTAINER_COLUMN})
    with opened(stretch.path, stretch.footer, words) as file:
        for group in stretch.groups:
            found = _partial(file, stretch, group, wanted)
            if found is not None:
                yield found


def _partial(
    file: pq.ParquetFile, stretch: Stretch, group: RowGroup, wanted: Wanted
) -> Partial | None:
    step = _only_step(group, wanted)
    inside = wanted.start <= group.start and group.end < wanted.end
    whole = inside and not wanted.selection.columns
    key = (stretch.path, group.number, tuple(wanted.units))
    runs = stretch.known.get(key) if whole else None
    named = _columns(group, wanted)
    if not inside or step is None or (wanted.last and not wanted.rolled):
        named.add(TIME_COLUMN)
    keys = {CONTAINER_COLUMN, *wanted.units, *wanted.selection.columns} if runs is None else set()
    read = [*keys, *(named & stretch.footer.columns)] or [TIME_COLUMN]
    rows = file.read_row_group(group.number, columns=read, use_threads=False)
    words = {name: codes_of(flat(rows.column(name))) for name in keys}
    times = integers(rows.column(TIME_COLUMN)) if TIME_COLUMN in named else None
    mask = wanted.selection.mask(words)
    if not inside and times is not None:
        within = (times >= wanted.start) & (times < wanted.end)
        mask = within if mask is None else mask & within
    if mask is not None and not mask.all():
        at = np.flatnonzero(mask)
        if not len(at):
            return None
        words, rows = picked(words, at), rows.take(pa.array(at))
        times = None if times is None else times[at]
    if runs is None:
        runs = found(words, wanted.units, len(rows))
        if whole:
            stretch.known.put(key, runs)
    learned = _learned(rows, group, wanted)
    learned.count(runs.containers)
    samples = [_sample(rows, number, wanted, times) for number in range(len(wanted.fields))]
    return of_runs(wanted, runs, times, step, samples, learned)


def _columns(group: RowGroup, wanted: Wanted) -> set[str]:
    """Beside keys and time, what must be read: not what the footer says already."""
    named = set(wanted.columns)
    if group.suspect != (0, 0):
        named.add(SUSPECT_COLUMN)
    if group.quality is None or group.quality[0] != group.quality[1]:
        named.add(QUALITY_COLUMN)
    return named


def _only_step(group: RowGroup, wanted: Wanted) -> int | None:
    """The step of all rows, where there is only one."""
    if not wanted.width:
        return 0
    steps = wanted.step(np.array([max(group.start, wanted.start), min(group.end, wanted.end - 1)]))
    return int(steps[0]) if steps[0] == steps[1] else None


def _learned(rows: pa.Table, group: RowGroup, wanted: Wanted) -> Learned:
    learned = Learned(rows=len(rows))
    if QUALITY_COLUMN in rows.column_names:
        learned.quality = int(integers(rows.column(QUALITY_COLUMN)).max())
    elif group.quality is not None:
        learned.quality = group.quality[1]
    if SUSPECT_COLUMN in rows.column_names:
        bits = integers(rows.column(SUSPECT_COLUMN)) & wanted.suspects
        learned.suspect = int(np.count_nonzero(bits))
    return learned


def _sample(rows: pa.Table, number: int, wanted: Wanted, times: Ints | None) -> dict[str, Any]:
    declared = wanted.fields[number]
    columns: Mapping[str, Any] = {n: rows.column(n) for n in rows.column_names}
    if not wanted.rolled:
        values, whole = numbers(columns.get(declared.name), len(rows))
        if SUSPECT_COLUMN in columns:
            marked = integers(columns[SUSPECT_COLUMN]) >> declared.number & 1 != 0
            if marked.any():
                values, whole = np.where(marked, np.nan, values), False
        return sample(wanted.needs[number], values, times, whole=whole)
    made: dict[str, Any] = {}
    for need in wanted.needs[number]:
        column = columns.get(f"{declared.name}_{SUFFIXES[need]}")
        if need == "last_time":
            made[need] = _instants(column, len(rows))
        else:
            values, _ = numbers(column, len(rows))
            made[need] = np.nan_to_num(values, nan=0.0) if need in ADDED else values
    return made


def numbers(column: Any, rows: int) -> tuple[Floats, bool]:
    """A column as doubles, null as NaN, and whether all are known."""
    if column is None:
        return np.full(rows, np.nan), False
    column = flat(column)
    if pa.types.is_boolean(column.type):
        column = column.cast(pa.int8())
    values: Floats = column.to_numpy(zero_copy_only=False).astype(np.float64, copy=False)
    whole = not column.null_count and not np.isnan(values).any()
    return values, whole


def _instants(column: Any, rows: int) -> Ints:
    if column is None:
        return np.zeros(rows, np.int64)
    times: Ints = flat(column).view(pa.int64()).fill_null(0).to_numpy(zero_copy_only=False)
    return times
