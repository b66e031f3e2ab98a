"""Carbon of electricity: energy times what the grid emits.

Method: GHG Protocol Scope 2 Guidance, location-based: the mean intensity of the grid on which the
energy was taken, of a country and not of a region. Factors: factors/grid_intensity.csv.
"""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from collector.kpis.reasons import Reason
from vigie.units import JOULES_PER_KWH


@dataclass(frozen=True, slots=True)
class Factor:
    """What a grid emits per kWh, from which year, how computed and who says so."""

    zone: str
    grams_per_kwh: float
    method: str
    year: int
    source: str
    licence: str

    def __str__(self) -> str:
        """`FR 44.2 g/kWh (2024)`."""
        return f"{self.zone} {self.grams_per_kwh:g} g/kWh ({self.year})"


@dataclass(frozen=True, slots=True)
class Carbon:
    """Grams of CO2 equivalent, or None with a reason and what it is about."""

    grams: float | None
    reason: Reason | None
    about: str
    factors: tuple[Factor, ...]


@cache
def factors() -> Mapping[str, Factor]:
    """The packaged factors by zone."""
    text = files("collector.kpis").joinpath("factors/grid_intensity.csv").read_text("utf-8")
    return {
        row["zone"]: Factor(
            row["zone"], float(row["gco2e_per_kwh"]), row["method"], int(row["year"]),
            row["source"], row["licence"],
        )
        for row in csv.DictReader(text.splitlines())
    }  # fmt: skip


def location_based(
    joules: Mapping[str, float], zones: Mapping[str, str | None], known: Mapping[str, Factor]
) -> Carbon:
    """Carbon of the energies of sites, each on its own grid; `zones` is by site.

    One site without a zone makes the whole unknown: a sum that leaves one out is no footprint.
    """
    if bare := sorted(site for site in joules if zones.get(site) is None):
        return Carbon(None, Reason.NO_ZONE, ", ".join(bare), ())
    grids = {site: str(zones[site]) for site in joules}
    if strange := sorted({zone for zone in grids.values() if zone not in known}):
        return Carbon(None, Reason.NO_FACTOR, ", ".join(strange), ())
    grams = sum(
        energy / JOULES_PER_KWH * known[grids[site]].grams_per_kwh
        for site, energy in joules.items()
    )
    used = tuple(known[zone] for zone in sorted(set(grids.values())))
    return Carbon(grams, None, "", used)
