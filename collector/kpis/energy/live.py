"""Power now and energy of the period: the widest meters that every place has, whole for parts."""

from typing import Final

import numpy as np

from collector.kpis.facts import Facts, Hourly
from collector.kpis.made import Made, Method, metered, unknown
from collector.kpis.meters import Known, Total, wanted
from collector.kpis.reasons import Reason
from collector.kpis.sums import lengths, simulated, worst
from vigie.catalogue import WHOLE_ROLES
from vigie.indicators import ENERGY, POWER
from vigie.replies import Term
from vigie.units import JOULE, WATT

NAMED: Final = 12
"""Meters named in the inputs of an answer; its terms have them all."""


def power(facts: Facts) -> Made:
    """What the meters say now."""
    of = facts.power
    terms = tuple(
        Term("input", k.meter.role, k.value, WATT.symbol, _named(k), k.covered, k.quality.value)
        for k in of.used
    )
    return Made(
        of.value, of.reason, "", of.covered, of.quality, of.simulated_share, _boundary(of.roles),
        inputs={"meters": _listed([_named(k) for k in of.used])},
        terms=(*terms, _result(of.value, WATT.symbol, of)),
    )  # fmt: skip


def energy(facts: Facts) -> Made:
    """What the meters counted."""
    if not facts.plants:
        return unknown(Reason.NO_PLACE)
    if facts.hours == 0:
        return unknown(Reason.INSTANT)
    standing = {
        plant.container.path: [role for role in WHOLE_ROLES if role in plant.energy]
        for plant in facts.plants
    }
    roles = wanted({path: own for path, own in standing.items() if own})
    chosen = [(p, p.energy[roles[p.container.path]]) for p in facts.plants
              if p.container.path in roles]  # fmt: skip
    known = [(plant, hourly) for plant, hourly in chosen if hourly.total is not None]
    if not known:
        made = unknown(Reason.NO_READING if chosen else Reason.NO_METER)
        share = simulated(facts.plants, np.full(len(facts.plants), np.nan))
        return Made(None, made.reason, simulated_share=share)
    parts = {plant.container.path: float(hourly.total or 0.0) for plant, hourly in known}
    value = sum(parts.values())
    used = [role for role in WHOLE_ROLES if role in {roles[path] for path in parts}]
    sources = [source for _, hourly in known for source in hourly.sources]
    quality = worst(hourly.quality for _, hourly in known)
    terms = [
        term
        for plant, hourly in known
        for term in (
            *metered(roles[plant.container.path], hourly, JOULE),
            Term("sum", plant.container.path, hourly.total, JOULE.symbol,
                 coverage=_covered(facts, hourly), quality=hourly.quality.value),
        )
    ]  # fmt: skip
    coverage = sum(_covered(facts, hourly) for _, hourly in known) / len(facts.plants)
    return Made(
        value, None, "", coverage, quality,
        simulated([p for p, _ in known], np.array(list(parts.values()))),
        _boundary(tuple(used)), inputs={"meters": _listed(sources)},
        terms=(*terms, Term("result", "energy", value, JOULE.symbol, "", coverage)),
    )  # fmt: skip


def _covered(facts: Facts, hourly: Hourly) -> float:
    """The share of the period that it knows."""
    seconds = lengths(facts)
    known = np.where(np.isnan(hourly.amount), 0.0, hourly.covered)
    return float((known * seconds).sum() / seconds.sum())


def _boundary(roles: tuple[str, ...]) -> str:
    return f"role {' + '.join(roles)}" if roles else ""


def _named(known: Known) -> str:
    return f"{known.meter.path} ({known.meter.method}, {known.quality.value})"


def _listed(names: list[str]) -> str:
    more = [f"+ {len(names) - NAMED}"] if len(names) > NAMED else []
    return "; ".join(names[:NAMED] + more)


def _result(value: float | None, unit: str, of: Total) -> Term:
    quality = of.quality.value if of.quality else None
    return Term("result", "power", value, unit, "", of.covered, quality)


METHODS: Final[tuple[Method, ...]] = (Method(POWER, power, live=True), Method(ENERGY, energy))
