"""Energy of a place and what becomes of it. Formulas: EN 50600-4-2 (PUE), -4-6, -4-7, -4-9. Pure.

A PUE under 1 or over 10 is kept, and said to be suspicious: a meter is wrong or at another place
than declared.
"""

from dataclasses import replace
from typing import Final

from collector.kpis.energy.loads import It, it, of_role, site
from collector.kpis.facts import Facts, Plant
from collector.kpis.made import Made, Method
from collector.kpis.reasons import Reason
from collector.kpis.sums import Extra, finished, gather, missing, ratio, shared, summed
from vigie.indicators import energy as declared
from vigie.shape import Quality

PLAUSIBLE: Final = (1.0, 10.0)
SUSPICIOUS: Final = {
    "fr": "Valeur suspecte : un PUE vaut au moins 1 et dépasse rarement 10 ; vérifier les compteurs"
    " et leurs rôles.",
    "en": "Suspicious value: a PUE is 1 at least and hardly ever over 10; check the meters and "
    "their roles.",
}


def energy_site(facts: Facts) -> Made:
    """E_DC."""
    return summed(facts, declared.ENERGY_SITE, site(facts), Reason.NO_SITE_METER)


def energy_it(facts: Facts) -> Made:
    """E_IT, at the best category that all containers have."""
    metered = it(facts)
    extra = Extra(metered.boundary, metered.category(facts))
    return summed(facts, declared.ENERGY_IT, metered.cells, metered.reason, extra)


def pue(facts: Facts) -> Made:
    """E_DC over E_IT."""
    whole = site(facts)
    metered = it(facts, whole)
    reasons = (Reason.NO_SITE_METER, metered.reason)
    made = ratio(facts, declared.PUE, (whole, metered.cells), reasons, _category(facts, metered))
    return _doubted(made)


def ppue(facts: Facts) -> Made:
    """Cooling and IT over IT."""
    cooling = of_role(facts, "cooling", "E_cooling")
    metered = it(facts, cooling)
    extra = _category(facts, metered)
    if cooling.total is None:
        return missing(facts, cooling, Reason.NO_COOLING_METER)
    if metered.cells.total is None:
        return missing(facts, metered.cells, metered.reason)
    cooled, below = shared(cooling, metered.cells)
    if not below.total or cooled.total is None:
        over = (cooling, metered.cells)
        return ratio(facts, declared.PPUE, over, (Reason.NO_COOLING_METER, metered.reason), extra)
    return finished(
        declared.PPUE, (below.total + cooled.total) / below.total, (below, cooled), extra
    )


def idle_energy_share(facts: Facts) -> Made:
    """Energy of GPUs with nothing to do over that of all GPUs."""
    every = gather(facts, "GPU energy", "J", lambda p: p.gpus.energy if p.gpus else None)
    idle = gather(facts, "idle GPU energy", "J", lambda p: p.gpus.idle if p.gpus else None)
    reasons = (Reason.NO_GPU, Reason.NO_GPU)
    return ratio(facts, declared.IDLE_ENERGY, (idle, every), reasons)


def gpu_effective_use(facts: Facts) -> Made:
    """Mean SM activity of the GPUs that tell it, weighted by GPUs and time."""
    plants = tuple(plant for plant in facts.plants if _has_gpus(plant))
    activity = gather(
        facts, "SM activity", "1", lambda p: p.gpus.activity if p.gpus else None, plants
    )
    count = gather(facts, "GPUs", "1", lambda p: p.gpus.count if p.gpus else None, plants)
    if activity.total is None or count.total is None:
        return missing(facts, activity if activity.total is None else count, Reason.NO_GPU)
    active, present = shared(activity, count)
    time = present.times(present.covered * present.lengths, "GPU time told", "s")
    busy = time.times(active.amount, "GPU time with work", "s", active.quality)
    reasons = (Reason.NO_GPU, Reason.NO_GPU)
    return ratio(facts, declared.GPU_USE, (busy, time), reasons)


def _has_gpus(plant: Plant) -> bool:
    return plant.gpus is not None or bool(plant.container.capacity.gpus)


def _category(facts: Facts, metered: It) -> Extra:
    return Extra(category=metered.category(facts))


def _doubted(made: Made) -> Made:
    low, high = PLAUSIBLE
    if made.value is None or low <= made.value <= high:
        return made
    quality = max(made.quality or Quality.ESTIMATED, Quality.ESTIMATED, key=lambda q: q.code)
    inputs = {**made.inputs, "suspicious": f"not between {low:g} and {high:g}"}
    return replace(made, quality=quality, inputs=inputs, sentence=SUSPICIOUS)


METHODS: Final[tuple[Method, ...]] = (
    Method(declared.ENERGY_SITE, energy_site),
    Method(declared.ENERGY_IT, energy_it),
    Method(declared.PUE, pue),
    Method(declared.PPUE, ppue),
    Method(declared.IDLE_ENERGY, idle_energy_share),
    Method(declared.GPU_USE, gpu_effective_use),
)
