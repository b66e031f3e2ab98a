"""How many fragments there are of each kind, kept as they change: nothing is counted over again."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from agent.fragments.row import Row
from vigie.fragments import Status
from vigie.units import SECONDS_PER_HOUR

COUNT, SIZE, HERE, VERIFIED = range(4)
"""What a number counts: fragments by status; their bytes; those of a root that are not missing;
those read last in one hour."""
Slot = tuple[int, int, int]
"""What is counted; of which scheme (of which root: HERE); of which status or hour."""
Kind = tuple[int, int, int, int]
"""What fragments that count alike share: root, scheme, status, and the hour when last read."""
_AWAY: Final = Status.MISSING


def kind(row: Row) -> Kind:
    """What counts like this one."""
    return row.root, row.scheme, row.status, row.verified // SECONDS_PER_HOUR


@dataclass(frozen=True, slots=True)
class Summary:
    """The fragments of one scheme; ages in seconds to the hour, None where none was ever read."""

    counts: Mapping[Status, int]
    size: int
    oldest: float | None
    median: float | None


class Tally:
    """Those numbers; `changed` are the ones not yet saved."""

    def __init__(self, saved: Iterable[tuple[Slot, int]] = ()) -> None:
        self._numbers: Counter[Slot] = Counter(dict(saved))
        self.changed: set[Slot] = set()

    def shift(self, kinds: Mapping[Kind, tuple[int, int]]) -> None:
        """So many fragments more, and so many bytes, of each kind; fewer below 0."""
        for (root, scheme, status, hour), (number, size) in kinds.items():
            self._add((COUNT, scheme, status), number)
            self._add((SIZE, scheme, status), size)
            if status != _AWAY:
                self._add((HERE, root, 0), number)
                if hour:
                    self._add((VERIFIED, scheme, hour), number)

    def _add(self, slot: Slot, by: int) -> None:
        self._numbers[slot] += by
        self.changed.add(slot)

    def saved(self) -> list[tuple[int, int, int, int]]:
        """What changed since the last time, for a database; 0 is to be left out of it."""
        rows = [(*slot, self._numbers[slot]) for slot in self.changed]
        for slot in self.changed:
            if not self._numbers[slot]:
                del self._numbers[slot]
        self.changed.clear()
        return rows

    @property
    def total(self) -> int:
        """All fragments."""
        return sum(n for (what, _, _), n in self._numbers.items() if what == COUNT)

    def here(self, root: int) -> int:
        """Fragments of a root that are not missing."""
        return self._numbers[HERE, root, 0]

    def damaged(self) -> dict[Status, int]:
        """Fragments of each bad status, in all schemes."""
        found: Counter[Status] = Counter()
        for (what, _, status), number in self._numbers.items():
            if what == COUNT:
                found[Status(status)] += number
        return {s: found[s] for s in (Status.CORRUPT, Status.MISSING, Status.UNREADABLE)}

    def summary(self, scheme: int, now: float) -> Summary:
        """The fragments of one scheme at `now`, Unix seconds."""
        counts: dict[Status, int] = {
            s: self._numbers[COUNT, scheme, s] for s in Status if s != Status.GONE
        }
        # What is missing has no size any more.
        size = sum(self._numbers[SIZE, scheme, s] for s in counts if s != _AWAY)
        hours = sorted(
            (hour, n) for (what, of, hour), n in self._numbers.items()
            if what == VERIFIED and of == scheme and n
        )  # fmt: skip
        return Summary(counts, size, *_ages(hours, now))


def _ages(hours: list[tuple[int, int]], now: float) -> tuple[float | None, float | None]:
    """Age of the oldest, and the median age, of so many checks in those hours."""
    if not hours:
        return None, None
    half, middle = sum(n for _, n in hours) / 2, hours[-1][0]
    for hour, number in hours:
        half -= number
        if half <= 0:
            middle = hour
            break
    ages = (max(0.0, now - hour * SECONDS_PER_HOUR) for hour in (hours[0][0], middle))
    oldest, median = ages
    return oldest, median
