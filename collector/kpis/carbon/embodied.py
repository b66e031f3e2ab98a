"""Making beside use: SCI (ISO/IEC 21031), and what an hour of a GPU and a month of bytes come to.

Energy of hours in which nothing was served is borne by what was served. Of a container that both
computes and stores, storage bears its share of the IT energy, which needs a meter of role storage;
equipment that both share is split likewise. Pure.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from collector.kpis import service
from collector.kpis.carbon.making import USES, making, strange
from collector.kpis.carbon.scope2 import Loads, grid_extra, imported, located, without_factor
from collector.kpis.energy.loads import IT_ROLES, boundary, loads
from collector.kpis.facts import Facts, Floats, Hourly, Plant
from collector.kpis.made import Made, Method, unknown
from collector.kpis.reasons import Reason
from collector.kpis.sums import Cells, finished, gather, lengths, missing, shared, summed
from vigie.indicators import carbon as declared
from vigie.indicators.indicator import Indicator
from vigie.shape import Quality
from vigie.units import SECONDS_PER_HOUR

GRAM: Final = "g"
Share = Callable[[Plant], Floats | None]


def embodied(facts: Facts) -> Made:
    """The period's share of what making all equipment emitted."""
    if odd := strange(facts.plants):
        return unknown(Reason.NO_ITEM, odd)
    cells = gather(facts, "making", GRAM, lambda plant: making(facts, plant))
    return summed(facts, declared.EMBODIED, cells, Reason.NO_EQUIPMENT)


def sci(facts: Facts) -> Made:
    """Use and making of the containers that serve GPU time, over that time."""
    some = replace(facts, plants=service.queued(facts))
    if not some.plants:
        return unknown(Reason.NO_WORK if facts.plants else Reason.NO_PLACE)
    drawn = loads(some)
    made = gather(some, "making", GRAM, lambda plant: making(some, plant))
    served = service.served(some)
    grams = located(some, drawn)
    return _per(some, declared.SCI, drawn, Phases(grams, grams, made, served))


def carbon_gpu_hour(facts: Facts) -> Made:
    """Use and making of what computes, over the GPU time that jobs had."""
    plants = tuple(p for p in service.queued(facts) if p.container.role != "storage")
    some = replace(facts, plants=plants)
    if not plants:
        return unknown(Reason.NO_WORK if facts.plants else Reason.NO_PLACE)
    if (mixed := _unmetered(plants)) and facts.hours:
        return unknown(Reason.NO_STORAGE_METER, mixed)
    drawn = loads(some)
    kept = {plant.container.path: _computing(plant, facts.hours) for plant in plants}
    grams = located(some, drawn)
    use = grams.times(_stack(plants, kept, facts.hours), "carbon of computing", GRAM)

    def built(plant: Plant) -> Hourly | None:
        part = kept[plant.container.path]
        uses = USES if (part == 1.0).all() else ("compute", "shared")
        return making(some, plant, uses, shared=part)

    made = gather(some, "making of what computes", GRAM, built)
    phases = Phases(grams, use, made, service.served(some))
    result = _per(some, declared.GPU_HOUR, drawn, phases)
    return replace(result, inputs={**result.inputs, **_hourly(plants, phases)})


def carbon_tb_month(facts: Facts) -> Made:
    """Use and making of what stores, over the bytes of users that can be read, and time."""
    plants = tuple(p for p in facts.plants if p.stored or p.container.role == "storage")
    if not plants or not facts.hours:
        lacking = Reason.NO_STORE if facts.plants else Reason.NO_PLACE
        return unknown(Reason.INSTANT if plants else lacking)
    if facts.held is None:
        return unknown(Reason.NO_INVENTORY)
    if mixed := _unmetered(plants):
        return unknown(Reason.NO_STORAGE_METER, mixed)
    some = replace(facts, plants=plants)
    drawn = loads(some)
    kept = {plant.container.path: 1.0 - _computing(plant, facts.hours) for plant in plants}
    grams = located(some, drawn)
    use = grams.times(_stack(plants, kept, facts.hours), "carbon of storage", GRAM)

    def built(plant: Plant) -> Hourly | None:
        part = kept[plant.container.path]
        uses = USES if (part == 1.0).all() else ("storage", "shared")
        return making(some, plant, uses, shared=part)

    made = gather(some, "making of storage", GRAM, built)
    stored = gather(some, "readable bytes of users x time", "o·s", lambda p: _kept(facts, p))
    return _per(some, declared.TB_MONTH, drawn, Phases(grams, use, made, stored), Reason.NO_STORE)


@dataclass(frozen=True, slots=True, eq=False)
class Phases:
    """Carbon of use and of making, and the work that bears both; `grams` is of all drawn."""

    grams: Cells
    use: Cells
    making: Cells
    work: Cells


