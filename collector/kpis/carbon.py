"""The methods of the carbon of electricity, and the same of plain sums of sites. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from collector.kpis.made import Method
from collector.kpis.market import carbon_market
from collector.kpis.matching import cfe
from collector.kpis.reasons import Reason
from collector.kpis.scope2 import carbon_location, cue
from collector.kpis.tables import Factor, factors
from vigie.indicators import carbon as declared
from vigie.units import JOULES_PER_KWH

__all__ = ["METHODS", "Carbon", "Factor", "factors", "location_based"]

METHODS: Final[tuple[Method, ...]] = (
    Method(declared.CARBON_LOCATION, carbon_location),
    Method(declared.CARBON_MARKET, carbon_market),
    Method(declared.CUE, cue),
    Method(declared.CFE, cfe),
)


@dataclass(frozen=True, slots=True)
class Carbon:
    """Grams of CO2 equivalent, or None with a reason and what it is about."""

    grams: float | None
    reason: Reason | None
    about: str
    factors: tuple[Factor, ...]


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
