"""Energy out of what a device says: its own counter where it has one, else its power integrated.

Pure: the caller reads the device and its clock (seconds that never step, `agent.clock.seconds`),
and hands both over. What is not known is never made up: an interval over which the energy cannot be
told adds nothing, and its length is counted.
"""

import logging
import math
from dataclasses import dataclass
from typing import Final

from vigie.shape import Quality

log = logging.getLogger(__name__)

PERIOD_SECONDS: Final = 10.0
"""How often power is read where reading is cheap."""
SLACK_SECONDS: Final = 1.0
"""A device is not read at the very instant of the clock, and updates its counter in steps: over an
interval it may have counted for so much longer."""
GAP_PERIODS: Final = 3.0
"""An interval between two readings of a gauge longer than so many periods tells no energy."""

WORST_ERRORS: Final = ((1.0, 0.01), (0.9, 0.09), (0.75, 0.25), (0.6, 0.5), (0.0, 0.75))
"""Least share of the interval that the gauge averages over → worst relative error of a trapezoid.

Measured over an hour of a square wave between 100 and 700 W of any period from 0.2 to 60 s, at its
worst phase. A gauge read at a fixed pace that does not average sees one phase of a load of the same
period: all high or all low, 75 % off. What it averages over is seen, so that only the rest can be
wrong: (1 - share) / share of that. Reading faster helps against slow loads alone, and no reader
knows the load, so the table does not promise it. A gauge that averages over all of the interval
is off by the ends of the hour. `tests/unit/agent/test_energy.py` measures it again.
"""


@dataclass(frozen=True, slots=True)
class Energy:
    """What is known of a device's energy after a reading.

    `joules` since the first reading, None before it, and never falling; `watts` the mean since the
    reading before (of a gauge: what it says), None where that is not known. `gap_seconds` and
    `resets` as the fields of `power`. `suspects` counts what was not believed. `error_ratio` is how
    wrong the energy of this interval may be because of the method, the device's own error left
    out. `quality` is that of a row which carries it.
    """

    joules: float | None
    watts: float | None
    gap_seconds: float
    resets: int
    suspects: int
    error_ratio: float
    quality: Quality


class Counter:
    """A device's own energy counter, which wraps, begins anew, or jumps.

    Over an interval the device can have counted its greatest power × the interval at most. Of all
    that the counter may have done - nothing, one wrap, several - what stays below that is possible.
    One possibility: that is the energy, exact however long the interval was. Several: a wrap may
    have been missed, and the interval is dropped. None: it fell, and so began anew, or it jumped
    further than the device can, and is not believed; both drop the interval.
    """

    def __init__(
        self,
        limit_watts: float,
        *,
        range_joules: float | None = None,
        longest_seconds: float = math.inf,
    ) -> None:
        """`limit_watts` is the greatest power that the device can have, rather too high.

        `range_joules` is where the counter goes back to 0, None where that is not known. Without
        it, an interval longer than `longest_seconds` is dropped: a wrap in it would not show.
        """
        self._limit, self._range, self._longest = limit_watts, range_joules, longest_seconds
        self._last: tuple[float, float] | None = None
        self._joules = self._gap = 0.0
        self._resets = self._suspects = 0

    def read(self, now: float, joules: float | None) -> Energy:
        """The counter says `joules` at `now` (seconds), or None where it cannot be read.

        An unreadable counter costs nothing: it goes on counting, and the next reading has it all.
        """
        if joules is None or not self._possible(joules):
            self._suspects += joules is not None
            return self._known(None)
        before, self._last = self._last, (now, joules)
        if before is None:
            return self._known(None)
        seconds = max(0.0, now - before[0])
        grown = self._grown(seconds, joules - before[1])
        if grown is None:
            self._gap += seconds
            return self._known(None)
        self._joules += grown
        return self._known(grown / seconds if seconds > 0 else None)

    def _possible(self, joules: float) -> bool:
        return 0 <= joules <= (math.inf if self._range is None else self._range)

    def _grown(self, seconds: float, difference: float) -> float | None:
        """What the device counted over the interval, or None where that cannot be told."""
        reach = self._limit * (seconds + SLACK_SECONDS)
        if self._range is None:
            grown, missed = difference, seconds > self._longest
        else:
            grown = difference % self._range
            missed = grown + self._range <= reach
        if 0 <= grown <= reach:
            return None if missed else grown
        if difference < 0:
            self._resets += 1
        else:
            self._suspects += 1
        return None

    def _known(self, watts: float | None) -> Energy:
        joules = None if self._last is None else self._joules
        return Energy(
            joules, watts, self._gap, self._resets, self._suspects, 0.0, Quality.MEASURED
        )  # fmt: skip


class Trapezoid:
    """Energy of a device that only says its power: straight lines between readings.

    The rows are estimated: between two readings the load may have been anything (`WORST_ERRORS`).
    """

    def __init__(self, period_seconds: float, window_seconds: float, limit_watts: float) -> None:
        """Read every `period_seconds`; the gauge tells the mean of `window_seconds` (0: none).

        Power beyond ± `limit_watts` is not believed, and taken as not read.
        """
        self._period, self._window, self._limit = period_seconds, window_seconds, limit_watts
        self._last: tuple[float, float] | None = None
        self._until = 0.0
        self._joules = self._gap = 0.0
        self._suspects = 0
        self._error = worst_error(period_seconds, window_seconds)

    def read(self, now: float, watts: float | None, window: float | None = None) -> Energy:
        """The gauge says `watts` at `now` (seconds), or None where it says nothing.

        `window` is what it averages over from now on, where the device tells that as well.
        """
        self._window = self._window if window is None else window
        if watts is not None and not abs(watts) <= self._limit:
            watts, self._suspects = None, self._suspects + 1
        if self._last is not None:
            self._add(now, watts)
        if watts is not None:
            self._last, self._until = (now, watts), now
        joules = None if self._last is None else self._joules
        return Energy(
            joules, watts, self._gap, 0, self._suspects, self._error, Quality.ESTIMATED
        )  # fmt: skip

    def _add(self, now: float, watts: float | None) -> None:
        """The interval that ends now: energy, or a gap, or neither yet."""
        assert self._last is not None  # noqa: S101  the caller looked
        since, before = self._last
        seconds = max(0.0, now - since)
        if seconds > GAP_PERIODS * self._period:
            self._gap += max(0.0, now - self._until)
            self._until = max(now, self._until)
        elif watts is not None:
            # The counter that this becomes may not fall: what a device gives back is not taken.
            self._joules += max(0.0, (before + watts) / 2 * seconds)
            self._error = worst_error(seconds, self._window)


def doubted(meter: str, energy: Energy, told: dict[str, int]) -> None:
    """Log that a meter's reading was not believed; `told` is how many were, by meter."""
    if energy.suspects > told.get(meter, 0):
        told[meter] = energy.suspects
        log.warning("reading not believed", extra={"meter": meter, "count": energy.suspects})


def worst_error(interval_seconds: float, window_seconds: float) -> float:
    """How wrong a trapezoid over readings so far apart may be (`WORST_ERRORS`), as a ratio.

    A hundredth of the interval is forgiven: no clock ticks exactly.
    """
    share = 1.0 if interval_seconds <= 0 else 1.01 * window_seconds / interval_seconds
    return next(error for least, error in WORST_ERRORS if share >= least)
