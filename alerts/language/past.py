"""What fields were over the last minutes: about ten readings of a span, kept in rings.

A span is cut into tenths of Unix time, and of each tenth the last reading is kept (or the least, or
the greatest): whoever sees the same readings keeps the same, so that a collector that starts again
and fills its rings from the store judges as the one before it. Unknown is NaN.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final, Literal

import numpy as np
import numpy.typing as npt

Numbers = npt.NDArray[np.float64]
Lines = npt.NDArray[Any]
"""Floats of 32 or 64 bits: a line a moment, a column a row."""
Fold = Literal["last", "least", "most", "growth"]
"""Which reading of a tenth counts; for growth the last, and after a tenth without any also the
first."""

TENTHS: Final = 10
MOMENTS: Final = TENTHS + 1
"""The tenth that is under way, and ten before it."""


@dataclass(frozen=True, slots=True)
class Past:
    """What a field was at some moments of a span, for every row; unknown is NaN.

    `values` has a line a moment, oldest first, and a column a row; `ages` likewise, in seconds
    before now. Where nothing was read in a moment, both are NaN.
    """

    ages: Lines
    values: Lines


@dataclass(frozen=True, slots=True)
class Window:
    """A field over the last `seconds`; of the readings of each tenth, which one counts.

    `exact` where small differences between large numbers matter; for growth they always do.
    """

    name: str
    seconds: float
    fold: Fold = "last"
    exact: bool = False

    @property
    def kind(self) -> type[np.float32 | np.float64]:
        """In what its readings are kept."""
        return np.float64 if self.exact or self.fold == "growth" else np.float32


class Rings:
    """The last readings of all rows of one measurement, over one span."""

    def __init__(self, seconds: float) -> None:
        self.step = seconds / TENTHS
        self._turn: int | None = None
        self._offsets: Lines = np.zeros((MOMENTS, 0), np.float32)
        self._values: dict[Window, Lines] = {}
        self._slots: npt.NDArray[np.int64] | int = 0
        self._rows: npt.NDArray[np.int64] | slice = slice(0)

    @property
    def windows(self) -> frozenset[Window]:
        """Those that are kept."""
        return frozenset(self._values)

    def keep(self, windows: Iterable[Window]) -> None:
        """Keep these and no others."""
        wanted = frozenset(windows)
        for window in self.windows - wanted:
            del self._values[window]
        for window in wanted - self.windows:
            self._values[window] = np.full(self._offsets.shape, np.nan, window.kind)

    def look(self, times: Numbers, now: float) -> None:
        """Rows stand with these Unix times; what `take` is given next are theirs."""
        self._turned(int(now // self.step))
        self._resized(len(times))
        turns = np.minimum(times // self.step, float(self._turn or 0)).astype(np.int64)
        if not len(turns) or (first := int(turns[0])) == turns.max() == turns.min():
            self._slots, self._rows = (first % MOMENTS if len(turns) else 0), slice(None)
            if len(turns) and first <= (self._turn or 0) - MOMENTS:
                self._rows = slice(0)
        else:
            rows = np.flatnonzero(turns > (self._turn or 0) - MOMENTS)
            self._slots, self._rows = turns[rows] % MOMENTS, rows
        offsets = (times - turns * self.step)[self._rows].astype(np.float32)
        self._offsets[self._slots, self._rows] = offsets

    def take(self, window: Window, values: Numbers) -> None:
        """The readings of the rows that were looked at; what is unknown leaves what was known."""
        kept = self._values[window]
        came = values[self._rows].astype(kept.dtype)
        before = kept[self._slots, self._rows]
        match window.fold:
            case "least":
                after = np.fmin(before, came)
            case "most":
                after = np.fmax(before, came)
            case _:
                after = np.where(np.isnan(came), before, came)
        if window.fold == "growth":
            self._first(kept, np.isnan(before), came)
        kept[self._slots, self._rows] = after

    def _first(self, kept: Lines, fresh: npt.NDArray[np.bool_], came: Lines) -> None:
        """After a tenth without a reading, its place is for the first one of the next."""
        rows = np.arange(kept.shape[1])[self._rows][fresh]
        slots = np.broadcast_to(self._slots, fresh.shape)[fresh]
        before = (slots - 1) % MOMENTS
        empty = np.isnan(kept[before, rows])
        rows, slots, before = rows[empty], slots[empty], before[empty]
        kept[before, rows] = came[fresh][empty]
        self._offsets[before, rows] = self._offsets[slots, rows] + self.step

    def tenths(self) -> tuple[float, float]:
        """From when, until when a row is kept, as Unix times; of the last `look`."""
        turn = self._turn or 0
        return (turn - TENTHS) * self.step, (turn + 1) * self.step

    def fill(
        self, window: Window, rows: npt.NDArray[np.int64], starts: Numbers, values: Numbers,
        before: float,
    ) -> None:  # fmt: skip
        """Put in what was read of rows in tenths that begin then, before anybody looked.

        Such a reading is taken to have been made so many seconds before the end of its tenth. Of
        the tenth under way, what was seen is newer, and stays.
        """
        turn, turns = self._turn or 0, np.round(starts / self.step).astype(np.int64)
        inside = (turns <= turn) & (turns > turn - MOMENTS)
        rows, turns, came = rows[inside], turns[inside], values[inside]
        kept = self._values[window]
        found = kept[turns % MOMENTS, rows]
        if window.fold in {"least", "most"}:
            came = (np.fmin if window.fold == "least" else np.fmax)(found, came)
        other = np.isnan(found) | ((turns < turn) & (found != came))
        slots, rows = turns[other] % MOMENTS, rows[other]
        kept[slots, rows] = came[other]
        self._offsets[slots, rows] = max(self.step - before, 0.0)

    def past(self, window: Window, now: float) -> Past:
        """What was kept of it, oldest first."""
        turn = self._turn or 0
        order = [(turn + 1 + n) % MOMENTS for n in range(MOMENTS)]
        starts = (np.arange(turn - TENTHS, turn + 1) * self.step)[:, np.newaxis]
        values = self._values[window][order]
        ages = (now - starts).astype(np.float32) - self._offsets[order]
        ages[np.isnan(values)] = np.nan
        return Past(ages, values)

    def _turned(self, turn: int) -> None:
        """Forget the tenths that are over for so long that their places are needed again."""
        known, self._turn = self._turn, turn
        if known is None or known == turn:
            return
        gone = range(MOMENTS) if turn < known or turn - known >= MOMENTS else range(
            known + 1, turn + 1
        )  # fmt: skip
        for kept in self._values.values():
            kept[[slot % MOMENTS for slot in gone]] = np.nan

    def _resized(self, rows: int) -> None:
        """Make room for new rows; where there are fewer, nothing of the old ones holds."""
        known = self._offsets.shape[1]
        if rows < known:
            self._offsets = self._offsets[:, :0]
            self._values = {window: kept[:, :0] for window, kept in self._values.items()}
            known = 0
        if rows > known:
            more = (MOMENTS, rows - known)
            self._offsets = np.hstack([self._offsets, np.zeros(more, np.float32)])
            for window, kept in self._values.items():
                new = np.full(more, np.nan, kept.dtype)
                self._values[window] = np.hstack([kept, new])


class Memory:
    """The rings of one measurement, for all spans that its rules ask for."""

    def __init__(self) -> None:
        self._rings: dict[float, Rings] = {}

    @property
    def windows(self) -> frozenset[Window]:
        """Those that are kept."""
        return frozenset(window for rings in self._rings.values() for window in rings.windows)

    def keep(self, windows: Iterable[Window]) -> None:
        """Keep these and no others."""
        wanted = frozenset(windows)
        spans = {window.seconds for window in wanted}
        self._rings = {span: self._rings.get(span) or Rings(span) for span in sorted(spans)}
        for span, rings in self._rings.items():
            rings.keep(window for window in wanted if window.seconds == span)

    def look(self, times: Numbers, numbers: Callable[[str], Numbers], now: float) -> None:
        """Take in what rows are now: their Unix times, and their fields by name."""
        for rings in self._rings.values():
            rings.look(times, now)
            for window in rings.windows:
                rings.take(window, numbers(window.name))

    def of(self, window: Window) -> Rings:
        """Where a window is kept. Raises KeyError where it is not."""
        return self._rings[window.seconds]

    def past(self, window: Window, now: float) -> Past:
        """What was kept of a window. Raises KeyError where it is not kept."""
        return self._rings[window.seconds].past(window, now)


def grown(past: Past) -> Numbers:
    """How much a counter grew; it starts again at 0 where it fell. Unknown below two readings."""
    rows = past.values.shape[1]
    total, last, pairs = np.zeros(rows), np.full(rows, np.nan), np.zeros(rows, np.bool_)
    for line in past.values:
        known = ~np.isnan(line)
        both = known & ~np.isnan(last)
        step = np.where(line < last, line, line - last)
        total += np.where(both, step, 0.0)
        pairs |= both
        last = np.where(known, line, last)
    return np.where(pairs, total, np.nan)


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
    return np.fmin.reduce(past.values, axis=0).astype(np.float64)


def most(past: Past) -> Numbers:
    """The greatest of the moments that are known."""
    return np.fmax.reduce(past.values, axis=0).astype(np.float64)


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
