"""How fast a scrub may read: a bucket of bytes that fills at a steady rate, and may be in debt."""

from dataclasses import dataclass


@dataclass(slots=True)
class Bucket:
    """Bytes that may be read: `rate` more every second, `burst` at most; empty at first."""

    rate: float
    burst: float
    filled: float
    """When it was last looked at, in seconds of any clock that does not step."""
    level: float = 0.0

    def take(self, amount: int, now: float) -> float:
        """Seconds to wait before `amount` bytes are read.

        More than the bucket holds makes it go into debt, and the wait pays that off: a piece of
        any size is read at the rate in the end.
        """
        self.level = min(self.burst, self.level + max(now - self.filled, 0.0) * self.rate)
        self.filled = now
        self.level -= amount
        return max(0.0, -self.level / self.rate)
