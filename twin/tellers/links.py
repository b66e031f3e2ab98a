"""Lines out of a container: what they were ordered for, what they carry, and whether they do."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

import numpy as np

from twin.chance import Floats, salt, wave
from twin.faults import Faults
from twin.hall.build import Build
from twin.hall.workload import rhythm
from twin.tellers.teller import cells
from twin.turn import Columns
from vigie.catalogue import NO_HOST, Link
from vigie.network.network import Network
from vigie.shape import Measurement

GIGABIT: Final = 1.25e8
WAN: Final = "wan"
MOST_PEERS: Final = 4
LIGHT: Final = 1.5e8
"""m/s of light in fibre, detours included."""
_EARTH: Final = 6.371e6


@dataclass(frozen=True, slots=True)
class Line:
    """One line: its name, whom it leads to, B/s, and s there and back."""

    name: str
    peer: str
    capacity: float
    round_trip: float


def lines(network: Network, build: Build) -> tuple[Line, ...]:
    """A line to the internet, and one to each site that stores the same things."""
    site, path = build.site, build.path
    country = site.country or "EU"
    size = 100.0 if build.rated_watts > 1e6 else 10.0
    out = [Line(WAN, country, size * GIGABIT, 0.006)]
    peers: dict[str, None] = {}
    for placement in network.placements:
        of_store = [c for c in network.containers if _holds(c.path, placement.containers)]
        if any(c.path == path for c in of_store):
            peers |= {c.site: None for c in of_store if c.site != site.id}
    for peer in list(peers)[:MOST_PEERS]:
        other = network.site(peer)
        trip = 0.002 + 2 * _distance(site.latitude, site.longitude, other) / LIGHT
        out.append(Line(f"to-{peer}", peer, 10.0 * GIGABIT, trip))
    return tuple(out)


def _holds(path: str, prefixes: Sequence[str]) -> bool:
    return not prefixes or any(path == p or path.startswith(f"{p}/") for p in prefixes)


def _distance(latitude: float | None, longitude: float | None, other: object) -> float:
    """Metres between two places, as far as they are known."""
    there = getattr(other, "latitude", None), getattr(other, "longitude", None)
    if None in {latitude, longitude, *there}:
        return 4e5
    one, two = math.radians(latitude or 0.0), math.radians(there[0] or 0.0)
    wide = math.radians((there[1] or 0.0) - (longitude or 0.0))
    cosine = math.sin(one) * math.sin(two) + math.cos(one) * math.cos(two) * math.cos(wide)
    return _EARTH * math.acos(min(max(cosine, -1.0), 1.0))


class LinkTeller:
    """Every line of a container."""

    measurement: type[Measurement] = Link

    def __init__(self, lines: Sequence[Line], faults: Faults, seed: int, path: str) -> None:
        self._lines, self._faults = tuple(lines), faults
        self._salts = [salt(seed, path, line.name) for line in lines]
        self._received: Floats = np.zeros(len(lines))
        self._sent: Floats = np.zeros(len(lines))
        self._capacity = np.array([line.capacity for line in lines])
        self._keys: Columns = {
            Link.host: [NO_HOST] * len(lines),
            Link.link: [line.name for line in lines],
            Link.peer: [line.peer for line in lines],
        }

    def up(self, time: float) -> list[bool]:
        """Whether each carries."""
        cut = [f.name for f in self._faults.on("link_down", time)]
        return [not any(fnmatchcase(line.name, name) for name in cut) for line in self._lines]

    def step(self, time: float, seconds: float) -> None:
        """Carry what is carried at that time."""
        busy = np.array([0.12 * (1 + 0.4 * wave(s, time, 1_800.0)) for s in self._salts])
        load = np.clip(busy * rhythm(time), 0.01, 0.9)
        for fault in self._faults.on("link_busy", time):
            named = np.array([fnmatchcase(line.name, fault.name) for line in self._lines])
            load = np.where(named, np.maximum(load, fault.value or 0.0), load)
        load = load * self.up(time)
        self._received = self._received + load * self._capacity * seconds
        self._sent = self._sent + 0.6 * load * self._capacity * seconds

    def tell(self, time: float) -> Columns:
        """One row a line."""
        up = self.up(time)
        trips = [
            line.round_trip * (1 + 0.05 * wave(s + 1, time, 120.0)) if works else None
            for line, s, works in zip(self._lines, self._salts, up, strict=True)
        ]
        return {
            **self._keys,
            Link.up: np.array(up),
            Link.receive_bytes_total: np.floor(self._received),
            Link.transmit_bytes_total: np.floor(self._sent),
            Link.capacity_bytes_per_second: self._capacity,
            Link.round_trip_seconds: cells(trips),
        }
