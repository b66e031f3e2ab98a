"""Every KPI: its name, unit, words, boundary and method, declared once. One family a file.

`collector/kpis/` computes them, `replies.Kpi` carries a value, the screens print it with its
method, coverage and quality beside it.
"""

from typing import Final

from vigie.indicators import carbon, energy, service, sovereignty
from vigie.indicators.carbon import CARBON_LOCATION
from vigie.indicators.energy import ENERGY, POWER
from vigie.indicators.indicator import Family, Indicator

__all__ = [
    "CARBON_LOCATION",
    "ENERGY",
    "FAMILIES",
    "INDICATORS",
    "POWER",
    "Family",
    "Indicator",
    "indicator",
]

FAMILIES: Final[tuple[Family, ...]] = (
    energy.FAMILY,
    carbon.FAMILY,
    service.FAMILY,
    service.COSTS,
    sovereignty.FAMILY,
)
INDICATORS: Final[tuple[Indicator, ...]] = tuple(i for f in FAMILIES for i in f.indicators)


def indicator(name: str) -> Indicator | None:
    """The indicator of that name, or None."""
    return next((i for i in INDICATORS if i.name == name), None)
