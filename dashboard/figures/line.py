"""A line of a chart: its points, with gaps as gaps, thinned to what a screen can show."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import numpy as np
from tsdownsample import MinMaxLTTBDownsampler

from vigie.units import Unit

MAX_LINES: Final = 8
"""More lines than this nobody tells apart."""
MAX_POINTS: Final = 1500
GAP_STEPS: Final = 1.5
"""Points further apart than this many steps are not joined."""

_DOWNSAMPLER: Final[Any] = MinMaxLTTBDownsampler()  # type: ignore[no-untyped-call]

Point = tuple[float, float | None]
"""Unix seconds and a value; None where nothing is known."""


@dataclass(frozen=True, slots=True)
class Line:
    """One quantity over time, in its base unit; `step` is the seconds between its points.

    `simulated` is the share of its readings that the twin played.
    """

    name: str
    points: tuple[Point, ...]
    step: float
    simulated: float = 0.0

    @property
    def known(self) -> list[tuple[float, float]]:
        """The points that have a value."""
        return [(at, value) for at, value in self.points if value is not None]

    def drawn(self, limit: int = MAX_POINTS) -> list[Point]:
        """At most `limit` points that look like all of them, None between what is not joined."""
        known = self.known
        if len(known) > limit // 2:
            # Half, since each point could be followed by the None of a gap.
            known = _thinned(known, limit // 2)
        gaps = _gaps(self.known, self.step)
        drawn: list[Point] = []
        for at, value in known:
            if drawn and _crosses(drawn[-1][0], at, gaps):
                drawn.append(((drawn[-1][0] + at) / 2, None))
            drawn.append((at, value))
        return drawn


@dataclass(frozen=True, slots=True)
class Band:
    """Lines that share an axis: its title, unit and, where they are fixed, its ends."""

    title: str
    unit: Unit
    lines: tuple[Line, ...]
    per_second: bool = False
    low: float | None = 0.0
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Drawing:
    """Bands above each other over one span of time (Unix seconds)."""

    name: str
    title: str
    bands: tuple[Band, ...]
    start: float
    end: float
    empty: str = ""
    """Why there is nothing to draw, where that is known."""

    @property
    def lines(self) -> list[Line]:
        """Every line of every band."""
        return [line for band in self.bands for line in band.lines]

    @property
    def simulated(self) -> float:
        """The largest share of any line that the twin played."""
        return max((line.simulated for line in self.lines), default=0.0)


def _thinned(known: Sequence[tuple[float, float]], limit: int) -> list[tuple[float, float]]:
    times = np.array([at for at, _ in known])
    values = np.array([value for _, value in known])
    kept = _DOWNSAMPLER.downsample(times, values, n_out=max(limit, 4))
    return [known[int(index)] for index in kept]


def _gaps(known: Sequence[tuple[float, float]], step: float) -> list[tuple[float, float]]:
    return [(a, b) for (a, _), (b, _) in pairwise(known) if b - a > step * GAP_STEPS]


def _crosses(left: float, right: float, gaps: Sequence[tuple[float, float]]) -> bool:
    return any(left <= start and end <= right for start, end in gaps)


def largest(lines: Sequence[Line]) -> float:
    """The largest size of any value, 0 where there is none."""
    sizes = [abs(value) for line in lines for _, value in line.known if math.isfinite(value)]
    return max(sizes, default=0.0)
