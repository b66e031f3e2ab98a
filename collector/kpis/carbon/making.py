"""Carbon of making what containers hold, spread evenly over its declared life. Pure.

What one item emitted is declared with it, else a row of factors/embodied.csv. A container that the
twin plays in part has that part of its equipment. Making is counted in years of 365.25 days.
"""

from collections.abc import Collection, Iterable
from typing import Final

import numpy as np

from collector.kpis.factors.tables import embodied
from collector.kpis.facts import Facts, Floats, Hourly, Plant
from collector.kpis.sums import lengths
from vigie.network.places import Equipment
from vigie.shape import Quality
from vigie.units import SECONDS_PER_DAY

YEAR_SECONDS: Final = 365.25 * SECONDS_PER_DAY
USES: Final = ("compute", "storage", "shared")


def grams(equipment: Equipment) -> float | None:
    """What making one of it emitted; None for an item that nobody knows."""
    if equipment.embodied_grams is not None:
        return equipment.embodied_grams
    row = embodied().get(equipment.item)
    return None if row is None else row.grams


def strange(plants: Iterable[Plant]) -> str:
    """Items without a figure, each with its container: `X (site/container)`."""
    found = {
        f"{equipment.item} ({plant.container.path})"
        for plant in plants
        for equipment in plant.container.equipment
        if grams(equipment) is None
    }
    return ", ".join(sorted(found))


def making(
    facts: Facts, plant: Plant, uses: Collection[str] = USES, *, shared: Floats | float = 1.0
) -> Hourly | None:
    """The carbon of a container's equipment of some uses, hour by hour, in g.

    `shared` is the part of what is shared that these uses bear. None where no equipment is
    declared, or some of it is unknown.
    """
    every = plant.container.equipment
    if not every or any(grams(equipment) is None for equipment in every):
        return None
    seconds = lengths(facts)
    amount, counts, sources = np.zeros(facts.hours), [], []
    for equipment in every:
        if equipment.use not in uses:
            continue
        each = _rate(plant, equipment) * seconds
        each = each * shared if equipment.use == "shared" else each
        amount = amount + each
        counts.append(float(np.nansum(each)))
        sources.append(_source(equipment))
    return Hourly(
        amount, np.ones(facts.hours), Quality.DECLARED, tuple(sources), None, tuple(counts)
    )


def _rate(plant: Plant, equipment: Equipment) -> float:
    """g/s of all items of a kind."""
    whole = equipment.count * (grams(equipment) or 0.0) * plant.container.scale
    return whole / (equipment.lifetime_years * YEAR_SECONDS)


def _source(equipment: Equipment) -> str:
    each = f"{equipment.count} x {equipment.item}, {grams(equipment) or 0.0:g} g each"
    row = embodied().get(equipment.item)
    told = "network"
    if equipment.embodied_grams is None and row is not None:
        told = f"embodied.csv: {row.source}, {row.verification}"
    return f"{each} over {equipment.lifetime_years:g} years ({told})"
