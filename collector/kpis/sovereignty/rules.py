"""S20: which rules of a tenant's store are broken, and for how long that was so.

*Residency*: no live fragment lies outside the countries of the policy. *Denial*: no country outside
home can block an object that can be rebuilt. Broken is what is known to be; where the reach of a
container is unknown and a rule may be broken, it cannot be judged.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import numpy as np

from collector.kpis.facts import Facts, Held, Violation
from collector.kpis.made import Made, Method, unknown
from collector.kpis.reasons import Reason
from collector.kpis.sovereignty.reading import Bits, Laid
from vigie.indicators.sovereignty import S20
from vigie.network.network import Network
from vigie.network.reach import Layer, Reaches, foreign, jurisdictions, within
from vigie.replies import Term
from vigie.shape import Quality

RESIDENCY: Final = "residency"
DENIAL: Final = "denial"


@dataclass(frozen=True, slots=True, order=True)
class Rule:
    """One rule of the store of a tenant; the tenant "" is everybody."""

    tenant: str
    store: str
    name: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What is broken at one moment, and what nobody can tell."""

    broken: frozenset[Rule] = frozenset()
    unclear: frozenset[Rule] = frozenset()


def judge(network: Network, held: Sequence[Held]) -> Judged:
    """Every rule of every store held."""
    reaches, broken, unclear = Reaches(network), set[Rule](), set[Rule]()
    for one in held:
        for name, (surely, perhaps) in _judged(network, one, reaches):
            policy = network.placement(one.store)
            rule = Rule((policy.tenant if policy else None) or "", one.store, name)
            if surely:
                broken.add(rule)
            elif perhaps:
                unclear.add(rule)
    return Judged(frozenset(broken), frozenset(unclear - broken))


def violation_time(facts: Facts) -> Made:
    """Seconds with any rule broken; those of rules broken together count once."""
    if not any(policy.within or policy.home for policy in facts.network.placements):
        return unknown(Reason.NO_POLICY)
    if facts.judged is None:
        return unknown(Reason.NOT_EVALUATED)
    stores = None if facts.held is None else {held.store for held in facts.held}
    found = [v for v in facts.violations if stores is None or v.store in stores]
    tenants = sorted({one.tenant for one in found})
    parts = {t or "*": covered(v for v in found if v.tenant == t) for t in tenants}
    terms = [
        Term("input", f"{v.tenant or '*'} {v.store} {v.rule}", (v.end - v.start).total_seconds(),
             "s", f"{v.start:%Y-%m-%dT%H:%M:%SZ}")
        for v in found
    ]  # fmt: skip
    value = covered(found)
    coverage = min(1.0, facts.judged / facts.period.seconds) if facts.period.seconds else 0.0
    twins = [plant.simulated for plant in facts.plants]
    return Made(
        value, coverage=coverage, quality=Quality.DERIVED,
        simulated_share=sum(twins) / len(twins) if twins else 0.0, parts=dict(parts),
        terms=(*terms, Term("result", S20.name, value, "s")),
    )  # fmt: skip


def covered(violations: Iterable[Violation]) -> float:
    """Seconds that at least one of them lasted."""
    total, until = 0.0, None
    for one in sorted(violations, key=lambda v: v.start):
        start = one.start if until is None else max(one.start, until)
        if one.end > start:
            total += (one.end - start).total_seconds()
            until = one.end
    return total


def cut(violations: Iterable[Violation], start: datetime, end: datetime) -> tuple[Violation, ...]:
    """What of them lies in a period."""
    found = (
        Violation(v.tenant, v.store, v.rule, max(v.start, start), min(v.end, end))
        for v in violations
    )  # fmt: skip
    return tuple(v for v in found if v.start < v.end)


def _judged(
    network: Network, held: Held, reaches: Reaches
) -> Iterator[tuple[str, tuple[bool, bool]]]:
    """Each rule, whether it is surely and whether it may be broken."""
    policy = network.placement(held.store)
    if policy is None:
        return
    if policy.within:
        laid = Laid.over(held, reaches, [Layer.LOCATION])
        outside = np.array(
            [any(not within(policy.within, c) for c in one.countries) for one in laid.reached],
            bool,
        )
        may = laid.some(outside | laid.unknown)
        yield RESIDENCY, (bool(laid.some(outside).any()), bool(may.any()))
    if policy.home is not None:
        laid, home = Laid.over(held, reaches), policy.home
        named = [j for j in jurisdictions(laid.countries) if foreign(j, home)]
        masks = [laid.classes(j) for j in named] or [np.zeros(len(held.classes), bool)]
        surely = bool(named) and any(_blocks(laid, mask) for mask in masks)
        perhaps = any(_blocks(laid, mask | laid.unknown) for mask in masks)
        yield DENIAL, (surely, perhaps)


def _blocks(laid: Laid, classes: Bits) -> bool:
    """Whether any object that can be rebuilt can be kept from it."""
    return bool((laid.denies(classes) & (laid.live >= laid.held.scheme.k)).any())


METHODS: Final = (Method(S20, violation_time),)
