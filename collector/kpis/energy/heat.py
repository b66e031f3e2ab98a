"""Heat that is removed and handed over (EN 50600-4-6 ERF, -4-7 CER; ERE: Green Grid). Pure.

Heat counts at the hand-over point and outside the place only: what of it cools the place itself is
taken off. A site that declares no hand-over in service and has no meter of one hands nothing over;
one that declares it and has no meter is unknown.
"""

from typing import Final

import numpy as np

from collector.kpis.energy.loads import it, of_role, site
from collector.kpis.facts import Facts, Hourly, Plant
from collector.kpis.made import Made, Method
from collector.kpis.reasons import Reason
from collector.kpis.sums import (
    Cells,
    Extra,
    combined,
    finished,
    gather,
    length_word,
    missing,
    ratio,
    shared,
    summed,
)
from vigie.indicators import energy as declared
from vigie.network.operators import Status
from vigie.shape import Quality

REUSED: Final = "reused"
NO_PUE: Final = {
    "fr": "L'ERE déduit la chaleur livrée : elle peut être inférieure à 1 et n'est pas un PUE.",
    "en": "ERE takes off the heat handed over: it may be under 1, and is no PUE.",
}


def heat_reused(facts: Facts) -> Made:
    """Heat handed over outside."""
    metered = tuple(plant for plant in facts.plants if _expected(plant))
    cells = gather(facts, "E_REUSE", "J", _handed_over, metered)
    return summed(facts, declared.HEAT_REUSED, cells, Reason.NO_HEAT_METER)


def erf(facts: Facts) -> Made:
    """E_REUSE over E_DC."""
    over = (_reused(facts), site(facts))
    reasons = (Reason.NO_HEAT_METER, Reason.NO_SITE_METER)
    extra = Extra(category=length_word(facts), inputs=_without(facts))
    return ratio(facts, declared.ERF, over, reasons, extra)


def ere(facts: Facts) -> Made:
    """What is left of E_DC over E_IT."""
    reused, whole = _reused(facts), site(facts)
    metered = it(facts, whole)
    cells = (reused, whole, metered.cells)
    reasons = (Reason.NO_HEAT_METER, Reason.NO_SITE_METER, metered.reason)
    for told, reason in zip(cells, reasons, strict=True):
        if told.total is None:
            return missing(facts, told, reason)
    given, taken, used = shared(*cells)
    if not used.total or given.total is None or taken.total is None:
        return ratio(facts, declared.ERE, (taken, used), reasons[1:])
    extra = Extra(category=metered.category(facts), inputs=_without(facts), sentence=NO_PUE)
    value = (taken.total - given.total) / used.total
    return finished(declared.ERE, value, (used, taken, given), extra)


def cer(facts: Facts) -> Made:
    """Heat removed over the electricity that removed it."""
    removed = gather(facts, "Q_removed", "J", lambda plant: plant.heat.get("removed"))
    over = (removed, of_role(facts, "cooling", "E_cooling"))
    reasons = (Reason.NO_HEAT_REMOVED, Reason.NO_COOLING_METER)
    return ratio(facts, declared.CER, over, reasons, Extra(category=length_word(facts)))


def energy_cooling(facts: Facts) -> Made:
    """Electricity of cooling."""
    cells = of_role(facts, "cooling", "E_cooling")
    return summed(facts, declared.ENERGY_COOLING, cells, Reason.NO_COOLING_METER)


def _reused(facts: Facts) -> Cells:
    """E_REUSE of all containers; unknown altogether where none of them has to do with it."""
    if not any(_expected(plant) for plant in facts.plants):
        return gather(facts, "E_REUSE", "J", _handed_over)
    nothing = Hourly(
        np.zeros(facts.hours), np.ones(facts.hours), Quality.DECLARED,
        ("network: no hand-over in service",),
    )  # fmt: skip
    return gather(
        facts, "E_REUSE", "J", lambda plant: _handed_over(plant) if _expected(plant) else nothing
    )


def _expected(plant: Plant) -> bool:
    declares = any(handover.status is Status.OPERATING for handover in plant.site.heat)
    return REUSED in plant.heat or declares


def _handed_over(plant: Plant) -> Hourly | None:
    given = plant.heat.get(REUSED)
    if given is None:
        return None
    own = plant.heat.get("cooling_own")
    return given if own is None else combined((1.0, given), (-1.0, own))


def _without(facts: Facts) -> dict[str, str]:
    bare = [plant.container.path for plant in facts.plants if not _expected(plant)]
    return {"without_handover": "; ".join(bare)} if bare else {}


METHODS: Final[tuple[Method, ...]] = (
    Method(declared.ERF, erf),
    Method(declared.ERE, ere),
    Method(declared.HEAT_REUSED, heat_reused),
    Method(declared.CER, cer),
    Method(declared.ENERGY_COOLING, energy_cooling),
)
