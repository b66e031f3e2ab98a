"""Market-based carbon: certificates first, then the residual mix that somebody declared."""

from datetime import date

import pytest

from collector.kpis.carbon.market import carbon_market
from collector.kpis.facts import Facts, Plant
from collector.kpis.reasons import Reason
from tests.build.kpis import HOURS, facts, network, plant
from tests.build.supplies import KWH, contract
from vigie.network.contracts import EnergyContract
from vigie.shape import Quality

RESIDUAL = EnergyContract("grid", ("s",), "supply", grams_per_kwh=40.0, supplier="EDF")


def given(*contracts: EnergyContract, plants: tuple[Plant, ...] = ()) -> Facts:
    rows = plants or (plant("s/a", energy={"site": KWH}),)
    return facts(*rows, network=network(*rows, energy=contracts))


def test_certified_contracts_at_their_factor_and_the_rest_at_the_residual_mix() -> None:
    made = carbon_market(given(contract("wind", "s", share=0.75, grams_per_kwh=8.0), RESIDUAL))
    assert made.value == pytest.approx(HOURS * (0.75 * 8 + 0.25 * 40))
    assert made.quality is Quality.DECLARED
    told = {term.name: (term.value or 0) * KWH for term in made.terms if term.step == "factor"}
    assert told == pytest.approx({"energy contract wind": 8, "energy contract grid": 40})


def test_without_a_declared_residual_mix_the_rest_and_so_the_whole_is_unknown() -> None:
    made = carbon_market(given(contract("wind", "s", share=0.75, grams_per_kwh=8.0)))
    assert (made.value, made.reason, made.about) == (None, Reason.NO_RESIDUAL, "s")
    whole = carbon_market(given(contract("wind", "s", grams_per_kwh=0.0)))
    assert (whole.value, whole.reason) == (0, None)


def test_a_contract_without_a_retired_certificate_counts_as_nothing_and_is_named() -> None:
    made = carbon_market(given(contract("wind", "s", retired=False, grams_per_kwh=8.0), RESIDUAL))
    assert made.value == pytest.approx(HOURS * 40)
    assert made.inputs["not_counted"] == "energy contract wind"


def test_a_certified_contract_without_a_factor_is_unknown_and_named() -> None:
    made = carbon_market(given(contract("wind", "s", share=0.5), RESIDUAL))
    assert (made.reason, made.about) == (Reason.NO_CONTRACT_FACTOR, "energy contract wind")


def test_one_site_without_a_residual_mix_makes_the_whole_unknown() -> None:
    rows = tuple(plant(path, energy={"site": KWH}) for path in ("s/a", "t/b"))
    made = carbon_market(given(RESIDUAL, plants=rows))
    assert (made.value, made.reason, made.about) == (None, Reason.NO_RESIDUAL, "t")


def test_a_contract_that_ends_in_the_period_leaves_its_later_hours_unknown() -> None:
    ends = EnergyContract("grid", ("s",), "supply", grams_per_kwh=40.0, ends=date(2026, 5, 15))
    rows = (plant("s/a", energy={"site": KWH}),)
    assert carbon_market(given(ends, plants=rows)).coverage == 1
    begins = EnergyContract("grid", ("s",), "supply", grams_per_kwh=40.0, begins=date(2026, 5, 15))
    assert carbon_market(given(begins, plants=rows)).reason is Reason.NO_RESIDUAL
