"""What time a reading was taken, where the clock of who took it cannot be believed."""

from dataclasses import dataclass, replace
from typing import Final

from collector.store.entry import Clock, Envelope
from vigie.frame import Gap, Header
from vigie.units import NANOSECONDS_PER_SECOND

TOLERATED_SECONDS: Final = 5.0
"""A sender's clock may be that far off before its readings are re-stamped."""
AHEAD_SECONDS: Final = 600.0
"""No reading may come from further in the future, whatever its sender's clock says."""
BEFORE: Final = 1_577_836_800
"""2020-01-01, Unix time: an earlier clock was never set."""

_MICROSECONDS: Final = 1000
"""Nanoseconds of one."""


@dataclass(frozen=True, slots=True)
class Stamp:
    """How the times of one frame are to be taken; all in microseconds.

    `shift` is added to each; what then is not within `first` and `last` is set to `received`.
    `offset` is the sender's clock less ours in seconds, None where it cannot be known.
    """

    shift: int
    first: int
    last: int
    received: int
    offset: float | None

    def time(self, taken: int) -> int:
        """The time of something the sender says happened at `taken`."""
        moved = taken + self.shift
        return moved if self.first <= moved <= self.last else self.received


def stamp(header: Header, envelope: Envelope) -> Stamp:
    """How to take the times of a frame.

    The age of a frame of the running boot is known from the monotonic clock alone, whatever the
    wall clock said when it was taken. Of an earlier boot nothing is known but its wall clock.
    """
    offset = _offset(header, envelope.received, envelope.clocks.get(header.boot))
    shift = 0
    if offset is None:
        seconds = header.time / NANOSECONDS_PER_SECOND
        latest = envelope.received / NANOSECONDS_PER_SECOND + AHEAD_SECONDS
        if not BEFORE <= seconds <= latest:
            shift = envelope.received - header.time
    elif abs(offset) > TOLERATED_SECONDS * NANOSECONDS_PER_SECOND:
        shift = -offset
    received = envelope.received // _MICROSECONDS
    return Stamp(
        shift // _MICROSECONDS,
        BEFORE * 1_000_000,
        received + int(AHEAD_SECONDS) * 1_000_000,
        received,
        None if offset is None else offset / NANOSECONDS_PER_SECOND,
    )


def _offset(header: Header, received: int, clock: Clock | None) -> int | None:
    """The sender's wall clock less ours at the tick, in nanoseconds."""
    if clock is None or clock.monotonic < header.monotonic:
        return None
    taken = received - (clock.monotonic - header.monotonic)
    return header.time - taken if taken >= 0 else None


def stamped(gaps: tuple[Gap, ...], when: Stamp) -> tuple[Gap, ...]:
    """Gaps at the times they are taken to be from."""
    return tuple(
        replace(gap, from_time=when.time(gap.from_time), to_time=when.time(gap.to_time))
        for gap in gaps
    )
