"""S12, S17, S18 and what redundancy costs: on how few others everything rests."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import numpy as np

from collector.kpis.facts import Facts, Plant
from collector.kpis.made import Made, Method, unknown
from collector.kpis.reasons import Reason
from collector.kpis.sovereignty.cases import listed
from collector.kpis.sovereignty.declared import newest
from collector.kpis.sovereignty.residency import home_of
from collector.kpis.sums import simulated
from vigie.indicators.sovereignty import OVERHEAD, S12, S17, S18
from vigie.network.reach import foreign
from vigie.replies import Term
from vigie.shape import Quality

DAY_SECONDS: Final = 86_400.0
REPLICAS: Final = 3.0
"""Copies that are kept where nothing is coded, to compare with."""

Dimension = Callable[[Plant], tuple[str, ...] | None]
DIMENSIONS: Final[Mapping[str, Dimension]] = {
    "operator": lambda plant: (plant.site.operator,),
    "site": lambda plant: (plant.site.id,),
    "zone": lambda plant: (plant.site.zone,) if plant.site.zone else None,
    "supplier": lambda plant: plant.container.technology,
    "country": lambda plant: (plant.site.country,) if plant.site.country else None,
}
"""What a container depends on; None is undeclared."""


def effective_number(shares: Iterable[float]) -> float | None:
    """1 / HHI, HHI the sum of squared shares of the whole; None of nothing."""
    weights = np.array(list(shares), np.float64)
    total = weights.sum()
    return float(1 / ((weights / total) ** 2).sum()) if total > 0 else None


def concentration(facts: Facts) -> Made:
    """Shares by bytes; a container with several suppliers counts for each of them."""
    if not facts.plants:
        return unknown(Reason.NO_PLACE)
    stored = {plant: _bytes(plant) for plant in facts.plants if plant.stored}
    if not any(stored.values()):
        return unknown(Reason.NO_STORE)
    shares = {name: _shares(stored, of) for name, of in DIMENSIONS.items()}
    parts = {
        name: None if found is None else effective_number(found.values())
        for name, found in shares.items()
    }  # fmt: skip
    terms = [
        Term("input", f"{name} {one}", value, "By")
        for name, found in shares.items()
        for one, value in sorted((found or {}).items())
    ]  # fmt: skip
    value = parts["operator"]
    return Made(
        value, coverage=len(stored) / len(facts.plants), quality=Quality.DERIVED,
        simulated_share=simulated(tuple(stored), np.array(list(stored.values()))), parts=parts,
        terms=(*terms, Term("result", S12.name, value, "1")),
    )  # fmt: skip


def exit_time(facts: Facts) -> Made:
    """Bytes of each site over the capacity of its lines; no less than what its drill took."""
    if not facts.plants:
        return unknown(Reason.NO_PLACE)
    sites = dict.fromkeys(plant.site.id for plant in facts.plants if plant.stored)
    if not sites:
        return unknown(Reason.NO_STORE)
    parts: dict[str, float | None] = {}
    terms, inputs = [], {}
    for name in sites:
        plants = [plant for plant in facts.plants if plant.site.id == name]
        size = sum(map(_bytes, plants))
        known = [line.capacity for plant in plants for line in plant.lines if line.capacity]
        capacity = sum(known)
        drill = newest(facts, "exit_drill", name)
        took = drill.value * DAY_SECONDS if drill and drill.value and drill.passed else None
        sending = size / capacity if capacity else None
        parts[name] = max((t for t in (sending, took) if t is not None), default=None)
        terms.append(Term("input", f"bytes of {name}", size, "By", "inventories"))
        terms.append(Term("input", f"lines of {name}", capacity or None, "By/s", "lines"))
        if drill is not None:
            inputs[f"drill {name}"] = f"{drill.day}, passed: {drill.passed}"
            terms.append(Term("input", f"drill of {name}", took, "s", drill.status_source))
    mute = [name for name, time in parts.items() if time is None]
    times = [time for time in parts.values() if time is not None]
    value = max(times) if times and not mute else None
    return Made(
        value, Reason.NO_LINE if mute else None, listed(mute), len(times) / len(parts),
        Quality.ESTIMATED if value is not None else None,
        simulated(facts.plants, np.array([_bytes(plant) for plant in facts.plants])),
        inputs=inputs, parts=parts, terms=(*terms, Term("result", S17.name, value, "s")),
    )  # fmt: skip


def supply_chain(facts: Facts) -> Made:
    """Shares by origin, of what has one: by value where everything has a price, else by units."""
    if not facts.plants:
        return unknown(Reason.NO_PLACE)
    items = [(plant, item) for plant in facts.plants for item in plant.container.equipment]
    if not items:
        return unknown(Reason.NO_EQUIPMENT)
    priced = all(item.euros is not None for _, item in items)
    origins, abroad, whole = defaultdict[str, float](float), 0.0, 0.0
    terms, homeless = [], list[str]()
    for plant, item in items:
        weight = item.count * ((item.euros or 0.0) if priced else 1.0)
        whole += weight
        name = f"{plant.container.path} {item.item}"
        terms.append(Term("input", name, weight, "EUR" if priced else "1", item.origin or "?"))
        if item.origin is None:
            continue
        homes = _homes(facts, plant)
        if not homes:
            homeless.append(plant.container.path)
        origins[item.origin] += weight
        abroad += weight * any(foreign(item.origin, home) for home in homes)
    known = sum(origins.values())
    if not known:
        return unknown(Reason.NO_ORIGIN)
    parts = {origin: weight / known for origin, weight in sorted(origins.items())}
    inputs = {"weights": "value" if priced else "units"}
    shares = simulated(facts.plants, np.array([len(p.container.equipment) for p in facts.plants]))
    if homeless:
        about = listed(homeless)
        return Made(
            None, Reason.NO_HOME, about, known / whole, simulated_share=shares, inputs=inputs,
            parts=parts, terms=tuple(terms),
        )  # fmt: skip
    value = abroad / known
    return Made(
        value, coverage=known / whole, quality=Quality.DECLARED, simulated_share=shares,
        inputs=inputs, parts=parts, terms=(*terms, Term("result", S18.name, value, "1")),
    )  # fmt: skip


def overhead(facts: Facts) -> Made:
    """All fragments that are alive, copies too, over k fragments an object."""
    if facts.held is None:
        return unknown(Reason.NO_INVENTORY)
    if not facts.held:
        return unknown(Reason.NO_STORE)
    sized = [held for held in facts.held if held.mean_bytes is not None]
    if len(facts.held) > 1 and not sized:
        return unknown(Reason.NO_SIZE, listed(held.store for held in facts.held))
    parts: dict[str, float | None] = {}
    stored = used = 0.0
    terms, weights, twins = [], [], 0.0
    for held in facts.held:
        objects, word = float(held.objects.sum()), f"{held.store} {held.scheme.word}"
        own = objects * held.scheme.k
        parts[word] = held.fragments / own
        parts[f"{word} n/k"] = held.scheme.n / held.scheme.k
        size = held.mean_bytes if held.mean_bytes is not None else float(len(facts.held) == 1)
        stored, used = stored + held.fragments * size, used + own * size
        weights.append(objects)
        twins += objects * held.simulated
        terms.append(Term("input", f"fragments of {word}", float(held.fragments), "1"))
        terms.append(Term("input", f"objects of {word}, times k", own, "1"))
    parts["3 replicas"] = REPLICAS
    told = [w for w, held in zip(weights, facts.held, strict=True) if held in sized]
    value = stored / used
    return Made(
        value, coverage=1.0 if len(weights) == 1 else sum(told) / sum(weights),
        quality=Quality.DERIVED if len(weights) == 1 else Quality.ESTIMATED,
        simulated_share=twins / sum(weights), parts=parts,
        terms=(*terms, Term("result", OVERHEAD.name, value, "1")),
    )  # fmt: skip


def _bytes(plant: Plant) -> float:
    return float(sum(stored.bytes for stored in plant.stored))


def _shares(stored: Mapping[Plant, float], of: Dimension) -> dict[str, float] | None:
    """Bytes by what containers depend on; None where one does not say."""
    found = defaultdict[str, float](float)
    for plant, size in stored.items():
        names = of(plant)
        if names is None:
            return None
        for name in names:
            found[name] += size
    return dict(found)


def _homes(facts: Facts, plant: Plant) -> frozenset[str]:
    """Where the stores of a container are at home; of one without, any that is declared."""
    own = {home_of(facts.network, stored.store) for stored in plant.stored} - {None}
    every = own or {placement.home for placement in facts.network.placements} - {None}
    return frozenset(home for home in every if home is not None)


METHODS: Final = (
    Method(S12, concentration),
    Method(S17, exit_time),
    Method(S18, supply_chain),
    Method(OVERHEAD, overhead, live=True),
)
