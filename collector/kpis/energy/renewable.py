"""Where the electricity of a place comes from: renewable (EN 50600-4-3 REF) and nuclear. Pure.

A green claim that nobody declared counts as nothing: REF is what is owned and retired, over all
energy. Where no place of the scope has any, it is unknown.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Final

import numpy as np

from collector.kpis.energy.loads import Load, site, site_loads
from collector.kpis.facts import Facts, Floats, Hourly
from collector.kpis.made import Made, Method, unknown
from collector.kpis.reasons import Reason
from collector.kpis.sums import Cells, Extra, gather, length_word, missing, ratio, worst
from collector.kpis.supply.covers import NUCLEAR, RENEWABLE, Covers, covers, listed, technology
from collector.kpis.supply.grids import no_mix, supply_inputs, supply_of, used_supplies
from vigie.indicators import energy as declared
from vigie.replies import Term
from vigie.shape import Quality

SENTENCE: Final = {
    "fr": "Le REF compte l'énergie renouvelable achetée avec certificats annulés ou produite sur "
    "place ; la part nucléaire compte l'électricité des centrales, selon le contrat s'il est "
    "certifié, sinon selon la composition du réseau : les deux ne s'additionnent pas.",
    "en": "REF counts renewable energy bought with retired certificates or made on site; the "
    "nuclear share counts electricity of nuclear plants, by contract where that is certified, "
    "else by the mix of the grid: the two do not add up.",
}


def ref(facts: Facts) -> Made:
    """E_RES over E_DC."""
    whole = site(facts)
    if whole.total is None:
        return missing(facts, whole, Reason.NO_SITE_METER)
    bought = [covers(facts, plant) for plant in facts.plants]
    drawn = site_loads(facts)
    void = listed(c for cover in bought for c in cover.void if c.technology not in NUCLEAR)
    claims = [
        bool(cover.ids(technology(RENEWABLE))) or _has_solar(load)
        for cover, load in zip(bought, drawn, strict=True)
    ]
    if not any(claims):
        made = unknown(Reason.NO_CERTIFICATE, void) if void else unknown(Reason.NO_CONTRACT)
        return replace(made, terms=whole.terms, simulated_share=whole.simulated_share)

    def renewable(load: Load, cover: Covers) -> Floats:
        share = cover.share(technology(RENEWABLE), facts.hours)
        return np.minimum(load.own + share * load.grid, load.total.amount)

    green = _parts(facts, "E_RES", renewable, technology_of=RENEWABLE)
    bare = [p.container.path for p, claim in zip(facts.plants, claims, strict=True) if not claim]
    inputs = {"not_counted": void, "without_claim": "; ".join(bare)}
    extra = Extra(
        category=length_word(facts),
        inputs={name: text for name, text in inputs.items() if text},
        sentence=SENTENCE,
    )
    reasons = (Reason.NO_CONTRACT, Reason.NO_SITE_METER)
    return ratio(facts, declared.REF, (green, whole), reasons, extra)


def nuclear_share(facts: Facts) -> Made:
    """Nuclear energy over E_DC: certified contracts first, the grid's mix for the rest."""
    whole = site(facts)
    if whole.total is None:
        return missing(facts, whole, Reason.NO_SITE_METER)

    def nuclear(load: Load, cover: Covers) -> Floats:
        by_contract = cover.share(technology(NUCLEAR), facts.hours)
        rest = 1.0 - cover.share(technology((*RENEWABLE, *NUCLEAR)), facts.hours)
        mix = np.full(facts.hours, np.nan)
        if (supply := supply_of(facts, load.plant)) is not None:
            mix = supply.nuclear
        return load.grid * (by_contract + np.where(rest > 0, rest * mix, 0.0))

    atoms = _parts(facts, "nuclear energy", nuclear, technology_of=NUCLEAR, mix=True)
    if atoms.total is None:
        return no_mix(whole)
    supplies = used_supplies(facts, atoms)
    void = listed(c for plant in facts.plants for c in covers(facts, plant).void)
    inputs = {"not_counted": void, **supply_inputs(supplies)}
    extra = Extra(
        category=length_word(facts),
        inputs={name: text for name, text in inputs.items() if text},
        factors=tuple(
            Term(
                "factor", f"nuclear share of {supply.zone}", float(np.nanmean(supply.nuclear)),
                "1", f"{supply.source} ({supply.licence})", None, supply.quality,
            )
            for supply in supplies
            if not np.isnan(supply.nuclear).all()
        ),
        sentence=SENTENCE,
    )  # fmt: skip
    reasons = (Reason.NO_MIX, Reason.NO_SITE_METER)
    return ratio(facts, declared.NUCLEAR, (atoms, whole), reasons, extra)


def _parts(
    facts: Facts,
    name: str,
    of: Callable[[Load, Covers], Floats],
    *,
    technology_of: tuple[str, ...],
    mix: bool = False,
) -> Cells:
    """A part of what each metered site drew; its quality is that of the worst it rests on."""
    picked: dict[str, Hourly] = {}
    for load in filter(None, site_loads(facts)):
        cover = covers(facts, load.plant)
        ids = cover.ids(technology(technology_of))
        supply = supply_of(facts, load.plant) if mix else None
        quality = worst(
            (
                load.total.quality,
                Quality.DECLARED if cover.counted else None,
                supply.quality if supply else None,
            )
        )
        sources = (*ids, *((f"mix of {supply.zone}",) if supply else ()), *load.total.sources)
        picked[load.plant.container.path] = Hourly(
            of(load, cover), load.total.covered, quality or Quality.DECLARED, sources
        )
    return gather(facts, name, "J", lambda plant: picked.get(plant.container.path))


def _has_solar(load: Load | None) -> bool:
    return load is not None and bool(np.nansum(load.own) > 0)


METHODS: Final[tuple[Method, ...]] = (
    Method(declared.REF, ref),
    Method(declared.NUCLEAR, nuclear_share),
)
