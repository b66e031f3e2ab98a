"""The grids of a scope, and what an answer says of those that it used. Pure."""

from collections.abc import Callable
from dataclasses import replace

from collector.kpis.facts import Facts, Plant, Supply
from collector.kpis.made import Made, unknown
from collector.kpis.reasons import Reason
from collector.kpis.sums import Cells


def supply_of(facts: Facts, plant: Plant) -> Supply | None:
    """The grid of a container's site; sites of one zone share one."""
    if plant.site.zone is None:
        return None
    return facts.supplies.get((plant.site.zone, plant.simulated))


def used_supplies(facts: Facts, cells: Cells) -> tuple[Supply, ...]:
    """The grids of the containers that say something, each once."""
    keys = dict.fromkeys(
        (plant.site.zone or "", plant.simulated)
        for plant, told in zip(cells.plants, cells.told, strict=True)
        if told
    )
    return tuple(facts.supplies[key] for key in keys if key in facts.supplies)


def supply_inputs(supplies: tuple[Supply, ...]) -> dict[str, str]:
    """What an answer says of the grids that it used."""

    def listed(of: Callable[[Supply], str]) -> str:
        return "; ".join(dict.fromkeys(map(of, supplies)))

    return {
        "zone": listed(lambda s: s.zone),
        "factor_method": listed(lambda s: s.method),
        "source": listed(lambda s: s.source),
        "licence": listed(lambda s: s.licence),
        "vintage": listed(lambda s: f"{s.zone} {s.vintage}"),
    }


def no_mix(whole: Cells) -> Made:
    """Unknown because nobody knows what the grids are made from; names the sites."""
    metered = [p for p, told in zip(whole.plants, whole.told, strict=True) if told]
    if bare := sorted({plant.site.id for plant in metered if plant.site.zone is None}):
        return replace(unknown(Reason.NO_ZONE, ", ".join(bare)), terms=whole.terms)
    sites = sorted({f"{plant.site.zone} ({plant.site.id})" for plant in metered})
    return replace(unknown(Reason.NO_MIX, ", ".join(sites)), terms=whole.terms)
