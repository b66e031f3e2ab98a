"""The clock of the agent's intervals: it never steps, and goes on while the machine sleeps.

The collector derives when a frame was taken from how long ago this clock says it was; one that
stops during a suspend would date frames from before it too late.
"""

import time


def seconds() -> float:
    """Time since the machine started, its sleep included."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def nanoseconds() -> int:
    """The same, exact."""
    return time.clock_gettime_ns(time.CLOCK_BOOTTIME)
