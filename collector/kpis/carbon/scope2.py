"""Carbon of electricity, hour by hour (GHG Protocol Scope 2 Guidance; CUE: EN 50600-4-8). Pure.

Scope 2 is of what was bought: what came in by the site's meter, or, where no place has one, what
the widest meter counted that all places have. Own solar emits nothing here, and the fuel of a
generator is scope 1. A site without a zone or a factor makes the whole unknown: a sum that leaves
one out is no footprint. An hour without a factor is unknown, and lowers the coverage.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from collector.kpis.energy.loads import Load, boundary, it, loads, site_loads
from collector.kpis.facts import Facts, Floats, Hourly, Plant, Supply
from collector.kpis.made import Made, Method, unknown
from collector.kpis.reasons import Reason
from collector.kpis.sums import Cells, Extra, finished, gather, missing, ratio, worst
from collector.kpis.supply.grids import supply_inputs, supply_of, used_supplies
from vigie.indicators import carbon as declared
from vigie.replies import Term
from vigie.shape import Quality
from vigie.units import JOULES_PER_KWH

Loads = Sequence[Load | None]
GRAM: Final = "g"


def carbon_location(facts: Facts) -> Made:
    """Energy bought in each hour times what its grid emitted in that hour."""
    drawn = loads(facts)
    energy = imported(facts, drawn)
    if energy.total is None:
        return missing(facts, energy, Reason.NO_METER)
    if (made := without_factor(facts, drawn)) is not None:
        return replace(made, terms=energy.terms)
    grams = located(facts, drawn)
    counted = energy.only(grams.known)
    if grams.total is None:
        return missing(facts, grams, Reason.NO_FACTOR, _zones(facts, energy))
    said = replace(grid_extra(facts, counted, grams), boundary=boundary(drawn))
    return finished(declared.CARBON_LOCATION, grams.total, (counted, grams), said)


def cue(facts: Facts) -> Made:
    """Location-based carbon of the site over E_IT; of electricity only (CUE category 1)."""
    drawn = site_loads(facts)
    energy = imported(facts, drawn)
    if energy.total is None:
        return missing(facts, energy, Reason.NO_SITE_METER)
    if (made := without_factor(facts, drawn)) is not None:
        return replace(made, terms=energy.terms)
    metered = it(facts, energy)
    grams = located(facts, drawn)
    said = replace(
        grid_extra(facts, energy.only(grams.known), grams), category=metered.category(facts)
    )
    return ratio(
        facts, declared.CUE, (grams, metered.cells), (Reason.NO_FACTOR, metered.reason), said
    )


def imported(facts: Facts, drawn: Loads) -> Cells:
    """The electricity bought of each container, in J."""
    picked = {path(load): load.imported for load in some(drawn)}
    return gather(facts, "electricity bought", "J", picker(picked))


def located(facts: Facts, drawn: Loads) -> Cells:
    """What the grid emitted for it, in g; derived at best."""

    def emitted(load: Load) -> tuple[Floats, Quality, tuple[str, ...]]:
        supply = supply_of(facts, load.plant)
        if supply is None:
            return np.full(facts.hours, np.nan), Quality.DERIVED, ()
        quality = worst((supply.quality, Quality.DERIVED)) or Quality.DERIVED
        return load.imported.amount * supply.grams_per_joule, quality, (f"grid {supply.zone}",)

    return of_loads(facts, drawn, "carbon", GRAM, emitted)


def without_factor(facts: Facts, drawn: Loads) -> Made | None:
    """Unknown, naming the sites that drew something and have no zone, or a zone nobody knows."""
    plants = [load.plant for load in some(drawn) if load.imported.total is not None]
    if bare := sorted({plant.site.id for plant in plants if plant.site.zone is None}):
        return unknown(Reason.NO_ZONE, ", ".join(bare))
    strange = {_zone(plant) for plant in plants if supply_of(facts, plant) is None}
    return unknown(Reason.NO_FACTOR, ", ".join(sorted(strange))) if strange else None


def grid_extra(facts: Facts, energy: Cells, grams: Cells) -> Extra:
    """What an answer says of the factors used: their means over the energy they were used on."""
    supplies = used_supplies(facts, grams)
    means = [(supply, _mean(facts, supply, energy, grams)) for supply in supplies]
    factor = "; ".join(
        f"{supply.zone} {mean * JOULES_PER_KWH:.4g} g/kWh ({supply.vintage})"
        for supply, mean in means
    )
    terms = tuple(
        Term(
            "factor", f"grid {supply.zone}, {supply.method}", mean, "g/J",
            f"{supply.source} ({supply.licence}), {supply.vintage}", None, supply.quality,
        )
        for supply, mean in means
    )  # fmt: skip
    return Extra(inputs={"factor": factor, **supply_inputs(supplies)}, factors=terms)


def of_loads(
    facts: Facts,
    drawn: Loads,
    name: str,
    unit: str,
    of: Callable[[Load], tuple[Floats, Quality | None, tuple[str, ...]]],
    *,
    energy: bool = False,
) -> Cells:
    """What is made of each load: its cells, how good they are at best and what they rest on."""
    picked = {}
    for load in some(drawn):
        base = load.total if energy else load.imported
        amount, quality, sources = of(load)
        least = worst((base.quality, quality)) or base.quality
        whole = base.known & ~np.isnan(amount)
        picked[path(load)] = Hourly(amount, base.covered, least, (*base.sources, *sources), whole)
    return gather(facts, name, unit, picker(picked))


def some(drawn: Loads) -> list[Load]:
    """Those that are known."""
    return [load for load in drawn if load is not None]


def path(load: Load) -> str:
    """Of its container."""
    return load.plant.container.path


def picker(picked: dict[str, Hourly]) -> Callable[[Plant], Hourly | None]:
    """What was made of each container, by its path."""
    return lambda plant: picked.get(plant.container.path)


def _mean(facts: Facts, supply: Supply, energy: Cells, grams: Cells) -> float:
    rows = [supply_of(facts, plant) is supply for plant in grams.plants]
    joules, emitted = np.nansum(energy.rows[rows]), np.nansum(grams.rows[rows])
    return float(emitted / joules) if joules else float(np.nanmean(supply.grams_per_joule))


def _zones(facts: Facts, energy: Cells) -> str:
    told = [p for p, has in zip(facts.plants, energy.told, strict=True) if has]
    return ", ".join(sorted({_zone(plant) for plant in told}))


def _zone(plant: Plant) -> str:
    return f"{plant.site.zone} ({plant.site.id})"


METHODS: Final[tuple[Method, ...]] = (
    Method(declared.CARBON_LOCATION, carbon_location),
    Method(declared.CUE, cue),
)
