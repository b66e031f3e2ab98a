"""The packaged tables of factors, each read once. Where they come from: factors/README.md."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

from vigie.units import JOULES_PER_KWH, LITERS_PER_CUBIC_METER

GRAMS_PER_KILOGRAM: Final = 1000


@dataclass(frozen=True, slots=True)
class Factor:
    """What a grid emits per kWh, from which year, how computed and who says so."""

    zone: str
    grams_per_kwh: float
    method: str
    year: int
    source: str
    licence: str

    def __str__(self) -> str:
        """`FR 44.2 g/kWh (2024)`."""
        return f"{self.zone} {self.grams_per_kwh:g} g/kWh ({self.year})"


@dataclass(frozen=True, slots=True)
class GridWater:
    """Water consumed off site for electricity of a zone, in m3/J; a `default` is the world's."""

    zone: str
    cubic_meters_per_joule: float
    year: str
    source: str
    licence: str
    default: bool


@dataclass(frozen=True, slots=True)
class Making:
    """What making one item emitted, in g, and how that was come by."""

    item: str
    grams: float
    source: str
    verification: str


@cache
def factors() -> Mapping[str, Factor]:
    """Carbon intensity of grids by zone."""
    return {
        row["zone"]: Factor(
            row["zone"], float(row["gco2e_per_kwh"]), row["method"], int(row["year"]),
            row["source"], row["licence"],
        )
        for row in _rows("grid_intensity")
    }  # fmt: skip


@cache
def grid_water() -> Mapping[str, GridWater]:
    """Off-site water of grids by zone."""
    return {
        row["zone"]: GridWater(
            row["zone"],
            float(row["water_l_per_kwh"]) / LITERS_PER_CUBIC_METER / JOULES_PER_KWH,
            row["year"], row["source"], row["licence"], row["is_world_default"] == "yes",
        )
        for row in _rows("grid_water")
    }  # fmt: skip


@cache
def embodied() -> Mapping[str, Making]:
    """Carbon of making by item."""
    return {
        row["item"]: Making(
            row["item"], float(row["value"]) * GRAMS_PER_KILOGRAM, row["source"],
            row["verification"],
        )
        for row in _rows("embodied")
    }  # fmt: skip


def _rows(table: str) -> Iterator[Mapping[str, str]]:
    text = files("collector.kpis.factors").joinpath(f"{table}.csv").read_text("utf-8")
    yield from csv.DictReader(text.splitlines())
