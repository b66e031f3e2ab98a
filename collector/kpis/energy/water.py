"""Water of a place (EN 50600-4-9; WUE source: Green Grid).

River water that goes back is withdrawn and not consumed. Pure.
"""

from typing import Final

import numpy as np

from collector.kpis.energy.loads import it, site
from collector.kpis.factors.tables import GridWater, grid_water
from collector.kpis.facts import Facts, Hourly, Plant
from collector.kpis.made import Made, Method, unknown
from collector.kpis.reasons import Reason
from collector.kpis.sums import (
    Cells,
    Extra,
    combined,
    finished,
    gather,
    missing,
    ratio,
    shared,
    summed,
)
from vigie.indicators import energy as declared
from vigie.replies import Term
from vigie.shape import Quality

WITHDRAWN: Final = "withdrawn"
VOLUME: Final = "m3"


def water_withdrawn(facts: Facts) -> Made:
    """All water that came in."""
    return summed(facts, declared.WATER_WITHDRAWN, _withdrawn(facts), Reason.NO_WATER_METER)


def water_consumed(facts: Facts) -> Made:
    """What did not go back."""
    return summed(facts, declared.WATER_CONSUMED, _consumed(facts), Reason.NO_WATER_RETURN)


def wue(facts: Facts) -> Made:
    """Water in over E_IT; category 2 is all water."""
    water = _withdrawn(facts)
    metered = it(facts, water)
    extra = Extra(category=_category(metered.category(facts)))
    reasons = (Reason.NO_WATER_METER, metered.reason)
    return ratio(facts, declared.WUE, (water, metered.cells), reasons, extra)


def wue_source(facts: Facts) -> Made:
    """Water consumed here and where the electricity was made, over E_IT."""
    here, whole = _consumed(facts), site(facts)
    metered = it(facts, whole)
    cells = (here, whole, metered.cells)
    reasons = (Reason.NO_WATER_RETURN, Reason.NO_SITE_METER, metered.reason)
    for told, reason in zip(cells, reasons, strict=True):
        if told.total is None:
            return missing(facts, told, reason)
    rows = [_factor(plant) for plant in facts.plants]
    for plant, row, counts in zip(facts.plants, rows, whole.told, strict=True):
        if counts and row is None:
            return _no_factor(plant)
    per_joule = np.array([np.nan if row is None else row.cubic_meters_per_joule for row in rows])
    there = whole.times(per_joule[:, None], "water of the grid", VOLUME, Quality.ESTIMATED)
    local, remote, used = shared(here, there, metered.cells)
    if not used.total or local.total is None or remote.total is None:
        return ratio(facts, declared.WUE_SOURCE, (local, used), (reasons[0], reasons[2]))
    factors = {row.zone: row for row in rows if row is not None}
    extra = Extra(
        category=metered.category(facts),
        inputs={
            "zone": "; ".join(factors),
            "source": "; ".join(dict.fromkeys(row.source for row in factors.values())),
            "licence": "; ".join(dict.fromkeys(row.licence for row in factors.values())),
            "vintage": "; ".join(dict.fromkeys(row.year for row in factors.values())),
        },
        factors=tuple(_term(row) for row in factors.values()),
        quality=Quality.ESTIMATED,
    )
    value = (local.total + remote.total) / used.total
    return finished(declared.WUE_SOURCE, value, (used, local, remote), extra)


def _withdrawn(facts: Facts) -> Cells:
    return gather(facts, "W_IN", VOLUME, lambda plant: plant.water.get(WITHDRAWN))


def _consumed(facts: Facts) -> Cells:
    return gather(facts, "W_consumed", VOLUME, _kept)


def _kept(plant: Plant) -> Hourly | None:
    if (lost := plant.water.get("consumed")) is not None:
        return lost
    taken, back = plant.water.get(WITHDRAWN), plant.water.get("returned")
    if taken is None or back is None:
        return None
    return combined((1.0, taken), (-1.0, back))


def _category(it_category: str | None) -> str:
    return ", ".join(filter(None, ("water category 2", it_category)))


def _factor(plant: Plant) -> GridWater | None:
    return grid_water().get(plant.site.zone or "")


def _no_factor(plant: Plant) -> Made:
    if plant.site.zone is None:
        return unknown(Reason.NO_ZONE, plant.site.id)
    return unknown(Reason.NO_WATER_FACTOR, f"{plant.site.zone} ({plant.site.id})")


def _term(row: GridWater) -> Term:
    world = ", mean of the world" if row.default else ""
    source = f"grid_water.csv: {row.source}{world} ({row.licence})"
    return Term("factor", f"water of {row.zone}", row.cubic_meters_per_joule, "m3/J", source)


METHODS: Final[tuple[Method, ...]] = (
    Method(declared.WATER_WITHDRAWN, water_withdrawn),
    Method(declared.WATER_CONSUMED, water_consumed),
    Method(declared.WUE, wue),
    Method(declared.WUE_SOURCE, wue_source),
)
