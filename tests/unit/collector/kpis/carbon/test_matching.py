"""Carbon-free energy, matched hour by hour."""

from typing import Any

import numpy as np
import pytest

from collector.kpis.carbon.matching import cfe
from collector.kpis.facts import Facts, Plant
from collector.kpis.reasons import Reason
from tests.build.kpis import HOURS, facts, network, plant
from tests.build.supplies import contract, grids, supply
from vigie.network.contracts import EnergyContract

FRANCE = grids(supply(renewable=0.25, nuclear=0.65))


def given(*contracts: EnergyContract, one: Plant | None = None, **more: Any) -> Facts:
    row = one or plant("s/a", energy={"site": 100.0})
    declared = network(row, energy=contracts)
    return facts(row, network=declared, **{"supplies": FRANCE, **more})


def test_without_a_contract_it_is_the_grids_share() -> None:
    assert cfe(given()).value == pytest.approx(0.9)


def test_a_matched_contract_covers_its_share_of_each_hour_and_the_grid_the_rest() -> None:
    matched = contract("wind", "s", share=0.4, matched=True)
    made = cfe(given(matched))
    assert made.value == pytest.approx(0.4 + 0.6 * 0.9)
    assert made.inputs["contracts"] == "energy contract wind"


@pytest.mark.parametrize("void", [{"matched": False}, {"retired": False}, {"technology": "mixed"}])
def test_a_contract_that_is_not_matched_certified_and_carbon_free_brings_nothing(
    void: dict[str, Any],
) -> None:
    row = contract("c", "s", **{"matched": True, **void})
    assert cfe(given(row)).value == pytest.approx(0.9)


def test_the_sun_of_noon_is_not_the_sun_of_midnight() -> None:
    sun, bought = np.zeros(HOURS), np.full(HOURS, 100.0)
    sun[12:18], bought[12:18] = 100.0, 0.0
    sunny = plant("s/a", energy={"site": bought, "solar": sun})
    made = cfe(given(one=sunny, supplies=grids(supply(renewable=0.1, nuclear=0.0))))
    assert made.value == pytest.approx((6 * 100 + 18 * 10) / 2400)


def test_what_a_generator_burns_is_not_carbon_free() -> None:
    burning = plant("s/a", energy={"site": 50.0, "generator": 50.0})
    assert cfe(given(one=burning)).value == pytest.approx(0.45)


def test_an_unknown_mix_is_unknown_but_where_nothing_came_from_the_grid() -> None:
    made = cfe(given(supplies=grids(supply())))
    assert (made.value, made.reason, made.about) == (None, Reason.NO_MIX, "FR (s)")
    assert cfe(given(contract("wind", "s", matched=True), supplies={})).value == 1


def test_hours_without_a_mix_lower_the_coverage() -> None:
    nuclear = np.full(HOURS, 0.6)
    nuclear[:6] = np.nan
    made = cfe(given(supplies=grids(supply(renewable=0.2, nuclear=nuclear))))
    assert made.value == pytest.approx(0.8)
    assert made.coverage == 0.75
