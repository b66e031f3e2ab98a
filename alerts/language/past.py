"""What fields were over the last minutes, as about ten readings of a span. Unknown is NaN."""

from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Lines = npt.NDArray[Any]
"""Floats of 32 or 64 bits: a line a moment, a column a row."""
Fold = Literal["last", "least", "most", "growth"]
"""What of a tenth of a span is kept: a reading, or what a counter grew by."""

TENTHS: Final = 10
MOMENTS: Final = TENTHS + 1
"""The tenth that is under way, and ten before it."""


@dataclass(frozen=True, slots=True)
class Window:
    """A field over the last `seconds`, and what is kept of each tenth.

    `exact` where small differences between large numbers matter.
    """

    name: str
    seconds: float
    fold: Fold = "last"
    exact: bool = False

    @property
    def kind(self) -> type[np.float32 | np.float64]:
        """In what its readings are kept."""
        return np.float64 if self.exact else np.float32


@dataclass(frozen=True, slots=True)
class Past:
    """What a field was at some moments of a span, for every row; unknown is NaN.

    `values` has a line a moment, oldest first, and a column a row; `ages` likewise, in seconds
    before now. Where nothing was read in a moment, both are NaN.
    """

    ages: Lines
    values: Lines


@dataclass(frozen=True, slots=True)
class Growth:
    """What a counter grew by within a span, and over how many seconds; NaN below two readings."""

    total: Numbers
    seconds: Numbers


def ends(past: Past) -> tuple[Numbers, Numbers, Numbers]:
    """The first reading, the last one, and the seconds between them; NaN where there is none."""
    rows = past.values.shape[1]
    first, last = np.full(rows, np.nan), np.full(rows, np.nan)
    oldest, newest = np.full(rows, np.nan), np.full(rows, np.nan)
    for age, line in zip(past.ages, past.values, strict=True):
        known = ~np.isnan(line)
        begins = known & np.isnan(first)
        first, oldest = np.where(begins, line, first), np.where(begins, age, oldest)
        last, newest = np.where(known, line, last), np.where(known, age, newest)
    return first, last, oldest - newest


def mean(past: Past) -> Numbers:
    """The mean of the moments that are known."""
    rows = past.values.shape[1]
    total, count = np.zeros(rows), np.zeros(rows)
    for line in past.values:
        known = ~np.isnan(line)
        total += np.where(known, line, 0.0)
        count += known
    with np.errstate(invalid="ignore"):
        return total / count


def least(past: Past) -> Numbers:
    """The least of the moments that are known."""
    found: Numbers = np.fmin.reduce(past.values, axis=0).astype(np.float64)
    return found


def most(past: Past) -> Numbers:
    """The greatest of the moments that are known."""
    found: Numbers = np.fmax.reduce(past.values, axis=0).astype(np.float64)
    return found


def line(past: Past) -> tuple[Numbers, Numbers]:
    """The straight line through the moments by least squares: its value now, its slope a second.

    NaN below three readings, and where all are of one time.
    """
    rows = past.values.shape[1]
    _, base, _ = ends(past)
    count, t1, t2, y1, ty = (np.zeros(rows) for _ in range(5))
    for age, values in zip(past.ages, past.values, strict=True):
        known = ~np.isnan(values)
        t = np.where(known, -age, 0.0).astype(np.float64)
        y = np.where(known, values - base, 0.0)
        count += known
        t1 += t
        t2 += t * t
        y1 += y
        ty += t * y
    with np.errstate(all="ignore"):
        spread = count * t2 - t1 * t1
        slope = np.where((count >= 3) & (spread > 0), (count * ty - t1 * y1) / spread, np.nan)
        return base + (y1 - slope * t1) / count, slope
