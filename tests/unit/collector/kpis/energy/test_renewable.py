"""REF and the nuclear share: who counts what."""

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from collector.kpis.energy.renewable import nuclear_share, ref
from collector.kpis.facts import Facts, Plant
from collector.kpis.reasons import Reason
from tests.build.kpis import HOURS, facts, hourly, network, plant
from tests.build.supplies import contract, grids, supply
from vigie.network.contracts import EnergyContract
from vigie.network.operators import Status
from vigie.shape import Quality

FRANCE = grids(supply(renewable=0.28, nuclear=0.675))


def given(*plants: Plant, contracts: tuple[EnergyContract, ...] = (), **more: Any) -> Facts:
    rows = plants or (plant("s/a", energy={"site": 100.0}),)
    declared = network(*rows, energy=contracts)
    return facts(*rows, network=declared, supplies=more.pop("supplies", FRANCE), **more)


def test_a_certificate_that_was_retired_counts_its_share() -> None:
    made = ref(given(contracts=(contract("wind", "s", share=0.6),)))
    assert made.value == pytest.approx(0.6)
    assert made.quality is Quality.DECLARED
    assert any("energy contract wind" in term.source for term in made.terms)


@pytest.mark.parametrize("missing", [{"retired": False}, {"certificates": ()}])
def test_a_contract_without_a_retired_certificate_is_a_reason_and_no_zero(
    missing: dict[str, Any],
) -> None:
    made = ref(given(contracts=(contract("wind", "s", **missing),)))
    assert (made.value, made.reason) == (None, Reason.NO_CERTIFICATE)
    assert made.about == "energy contract wind"


def test_beside_one_that_counts_it_counts_as_nothing_and_is_named() -> None:
    rows = (contract("wind", "s", share=0.5), contract("hydro", "s", share=0.5, retired=False))
    made = ref(given(contracts=rows))
    assert made.value == pytest.approx(0.5)
    assert made.inputs["not_counted"] == "energy contract hydro"


def test_solar_on_site_counts_as_far_as_it_was_used_here() -> None:
    sunny = plant("s/a", energy={"site": 80.0, "solar": 30.0})
    made = ref(given(replace(sunny, exported=hourly(10.0))))
    assert made.value == pytest.approx(20 / 100)


def test_contracts_cover_what_the_sun_did_not_and_never_more_than_all() -> None:
    sunny = plant("s/a", energy={"site": 80.0, "solar": 20.0})
    rows = (contract("wind", "s", share=0.5), contract("hydro", "s", technology="hydro"))
    assert ref(given(sunny, contracts=rows[:1])).value == pytest.approx(0.6)
    assert ref(given(sunny, contracts=rows)).value == pytest.approx(1.0)


def test_a_contract_counts_from_its_first_day_until_before_its_last() -> None:
    row = contract("wind", "s", begins=date(2026, 5, 14), ends=date(2026, 5, 15))
    assert ref(given(contracts=(row,))).value == pytest.approx(1.0)
    over = contract("wind", "s", begins=date(2026, 5, 1), ends=date(2026, 5, 14))
    assert ref(given(contracts=(over,))).reason is Reason.NO_CONTRACT
    # Midnight in Paris is 22:00 UTC: two hours of the day in UTC are of the next one there.
    here = replace(one := plant("s/a", energy={"site": 1.0}), site=replace(
        one.site, timezone="Europe/Paris"))  # fmt: skip
    assert ref(given(here, contracts=(row,))).value == pytest.approx(22 / 24)


def test_a_place_without_any_claim_adds_its_energy_and_nothing_green() -> None:
    rows = [plant(path, energy={"site": 100.0}) for path in ("s/a", "t/b")]
    made = ref(given(*rows, contracts=(contract("wind", "s"),)))
    assert made.value == pytest.approx(0.5)
    assert made.inputs["without_claim"] == "t/b"
    assert ref(given(*rows)).reason is Reason.NO_CONTRACT


def test_a_contract_that_is_only_studied_counts_nowhere_and_one_announced_in_the_twin() -> None:
    twin = plant("s/a", energy={"site": 1.0}, simulated=True)
    announced = contract("wind", "s", status=Status.ANNOUNCED)
    assert ref(given(contracts=(announced,))).reason is Reason.NO_CONTRACT
    assert ref(given(twin, contracts=(announced,))).value == pytest.approx(1.0)
    studied = contract("wind", "s", status=Status.STUDIED)
    assert ref(given(twin, contracts=(studied,))).reason is Reason.NO_CONTRACT


def test_nuclear_is_by_certified_contract_and_by_the_mix_for_the_rest() -> None:
    assert nuclear_share(given()).value == pytest.approx(0.675)
    wind = contract("wind", "s", share=0.4)
    assert nuclear_share(given(contracts=(wind,))).value == pytest.approx(0.6 * 0.675)
    atom = contract("atom", "s", kind="supply", technology="nuclear", share=0.5)
    made = nuclear_share(given(contracts=(atom,)))
    assert made.value == pytest.approx(0.5 + 0.5 * 0.675)
    void = nuclear_share(given(contracts=(contract("w", "s", retired=False),)))
    assert void.value == pytest.approx(0.675)
    assert void.inputs["not_counted"] == "energy contract w"


def test_a_nuclear_supply_without_certificates_is_named_and_is_no_renewable_claim() -> None:
    bare = EnergyContract("atom", ("s",), "supply", technology="nuclear")
    made = nuclear_share(given(contracts=(bare,)))
    assert made.value == pytest.approx(0.675)
    assert made.inputs["not_counted"] == "energy contract atom"
    assert ref(given(contracts=(bare,))).reason is Reason.NO_CONTRACT


def test_an_unknown_mix_is_unknown_and_names_the_site() -> None:
    made = nuclear_share(given(supplies=grids(supply())))
    assert (made.value, made.reason, made.about) == (None, Reason.NO_MIX, "FR (s)")
    whole = nuclear_share(given(contracts=(contract("wind", "s"),), supplies={}))
    assert whole.value == 0


def test_hours_without_a_mix_lower_the_coverage() -> None:
    some = np.full(HOURS, 0.7)
    some[:6] = np.nan
    made = nuclear_share(given(supplies=grids(supply(nuclear=some))))
    assert made.value == pytest.approx(0.7)
    assert made.coverage == 0.75


def test_both_say_in_one_sentence_what_each_counts() -> None:
    with_contract = given(contracts=(contract("wind", "s"),))
    sentence = ref(with_contract).sentence
    assert sentence
    assert sentence == nuclear_share(with_contract).sentence
    assert "do not add up" in sentence["en"]
    assert "ne s'additionnent pas" in sentence["fr"]
