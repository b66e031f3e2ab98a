"""What it costs: purchase or rent spread over time, yearly costs, electricity. Pure.

A scope of which one container's cost is unknown has no full cost: a sum that leaves one out is
none. A container that the twin plays in part costs that part.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from collector.kpis import service
from collector.kpis.energy import loads
from collector.kpis.facts import Facts, Floats, Plant
from collector.kpis.made import Made, Method, unknown
from collector.kpis.reasons import Reason
from collector.kpis.sums import lengths, simulated, worst
from collector.kpis.supply.covers import in_force
from vigie.indicators import service as indicators
from vigie.indicators.indicator import Indicator
from vigie.network.contracts import Purchase
from vigie.replies import Term
from vigie.shape import Quality
from vigie.units import JOULES_PER_KWH

YEAR_SECONDS: Final = 365.25 * 86_400
MONTHS: Final = 12
EURO: Final = "EUR"
COMPUTE: Final = "compute"
STORAGE: Final = "storage"


@dataclass(frozen=True, slots=True)
class Bill:
    """The cost of one container over the period, in euros by kind."""

    plant: Plant
    kinds: dict[str, float]
    quality: Quality
    coverage: float

    @property
    def total(self) -> float:
        """All of it."""
        return sum(self.kinds.values())


@dataclass(frozen=True, slots=True)
class Unpriced:
    """Why a container has no full cost."""

    reason: Reason
    about: str


def bill(facts: Facts, plant: Plant) -> Bill | Unpriced:
    """What a container costs in the period, or why nobody can say."""
    path = plant.container.path
    purchase = facts.network.purchase(path)
    if purchase is None:
        return Unpriced(Reason.NO_PURCHASE, path)
    yearly = _yearly(purchase)
    if yearly is None:
        return Unpriced(Reason.NO_PURCHASE, path)
    years = facts.period.seconds / YEAR_SECONDS * service.part(facts, plant)
    power = electricity(facts, plant)
    if isinstance(power, Unpriced):
        return power
    euros, covered, quality = power
    kinds = {purchase.kind: yearly * years, "electricity": euros}
    if purchase.yearly_euros is not None:
        kinds["yearly"] = purchase.yearly_euros * years
    return Bill(plant, kinds, worst((quality, Quality.DECLARED)) or quality, covered)


def _yearly(purchase: Purchase) -> float | None:
    if purchase.kind == "rental":
        rent = purchase.euros_per_month
        return None if rent is None else rent * MONTHS
    if purchase.euros is None or purchase.years is None:
        return None
    return purchase.euros / purchase.years


def electricity(facts: Facts, plant: Plant) -> tuple[float, float, Quality] | Unpriced:
    """Euros for what a container took, the share of the time that is known, and how well.

    The price is that of the contracts in force, for what they cover; the rest is at the price of
    the grid's day-ahead market, where its feed tells one.
    """
    [load] = loads.loads(_alone(facts, plant))
    if load is None:
        return Unpriced(Reason.NO_METER, "")
    price, known = prices(facts, plant)
    if not known.all():
        return Unpriced(Reason.NO_PRICE, plant.site.id)
    joules = load.imported.amount
    told = ~np.isnan(joules)
    if not told.any():
        return Unpriced(Reason.NO_READING, "")
    euros = float((joules * price)[told].sum())
    seconds = lengths(facts)
    covered = np.where(told, load.imported.covered, 0.0) * seconds
    return euros, float(covered.sum() / seconds.sum()), load.imported.quality


def prices(
    facts: Facts, plant: Plant
) -> tuple[Floats, "np.ndarray[tuple[int], np.dtype[np.bool_]]"]:
    """Euros per joule of each hour, and which hours have a price."""
    day = facts.period.start.date()
    own = [
        c
        for c in facts.network.contracts(plant.site.id, day)
        if c.euros_per_kwh is not None and in_force(c, plant)
    ]
    share = sum(c.share for c in own)
    price = sum((c.euros_per_kwh or 0.0) * c.share for c in own) / JOULES_PER_KWH
    rest = max(0.0, 1.0 - share)
    if share >= 1.0:
        return np.full(facts.hours, price / share), np.ones(facts.hours, bool)
    supply = facts.supplies.get((plant.site.zone or "", plant.simulated))
    if supply is None:
        return np.full(facts.hours, np.nan), np.zeros(facts.hours, bool)
    hourly = price + rest * supply.euros_per_joule
    return hourly, ~np.isnan(hourly)


def _alone(facts: Facts, plant: Plant) -> Facts:
    return replace(facts, plants=(plant,))


def bills(facts: Facts, plants: Iterable[Plant]) -> list[Bill] | Unpriced:
    """Of several containers; the first that nobody can price is why there is none."""
    found = []
    for plant in plants:
        one = bill(facts, plant)
        if isinstance(one, Unpriced):
            return one
        found.append(one)
    return found


def cost(facts: Facts) -> Made:
    """All costs of the period."""
    found = _found(facts, facts.plants)
    if isinstance(found, Made):
        return found
    kinds = sorted({kind for one in found for kind in one.kinds})
    parts = {kind: sum(one.kinds.get(kind, 0.0) for one in found) for kind in kinds}
    return _made(indicators.COST, sum(parts.values()), found, parts=parts)


def gpu_hour(facts: Facts) -> Made:
    """The compute part of the cost over the GPU time served."""
    found = _found(facts, (p for p in facts.plants if use(p) == COMPUTE))
    if isinstance(found, Made):
        return found
    served = service.served(facts).total
    if served is None:
        return unknown(Reason.NO_QUEUE)
    if not served:
        return unknown(Reason.NOTHING_TO_DIVIDE, "GPU time served")
    euros = sum(one.total for one in found)
    term = Term("sum", "GPU time served", served, "s")
    return _made(indicators.COST_GPU_HOUR, euros / served, found, more=(term,))


def idleness(facts: Facts) -> Made:
    """The compute part of the cost for the capacity that nobody used."""
    found = _found(facts, (p for p in facts.plants if use(p) == COMPUTE))
    if isinstance(found, Made):
        return found
    occupied = service.METHODS[0].make(facts)
    if occupied.value is None:
        return unknown(occupied.reason or Reason.NO_QUEUE, occupied.about)
    euros = sum(one.total for one in found)
    value = euros * max(0.0, 1.0 - occupied.value)
    term = Term("factor", "share of capacity served", occupied.value, "1")
    return _made(indicators.COST_IDLE, value, found, more=(term,))


def tb_month(facts: Facts) -> Made:
    """The storage part of the cost over the bytes of users that can be read, times the period."""
    found = _found(facts, (p for p in facts.plants if use(p) == STORAGE))
    if isinstance(found, Made):
        return found
    readable = user_bytes(facts)
    if readable is None:
        return unknown(Reason.NO_INVENTORY)
    if not readable:
        return unknown(Reason.NOTHING_TO_DIVIDE, "readable bytes")
    euros = sum(one.total for one in found)
    seconds = facts.period.seconds
    term = Term("sum", "readable bytes of users", readable, "B", "inventory of fragments")
    value = euros / (readable * seconds)
    return _made(indicators.COST_TB_MONTH, value, found, more=(term,))


def user_bytes(facts: Facts) -> float | None:
    """Bytes of users that can be read now, of all containers."""
    total = 0.0
    for stored in (s for p in facts.plants for s in p.stored):
        readable = service.readable_bytes(facts, stored)
        if readable is None:
            return None
        total += readable
    return total


def use(plant: Plant) -> str:
    """What a container's cost is borne by: a mixed one's by its GPUs, where it has any."""
    role = plant.container.role
    if role == "mixed":
        return COMPUTE if plant.container.capacity.gpus else STORAGE
    return role


def _found(facts: Facts, plants: Iterable[Plant]) -> list[Bill] | Made:
    if facts.hours == 0:
        return unknown(Reason.INSTANT)
    found = bills(facts, plants)
    if isinstance(found, Unpriced):
        return unknown(found.reason, found.about)
    return found or unknown(Reason.NO_PLACE)


def _made(
    indicator: Indicator, value: float, of: Sequence[Bill], *,
    parts: dict[str, float] | None = None, more: tuple[Term, ...] = (),
) -> Made:  # fmt: skip
    terms = [
        Term("input", f"{one.plant.container.path} {kind}", euros, EURO, "network", one.coverage)
        for one in of
        for kind, euros in one.kinds.items()
    ]
    euros = sum(one.total for one in of)
    terms += [Term("sum", "cost", euros, EURO), *more]
    terms.append(Term("result", indicator.name, value, indicator.unit.symbol))
    weights = np.array([one.total for one in of])
    return Made(
        value,
        coverage=sum(one.coverage for one in of) / len(of),
        quality=worst(one.quality for one in of),
        simulated_share=simulated([one.plant for one in of], weights),
        parts=dict(parts or {}),
        terms=tuple(terms),
    )


METHODS: Final[tuple[Method, ...]] = (
    Method(indicators.COST, cost),
    Method(indicators.COST_GPU_HOUR, gpu_hour),
    Method(indicators.COST_TB_MONTH, tb_month),
    Method(indicators.COST_IDLE, idleness),
)
