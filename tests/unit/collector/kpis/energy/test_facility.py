"""PUE and what belongs to it: which meters, which category, when it is no PUE."""

from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from collector.kpis.energy import METHODS, facility
from collector.kpis.facts import GpuUse
from collector.kpis.period import Period
from collector.kpis.reasons import Reason
from tests.build.kpis import HOURS, START, facts, hourly, plant
from vigie.indicators.energy import FAMILY
from vigie.shape import Quality


def test_every_indicator_of_the_family_has_its_method() -> None:
    assert {m.indicator.name: m.indicator for m in METHODS} == {
        i.name: i for i in FAMILY.indicators
    }
    assert len(METHODS) == len(FAMILY.indicators)


def test_site_energy_adds_generator_and_solar_and_takes_off_what_was_given_back() -> None:
    one = plant("s/a", energy={"site": 100.0, "generator": 10.0, "solar": 30.0, "lighting": 7.0})
    given = facts(replace(one, exported=hourly(20.0)))
    assert facility.energy_site(given).value == 120 * HOURS
    assert facility.energy_site(facts(plant("s/a"))).reason is Reason.NO_SITE_METER


def test_a_supply_that_is_silent_makes_the_hour_unknown_and_not_smaller() -> None:
    silent = np.full(HOURS, np.nan)
    silent[:6] = 10.0
    made = facility.energy_site(facts(plant("s/a", energy={"site": 100.0, "solar": silent})))
    assert (made.value, made.coverage) == (660, 0.25)


def test_it_energy_is_of_the_best_category_that_all_containers_have() -> None:
    both = {"ups": 100.0, "it": 90.0}
    made = facility.energy_it(facts(plant("s/a", energy=both), plant("s/b", energy=both)))
    assert (made.value, made.category) == (200 * HOURS, "interim, category 1")
    made = facility.energy_it(facts(plant("s/a", energy=both), plant("s/b", energy={"it": 9.0})))
    assert (made.value, made.category, made.boundary) == (
        99 * HOURS, "interim, category 3", "role it",
    )  # fmt: skip


def test_containers_without_a_category_in_common_have_no_it_energy_together() -> None:
    given = facts(plant("s/a", energy={"ups": 1.0}), plant("s/b", energy={"it": 1.0}))
    assert facility.energy_it(given).reason is Reason.NO_CATEGORY
    assert facility.energy_it(facts(plant("s/a"))).reason is Reason.NO_IT_METER


def test_pue_is_energy_over_energy_and_not_a_mean_of_ratios() -> None:
    given = facts(
        plant("s/large", energy={"site": 1100.0, "ups": 1000.0}),
        plant("s/small", energy={"site": 20.0, "ups": 10.0}),
    )
    made = facility.pue(given)
    assert made.value == pytest.approx(1120 / 1010)
    assert (made.category, made.quality) == ("interim, category 1", Quality.MEASURED)


def test_of_a_year_it_is_no_longer_interim() -> None:
    given = facts(plant("s/a", energy={"site": 12.0, "pdu": 10.0}))
    year = Period("custom", START, START + timedelta(days=365), open=False)
    assert facility.pue(replace(given, period=year)).category == "category 2"


def test_a_container_without_a_site_meter_has_no_say_in_the_category_of_a_pue() -> None:
    given = facts(
        plant("s/a", energy={"site": 12.0, "ups": 10.0}), plant("s/b", energy={"it": 9.0})
    )
    made = facility.pue(given)
    assert made.value == pytest.approx(1.2)
    assert made.coverage == 0.5


def test_a_pue_without_it_energy_is_unknown() -> None:
    assert facility.pue(facts(plant("s/a", energy={"site": 5.0}))).reason is Reason.NO_IT_METER
    mute = plant("s/a", energy={"site": 5.0, "ups": np.full(HOURS, np.nan)})
    assert facility.pue(facts(mute)).reason is Reason.NO_READING


@pytest.mark.parametrize("site", [9.0, 110.0])
def test_a_pue_that_cannot_be_is_kept_and_said_to_be_suspicious(site: float) -> None:
    made = facility.pue(facts(plant("s/a", energy={"site": site, "ups": 10.0})))
    assert made.value == pytest.approx(site / 10)
    assert "suspicious" in made.inputs
    assert made.sentence
    assert made.sentence["fr"].startswith("Valeur suspecte")
    assert made.quality is Quality.ESTIMATED


def test_partial_pue_is_of_cooling_and_it_where_the_place_has_no_meter() -> None:
    made = facility.ppue(facts(plant("s/a", energy={"cooling": 2.0, "it": 10.0})))
    assert made.value == pytest.approx(1.2)
    assert made.category == "interim, category 3"
    none = facility.ppue(facts(plant("s/a", energy={"it": 10.0})))
    assert none.reason is Reason.NO_COOLING_METER


def test_gpu_use_is_weighted_by_gpus_and_idle_energy_by_energy() -> None:
    def of(count: float, activity: float, idle: float) -> GpuUse:
        return GpuUse(hourly(100.0), hourly(idle), hourly(activity), hourly(count))

    given = facts(
        replace(plant("s/a"), gpus=of(30, 0.8, 10.0)), replace(plant("s/b"), gpus=of(10, 0.4, 50.0))
    )
    assert facility.gpu_effective_use(given).value == pytest.approx(0.7)
    assert facility.idle_energy_share(given).value == pytest.approx(0.3)
    assert facility.gpu_effective_use(facts(plant("s/a"))).reason is Reason.NO_GPU
