"""Rows brought down to one a run: what a row group or the tail says of units in steps. Pure.

A unit is what is told apart while reading: a series, or what an aggregate folds series into. A run
is rows of one unit in one step that follow each other; so sorted, a file has few.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa

from collector.store.questions.runs import Runs
from collector.store.questions.selection import Selection, Words
from vigie.shape import Field

Floats = np.ndarray[tuple[int], np.dtype[np.float64]]
Ints = np.ndarray[tuple[int], np.dtype[np.int64]]

NEVER: Final = np.iinfo(np.int64).min
SUFFIXES: Final[Mapping[str, str]] = {
    "total": "sum", "count": "count", "low": "min", "high": "max", "last": "last",
    "last_time": "last_time",
}  # fmt: skip
"""What is known of a sample, and the column of a rollup that has it."""
ADDED: Final = ("total", "count")
"""Of these nothing is 0."""
NEEDS: Final[Mapping[str, tuple[str, ...]]] = {
    "mean": ("total", "count"), "sum": ("total", "count"), "min": ("low",), "max": ("high",),
    "count": ("count",), "last": ("last", "last_time"),
}  # fmt: skip
"""What each aggregate is made of; a percentile of what a sum is."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to read, from `start` until before `end` (µs), and what to make of it.

    `units` are the columns that name a unit, `needs` what is wanted of each field. Steps are
    `width` µs long, counted from `origin`; of a width of 0 there is one.
    """

    fields: Sequence[Field]
    units: Sequence[str]
    needs: Sequence[Sequence[str]]
    selection: Selection
    start: int
    end: int
    origin: int
    width: int
    rolled: bool

    @property
    def suspects(self) -> int:
        """The bits of the fields."""
        return sum(1 << f.number for f in self.fields)

    @property
    def columns(self) -> list[str]:
        """The columns that say something of the fields."""
        if not self.rolled:
            return [f.name for f in self.fields]
        pairs = zip(self.fields, self.needs, strict=True)
        return [f"{f.name}_{SUFFIXES[need]}" for f, needs in pairs for need in needs]

    @property
    def last(self) -> bool:
        """Whether the last reading of a unit is of interest, and so its time."""
        return any("last" in needs for needs in self.needs)

    def step(self, times: Ints) -> Ints:
        """The step that each time is in."""
        return np.maximum((times - self.origin) // self.width, 0)


@dataclass(slots=True)
class Learned:
    """What reading taught of the rows: how many, of which containers, how good."""

    rows: int = 0
    suspect: int = 0
    quality: int | None = None
    containers: dict[str, int] = field(default_factory=dict)

    def add(self, other: "Learned") -> None:
        """Take in what another read."""
        self.rows += other.rows
        self.suspect += other.suspect
        if other.quality is not None:
            self.quality = max(self.quality or 0, other.quality)
        self.count(other.containers)

    def count(self, containers: Mapping[str, int]) -> None:
        """Count rows of containers."""
        for path, rows in containers.items():
            self.containers[path] = self.containers.get(path, 0) + rows


@dataclass(frozen=True, slots=True)
class Partial:
    """Runs; `units` has a row for each head, and a run is of the head that it names.

    `values` are, by field, what is asked of its samples; NaN is unknown. `once` says that no unit
    has two heads, nor a head two runs in one step.
    """

    units: Sequence[pa.Array]
    heads: int
    head: Ints | None
    step: Ints | int
    values: list[dict[str, Any]]
    learned: Learned
    once: bool


def of_runs(  # noqa: PLR0917
    wanted: Wanted, runs: Runs, times: Ints | None, step: int | None,
    samples: Sequence[Mapping[str, Any]], learned: Learned,
) -> Partial:  # fmt: skip
    """Sorted rows brought down; `step` where all are in one."""
    rows, firsts = runs.rows, runs.firsts
    if step is None:
        assert times is not None  # noqa: S101  read where steps differ
        changes = np.zeros(rows, np.bool_)
        changes[firsts] = True
        steps = wanted.step(times)
        changes[1:] |= steps[1:] != steps[:-1]
        starts = np.flatnonzero(changes)
        head: Ints | None = np.searchsorted(firsts, starts, side="right") - 1
        found: Ints | int = steps[starts]
    else:
        starts, head, found = firsts.astype(np.int64), None, step
    values = [_runs(sample, starts, rows) for sample in samples]
    once = list(wanted.units) == list(wanted.selection.keys[: len(wanted.units)])
    once = once and bool(runs.units)
    return Partial(runs.units, len(firsts), head, found, values, learned, once)


def _runs(sample: Mapping[str, Any], starts: Ints, rows: int) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for name, values in sample.items():
        if name == "count":
            if values is None:
                made[name] = np.diff(starts, append=rows).astype(np.float64)
            else:
                made[name] = np.add.reduceat(values, starts)
        elif name == "total":
            made[name] = np.add.reduceat(values, starts)
        elif name == "low":
            made[name] = np.fmin.reduceat(values, starts)
        elif name == "high":
            made[name] = np.fmax.reduceat(values, starts)
    if "last" in sample:
        made |= _last(sample["last"], sample["last_time"], starts)
    return made


def _last(values: Floats, times: Ints, starts: Ints) -> dict[str, Any]:
    """The last known value of each run, in which times rise."""
    there = ~np.isnan(values)
    at = np.maximum.reduceat(np.where(there, np.arange(len(values)), -1), starts)
    known = at >= starts
    return {
        "last": np.where(known, values[at], np.nan),
        "last_time": np.where(known, times[at], NEVER),
    }


def sample(
    needs: Sequence[str], values: Floats, times: Ints | None, *, whole: bool
) -> dict[str, Any]:
    """A reading as a sample: it is all of low, high, total and last by itself; NaN is unknown.

    `whole` says that every value is known.
    """
    made: dict[str, Any] = {}
    for name in needs:
        match name:
            case "total":
                made[name] = values if whole else np.nan_to_num(values, copy=True, nan=0.0)
            case "count":
                made[name] = None if whole else (~np.isnan(values)).astype(np.float64)
            case "last_time":
                made[name] = times
            case _:
                made[name] = values
    return made


def picked(words: Mapping[str, Words], at: Any) -> dict[str, Words]:
    """The words of some rows."""
    return {name: (codes[at], known) for name, (codes, known) in words.items()}
