"""How each indicator is made of what was read: a function each, and the table of them. Pure."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from collector.kpis.carbon import Factor, location_based
from collector.kpis.energy import Total
from collector.kpis.reasons import Reason
from vigie.indicators import CARBON_LOCATION, ENERGY, POWER, Indicator


@dataclass(frozen=True, slots=True)
class Facts:
    """What indicators are made of: power now in W, energy of the period in J, both by container.

    `zones` is the zone of the grid of each site, None where undeclared; `factors` is by zone.
    """

    power: Total
    energy: Total
    zones: Mapping[str, str | None]
    factors: Mapping[str, Factor]


@dataclass(frozen=True, slots=True)
class Made:
    """A value in the indicator's unit, or None with a reason and what that is about.

    `of` is the sum that it was made of, and `inputs` what else went in.
    """

    of: Total
    value: float | None
    reason: Reason | None = None
    about: str = ""
    inputs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Method:
    """How an indicator is made; one that is `live` is of now, whatever the period."""

    indicator: Indicator
    make: Callable[[Facts], Made]
    live: bool = False


def power(facts: Facts) -> Made:
    """What the meters say now."""
    return Made(facts.power, facts.power.value, facts.power.reason)


def energy(facts: Facts) -> Made:
    """What the meters counted."""
    return Made(facts.energy, facts.energy.value, facts.energy.reason)


def carbon_location(facts: Facts) -> Made:
    """Energy of each site times what its grid emits."""
    if facts.energy.value is None:
        return energy(facts)
    joules: dict[str, float] = {}
    for container, part in facts.energy.parts.items():
        site = container.partition("/")[0]
        joules[site] = joules.get(site, 0.0) + part
    carbon = location_based(joules, facts.zones, facts.factors)
    if carbon.reason is not None:
        return Made(facts.energy, None, carbon.reason, carbon.about)
    inputs = {
        "zone": _listed(f.zone for f in carbon.factors),
        "factor": _listed(map(str, carbon.factors)),
        "factor_method": _listed(f.method for f in carbon.factors),
        "source": _listed(f.source for f in carbon.factors),
        "licence": _listed(f.licence for f in carbon.factors),
    }
    return Made(facts.energy, carbon.grams, inputs=inputs)


METHODS: Final = (
    Method(POWER, power, live=True),
    Method(ENERGY, energy),
    Method(CARBON_LOCATION, carbon_location),
)
"""Every indicator that is computed, in the order of an answer."""


def _listed(words: Iterable[str]) -> str:
    return "; ".join(dict.fromkeys(words))
