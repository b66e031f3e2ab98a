"""Power of the whole machine, as DCMI tells it: `ipmitool dcmi power reading`.

DCMI v1.5, section 6.6.1. A machine that runs draws something: 0 W stands for *not measured*, as
does a reading that is not active.
"""

import re
from dataclasses import dataclass
from typing import Final

LIMIT_WATTS: Final = 50_000.0
"""No single machine draws more; 65 535 W is what a BMC says that does not know."""
_NUMBERS: Final = {
    "now": re.compile(r"Instantaneous power reading:\s+(\d+) Watts"),
    "most": re.compile(r"Maximum during sampling period:\s+(\d+) Watts"),
    "mean": re.compile(r"Average power reading over sample period:\s+(\d+) Watts"),
    "seconds": re.compile(r"Sampling period:\s+(\d+) Seconds"),
}
_STATE: Final = re.compile(r"Power reading state is:\s+(activated|deactivated)")


@dataclass(frozen=True, slots=True)
class Reading:
    """What the BMC says: watts now, and statistics over the seconds before (0: not told)."""

    active: bool
    now: float | None
    most: float | None
    mean: float | None
    seconds: float

    def over(self, period_seconds: float) -> "Mean":
        """The best account of a period that ends now: the mean where it is not of a longer time.

        Statistics over years, or over nothing, say nothing of this period.
        """
        told = 0 < self.seconds <= period_seconds
        if told and self.mean is not None:
            return Mean(self.mean, self.seconds, self.most)
        return Mean(self.now, 0.0, self.most if told else None)


@dataclass(frozen=True, slots=True)
class Mean:
    """Watts, the seconds over which they are the mean (0: an instant), the highest of them."""

    watts: float | None
    seconds: float
    most: float | None


def parse(text: str) -> Reading | None:
    """The reading in what ipmitool printed; None where there is none."""
    state = _STATE.search(text)
    found = {name: pattern.search(text) for name, pattern in _NUMBERS.items()}
    if state is None or found["now"] is None:
        return None
    numbers = {name: float(match[1]) if match else None for name, match in found.items()}
    active = state[1] == "activated"
    now, most, mean = (_believed(numbers[n]) if active else None for n in ("now", "most", "mean"))
    return Reading(active, now, most, mean, numbers["seconds"] or 0.0)


def _believed(watts: float | None) -> float | None:
    return watts if watts is not None and 0 < watts <= LIMIT_WATTS else None
