"""A container as a plan sees it: what it is, what room it has left, and who reaches it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from vigie.network.reach import jurisdictions

HAZARD: Final = 0.02
"""Of a container of which nothing is known: the chance that it is lost within a year."""


@dataclass(frozen=True, slots=True)
class Place:
    """One container, at one instant; times in Unix seconds.

    `reached` are the countries whose law reaches it by any layer, None where a layer is not known
    in full. `leaves` is when a declared maintenance or its retirement begins. `failing` says that
    its loss is foreseen, `hot` that it is past a thermal or power limit, None that nobody knows.
    `told` is when it last told what it holds.
    """

    path: str
    site: str
    operator: str
    country: str
    reached: frozenset[str] | None = None
    capacity_bytes: float | None = None
    used_bytes: float | None = None
    uplink_bytes_per_second: float | None = None
    in_service: bool = True
    leaves: float | None = None
    failing: bool = False
    hot: bool | None = False
    hazard: float = HAZARD
    told: float | None = None
    simulated: bool = False

    @property
    def fullness(self) -> float | None:
        """Share of its capacity that is used, None where one of the two is not known."""
        if not self.capacity_bytes or self.used_bytes is None:
            return None
        return self.used_bytes / self.capacity_bytes


class Places:
    """All containers, by number from 1 up: 0 is nowhere."""

    def __init__(self, places: Sequence[Place]) -> None:
        """They are numbered in the order of their paths, so that equal input gives equal plans."""
        self._places: Final = (None, *sorted(places, key=lambda place: place.path))
        self._numbers = {p.path: n for n, p in enumerate(self._places) if p is not None}
        self.jurisdictions: Final = jurisdictions(
            {country for place in self for country in (place.reached or {place.country})}
        )

    def __len__(self) -> int:
        """How many numbers there are, 0 with them."""
        return len(self._places)

    def __iter__(self) -> Iterator[Place]:
        return (place for place in self._places if place is not None)

    def __getitem__(self, number: int) -> Place:
        """The container of a number but 0."""
        place = self._places[number]
        if place is None:
            raise IndexError("0 is nowhere")
        return place

    def number(self, path: str) -> int:
        """That of a container; 0 where it is none of these."""
        return self._numbers.get(path, 0)
