"""What is served: capacity in use, GPU time asked and had, data readable, time up. Pure.

GPU time is that of queues (`work`), by tenant. A container that the twin plays in part has that
part of its capacity. Readable is an object of which k distinct fragments are alive.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import Final

import numpy as np

from collector.kpis.facts import Facts, Floats, Hourly, Plant, Stored, Work
from collector.kpis.made import Made, Method, unknown
from collector.kpis.reasons import Reason
from collector.kpis.sums import (
    Cells,
    Extra,
    combined,
    finished,
    gather,
    lengths,
    missing,
    ratio,
    summed,
)
from vigie.indicators import service as indicators
from vigie.indicators.indicator import Indicator
from vigie.replies import Term
from vigie.shape import Quality

SECOND: Final = "s"
Pick = Callable[[Work], Hourly]
Gpus = Callable[[Facts, Plant], float | None]


def work(plant: Plant, pick: Pick, tenants: Iterable[str] | None = None) -> Hourly | None:
    """One quantity of the queues of a container, all tenants or some; None where it has none."""
    wanted = plant.work.keys() if tenants is None else plant.work.keys() & set(tenants)
    if not wanted:
        return None
    return combined(*((1.0, pick(plant.work[name])) for name in sorted(wanted)))


def served(facts: Facts) -> Cells:
    """GPU time that jobs had, of every container with a queue."""
    return gather(
        facts, "GPU time served", SECOND, lambda p: work(p, lambda w: w.served), queued(facts)
    )


def queued(facts: Facts) -> tuple[Plant, ...]:
    """The containers that a queue is to be expected of: those with GPUs, or that tell of one."""
    return tuple(p for p in facts.plants if p.work or p.container.capacity.gpus)


def installed(_: Facts, plant: Plant) -> float | None:
    """GPUs that a container holds, as far as it is played."""
    gpus = plant.container.capacity.gpus
    return None if gpus is None else gpus * plant.container.scale


def contracted(facts: Facts, plant: Plant) -> float | None:
    """GPUs that are contracted, of a purchase of several containers its part."""
    purchase = facts.network.purchase(plant.container.path)
    gpus = None if purchase is None else purchase.gpus_contracted
    return None if gpus is None else gpus * part(facts, plant)


def paid(facts: Facts, plant: Plant) -> float | None:
    """GPUs that are paid for, likewise."""
    purchase = facts.network.purchase(plant.container.path)
    gpus = None if purchase is None else purchase.gpus_paid
    return None if gpus is None else gpus * part(facts, plant)


def part(facts: Facts, plant: Plant) -> float:
    """The part of its purchase that a container is, by GPUs, else by number; times its scale."""
    purchase = facts.network.purchase(plant.container.path)
    if purchase is None:
        return 0.0
    declared = [facts.network.container(path) for path in purchase.containers]
    sizes = [c.capacity.gpus if c else None for c in declared]
    own = plant.container.capacity.gpus
    whole = float(sum(size or 0 for size in sizes))
    if own is None or None in sizes or not whole:
        return plant.container.scale / len(purchase.containers)
    return plant.container.scale * own / whole


def capacity(facts: Facts, gpus: Gpus) -> Cells:
    """GPU time that there was, by declaration."""

    def hourly(plant: Plant) -> Hourly | None:
        count = gpus(facts, plant)
        if count is None:
            return None
        amount = count * lengths(facts)
        source = f"network {plant.container.path}"
        return Hourly(amount, np.ones_like(amount), Quality.DECLARED, (source,))

    return gather(facts, "GPU time of capacity", SECOND, hourly, queued(facts))


def _occupancy(indicator: Indicator, gpus: Gpus, reason: Reason) -> Method:
    def make(facts: Facts) -> Made:
        over = (served(facts), capacity(facts, gpus))
        return ratio(facts, indicator, over, (Reason.NO_QUEUE, reason))

    return Method(indicator, make)


def _hours(indicator: Indicator, pick: Pick) -> Method:
    def make(facts: Facts) -> Made:
        cells = gather(facts, indicator.en, SECOND, lambda p: work(p, pick), queued(facts))
        parts = by_tenant(facts, pick)
        return summed(facts, indicator, cells, Reason.NO_QUEUE, Extra(parts=parts))

    return Method(indicator, make)


def by_tenant(facts: Facts, pick: Pick) -> Mapping[str, float | None]:
    """A quantity of the queues by tenant; None where a tenant's is unknown."""
    tenants = sorted({name for plant in facts.plants for name in plant.work})

    def of(plant: Plant, tenant: str) -> Hourly | None:
        return work(plant, pick, (tenant,))

    return {name: gather(facts, name, SECOND, partial(of, tenant=name)).total for name in tenants}


def wait(facts: Facts) -> Made:
    """What jobs begun had waited, on average."""
    plants = queued(facts)
    waited = gather(facts, "wait", SECOND, lambda p: work(p, lambda w: w.wait), plants)
    begun = gather(facts, "jobs begun", "1", lambda p: work(p, lambda w: w.started), plants)
    return ratio(
        facts, indicators.WAIT, (waited, begun), (Reason.NO_QUEUE, Reason.NO_QUEUE)
    )  # fmt: skip


