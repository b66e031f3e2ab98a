"""Every KPI: its name, unit, words, boundary and method, declared once.

`collector/kpis/` computes them, `replies.Kpi` carries a value, the screens print it with its
method, coverage and quality beside it.
"""

from dataclasses import dataclass
from typing import Final

from vigie.units import GRAM, JOULE, WATT, Unit


@dataclass(frozen=True, slots=True)
class Indicator:
    """What a KPI is. `method` is `<id>@<version>`: a new way of computing is a new version."""

    name: str
    unit: Unit
    method: str
    boundary: str
    doc: str
    fr: str
    en: str

    def label(self, language: str) -> str:
        """The words people see."""
        return self.fr if language == "fr" else self.en


POWER: Final = Indicator(
    "power",
    WATT,
    "power-latest@1",
    "meters of role it, or the widest role above it",
    "Active power now: the newest fresh reading of each top-level meter, summed.",
    "Puissance",
    "Power",
)
ENERGY: Final = Indicator(
    "energy",
    JOULE,
    "energy-counter@1",
    "meters of role it, or the widest role above it",
    "Energy over the period: counter increase where a counter exists, else the integral of power.",
    "Énergie",
    "Energy",
)
CARBON_LOCATION: Final = Indicator(
    "carbon_location",
    GRAM,
    "scope2-location@1",
    "as energy; grid of the site's zone",
    "Scope 2, location-based: energy times the grid's intensity (GHG Protocol Scope 2 Guidance).",
    "Carbone (localisation)",
    "Carbon (location-based)",
)

INDICATORS: Final[tuple[Indicator, ...]] = (POWER, ENERGY, CARBON_LOCATION)


def indicator(name: str) -> Indicator | None:
    """The indicator of that name, or None."""
    return next((i for i in INDICATORS if i.name == name), None)
