"""Per-second rates between two readings of a counter, for numbers that move on the screen."""

import threading
from collections.abc import Hashable
from dataclasses import dataclass
from typing import Final

KEEP_SECONDS: Final = 60.0
"""A pair further apart says a mean, not a rate of now."""


@dataclass(frozen=True, slots=True)
class _Seen:
    at: float
    value: float
    rate: float | None


class Rates:
    """Remembers the last reading of each counter; shared by all who look at the same board."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seen: dict[Hashable, _Seen] = {}

    def of(self, series: Hashable, at: float, value: object) -> float | None:
        """The rate up to this reading, or None: first reading, reset, gap or unknown value.

        The same reading asked for again gives the same rate.
        """
        if not isinstance(value, int | float):
            return None
        with self._lock:
            last = self._seen.get(series)
            if last is not None and at <= last.at:
                return last.rate
            rate = None
            if last is not None and value >= last.value and at - last.at <= KEEP_SECONDS:
                rate = (value - last.value) / (at - last.at)
            self._seen[series] = _Seen(at, float(value), rate)
            return rate
