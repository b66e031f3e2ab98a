"""Carbon of electricity by contract (GHG Protocol Scope 2 Guidance, market-based). Pure.

A contract with retired certificates covers its share at its own factor. For the rest the residual
mix is wanted: no table of it may be passed on, so it is what a supply contract of the network
declares, else unknown.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

import numpy as np

from collector.kpis.carbon.scope2 import GRAM, imported, of_loads
from collector.kpis.energy.loads import Load, boundary, loads
from collector.kpis.facts import Facts, Floats, Plant
from collector.kpis.made import Made, Method, unknown
from collector.kpis.reasons import Reason
from collector.kpis.sums import Extra, finished, missing
from collector.kpis.supply.covers import Covers, covers, listed, named
from vigie.indicators import carbon as declared
from vigie.network.contracts import EnergyContract
from vigie.replies import Term
from vigie.shape import Quality
from vigie.units import JOULES_PER_KWH


def carbon_market(facts: Facts) -> Made:
    """Certified contracts at their factor; all else at the residual mix that is declared."""
    drawn = loads(facts)
    energy = imported(facts, drawn)
    if energy.total is None:
        return missing(facts, energy, Reason.NO_METER)
    bought = {load.plant.container.path: covers(facts, load.plant) for load in filter(None, drawn)}
    grams = of_loads(
        facts, drawn, "carbon", GRAM,
        lambda load: _by_contract(load, bought[load.plant.container.path], facts.hours),
    )  # fmt: skip
    rows = zip(facts.plants, energy.told, grams.told, strict=True)
    if unvalued := [plant for plant, has, told in rows if has and not told]:
        made = _unvalued(unvalued, bought)
        return replace(made, terms=energy.terms, simulated_share=energy.simulated_share)
    counted = energy.only(grams.known)
    used = {
        cover.contract.id: cover.contract
        for mine in bought.values()
        for cover in (*mine.counted, *mine.supply)
        if cover.contract.grams_per_kwh is not None
    }
    void = listed(contract for mine in bought.values() for contract in mine.void)
    inputs = {"contracts": listed(used.values()), **({"not_counted": void} if void else {})}
    extra = Extra(
        boundary=boundary(drawn),
        inputs=inputs,
        factors=tuple(_contract_term(contract) for contract in used.values()),
        quality=Quality.DECLARED,
    )
    return finished(declared.CARBON_MARKET, grams.total or 0.0, (counted, grams), extra)


def _by_contract(
    load: Load, mine: Covers, hours: int
) -> tuple[Floats, Quality | None, tuple[str, ...]]:
    per_kwh = np.zeros(hours)
    rest = np.ones(hours)
    for cover in mine.counted:
        factor = np.nan if cover.contract.grams_per_kwh is None else cover.contract.grams_per_kwh
        per_kwh = per_kwh + np.where(cover.share > 0, cover.share * factor, 0.0)
        rest = rest - cover.share
    left = rest > 1e-9
    per_kwh = per_kwh + np.where(left, rest * _residual(mine, hours), 0.0)
    sources = (*mine.ids(), *(named(cover.contract) for cover in mine.supply))
    return load.imported.amount * per_kwh / JOULES_PER_KWH, Quality.DECLARED, sources


def _residual(mine: Covers, hours: int) -> Floats:
    """g/kWh of what no certificate covers: of the supply contracts that declare it."""
    weight, grams = np.zeros(hours), np.zeros(hours)
    for cover in mine.supply:
        if (factor := cover.contract.grams_per_kwh) is not None:
            weight, grams = weight + cover.share, grams + cover.share * factor
    return np.where(weight > 0, grams / np.where(weight > 0, weight, 1.0), np.nan)


def _unvalued(plants: Sequence[Plant], bought: Mapping[str, Covers]) -> Made:
    """Why the market-based carbon of some places is unknown."""
    for plant in plants:
        for cover in bought[plant.container.path].counted:
            if cover.contract.grams_per_kwh is None and cover.share.any():
                return unknown(Reason.NO_CONTRACT_FACTOR, named(cover.contract))
    return unknown(Reason.NO_RESIDUAL, ", ".join(sorted({plant.site.id for plant in plants})))


def _contract_term(contract: EnergyContract) -> Term:
    factor = (contract.grams_per_kwh or 0.0) / JOULES_PER_KWH
    source = f"network, {contract.supplier}" if contract.supplier else "network"
    return Term("factor", named(contract), factor, "g/J", source, None, Quality.DECLARED)


METHODS: Final[tuple[Method, ...]] = (Method(declared.CARBON_MARKET, carbon_market),)
