"""The clock of a container: it wanders by milliseconds, and now and then it is plainly wrong."""

from typing import Final

from twin.chance import salt, wave

WANDER_SECONDS: Final = 0.012
"""What is left of drift when time comes over the network, one deviation."""
WANDER_PERIOD: Final = 7_200.0
NANOSECONDS: Final = 1_000_000_000


class Clock:
    """Tells the time a little wrong."""

    def __init__(self, seed: int, path: str) -> None:
        self._salt = salt(seed, path, "clock")

    def reads(self, now: int, *, off: float = 0.0) -> int:
        """What it shows (ns UTC) when it is `now`; `off` are seconds of a fault."""
        wander = WANDER_SECONDS * wave(self._salt, now / NANOSECONDS, WANDER_PERIOD)
        return now + int((wander + off) * NANOSECONDS)
