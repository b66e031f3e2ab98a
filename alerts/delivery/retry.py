"""When to try again what a receiver did not take."""

from dataclasses import dataclass
from typing import Final

GIVE_UP: Final = 75 * 3600.0
"""After this a notification is a dead letter: old news helps nobody."""
LONGEST_WISH: Final = 3600.0
"""How long a receiver's Retry-After is followed at most."""

PROMPT: Final = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 60.0, 60.0, 60.0, 60.0, 300.0)
"""The default: a receiver that is back after minutes has its news within a minute, and one that is
back after hours within five. While it is down only one notification of it is tried at a time."""
STANDARD: Final = (
    0.0, 5.0, 300.0, 1800.0, 7200.0, 18_000.0, 36_000.0, 50_400.0, 72_000.0, 86_400.0,
)  # fmt: skip
"""The example schedule of Standard Webhooks 1.0.0."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """Waits before each attempt, the first included; the last one repeats until `give_up`.

    `jitter` draws each wait between 0 and itself (full jitter), so that many senders that failed
    together do not come back together.
    """

    waits: tuple[float, ...] = PROMPT
    give_up: float = GIVE_UP
    jitter: bool = False

    def next(
        self, failures: int, created: float, now: float, wish: float | None, draw: float
    ) -> float | None:
        """When to try again after so many failures; None when it is time to give up.

        `wish` is the receiver's Retry-After in seconds, `draw` a random number from 0 to 1.
        """
        if now - created >= self.give_up:
            return None
        wait = self.waits[min(failures, len(self.waits) - 1)]
        if self.jitter:
            wait *= draw
        if wish is not None:
            wait = max(wait, min(wish, LONGEST_WISH))
        return min(now + wait, created + self.give_up)
