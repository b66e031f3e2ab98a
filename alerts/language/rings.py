"""Where the last minutes of all rows are kept, for rules that look back.

A span is cut into tenths of Unix time, and of each tenth one value is kept: the last reading, the
least, the greatest, or what a counter grew by since the reading before. Whoever sees the same
readings keeps the same, so that a collector that starts again and fills its rings from the store
judges as the one before it. Only rows that were read anew cost anything.
"""

from collections.abc import Callable, Iterable

import numpy as np
import numpy.typing as npt

from alerts.language.past import MOMENTS, TENTHS, Growth, Lines, Numbers, Past, Window

Indices = npt.NDArray[np.int64]


class Rings:
    """What is kept of all rows of one measurement over one span."""

    def __init__(self, seconds: float) -> None:
        self.step = seconds / TENTHS
        self._turn: int | None = None
        self._times: Numbers = np.zeros(0, np.float64)
        self._offsets: Lines = np.zeros((MOMENTS, 0), np.float32)
        self._seconds: Lines = np.zeros((MOMENTS, 0), np.float32)
        self._kept: dict[Window, Lines] = {}
        self._last: dict[Window, Numbers] = {}
        self._rows, self._slots = np.zeros(0, np.int64), np.zeros(0, np.int64)
        self._within = np.zeros(0, np.bool_)

    @property
    def windows(self) -> frozenset[Window]:
        """Those that are kept."""
        return frozenset(self._kept)

    def keep(self, windows: Iterable[Window]) -> None:
        """Keep these and no others."""
        wanted = frozenset(windows)
        for window in self.windows - wanted:
            del self._kept[window]
            self._last.pop(window, None)
        if wanted - self.windows:
            self._times = np.full(len(self._times), np.nan)  # all rows are new to them
        for window in wanted - self.windows:
            self._kept[window] = np.full((MOMENTS, len(self._times)), np.nan, window.kind)
            if window.fold == "growth":
                self._last[window] = np.full(len(self._times), np.nan)

    def look(self, times: Numbers, now: float) -> bool:
        """Rows stand with these Unix times; whether there are some to `take`, read anew."""
        self._turned(int(now // self.step))
        self._resized(len(times))
        turn = self._turn or 0
        rows = np.flatnonzero(times != self._times)
        turns = np.minimum(times[rows] // self.step, float(turn)).astype(np.int64)
        if (turns <= turn - MOMENTS).any():
            recent = turns > turn - MOMENTS
            rows, turns = rows[recent], turns[recent]
        self._rows, self._slots = rows, turns % MOMENTS
        self._offsets[self._slots, rows] = times[rows] - turns * self.step
        # What grew since a reading before the span, grew within it or before: nobody knows.
        since = times[rows] - self._times[rows]
        self._within = (since > 0) & (since <= TENTHS * self.step)
        self._seconds[self._slots, rows] += np.where(self._within, since, 0.0)
        self._times = times
        return bool(len(rows))

    def take(self, window: Window, values: Numbers) -> None:
        """What the rows read anew hold; what is unknown leaves what was known."""
        kept, rows, slots = self._kept[window], self._rows, self._slots
        came, before = values[rows], kept[slots, rows]
        match window.fold:
            case "least":
                kept[slots, rows] = np.fmin(before, came)
            case "most":
                kept[slots, rows] = np.fmax(before, came)
            case "last":
                kept[slots, rows] = np.where(np.isnan(came), before, came)
            case "growth":
                last = self._last[window]
                step = grown(last[rows], came)
                known = ~np.isnan(step) & self._within
                there = rows[known], slots[known]
                total = np.where(np.isnan(before), 0.0, before)[known] + step[known]
                kept[there[1], there[0]] = total
                last[rows] = np.where(np.isnan(came), last[rows], came)

    def tenths(self) -> tuple[float, float]:
        """From when, until when a row is kept, as Unix times; of the last `look`."""
        turn = self._turn or 0
        return (turn - TENTHS) * self.step, (turn + 1) * self.step

    def fill(
        self, window: Window, rows: Indices, starts: Numbers, values: Numbers, before: float
    ) -> None:
        """Put in what was read of rows in tenths that begin then, before anybody looked.

        Such a reading is taken to have been made so many seconds before the end of its tenth. Of
        the tenth under way, what was seen is newer, and stays. For growth, readings are the last
        of their tenths, and the tenth before the first that is kept is of use too.
        """
        turn, turns = self._turn or 0, np.round(starts / self.step).astype(np.int64)
        if window.fold == "growth":
            rows, turns, values = self._steps(rows, turns, values)
        inside = (turns <= turn) & (turns > turn - MOMENTS)
        rows, turns, came = rows[inside], turns[inside], values[inside]
        kept, slots, over = self._kept[window], turns % MOMENTS, turns < turn
        found = kept[slots, rows]
        unseen = np.isnan(found)
        if window.fold in {"least", "most"}:
            kept[slots, rows] = (np.fmin if window.fold == "least" else np.fmax)(found, came)
        else:
            kept[slots, rows] = np.where(unseen | over, came, found)
        if window.fold == "growth":
            spent = np.where(over, self.step, self._offsets[slots, rows] + before)
            self._seconds[slots, rows] = spent
            return
        other = over & (unseen | (found != came))
        self._offsets[slots[other], rows[other]] = max(self.step - before, 0.0)

    def _steps(
        self, rows: Indices, turns: Indices, values: Numbers
    ) -> tuple[Indices, Indices, Numbers]:
        """What counters grew by from each tenth with a reading to the next one."""
        order = np.lexsort((turns, rows))
        rows, turns, values = rows[order], turns[order], values[order]
        step = grown(values[:-1], values[1:])
        same = (rows[1:] == rows[:-1]) & ~np.isnan(step)
        return rows[1:][same], turns[1:][same], step[same]

    def past(self, window: Window, now: float, rows: Indices | None = None) -> Past:
        """What was kept of it, oldest first; of these rows, or of all."""
        turn = self._turn or 0
        picked = slice(None) if rows is None else rows
        order = [(turn + 1 + n) % MOMENTS for n in range(MOMENTS)]
        starts = (np.arange(turn - TENTHS, turn + 1) * self.step)[:, np.newaxis]
        values = self._kept[window][:, picked][order]
        ages = (now - starts).astype(np.float32) - self._offsets[:, picked][order]
        ages[np.isnan(values)] = np.nan
        return Past(ages, values)

    def growth(self, window: Window) -> Growth:
        """What a counter grew by within the span."""
        kept, oldest = self._kept[window], ((self._turn or 0) + 1) % MOMENTS
        total, seconds = np.zeros(kept.shape[1], np.float32), np.zeros(kept.shape[1], np.float32)
        unknown = np.ones(kept.shape[1], np.bool_)
        for slot in range(MOMENTS):
            if slot == oldest:
                continue  # the span ends within it
            line, none = kept[slot], np.isnan(kept[slot])
            total += line if not none.any() else np.where(none, 0.0, line)
            seconds += self._seconds[slot]
            unknown &= none
        total[unknown] = np.nan
        return Growth(total.astype(np.float64), seconds.astype(np.float64))

    def _turned(self, turn: int) -> None:
        """Forget the tenths that are over for so long that their places are needed again."""
        known, self._turn = self._turn, turn
        if known is None or known == turn:
            return
        back = turn < known or turn - known >= MOMENTS
        gone = range(MOMENTS) if back else range(known + 1, turn + 1)
        slots = [slot % MOMENTS for slot in gone]
        self._seconds[slots] = 0.0
        for kept in self._kept.values():
            kept[slots] = np.nan

    def _resized(self, rows: int) -> None:
        """Make room for new rows; where there are fewer, nothing of the old ones holds."""
        known = len(self._times)
        if rows < known:
            self._times, known = self._times[:0], 0
            self._offsets, self._seconds = self._offsets[:, :0], self._seconds[:, :0]
            self._kept = {window: kept[:, :0] for window, kept in self._kept.items()}
            self._last = {window: last[:0] for window, last in self._last.items()}
        if rows > known:
            more = rows - known
            self._times = np.concatenate([self._times, np.full(more, np.nan)])
            nothing = np.zeros((MOMENTS, more), np.float32)
            self._offsets = np.hstack([self._offsets, nothing])
            self._seconds = np.hstack([self._seconds, nothing])
            for window, kept in self._kept.items():
                unknown = np.full((MOMENTS, more), np.nan, kept.dtype)
                self._kept[window] = np.hstack([kept, unknown])
            for window, last in self._last.items():
                self._last[window] = np.concatenate([last, np.full(more, np.nan)])


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
            if rings.look(times, now):
                for window in rings.windows:
                    rings.take(window, numbers(window.name))

    def of(self, window: Window) -> Rings:
        """Where a window is kept. Raises KeyError where it is not."""
        return self._rings[window.seconds]


def grown(before: Numbers, after: Numbers) -> Numbers:
    """What a counter grew by from one reading to the next; it starts again at 0 where it fell."""
    return np.where(after < before, after, after - before)
