"""Chance that hangs on a name and a time alone, so that neither order nor step size matters.

What happens once is drawn by a numpy generator of (seed, path, slot of time); what varies all the
time is value noise: a random number at each knot of time, joined smoothly. The numbers are those of
SplitMix64 (Steele, Lea, Flood 2014), which takes any counter and needs no state.
"""

import math
from hashlib import blake2b
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Whole = NDArray[np.int64]
Cells = NDArray[Any]
"""Cells of any one kind."""

_MASK: Final = (1 << 64) - 1
_GOLDEN: Final = 0x9E3779B97F4A7C15
_FIRST: Final = 0xBF58476D1CE4E5B9
_SECOND: Final = 0x94D049BB133111EB
_UNIT: Final = 2.0**-53
_SPREAD: Final = math.sqrt(12.0)
"""A uniform number less its mean, times this, has a standard deviation of 1."""


def salt(*names: object) -> int:
    """64 bits of these names: where a stream of chance begins."""
    text = "\0".join(str(name) for name in names)
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little")


def generator(*names: object) -> np.random.Generator:
    """A generator of these names: the same names, the same draws."""
    return np.random.default_rng(salt(*names))


def uniform(of: int, number: int) -> float:
    """One number in [0, 1) of a stream: its `number`-th."""
    mixed = (of + (number + 1) * _GOLDEN) & _MASK
    mixed = ((mixed ^ mixed >> 30) * _FIRST) & _MASK
    mixed = ((mixed ^ mixed >> 27) * _SECOND) & _MASK
    return float((mixed ^ mixed >> 31) >> 11) * _UNIT


def uniforms(of: int, count: int) -> Floats:
    """The first `count` numbers in [0, 1) of a stream; equal to `uniform` of each."""
    mixed = np.arange(1, count + 1, dtype=np.uint64)
    mixed *= np.uint64(_GOLDEN)
    mixed += np.uint64(of)
    mixed ^= mixed >> np.uint64(30)
    mixed *= np.uint64(_FIRST)
    mixed ^= mixed >> np.uint64(27)
    mixed *= np.uint64(_SECOND)
    mixed ^= mixed >> np.uint64(31)
    mixed >>= np.uint64(11)
    told: Floats = mixed.astype(np.float64) * _UNIT
    return told


def wave(of: int, time: float, period: float) -> float:
    """Smooth noise of mean 0 and deviation about 1, that forgets itself in `period` seconds."""
    knot, part = _knot(time, period)
    before, after = uniform(of, knot) - 0.5, uniform(of, knot + 1) - 0.5
    return _SPREAD * (before + (after - before) * part)


def _knot(time: float, period: float) -> tuple[int, float]:
    whole = math.floor(time / period)
    part = time / period - whole
    return whole, part * part * (3.0 - 2.0 * part)


class Waves:
    """`wave` for each of many; it keeps the two knots that the present lies between."""

    def __init__(self, of: int, count: int, period: float) -> None:
        self._of, self._count, self._period = of, count, period
        self._kept: dict[int, Floats] = {}

    def at(self, time: float) -> Floats:
        """Noise of mean 0 and deviation about 1, one number each."""
        knot, part = _knot(time, self._period)
        self._kept = {number: self._at_knot(number) for number in (knot, knot + 1)}
        before, after = self._kept[knot], self._kept[knot + 1]
        told: Floats = before + (after - before) * part
        return told

    def _at_knot(self, knot: int) -> Floats:
        kept = self._kept.get(knot)
        if kept is not None:
            return kept
        drawn = uniforms(salt(self._of, knot), self._count)
        drawn -= 0.5
        drawn *= _SPREAD
        return drawn
