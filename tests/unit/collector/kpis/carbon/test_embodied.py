"""Making beside use: the worked numbers of a node and of a shelf of disks, and what breaks."""

from dataclasses import replace
from typing import Any, Final

import numpy as np
import pytest

from collector.kpis.carbon import embodied
from collector.kpis.facts import Facts, Held, Plant, Stored
from collector.kpis.made import Made
from collector.kpis.reasons import Reason
from tests.build.kpis import HOURS, START, facts, plant, tasks
from tests.build.supplies import KWH, at, grids, supply
from vigie.fragments import Scheme
from vigie.network.places import Equipment
from vigie.shape import Quality

HOUR: Final = 3600.0
TB_MONTH: Final = 1e12 * 730 * HOUR
GRIDS: Final = grids(supply("FR", 44.2), supply("DE", 344.1), supply("PL", 615.0))
SERVER: Final = "8xH100 server (2x56c CPU, 2 TB RAM, 10x3.84 TB SSD, 6 PSU)"
SHELF: Final = "60x18TB HDD storage server"
CODE: Final = Scheme(10, 16)
PUE: Final = 1.2
SERVED: Final = 0.6


def given(*plants: Plant, **more: Any) -> Facts:
    return facts(*plants, **{"supplies": GRIDS, **more})


def node(zone: str = "FR", **more: Any) -> Plant:
    """8 GPUs at 80 % of 10.2 kW in the 60 % of the time that they serve, bought for 5 years."""
    drawn = 10.2 * KWH * 0.8 * SERVED
    return at(
        plant(
            "s/node", gpus=8, role="compute", energy={"site": PUE * drawn, "ups": drawn},
            equipment=(Equipment(SERVER, 1),), **more,
            work={"a": tasks(served=8 * HOUR * 0.4), "b": tasks(served=8 * HOUR * 0.2)},
        ),
        zone=zone,
    )  # fmt: skip


def shelf(zone: str = "FR", role: str = "storage") -> Plant:
    """60 disks of 18 TB at 650 W, 80 % full of a 10-of-16 code, for 6 years."""
    drawn = 0.65 * KWH
    made = plant(
        "s/shelf", role=role, energy={"site": PUE * drawn, "it": drawn},
        equipment=(Equipment(SHELF, 1, 6.0, use="storage"),),
    )  # fmt: skip
    full = int(60 * 18e12 * 0.8)
    return at(replace(made, stored=(Stored("tahoe", CODE, 1, full),)), zone=zone)


def held(readable: int = 100, lost: int = 0) -> tuple[Held, ...]:
    return (
        Held(
            "tahoe", CODE, (("s/shelf",),), (frozenset({0}),), np.array([[16], [9]], np.uint16),
            np.array([readable, lost], np.int64),
        ),
    )  # fmt: skip


def per(made: Made, unit: float) -> dict[str, float]:
    return {name: (part or 0) * unit for name, part in made.parts.items()}


@pytest.mark.parametrize(("zone", "grams"), [("FR", 54), ("DE", 421), ("PL", 753)])
def test_an_hour_of_a_gpu_in_three_countries(zone: str, grams: float) -> None:
    made = embodied.carbon_gpu_hour(given(node(zone)))
    parts = per(made, HOUR)
    assert round(parts["use"]) == grams
    assert round(parts["making"]) == 52
    assert (made.value or 0) * HOUR == pytest.approx(parts["use"] + parts["making"])
    assert made.inputs["making_per_delivered_hour"] == "52.47 g/GPU-h"
    assert made.inputs["making_per_wall_hour"] == "31.48 g/GPU-h"
    assert made.quality is Quality.DECLARED


@pytest.mark.parametrize(("zone", "grams"), [("FR", 47), ("DE", 363), ("PL", 648)])
def test_a_month_of_a_readable_terabyte_in_three_countries(zone: str, grams: float) -> None:
    made = embodied.carbon_tb_month(given(shelf(zone), held=held()))
    parts = per(made, TB_MONTH)
    assert round(parts["use"]) == grams
    assert round(parts["making"]) == 71
    factor = {"FR": 44.2, "DE": 344.1, "PL": 615.0}[zone]
    assert parts["use"] / factor == pytest.approx(1.05, abs=0.005)  # kWh


def test_idle_energy_is_borne_by_the_hours_served() -> None:
    half = replace(node(), work={"a": tasks(served=8 * HOUR * 0.3)})
    whole = embodied.carbon_gpu_hour(given(node())).value
    assert whole
    assert embodied.carbon_gpu_hour(given(half)).value == pytest.approx(2 * whole)


def test_degraded_objects_and_a_wide_code_show_up_in_the_terabyte() -> None:
    whole = embodied.carbon_tb_month(given(shelf(), held=held())).value
    half = embodied.carbon_tb_month(given(shelf(), held=held(50, 50))).value
    assert whole
    assert half == pytest.approx(2 * whole)
    lost = embodied.carbon_tb_month(given(shelf(), held=held(0, 50)))
    assert (lost.value, lost.reason) == (None, Reason.NOTHING_TO_DIVIDE)


def test_an_inventory_that_is_not_complete_makes_the_terabyte_unknown() -> None:
    assert embodied.carbon_tb_month(given(shelf())).reason is Reason.NO_INVENTORY
    assert embodied.carbon_tb_month(given(node(), held=())).reason is Reason.NO_STORE