def local(facts: Facts) -> Made:
    """GPU time of the tenants whose home the site is, over all that was served."""
    homes = {tenant.id: tenant.home for tenant in facts.network.tenants}
    if not any(homes.values()):
        return unknown(Reason.NO_HOME_SITE)

    def own(plant: Plant) -> Hourly | None:
        mine = [name for name in plant.work if homes.get(name) == plant.site.id]
        every = work(plant, lambda w: w.served)
        if mine or every is None:
            return work(plant, lambda w: w.served, mine)
        return replace(every, amount=every.amount * 0.0, sources=(), counts=())

    cells = gather(facts, "GPU time served to locals", SECOND, own, queued(facts))
    return ratio(
        facts, indicators.LOCAL, (cells, served(facts)), (Reason.NO_QUEUE, Reason.NO_QUEUE)
    )  # fmt: skip


def readability(facts: Facts) -> Made:
    """Objects with k distinct live fragments or more, over all."""
    if facts.held is None:
        return unknown(Reason.NO_INVENTORY)
    objects = sum(int(held.objects.sum()) for held in facts.held)
    if not objects:
        return unknown(Reason.NO_OBJECT)
    terms, readable, twin = [], 0, 0.0
    for held in facts.held:
        alive = held.holds.sum(axis=1) >= held.scheme.k
        count, every = int(held.objects[alive].sum()), int(held.objects.sum())
        name = f"{held.store} {held.scheme.word}"
        terms += [
            Term("input", f"{name} objects readable", count, "1", "inventory of fragments"),
            Term("input", f"{name} objects", every, "1", "inventory of fragments"),
        ]
        readable += count
        twin += held.simulated * every
    value = readable / objects
    terms.append(Term("result", indicators.READABILITY.name, value, "1"))
    return Made(
        value, coverage=1.0, quality=Quality.DERIVED, simulated_share=twin / objects,
        inputs={"objects": str(objects)}, terms=tuple(terms),
    )  # fmt: skip


def readable_share(facts: Facts, store: str) -> float | None:
    """The share of the objects of a store that can be rebuilt now; None is unknown."""
    mine = [held for held in facts.held or () if held.store == store]
    objects = sum(int(held.objects.sum()) for held in mine)
    if not objects:
        return None
    alive = [held.objects[held.holds.sum(axis=1) >= held.scheme.k].sum() for held in mine]
    return float(sum(alive)) / objects


def readable_bytes(facts: Facts, stored: Stored) -> float | None:
    """Bytes of users that can be read now, of what a container holds of a store.

    Stored bytes times k / n, times the share of the store's objects that can be rebuilt.
    """
    share = readable_share(facts, stored.store)
    return None if share is None else stored.bytes * stored.scheme.k / stored.scheme.n * share


def availability(facts: Facts) -> Made:
    """Time with readings over time in service that was not planned away."""
    due = gather(facts, "time due", SECOND, lambda p: _due(facts, p))
    up = gather(facts, "time up", SECOND, lambda p: _up(facts, p))
    if up.total is None:
        return missing(facts, up, Reason.NO_READING)
    if not due.total:
        return unknown(Reason.ALL_MAINTENANCE)
    planned = sum(float(_maintenance(facts, p).sum()) for p in facts.plants)
    whole = float(lengths(facts).sum()) * len(facts.plants)
    share = min(1.0, up.total / due.total)
    parts = {"planned maintenance": planned / whole, "failure": 1.0 - share}
    return finished(indicators.AVAILABILITY, share, (up, due), Extra(parts=parts))


def _maintenance(facts: Facts, plant: Plant) -> Floats:
    away = plant.maintenance
    return np.zeros(facts.hours) if away is None else np.nan_to_num(away)


def _due(facts: Facts, plant: Plant) -> Hourly:
    amount = lengths(facts) - _maintenance(facts, plant)
    return Hourly(amount, np.ones_like(amount), Quality.DERIVED, (f"network {plant.site.id}",))


def _up(facts: Facts, plant: Plant) -> Hourly | None:
    """Seconds with readings; an hour that has none was down, once the container was ever heard."""
    if plant.alive is None:
        return None
    alive = np.nan_to_num(plant.alive.amount)
    amount = np.minimum(alive, lengths(facts) - _maintenance(facts, plant))
    return replace(plant.alive, amount=amount, covered=np.ones_like(amount))


def repair_time(facts: Facts) -> Made:
    """The mean time that serious alerts lasted."""
    if not facts.repairs:
        return unknown(Reason.NO_REPAIR)
    value = sum(facts.repairs) / len(facts.repairs)
    terms = (
        Term("sum", "time of serious alerts", sum(facts.repairs), SECOND, "alerts"),
        Term("input", "alerts that ended", float(len(facts.repairs)), "1", "alerts"),
        Term("result", indicators.REPAIR_TIME.name, value, SECOND),
    )
    twins = [plant.simulated for plant in facts.plants]
    return Made(
        value, coverage=1.0, quality=Quality.MEASURED, terms=terms,
        simulated_share=sum(twins) / max(1, len(twins)),
    )  # fmt: skip


METHODS: Final[tuple[Method, ...]] = (
    _occupancy(indicators.OCCUPANCY_INSTALLED, installed, Reason.NO_CAPACITY),
    _occupancy(indicators.OCCUPANCY_CONTRACTED, contracted, Reason.NO_CONTRACTED),
    _occupancy(indicators.OCCUPANCY_PAID, paid, Reason.NO_PAID),
    _hours(indicators.HOURS_ASKED, lambda w: w.asked),
    _hours(indicators.HOURS_SERVED, lambda w: w.served),
    _hours(indicators.HOURS_REFUSED, lambda w: w.refused),
    Method(indicators.WAIT, wait),
    Method(indicators.LOCAL, local),
    Method(indicators.READABILITY, readability),
    Method(indicators.AVAILABILITY, availability),
    Method(indicators.REPAIR_TIME, repair_time),
)
