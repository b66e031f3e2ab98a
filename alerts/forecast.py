"""When a quantity reaches its limit if its course stays as it was over the last minutes. Pure.

A straight line by least squares, and where its 90 % confidence band crosses the limit (Fieller's
theorem; Draper & Smith, Applied Regression Analysis, 3rd ed., §3.2). Where two lines, one after the
other, fit far better (F test at 1 %), the newer counts: what was before a pump stopped says nothing
of what comes. The band knows the noise of the readings, not bends to come: an outlook says when it
was made, and is made anew.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, cast

import numpy as np
import numpy.typing as npt

from alerts.language.evaluate import Columns, Median, Numeric, Over, Texts, numbers
from alerts.language.past import MOMENTS, Growth, Numbers, Past, Window
from alerts.lifecycle import Alert
from alerts.outlook import Outlook
from alerts.rule import Limit

Indices = npt.NDArray[np.int64]

LEAST_READINGS: Final = 3
PIECE: Final = 3
"""The fewest readings of one line of two."""
FARTHEST: Final = 50.0
"""How many times its window a course is followed: what lies beyond, nothing says."""
AGAIN_SECONDS: Final = 15.0
"""How often an outlook is made anew."""
AT_ONCE: Final = 200
"""For how many alerts of a rule in one look: the others come next."""
STUDENT: Final = (
    6.314, 2.920, 2.353, 2.132, 2.015, 1.943, 1.895, 1.860, 1.833, 1.812, 1.796, 1.782,
)  # fmt: skip
"""Between minus and plus these lie nine tenths of Student's distribution, by degrees of freedom."""
BENT: Final = (
    5403.0, 99.17, 29.46, 16.69, 12.06, 9.78, 8.45, 7.59, 6.99, 6.55, 6.22, 5.95,
)  # fmt: skip
"""Fisher's distribution at 99 of a hundred, for three more numbers, by what freedom is left."""
MORE: Final = 3
"""Numbers that two lines have more than one: height, slope, and where the second begins."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line's height now and slope a second, and how sure they are: variances, covariance."""

    height: float
    slope: float
    sure: tuple[float, float, float]
    """Of the height, of both together, of the slope."""
    freedom: int


def outlooks(
    limit: Limit, columns: Columns, rows: Indices, now: float
) -> list[Outlook | None]:  # fmt: skip
    """Of each of these rows, when it reaches its limit; None where the limit itself is unknown."""
    at = numbers(cast("Numeric", limit.at.plan), columns)[rows]
    found = course(limit, columns, rows)
    return [
        None if np.isnan(reached) else outlook(
            Past(found.ages[:, n], found.values[:, n]), float(reached), now,
            falling=limit.falling, farthest=FARTHEST * limit.over,
        )
        for n, reached in enumerate(at)
    ]  # fmt: skip


def outlook(past: Past, limit: float, now: float, *, falling: bool, farthest: float) -> Outlook:
    """When the line through the readings of one row reaches a limit from below, or from above."""
    known = ~np.isnan(past.values) & ~np.isnan(past.ages)
    known[known] = np.diff(past.ages[known], prepend=np.inf) < 0  # each later than the one before
    times = -past.ages[known].astype(np.float64)
    values, goal = past.values[known].astype(np.float64), limit
    if falling:
        values, goal = -values, -limit
    if len(values) and values[-1] >= goal:
        return Outlook(now, limit, 0.0, 0.0, 0.0)
    if len(values) < LEAST_READINGS:
        return Outlook(now, limit)
    line = latest(times, values)
    if line.slope <= 0:
        return Outlook(now, limit)
    seconds = (goal - line.height) / line.slope
    if seconds > farthest:
        return Outlook(now, limit)
    least, most = _crossings(line, goal)
    if most is not None and most > farthest:
        most = None
    seconds = max(seconds, 0.0)
    if most is not None:
        most = max(most, seconds)
    return Outlook(now, limit, seconds, min(least, seconds), most)


def latest(times: Numbers, values: Numbers) -> Line:
    """The line that the newest readings lie about, oldest first; the time is 0 now."""
    whole, count = _fit(times, values), len(times)
    grain = _grain(values) ** 2 / 12
    rounding = count * grain
    if count < 2 * PIECE:
        return whole.line(whole.rest + rounding, count - 2, grain)
    halves = [
        (_fit(times[:at], values[:at]), _fit(times[at:], values[at:]))
        for at in range(PIECE, count - PIECE + 1)
    ]
    before, after = min(halves, key=lambda pair: pair[0].rest + pair[1].rest)
    left, freedom = before.rest + after.rest + rounding, count - 4
    if (whole.rest - left) / MORE <= BENT[min(freedom, len(BENT)) - 1] * left / freedom:
        return whole.line(whole.rest + rounding, count - 2, grain)
    return after.line(left, freedom, grain)


