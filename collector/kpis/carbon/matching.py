"""Carbon-free energy hour by hour: what contracts bring in that hour, then the grid. Pure."""

from typing import Final

import numpy as np

from collector.kpis.carbon.scope2 import Loads, of_loads, path, picker, some
from collector.kpis.energy.loads import Load, boundary, loads
from collector.kpis.facts import Facts, Floats
from collector.kpis.made import Made, Method
from collector.kpis.reasons import Reason
from collector.kpis.sums import Extra, gather, length_word, missing, ratio, worst
from collector.kpis.supply.covers import CARBON_FREE, covers, listed, technology
from collector.kpis.supply.grids import no_mix, supply_inputs, supply_of, used_supplies
from vigie.indicators import carbon as declared
from vigie.replies import Term
from vigie.shape import Quality


def cfe(facts: Facts) -> Made:
    """Carbon-free energy over all energy: own solar and matched contracts, then the grid's part."""
    drawn = loads(facts)
    whole = gather(facts, "load", "J", picker({path(load): load.total for load in some(drawn)}))
    if whole.total is None:
        return missing(facts, whole, Reason.NO_METER)
    free = of_loads(
        facts, drawn, "carbon-free energy", "J", lambda load: _free(facts, load), energy=True
    )
    if free.total is None:
        return no_mix(whole)
    supplies = used_supplies(facts, free)
    factors = tuple(
        Term(
            "factor", f"carbon-free share of {supply.zone}", float(np.nanmean(shares)), "",
            f"{supply.source} ({supply.licence})", None, supply.quality,
        )
        for supply in supplies
        if not np.isnan(shares := supply.renewable + supply.nuclear).all()
    )  # fmt: skip
    inputs = {**supply_inputs(supplies), "contracts": _matched(facts, drawn)}
    said = Extra(
        boundary(drawn), length_word(facts), {k: v for k, v in inputs.items() if v}, {}, factors
    )
    return ratio(facts, declared.CFE, (free, whole), (Reason.NO_MIX, Reason.NO_METER), said)


def _free(facts: Facts, load: Load) -> tuple[Floats, Quality | None, tuple[str, ...]]:
    mine = covers(facts, load.plant)
    matched = mine.share(lambda c: c.matched and technology(CARBON_FREE)(c), facts.hours)
    rest = (1.0 - matched) * load.grid
    supply = supply_of(facts, load.plant)
    mix = np.full(facts.hours, np.nan) if supply is None else supply.renewable + supply.nuclear
    amount = load.own + matched * load.grid + np.where(rest > 0, rest * mix, 0.0)
    quality = worst(
        (supply.quality if supply else None, Quality.DECLARED if matched.any() else None)
    )
    return amount, quality, (f"mix of {supply.zone}",) if supply else ()


def _matched(facts: Facts, drawn: Loads) -> str:
    contracts = [
        cover.contract
        for load in some(drawn)
        for cover in covers(facts, load.plant).counted
        if cover.contract.matched
    ]
    return listed(contracts)


METHODS: Final[tuple[Method, ...]] = (Method(declared.CFE, cfe),)
