"""What is left of the permits of sites that take water and give it back warmer. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Final

import numpy as np

from collector.kpis.energy.water import VOLUME, WITHDRAWN
from collector.kpis.facts import Facts, Floats, Plant
from collector.kpis.made import Made, Method, unknown
from collector.kpis.reasons import Reason
from collector.kpis.sums import gather, lengths, simulated
from collector.kpis.supply.covers import in_force
from vigie.indicators import energy as declared
from vigie.network.places import Permit
from vigie.replies import Term
from vigie.shape import Quality


@dataclass(frozen=True, slots=True)
class Margin:
    """What one limit of one permit leaves: `use` is the most that was made of it."""

    name: str
    use: float | None
    limit: float
    unit: str
    plants: tuple[Plant, ...]
    coverage: float
    source: str

    @property
    def left(self) -> float | None:
        """1 - use over limit."""
        return None if self.use is None else 1.0 - self.use / self.limit


def permit_headroom(facts: Facts) -> Made:
    """The least that any limit leaves; a volume of a year is compared pro rata of the time known.

    Flows of the containers of a site add, which is never less than the true most of the hour. Of a
    container that the twin plays in part, flow and volume are those of all of it: so is the permit.
    """
    if not facts.plants:
        return unknown(Reason.NO_PLACE)
    if facts.hours == 0:
        return unknown(Reason.INSTANT)
    margins = [m for plants, permit in _permits(facts) for m in _margins(facts, plants, permit)]
    if not margins:
        return unknown(Reason.NO_PERMIT)
    parts = {margin.name: margin.left for margin in margins}
    known = [left for left in parts.values() if left is not None]
    if not known:
        mute = ", ".join(dict.fromkeys(margin.name.rpartition("/")[0] for margin in margins))
        return replace(unknown(Reason.NO_RIVER, mute), parts=parts)
    plants = tuple(plant for margin in margins for plant in margin.plants)
    terms = [Term("input", m.name, m.use, m.unit, m.source, m.coverage) for m in margins]
    terms += [Term("factor", f"{m.name} limit", m.limit, m.unit, m.source) for m in margins]
    return Made(
        min(known),
        coverage=sum(margin.coverage for margin in margins) / len(margins),
        quality=Quality.DERIVED,
        simulated_share=simulated(plants, np.ones(len(plants))),
        inputs=dict(_low_flow(facts)),
        parts=parts,
        terms=(*terms, Term("result", declared.PERMIT_HEADROOM.name, min(known), "1")),
    )


def _permits(facts: Facts) -> Iterator[tuple[tuple[Plant, ...], Permit]]:
    """Each permit in force with all containers of its site."""
    sites: dict[str, list[Plant]] = {}
    for plant in facts.plants:
        sites.setdefault(plant.site.id, []).append(plant)
    for plants in sites.values():
        for permit in plants[0].site.permits:
            if in_force(permit, plants[0]):
                yield tuple(plants), permit


def _margins(facts: Facts, plants: tuple[Plant, ...], permit: Permit) -> Iterator[Margin]:
    name = f"{plants[0].site.id}/{permit.id}"
    source = f"permit of {permit.authority}, {permit.water}"
    rivers = [plant.river for plant in plants if plant.river is not None]
    nothing = np.full((1, facts.hours), np.nan)

    def most(limit: float | None, kind: str, unit: str, use: Floats) -> Iterator[Margin]:
        if limit:
            told = ~np.isnan(use)
            share = float((lengths(facts) * told).sum() / lengths(facts).sum())
            top = float(use[told].max()) if told.any() else None
            yield Margin(f"{name}/{kind}", top, limit, unit, plants, share, source)

    def stacked(rows: list[Floats]) -> Floats:
        return np.stack(rows) if rows else nothing

    flow = stacked(
        [p.river.withdrawal / p.container.scale for p in plants if p.river is not None]
    ).sum(axis=0)
    yield from most(permit.withdrawal_cubic_meters_per_second, "withdrawal", "m3/s", flow)
    yield from _volume(facts, plants, permit, name)
    warm = _hottest(stacked([river.discharge for river in rivers]))
    yield from most(permit.discharge_celsius, "discharge", "Cel", warm)
    risen = _hottest(stacked([river.warming for river in rivers]))
    yield from most(permit.warming_celsius, "warming", "K", risen)


def _volume(facts: Facts, plants: tuple[Plant, ...], permit: Permit, name: str) -> Iterator[Margin]:
    yearly = permit.withdrawal_cubic_meters_per_year
    if not yearly:
        return
    taken = gather(
        facts, "W_IN", VOLUME, lambda plant: plant.water.get(WITHDRAWN),
        [plant for plant in plants if plant.water or plant.river] or plants,
    )  # fmt: skip
    taken = taken.times(np.array([[1.0 / p.container.scale] for p in taken.plants]), "W_IN", VOLUME)
    whole = taken.only(np.broadcast_to(taken.known.all(axis=0), taken.amount.shape))
    seconds = float((whole.lengths * whole.known.all(axis=0)).sum())
    allowed = yearly * seconds / _year_seconds(facts.period.start)
    source = f"permit of {permit.authority}, {permit.water}; {yearly:g} m3 a year, pro rata"
    use = whole.total if seconds else None
    label = f"{name}/volume"
    yield Margin(label, use, allowed or yearly, VOLUME, plants, whole.coverage, source)


def _year_seconds(start: datetime) -> float:
    first = datetime(start.year, 1, 1, tzinfo=UTC)
    return (first.replace(year=start.year + 1) - first).total_seconds()


def _hottest(rows: Floats) -> Floats:
    """The most of each hour; unknown only where no container tells it."""
    told = ~np.isnan(rows)
    top = np.where(told, rows, -np.inf).max(axis=0)
    return np.where(told.any(axis=0), top, np.nan)


def _low_flow(facts: Facts) -> Iterator[tuple[str, str]]:
    """Hours in which water was taken while the river ran lower than the permit allows."""
    for plants, permit in _permits(facts):
        least = permit.low_flow_cubic_meters_per_second
        rivers = [plant.river for plant in plants if plant.river is not None]
        if least is None or not rivers:
            continue
        taking = np.logical_or.reduce([river.withdrawal > 0 for river in rivers])
        low = np.logical_or.reduce([river.flow < least for river in rivers])
        said = f"{int((taking & low).sum())} h of withdrawal below {least:g} m3/s"
        yield f"low_flow {plants[0].site.id}/{permit.id}", said


METHODS: Final[tuple[Method, ...]] = (Method(declared.PERMIT_HEADROOM, permit_headroom),)
