"""What a place's overhead should be at its load and the weather, by its own past; and a band. Pure.

What cooling and distribution take grows with what they serve, and with how warm it is outside:
`extra = a + b * base + c * base * warmth`, in W and K, by least squares over the hours of the last
weeks. With `base` the power of IT and `extra` what is drawn on top, 1 + extra / base is the PUE
(30134-2, designed PUE as a function of load and climate); with `base` the heat carried off and
`extra` the electricity for that, base / extra is its COP.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

LEAST_HOURS: Final = 72
"""Three days, so that nights and days are in it: before, nothing is said."""
SIGMAS: Final = 4.0
LEAST_WIDTH: Final = 0.05
"""Of what is expected: closer than that, meters do not tell."""
BEYOND: Final = 0.15
"""How far out of what it has seen a model still speaks, as a share of that."""
PASSES: Final = 3
NORMAL: Final = 1.4826
"""Standard deviations in a median absolute deviation, of normal errors."""

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Hour:
    """One closed hour of a place: mean W of what is served and of what that took, °C outside."""

    base: float
    extra: float
    warmth: float | None = None


@dataclass(frozen=True, slots=True)
class Expected:
    """What the extra should be, and between what bounds it is plausible; W."""

    extra: float
    least: float
    most: float


def expected(past: Sequence[Hour], now: Hour) -> Expected | None:
    """What the past has to say of an hour.

    None while it is too short, or where this hour is unlike any that it knows. Where the warmth
    outside is not known of all hours, load alone is looked at.
    """
    known = [h for h in past if h.base > 0 and h.extra > 0]
    if len(known) < LEAST_HOURS or now.base <= 0:
        return None
    warm = now.warmth is not None and all(h.warmth is not None for h in known)
    base = np.array([h.base for h in known])
    warmth = np.array([h.warmth if warm else 0.0 for h in known], np.float64)
    outside = (now.warmth if warm else None) or 0.0
    if not _seen(base, now.base) or not _seen(warmth, outside):
        return None
    factors, spread = _fitted(_terms(base, warmth), np.array([h.extra for h in known]))
    said = float((_terms(np.array([now.base]), np.array([outside])) @ factors)[0])
    if said <= 0:
        return None
    width = max(SIGMAS * spread, LEAST_WIDTH * said)
    return Expected(said, max(said - width, 0.0), said + width)


def _fitted(terms: Floats, extra: Floats) -> tuple[Floats, float]:
    """Factors and spread; single hours far off, of a fault or a broken meter, are left out."""
    kept = np.ones(len(extra), np.bool_)
    factors, spread = np.zeros(terms.shape[1], np.float64), 0.0
    for _ in range(PASSES):
        factors[:] = np.linalg.lstsq(terms[kept], extra[kept], rcond=None)[0]
        errors = extra - terms @ factors
        middle = float(np.median(errors[kept]))
        spread = NORMAL * float(np.median(np.abs(errors[kept] - middle)))
        kept = np.abs(errors - middle) <= SIGMAS * max(spread, 1e-9)
    return factors, spread


def _terms(base: Floats, warmth: Floats) -> Floats:
    return np.stack([np.ones_like(base), base, base * warmth], axis=1)


def _seen(values: Floats, now: float) -> bool:
    """Whether a value lies among those known, or close to them."""
    low, high = float(values.min()), float(values.max())
    room = BEYOND * max(high - low, 0.1 * abs(high))
    return low - room <= now <= high + room
