"""What containers drew, at which boundary, and how much of it the grid gave. Pure.

E_DC is what its site meters took in, with generator and own solar, less what was given back
(EN 50600-4-2). E_IT is read at the UPS (category 1), the PDU (2) or the equipment (3): at one that
all containers in the sum have.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from collector.kpis.facts import Facts, Floats, Hourly, Plant
from collector.kpis.meters import wanted
from collector.kpis.reasons import Reason
from collector.kpis.sums import Cells, combined, gather, length_word
from vigie.catalogue import SUPPLY_ROLES, WHOLE_ROLES

JOULE: Final = "J"
SITE: Final = "site"
IT_ROLES: Final = ("ups", "pdu", "it")
CATEGORIES: Final[Mapping[str, int]] = {role: n for n, role in enumerate(IT_ROLES, 1)}


def site_energy(plant: Plant) -> Hourly | None:
    """E_DC of a container; None without a meter at the site's input."""
    taken = plant.energy.get(SITE)
    if taken is None:
        return None
    own = [(1.0, plant.energy[role]) for role in SUPPLY_ROLES if role in plant.energy]
    back = [] if plant.exported is None else [(-1.0, plant.exported)]
    return combined((1.0, taken), *own, *back)


def site(facts: Facts) -> Cells:
    """E_DC of all containers."""
    return gather(facts, "E_DC", JOULE, site_energy)


def of_role(facts: Facts, role: str, name: str) -> Cells:
    """What all containers tell of one role."""
    return gather(facts, name, JOULE, lambda plant: plant.energy.get(role))


@dataclass(frozen=True, slots=True)
class It:
    """E_IT of all containers, at one role; `reason` where that is not to be had."""

    cells: Cells
    role: str | None
    reason: Reason

    @property
    def boundary(self) -> str:
        """`role ups`."""
        return f"role {self.role}" if self.role else ""

    def category(self, facts: Facts) -> str | None:
        """`category 1`, or `interim, category 1` of less than 12 months."""
        if self.role is None:
            return None
        words = (length_word(facts), f"category {CATEGORIES[self.role]}")
        return ", ".join(filter(None, words))


def it(facts: Facts, beside: Cells | None = None) -> It:
    """E_IT at the best category that every container has of those which tell any.

    Of a ratio, only containers that also tell what stands `beside` it have a say.
    """
    plants = facts.plants
    if beside is not None:
        plants = tuple(p for p, told in zip(plants, beside.told, strict=True) if told)
    metered = [roles for plant in plants if (roles := _told(plant, IT_ROLES))]
    if not metered:
        metered = [set(plant.energy) & set(IT_ROLES) for plant in plants]
        metered = [roles for roles in metered if roles]
    common = set.intersection(*metered) if metered else set()
    role = next((role for role in IT_ROLES if role in common), None)
    cells = gather(facts, "E_IT", JOULE, lambda plant: plant.energy.get(role) if role else None)
    return It(cells, role, Reason.NO_CATEGORY if metered else Reason.NO_IT_METER)


@dataclass(frozen=True, slots=True, eq=False)
class Load:
    """What a container drew hour by hour, and its parts in J: own solar, and what a grid gave.

    `imported` is all that came in by the site's meter, before anything was given back: what was
    bought, in the sense of scope 2.
    """

    plant: Plant
    role: str
    total: Hourly
    imported: Hourly
    own: Floats
    grid: Floats


def loads(facts: Facts) -> tuple[Load | None, ...]:
    """Of each container, at the widest role that all have, else each at its widest.

    None for one without any such meter. The same choice as for `energy`.
    """
    standing = {
        plant.container.path: [role for role in WHOLE_ROLES if role in plant.energy]
        for plant in facts.plants
    }
    roles = wanted({path: own for path, own in standing.items() if own})
    return tuple(
        _load(plant, roles[plant.container.path]) if plant.container.path in roles else None
        for plant in facts.plants
    )


def site_loads(facts: Facts) -> tuple[Load | None, ...]:
    """Of each container that has a meter at its site's input."""
    return tuple(_load(plant, SITE) if _told(plant, (SITE,)) else None for plant in facts.plants)


def boundary(loads: Collection[Load | None]) -> str:
    """`role site`: what was read."""
    used = {load.role for load in loads if load is not None}
    return f"role {' + '.join(role for role in WHOLE_ROLES if role in used)}" if used else ""


def _load(plant: Plant, role: str) -> Load:
    metered = plant.energy[role]
    total = site_energy(plant) if role == SITE else None
    if total is None:
        return Load(plant, role, metered, metered, np.zeros_like(metered.amount), metered.amount)
    solar, back = plant.energy.get("solar"), plant.exported
    own = np.zeros_like(total.amount) if solar is None else solar.amount
    if back is not None:
        own = np.maximum(own - back.amount, 0.0)
    generator = plant.energy.get("generator")
    burnt = 0.0 if generator is None else generator.amount
    grid = np.maximum(total.amount - own - burnt, 0.0)
    return Load(plant, role, total, metered, own, grid)


def _told(plant: Plant, roles: Collection[str]) -> set[str]:
    return {
        role
        for role in roles
        if role in plant.energy and not np.isnan(plant.energy[role].amount).all()
    }
