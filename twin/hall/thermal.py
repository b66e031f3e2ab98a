"""From heat to what carries it off: plants by their shares, their loops, and heat handed over."""

import math
from dataclasses import dataclass, replace
from typing import Final

from twin.cooling.air import FreeAir
from twin.cooling.chiller import Chiller
from twin.cooling.dry import DryCooler
from twin.cooling.immersion import Immersion
from twin.cooling.plant import Around, Loop, Part, Plant, Work
from twin.cooling.river import RiverCooling
from twin.hall.build import Build
from vigie.network.places import Cooling

HANDED_SHARE: Final = 0.85
"""What others can take of the heat at most: the rest is lost on the way to the exchanger."""
WANTED_LEAST: Final = 0.25
"""What they want in high summer, of what they want in winter."""
_YEAR: Final = 365.2422 * 86_400


@dataclass(frozen=True, slots=True)
class Carried:
    """What all plants of a container did: W, m3/s and °C, means of one step.

    `inside` is pump and fan heat that went into the loops; removed + compressor = reused +
    rejected, and heat + inside = removed + what `stored` (J) grew by.
    """

    electric: float
    inside: float
    removed: float
    reused: float
    rejected: float
    compressor: float
    withdrawn: float
    potable: float
    returned: float
    supply: float
    back: float
    stored: float
    limit: str
    discharge: float | None
    downstream: float | None
    parts: tuple[Part, ...]


def plant(declared: Cooling, build: Build, *, water: bool) -> Plant:
    """The plant of a declared way of cooling, for its share of a container's heat."""
    rated, setpoint = build.rated_watts * declared.share, declared.supply_celsius
    if declared.kind == "free_air":
        return FreeAir(rated, setpoint, water=water)
    if declared.kind == "river":
        return RiverCooling(rated, setpoint, build.permits, build.share * declared.share)
    if declared.kind == "immersion":
        return Immersion(rated, setpoint, water=water)
    if declared.kind == "dry_cooler":
        return DryCooler(rated, setpoint, water=water)
    return Chiller(rated, setpoint, doors=declared.kind == "rear_door")


class Thermal:
    """The plants of one container, each with its loop; `water` says that they may spray."""

    def __init__(self, build: Build, *, water: bool) -> None:
        whole = sum(c.share for c in build.cooling)
        self._shares = [c.share / whole for c in build.cooling]
        self.plants = [plant(c, build, water=water) for c in build.cooling]
        self._loops = [Loop(build.rated_watts * share) for share in self._shares]
        self._kinds = [c.kind for c in build.cooling]
        capacities = [h.capacity_watts for h in build.heat]
        self.hands_over = bool(capacities)
        some = sum(c or 0.0 for c in capacities) * build.share
        self._wanted = some if some > 0 else build.rated_watts * 0.5 * self.hands_over

    @property
    def stored(self) -> float:
        """J that all loops hold."""
        return sum(loop.stored for loop in self._loops)

    def allowed(self, around: Around) -> float:
        """W of heat that all plants together may carry, in the shares that they have."""
        return min(p.allowed(around) / s for p, s in zip(self.plants, self._shares, strict=True))

    def step(self, heat: float, around: Around, time: float, seconds: float, *,
             powered: bool) -> Carried:  # fmt: skip
        """Carry off so much heat (W) for so long; without power nothing moves, and it gets warm."""
        done = []
        for one, loop, share in zip(self.plants, self._loops, self._shares, strict=True):
            inside = one.inside(heat * share, around) if powered else 0.0
            most = max(one.allowed(around), 0.0) if powered else 0.0
            removed = loop.step(heat * share + inside, most, seconds)
            reused = min(removed * HANDED_SHARE, self._wants(time) * share * around.wanted)
            work = one.work(removed, removed - reused, around).struck(around)
            done.append((work, inside, removed, reused, loop.excess(removed)))
        return self._sum(done, powered=powered)

    def _wants(self, time: float) -> float:
        """W that others take: most in winter."""
        cold = 0.5 + 0.5 * math.cos(2 * math.pi * (time % _YEAR / _YEAR - 20 / 365))
        return self._wanted * (WANTED_LEAST + (1 - WANTED_LEAST) * cold)

    def _sum(
        self, done: list[tuple[Work, float, float, float, float]], *, powered: bool
    ) -> Carried:
        works = [work for work, *_ in done]
        removed, reused = sum(d[2] for d in done), sum(d[3] for d in done)
        compressor = sum(w.compressor for w in works) if powered else 0.0
        fresh = sum(
            w.withdrawn for w, k in zip(works, self._kinds, strict=True) if k != "river"
        )  # fmt: skip
        works = [w.warmer(d[4]) for w, d in zip(works, done, strict=True)]
        parts = [part for work in works for part in work.parts]
        many = len(works) > 1 and len({p.name for p in parts}) < len(parts)
        return Carried(
            electric=sum(w.electric for w in works) if powered else 0.0,
            inside=sum(d[1] for d in done),
            removed=removed, reused=reused, rejected=removed - reused + compressor,
            compressor=compressor,
            withdrawn=sum(w.withdrawn for w in works) if powered else 0.0,
            potable=fresh if powered else 0.0,
            returned=sum(w.returned for w in works) if powered else 0.0,
            supply=self._mean([d[0].supply + d[4] for d in done]),
            back=self._mean([d[0].back + d[4] for d in done]),
            stored=self.stored,
            limit=", ".join(w.limit for w in works if w.limit),
            discharge=next((w.discharge for w in works if w.discharge is not None), None),
            downstream=next((w.downstream for w in works if w.downstream is not None), None),
            parts=tuple(self._named(works) if many else parts),
        )  # fmt: skip

    def _named(self, works: list[Work]) -> list[Part]:
        """Parts of several plants, each named by its plant."""
        return [
            replace(part, name=f"{kind}-{part.name}")
            for work, kind in zip(works, self._kinds, strict=True)
            for part in work.parts
        ]

    def _mean(self, values: list[float]) -> float:
        return sum(v * s for v, s in zip(values, self._shares, strict=True))