def _per(
    facts: Facts,
    indicator: Indicator,
    drawn: Loads,
    phases: Phases,
    idle: Reason = Reason.NO_WORK,
) -> Made:
    """Use and making over work, of the cells that know all three; parts tell one from the other.

    Where only the making is unknown, the part of the use is still told.
    """
    if phases.work.total is None:
        return missing(facts, phases.work, idle)
    energy = imported(facts, drawn)
    if energy.total is None:
        return missing(facts, energy, Reason.NO_METER)
    if (made := without_factor(facts, drawn)) is not None:
        return replace(made, terms=phases.work.terms + energy.terms)
    said = replace(
        grid_extra(facts, energy.only(phases.grams.known), phases.grams), boundary=boundary(drawn)
    )
    if phases.making.total is None:
        odd = strange(facts.plants)
        made = unknown(Reason.NO_ITEM, odd) if odd else unknown(Reason.NO_EQUIPMENT)
        used, done = shared(phases.use, phases.work)
        parts = {"use": _over(used, done), "making": None}
        return replace(made, parts=parts, terms=used.terms + done.terms)
    use, making, work = shared(phases.use, phases.making, phases.work)
    parts = {"use": _over(use, work), "making": _over(making, work)}
    if parts["use"] is None or parts["making"] is None:
        reason = Reason.NO_COMMON_HOUR if work.total is None else Reason.NOTHING_TO_DIVIDE
        return replace(unknown(reason, work.name), terms=work.terms + use.terms)
    value = parts["use"] + parts["making"]
    return finished(indicator, value, (work, use, making), replace(said, parts=parts))


def _over(top: Cells, bottom: Cells) -> float | None:
    return top.total / bottom.total if top.total is not None and bottom.total else None


def _hourly(plants: Sequence[Plant], phases: Phases) -> dict[str, str]:
    """Making by hour that a GPU stood there, and by hour that it served."""
    making, work = shared(phases.making, phases.work)
    delivered = _over(making, work)
    gpus = [p.container.capacity.gpus for p in plants]
    told = {} if delivered is None else {"delivered": delivered}
    if delivered is not None and all(gpus):
        count = np.array([n or 0 for n in gpus]) * [p.container.scale for p in plants]
        standing = float((count * making.seconds).sum())
        if standing and making.total is not None:
            told["wall"] = making.total / standing
    return {
        f"making_per_{word}_hour": f"{rate * SECONDS_PER_HOUR:.4g} g/GPU-h"
        for word, rate in told.items()
    }


def _unmetered(plants: Sequence[Plant]) -> str:
    """Containers of which nobody can say what storage draws."""
    return ", ".join(p.container.path for p in plants if _storing(p) is None)


def _storing(plant: Plant) -> Floats | float | None:
    """The share of storage in the IT energy of a container, hour by hour; None is unknown.

    Disks of a container that is declared to compute, and keeps nothing of a store, serve its jobs.
    """
    if plant.container.role == "storage":
        return 1.0
    if plant.container.role == "compute" and not plant.stored:
        return 0.0
    meter = plant.energy.get("storage")
    role = next((role for role in IT_ROLES if role in plant.energy), None)
    if meter is not None and role is not None:
        whole = plant.energy[role].amount
        share = np.full(whole.shape, np.nan)
        np.divide(meter.amount, whole, out=share, where=whole > 0)
        return np.asarray(np.minimum(share, 1.0), dtype=np.float64)
    bare = not plant.stored and all(e.use != "storage" for e in plant.container.equipment)
    return 0.0 if bare else None


def _computing(plant: Plant, hours: int) -> Floats:
    storing = _storing(plant)
    return 1.0 - (np.full(hours, np.nan) if storing is None else storing * np.ones(hours))


def _stack(plants: Sequence[Plant], parts: dict[str, Floats], hours: int) -> Floats:
    rows = [parts[plant.container.path] for plant in plants]
    return np.stack(rows) if rows else np.zeros((0, hours))


def _kept(facts: Facts, plant: Plant) -> Hourly | None:
    """Bytes of users that can be read, times the length of each hour.

    What lies there at the end of the period is taken for all of it.
    """
    total, sources = 0.0, []
    for stored in plant.stored:
        readable = service.readable_bytes(facts, stored)
        if readable is None:
            return None
        total += readable
        sources.append(
            f"{stored.store} {stored.scheme.word}: {stored.bytes} o stored, {readable:.6g} o of "
            "users readable"
        )
    if not sources:
        return None
    return Hourly(total * lengths(facts), np.ones(facts.hours), Quality.DERIVED, tuple(sources))


METHODS: Final[tuple[Method, ...]] = (
    Method(declared.EMBODIED, embodied),
    Method(declared.SCI, sci),
    Method(declared.GPU_HOUR, carbon_gpu_hour),
    Method(declared.TB_MONTH, carbon_tb_month),
)
