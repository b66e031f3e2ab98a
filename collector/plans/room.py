"""How full containers are while a plan is made: what was promised to them counts."""

import heapq
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from collector.plans.place import Places

FULL: Final = 0.85
"""Share of its capacity above which a container takes nothing."""


class Room:
    """Bytes used and promised, and the containers from the emptiest up."""

    def __init__(self, places: Places, full: float = FULL) -> None:
        known = [place if place.fullness is not None else None for place in places]
        self._used = [0.0, *(0.0 if p is None else p.used_bytes or 0.0 for p in known)]
        self._capacity = [0.0, *(0.0 if p is None else p.capacity_bytes or 0.0 for p in known)]
        self._full = full

    def fullness(self, place: int) -> float:
        """Share of its capacity, 1 where that is not known."""
        capacity = self._capacity[place]
        return self._used[place] / capacity if capacity else 1.0

    def fits(self, place: int, size: float) -> bool:
        """Whether it takes so many bytes more."""
        return self._used[place] + size <= self._full * self._capacity[place]

    def move(self, source: int, target: int, size: float) -> None:
        """Count what leaves one and comes to the other; 0 is nowhere."""
        self._used[target] += size
        if source:
            self._used[source] -= size


class Emptiest:
    """Containers in order of fullness, as that changes."""

    def __init__(self, room: Room, places: Iterable[int]) -> None:
        self._room = room
        self._heap = [(room.fullness(place), place) for place in places]
        heapq.heapify(self._heap)

    def offered(self, most: int) -> Iterator[int]:
        """The emptiest few, one after the other; all of them are back at the end."""
        taken: list[tuple[float, int]] = []
        try:
            while self._heap and len(taken) < most:
                fullness, place = heapq.heappop(self._heap)
                now = self._room.fullness(place)
                if now != fullness:  # it took, or gave, since it was put here
                    heapq.heappush(self._heap, (now, place))
                    continue
                taken.append((fullness, place))
                yield place
        finally:
            for one in taken:
                heapq.heappush(self._heap, one)


def opened(closed: Sequence[object | None]) -> list[int]:
    """The numbers of those that are not closed."""
    return [number for number, why in enumerate(closed) if number and why is None]
