"""Grids, sites and energy contracts for KPIs, by a line each."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import numpy as np

from collector.kpis.facts import Floats, Plant, Supply
from tests.build.kpis import HOURS, hourly
from vigie.network.contracts import EnergyContract
from vigie.shape import Quality
from vigie.units import JOULES_PER_KWH

KWH: Final = float(JOULES_PER_KWH)


def cells(value: float | Floats) -> Floats:
    """The same every hour, or as given."""
    return np.full(HOURS, value, np.float64) if isinstance(value, float | int) else value


def supply(
    zone: str = "FR", grams: float | Floats = 44.2, *, renewable: float | Floats = np.nan,
    nuclear: float | Floats = np.nan, quality: Quality = Quality.ESTIMATED,
) -> Supply:  # fmt: skip
    """A grid that emits so many g/kWh."""
    return Supply(
        zone, cells(grams) / KWH, cells(renewable), cells(nuclear), cells(np.nan),
        "lifecycle", quality, "Ember", "CC BY 4.0", "2024",
    )  # fmt: skip


def grids(*supplies: Supply) -> Mapping[tuple[str, bool], Supply]:
    """As `Facts.supplies` has them, the twin's like the others."""
    return {(s.zone, simulated): s for s in supplies for simulated in (False, True)}


def at(plant: Plant, **site: Any) -> Plant:
    """The same on a site of other traits."""
    return replace(plant, site=replace(plant.site, **site))


def fluids(plant: Plant, kind: str, **amounts: float | Floats) -> Plant:
    """The same with `water` in m3 or `heat` in J an hour, by role."""
    told = {role: hourly(amount) for role, amount in amounts.items()}
    return replace(plant, water=told) if kind == "water" else replace(plant, heat=told)


def contract(identifier: str, *sites: str, **more: Any) -> EnergyContract:
    """A wind PPA with a certificate that was retired, unless told otherwise."""
    declared = {
        "kind": "ppa", "technology": "wind", "certificates": ("GO-1",), "retired": True, **more
    }  # fmt: skip
    return EnergyContract(identifier, sites, **declared)
