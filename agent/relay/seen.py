"""Which frames were taken lately: the same one sent twice is kept once."""

from dataclasses import dataclass, field
from typing import Final

from agent.intervals import Interval, contains, missing, union
from agent.relay.parcel import Named, Parcel, Sender

MARKS: Final = 32
"""Frames of a boot of which we know what tells them from another of the same number."""
MAX_HOLES: Final = 256
MAX_SENDERS: Final = 50_000
"""Who was not heard for the longest is forgotten: the collector knows its frames."""


@dataclass(slots=True)
class _Boot:
    held: list[Interval] = field(default_factory=list)
    marks: dict[int, int] = field(default_factory=dict)


class Seen:
    """What is held of each sender; asked and told by one thread."""

    def __init__(self) -> None:
        self._boots: dict[Sender, _Boot] = {}

    def fresh(self, parcel: Parcel) -> Parcel | None:
        """What of a parcel is not here yet; None where all of it is.

        Another frame under a number that is taken is let through: the collector is to know.
        """
        known = [named for named in parcel.frames if self._knows(named)]
        if not known:
            return parcel
        return None if len(known) == len(parcel.frames) else parcel.without(known)

    def note(self, parcel: Parcel) -> None:
        """These are here."""
        for named in parcel.frames:
            boot = self._boots.pop(named.sender, None) or _Boot()
            self._boots[named.sender] = boot  # the newest at the end
            number = named.sequence
            if boot.held and boot.held[-1][1] + 1 == number:
                boot.held[-1] = boot.held[-1][0], number
            else:
                boot.held = union([*boot.held, (number, number)])[-MAX_HOLES:]
            boot.marks[number] = named.mark
            if len(boot.marks) > MARKS:
                del boot.marks[next(iter(boot.marks))]
        while len(self._boots) > MAX_SENDERS:
            del self._boots[next(iter(self._boots))]

    def forget(self, parcel: Parcel) -> None:
        """The disk did not take these."""
        for named in parcel.frames:
            boot = self._boots.get(named.sender)
            if boot is not None:
                boot.held = missing(boot.held, [(named.sequence, named.sequence)])
                boot.marks.pop(named.sequence, None)

    def _knows(self, named: Named) -> bool:
        boot = self._boots.get(named.sender)
        if boot is None or not contains(boot.held, named.sequence):
            return False
        return boot.marks.get(named.sequence, named.mark) == named.mark
