"""The carbon of a joule at a place, as a plan may use it: what is stale or zero is unknown."""

from dataclasses import dataclass
from typing import Final

FRESH_SECONDS: Final = 5_400.0
"""Providers tell hours, and tell them late."""


@dataclass(frozen=True, slots=True)
class Carbon:
    """Grams of CO2 equivalent a joule, with its standard deviation, told at a Unix time.

    `zone` is the grid's: two places in one zone differ in nothing that the grid does.
    """

    zone: str
    grams_per_joule: float | None
    sigma: float = 0.0
    told: float = 0.0

    def known(self, now: float) -> bool:
        """Whether it may move a job; no grid emits nothing, so 0 is a fault of who told it."""
        grams = self.grams_per_joule
        return grams is not None and grams > 0 and now - self.told <= FRESH_SECONDS