@dataclass(frozen=True, slots=True)
class _Fit:
    """A line by least squares: where its readings lie, and the squares that it leaves."""

    count: int
    middle: float
    height: float
    slope: float
    spread: float
    rest: float

    def line(self, rest: float, freedom: int, grain: float) -> Line:
        """It as it is now, with the noise of so much left over so much freedom.

        `grain` is the variance that rounding alone makes, in the same way in every reading.
        """
        noise = rest / freedom
        sure = noise / self.spread
        height = self.height - self.slope * self.middle
        above = noise / self.count + sure * self.middle**2 + grain
        return Line(height, self.slope, (above, -sure * self.middle, sure), freedom)


def _fit(times: Numbers, values: Numbers) -> _Fit:
    middle, height = float(times.mean()), float(values.mean())
    off = times - middle
    spread = float((off**2).sum())
    slope = float((off * (values - height)).sum()) / spread
    rest = float(((values - height - slope * off) ** 2).sum())
    return _Fit(len(times), middle, height, slope, spread, rest)


def _grain(values: Numbers) -> float:
    """The step that readings are rounded to, as far as they show it; else 0."""
    if (values == np.round(values)).all():
        return 1.0
    steps = np.diff(np.unique(values))
    return float(steps.min()) if 0 < len(steps) < len(values) - 1 else 0.0


def _crossings(line: Line, goal: float) -> tuple[float, float | None]:
    """Between which seconds the band about a line that rises reaches a goal above it.

    Its edges are where `(height + slope t - goal)^2 = q^2 variance(t)`, a quadratic in t.
    """
    q2 = STUDENT[min(line.freedom, len(STUDENT)) - 1] ** 2
    below = line.height - goal
    a = line.slope**2 - q2 * line.sure[2]
    b = below * line.slope - q2 * line.sure[1]
    c = below**2 - q2 * line.sure[0]
    inside = b * b - a * c
    if a > 0:
        root = max(inside, 0.0) ** 0.5
        return max((-b - root) / a, 0.0), max((-b + root) / a, 0.0)
    # The slope may as well be none: the band reaches the goal early, or never.
    if a == 0 or inside < 0:
        return 0.0, None
    return max((-b - inside**0.5) / a, 0.0), None


def course(limit: Limit, columns: Columns, rows: Indices) -> Past:
    """What the quantity was over the last minutes, for these rows."""
    seen = _Course(limit, columns, rows)
    values = numbers(cast("Numeric", limit.of.plan), seen).reshape(MOMENTS, len(rows))
    return Past(seen.ages().reshape(MOMENTS, len(rows)), values)


class _Course:
    """Some rows at all moments of a window, one below the other, as if each were a row."""

    def __init__(self, limit: Limit, columns: Columns, rows: Indices) -> None:
        self._columns, self._picked = columns, rows
        self._pasts = {window.name: columns.past(window, rows) for window in limit.course}

    @property
    def rows(self) -> int:
        """How many."""
        return MOMENTS * len(self._picked)

    def numbers(self, name: str) -> Numbers:
        """A field at every moment."""
        return self._pasts[name].values.astype(np.float64).ravel()

    def texts(self, name: str) -> Texts:
        """A key, which is the same at every moment."""
        texts = self._columns.texts(name)
        return Texts(np.tile(texts.codes[self._picked], MOMENTS), texts.words)

    def ages(self) -> Numbers:
        """Seconds since each was read."""
        ages = [past.ages for past in self._pasts.values()]
        newest: Numbers = np.fmax.reduce(ages, axis=0).astype(np.float64).ravel()
        return newest

    def silences(self) -> Numbers:
        """The same."""
        return self.ages()

    def past(self, window: Window, rows: Indices | None = None) -> Past:
        """Nothing: a course is of readings, not of windows."""
        raise ValueError(f"the course of a limit looks back itself; it has no {window.name}")

    def growth(self, window: Window) -> Growth:
        """Nothing either."""
        raise ValueError(f"the course of a limit looks back itself; it has no {window.name}")

    def once(self, plan: Over | Median, make: Callable[[], Numbers]) -> Numbers:
        """Made once."""
        return make()


def due(alerts: Iterable[Alert], now: float) -> list[Alert]:
    """Those whose outlook is to be made anew, those without one first; not all at once."""
    wanted = [a for a in alerts if a.outlook is None or now - a.outlook.at >= AGAIN_SECONDS]
    wanted.sort(key=lambda a: (a.outlook is not None, a.priority, a.since))
    return wanted[:AT_ONCE]