def test_a_mixed_container_needs_a_meter_of_its_storage() -> None:
    one = shelf(role="mixed")
    made = embodied.carbon_tb_month(given(one, held=held()))
    assert (made.reason, made.about) == (Reason.NO_STORAGE_METER, "s/shelf")
    gpus = replace(one, container=replace(one.container, capacity=node().container.capacity))
    assert embodied.carbon_gpu_hour(given(gpus)).reason is Reason.NO_STORAGE_METER


def mixed() -> Plant:
    """A node and a shelf in one container, with a meter before the shelf."""
    metered = {
        role: node().energy[role].amount + 0.65 * KWH * factor
        for role, factor in (("site", PUE), ("ups", 1.0))
    }
    both = (Equipment(SERVER, 1), Equipment(SHELF, 1, 6.0, use="storage"))
    one = plant(
        "s/both", gpus=8, energy={**metered, "storage": 0.65 * KWH}, work=node().work,
        equipment=both,
    )  # fmt: skip
    return replace(one, stored=shelf().stored)


def test_with_that_meter_each_bears_its_own() -> None:
    facts_ = given(mixed(), held=held())
    hour, month = embodied.carbon_gpu_hour(facts_), embodied.carbon_tb_month(facts_)
    assert {n: round(v) for n, v in per(hour, HOUR).items()} == {"use": 54, "making": 52}
    assert {n: round(v) for n, v in per(month, TB_MONTH).items()} == {"use": 47, "making": 71}
    assert hour.inputs["factor"] == month.inputs["factor"] == "FR 44.2 g/kWh (2024)"


def test_disks_of_a_container_that_computes_serve_its_jobs() -> None:
    disks = Equipment(SHELF, 1, 5.0, use="storage")
    one = replace(node(), container=replace(
        node().container, equipment=(*node().container.equipment, disks)))  # fmt: skip
    parts = per(embodied.carbon_gpu_hour(given(one)), HOUR)
    assert round(parts["use"]) == 54
    assert parts["making"] == pytest.approx(52.466 * (11_038 + 2_766) / 11_038, rel=1e-4)


def test_what_both_share_is_split_as_the_energy_is() -> None:
    one = mixed()
    rack = Equipment("rack", 1, 10.0, embodied_grams=1e6, use="shared")
    shared = replace(one, container=replace(one.container, equipment=(rack,)))
    facts_ = given(shared, held=held())
    storing = 0.65 / (0.65 + 10.2 * 0.8 * SERVED)
    rate = 1e6 / (10 * 365.25 * 24)
    hour = per(embodied.carbon_gpu_hour(facts_), HOUR)["making"]
    month = per(embodied.carbon_tb_month(facts_), TB_MONTH)["making"]
    assert hour == pytest.approx(rate * (1 - storing) / (8 * SERVED))
    assert month == pytest.approx(rate * storing * 730 / 540)


def test_embodied_is_the_share_of_the_period_in_the_declared_life() -> None:
    made = embodied.embodied(given(node(), plant("t/bare")))
    assert made.value == pytest.approx(11_038_000 * HOURS / (5 * 365.25 * 24))
    assert (made.coverage, made.quality) == (0.5, Quality.DECLARED)
    assert any("embodied.csv: boaviztapi" in term.source for term in made.terms)
    tenth = embodied.embodied(given(node(scale=0.1)))
    assert tenth.value == pytest.approx((made.value or 0) / 10)
    assert embodied.embodied(given(plant("t/bare"))).reason is Reason.NO_EQUIPMENT


def test_an_item_that_nobody_knows_makes_it_unknown_and_is_named() -> None:
    odd = replace(node(), container=replace(node().container, equipment=(Equipment("Abacus", 2),)))
    made = embodied.embodied(given(odd))
    assert (made.value, made.reason, made.about) == (None, Reason.NO_ITEM, "Abacus (s/node)")
    hour = embodied.carbon_gpu_hour(given(odd))
    assert (hour.reason, hour.parts["making"]) == (Reason.NO_ITEM, None)
    assert round((hour.parts["use"] or 0) * HOUR) == 54


def test_sci_is_use_and_making_of_all_that_serves_over_the_time_served() -> None:
    one = given(node(), shelf())
    assert embodied.sci(one).value == pytest.approx(embodied.carbon_gpu_hour(one).value)
    assert embodied.sci(given(shelf())).reason is Reason.NO_WORK
    assert embodied.carbon_gpu_hour(given(shelf())).reason is Reason.NO_WORK
    assert embodied.sci(given()).reason is Reason.NO_PLACE
    busy = given(replace(node(), work={}))
    assert embodied.sci(busy).reason is Reason.NO_WORK


def test_a_site_without_a_zone_is_named() -> None:
    made = embodied.carbon_gpu_hour(given(at(node(), zone=None)))
    assert (made.value, made.reason, made.about) == (None, Reason.NO_ZONE, "s")


def test_hours_of_which_the_work_is_unknown_are_left_out_of_the_carbon_too() -> None:
    some = np.full(HOURS, 8 * HOUR * SERVED)
    some[:6] = np.nan
    made = embodied.carbon_gpu_hour(given(replace(node(), work={"a": tasks(served=some)})))
    assert round((made.value or 0) * HOUR) == round(54.1 + 52.47)
    assert made.coverage == 0.75


def test_an_instant_has_none_of_these() -> None:
    instant = replace(given(plant("s/a", role="storage", gpus=1)), edges=(START,), held=())
    for method in embodied.METHODS:
        assert method.make(instant).reason in {Reason.INSTANT, Reason.NO_WORK}
        assert method.make(replace(instant, plants=())).reason is Reason.NO_PLACE
