"""Meters: what each one counts of the truth, its own error, and what goes wrong with it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final, Literal

import numpy as np

from twin.chance import Floats, salt, uniform
from twin.faults import Faults
from vigie.network.meters import Meter

ERROR: Final = 0.002
"""How far a meter is off at most: class 0.2 to 0.5 in practice, half of it here."""
Medium = Literal["electricity", "water", "heat"]
MEDIA: Final[tuple[Medium, ...]] = ("electricity", "water", "heat")
_LIFE: Final[Mapping[str, float]] = {"electricity": 4e12, "water": 9e4, "heat": 3e12}
"""What a meter may have counted before the play began: J, m3, J."""


@dataclass(frozen=True, slots=True)
class Point:
    """One meter as it is played: of its role's amount it counts so much."""

    name: str
    role: str
    part: float


def points(declared: Sequence[Meter], medium: Medium, usual: Sequence[tuple[str, str]]) -> tuple[
    Point, ...
]:  # fmt: skip
    """The meters of a medium as declared, else the usual ones, as (name, role).

    Meters of one role and level share what that role has; a meter behind one of its own role has
    its part of that one's.
    """
    of_medium = [m for m in declared if m.medium == medium]
    if not of_medium:
        return tuple(Point(name, role, 1.0) for name, role in usual)
    known = {m.name: m for m in of_medium}
    return tuple(Point(m.name, m.role, _part(m, known, 0)) for m in of_medium)


def _part(meter: Meter, known: Mapping[str, Meter], depth: int) -> float:
    above = known.get(meter.parent or "")
    behind = above if above is not None and above.role == meter.role and depth < 8 else None
    beside = sum(
        1 for m in known.values()
        if m.role == meter.role and (m.parent == meter.parent if behind else _top(m, known))
    )  # fmt: skip
    return (_part(behind, known, depth + 1) if behind else 1.0) / max(beside, 1)


def _top(meter: Meter, known: Mapping[str, Meter]) -> bool:
    above = known.get(meter.parent or "")
    return above is None or above.role != meter.role


class Register:
    """The meters of one medium in one container, and what each one shows.

    A meter that jumps or goes back has another offset from then on; one that reads wrong counts a
    share more or less while it does; one that is silent is not there.
    """

    def __init__(self, seed: int, path: str, medium: Medium, points: Sequence[Point]) -> None:
        self.points = tuple(points)
        names = [salt(seed, path, medium, p.name) for p in self.points]
        self._error = 1.0 + ERROR * np.array([2 * uniform(n, 0) - 1 for n in names], np.float64)
        self._start = _LIFE[medium] * np.array([uniform(n, 1) for n in names], np.float64)
        self._part = np.array([p.part for p in self.points], np.float64)
        self._extra = np.zeros(len(names))
        self._factor = np.ones(len(names))
        self._last = np.zeros(len(names))
        self._silent = np.zeros(len(names), np.bool_)

    def step(self, amounts: Mapping[str, float], faults: Faults, before: float, now: float) -> None:
        """Go on: `amounts` are totals by role since the play began."""
        if not self.points:
            return
        truth = self._truth(amounts)
        self._extra += (self._factor - 1.0) * (truth - self._last)
        self._last = truth
        for fault in faults.begun("meter_jump", before, now):
            self._extra[self._named(fault.name)] += fault.value or 0.0
        for fault in faults.begun("meter_back", before, now):
            self._extra[self._named(fault.name)] -= fault.value or 0.0
        self._factor[:], self._silent[:] = 1.0, False
        for fault in faults.on("meter_wrong", now):
            self._factor[self._named(fault.name)] *= 1.0 if fault.value is None else fault.value
        for fault in faults.on("meter_silent", now):
            self._silent[self._named(fault.name)] = True

    def totals(self) -> Floats:
        """What each one shows, in its unit; never below 0."""
        told: Floats = np.maximum(self._start + self._last * self._error + self._extra, 0.0)
        return told

    def rates(self, rates: Mapping[str, float]) -> Floats:
        """What each one says passes now, of rates by role."""
        told: Floats = self._truth(rates) * self._error * self._factor
        return told

    def speaking(self) -> tuple[int, ...]:
        """Positions of those that are not silent."""
        return tuple(int(n) for n in np.flatnonzero(~self._silent))

    def _truth(self, amounts: Mapping[str, float]) -> Floats:
        told: Floats = self._part * np.array([amounts.get(p.role, 0.0) for p in self.points])
        return told

    def _named(self, pattern: str) -> list[int]:
        return [n for n, p in enumerate(self.points) if fnmatchcase(p.name, pattern)]
