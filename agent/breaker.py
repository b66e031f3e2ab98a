"""When something that ended may be started again: ever more slowly, while it keeps ending.

Pure: times are seconds of a clock that never steps, passed in.
"""

from dataclasses import dataclass
from typing import Final

SHORTEST_SECONDS: Final = 60.0
LONGEST_SECONDS: Final = 900.0


@dataclass(slots=True)
class Breaker:
    """Lets a first start through at once, and then one a minute, doubling up to a quarter hour.

    `starts` counts them. What has run for that quarter hour begins anew with a minute.
    """

    starts: int = 0
    _pause: float = 0.0
    _started: float = float("-inf")

    def wait(self, now: float) -> float:
        """Seconds until it may be started; 0 when it may now."""
        return max(0.0, self._started + self._pause - now)

    def start(self, now: float) -> None:
        """It is started."""
        self.starts += 1
        self._started = now

    def fail(self, now: float) -> None:
        """It ended although nobody wanted it to, or did not answer and was ended."""
        lasted = now - self._started >= LONGEST_SECONDS
        self._pause = SHORTEST_SECONDS if lasted else min(self._next(), LONGEST_SECONDS)

    def _next(self) -> float:
        return 2 * self._pause or SHORTEST_SECONDS
