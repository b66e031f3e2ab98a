"""Location-based carbon, hour by hour, and what it is per IT energy."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from collector.kpis.carbon.scope2 import carbon_location, cue, imported, located
from collector.kpis.energy import live
from collector.kpis.energy.loads import boundary, loads
from collector.kpis.facts import Facts, Plant
from collector.kpis.reasons import Reason
from tests.build.kpis import HOURS, facts, hourly, plant
from tests.build.supplies import KWH, at, grids, supply
from vigie.shape import Quality

GRIDS = grids(supply("FR", 44.2), supply("DE", 344.1))


def given(*plants: Plant, **more: Any) -> Facts:
    return facts(*plants, **{"supplies": GRIDS, **more})


def test_a_kilowatt_hour_in_france_and_in_germany() -> None:
    rows = (
        plant("cannes/a", energy={"site": 2 * KWH}),
        at(plant("munich/b", energy={"site": KWH}), zone="DE"),
    )
    made = carbon_location(given(*rows))
    assert made.value == pytest.approx(HOURS * (2 * 44.2 + 344.1))
    assert made.inputs["factor"] == "FR 44.2 g/kWh (2024); DE 344.1 g/kWh (2024)"
    assert (made.boundary, made.coverage) == ("role site", 1.0)
    factors = [term for term in made.terms if term.step == "factor"]
    assert factors[0].value == pytest.approx(44.2 / KWH)
    assert factors[0].source == "Ember (CC BY 4.0), 2024"


def test_each_hour_has_its_own_intensity() -> None:
    grams = np.full(HOURS, 20.0)
    grams[18:] = 80.0
    drawn = np.full(HOURS, KWH)
    drawn[18:] = 3 * KWH
    made = carbon_location(
        given(plant("s/a", energy={"it": drawn}), supplies=grids(supply("FR", grams)))
    )
    assert made.value == pytest.approx(18 * 20 + 6 * 3 * 80)
    assert made.inputs["factor"] == "FR 50 g/kWh (2024)"


def test_two_sites_of_one_zone_hour_and_method_share_one_factor() -> None:
    grams = np.linspace(20.0, 90.0, HOURS)
    rows = (
        plant("s/a", energy={"site": 1.0 * KWH}),
        plant("t/b", energy={"site": 7.0 * KWH}),
    )
    given_ = given(*rows, supplies=grids(supply("FR", grams)))
    cells = located(given_, loads(given_))
    factor = cells.amount / np.array([[1.0], [7.0]])
    assert factor[0] == pytest.approx(factor[1])
    assert len([t for t in carbon_location(given_).terms if t.step == "factor"]) == 1


def test_own_solar_emits_nothing_here_and_is_not_bought() -> None:
    sunny = plant("s/a", energy={"site": KWH, "solar": 5 * KWH})
    assert carbon_location(given(sunny)).value == pytest.approx(HOURS * 44.2)
    back = replace(sunny, exported=hourly(2 * KWH))
    assert carbon_location(given(back)).value == pytest.approx(HOURS * 44.2)


def test_one_site_without_a_zone_or_a_factor_makes_the_whole_unknown_and_is_named() -> None:
    good = plant("s/a", energy={"site": KWH})
    homeless = at(plant("t/b", energy={"site": KWH}), zone=None)
    made = carbon_location(given(good, homeless))
    assert (made.value, made.reason, made.about) == (None, Reason.NO_ZONE, "t")
    strange = at(plant("t/b", energy={"site": KWH}), zone="ATLANTIS")
    made = carbon_location(given(good, strange))
    assert (made.reason, made.about) == (Reason.NO_FACTOR, "ATLANTIS (t)")


def test_a_site_that_drew_nothing_that_is_known_needs_no_zone() -> None:
    made = carbon_location(given(plant("s/a", energy={"it": KWH}), at(plant("t/b"), zone=None)))
    assert made.value == pytest.approx(HOURS * 44.2)
    assert made.coverage == 0.5


def test_a_meter_that_is_mute_asks_for_no_zone_either() -> None:
    mute = at(plant("t/b", energy={"it": np.full(HOURS, np.nan)}), zone=None)
    made = carbon_location(given(plant("s/a", energy={"it": KWH}), mute))
    assert made.value == pytest.approx(HOURS * 44.2)
    assert made.coverage == 0.5


@pytest.mark.parametrize(
    "other", [{"site": 5.0, "ups": 3.0}, {"it": 2.0}, {"ups": np.full(HOURS, np.nan)}, {}]
)
def test_it_is_of_the_very_energy_that_is_told_as_such(other: dict[str, float]) -> None:
    made = given(
        plant("s/a", energy={"site": 9.0, "ups": 8.0, "it": 7.0, "solar": 1.0}),
        plant("t/b", energy=other),
    )
    assert imported(made, loads(made)).total == live.energy(made).value
    assert boundary(loads(made)) == live.energy(made).boundary


def test_hours_without_a_factor_are_unknown_and_lower_the_coverage() -> None:
    grams = np.full(HOURS, 44.2)
    grams[:12] = np.nan
    made = carbon_location(
        given(plant("s/a", energy={"it": KWH}), supplies=grids(supply("FR", grams)))
    )
    assert made.value == pytest.approx(12 * 44.2)
    assert made.coverage == 0.5


def test_a_measured_grid_makes_derived_carbon_and_a_table_an_estimate() -> None:
    one = plant("s/a", energy={"it": KWH})
    measured = grids(supply("FR", quality=Quality.MEASURED))
    assert carbon_location(given(one, supplies=measured)).quality is Quality.DERIVED
    assert carbon_location(given(one)).quality is Quality.ESTIMATED


def test_the_twins_share_is_by_energy() -> None:
    twin = plant("s/twin", energy={"it": 3 * KWH}, simulated=True)
    made = carbon_location(given(twin, at(plant("t/b", energy={"it": KWH}), zone="DE")))
    assert made.simulated_share == pytest.approx(0.75)


def test_cue_is_carbon_of_the_site_over_it_energy() -> None:
    made = cue(given(plant("s/a", energy={"site": 1.2 * KWH, "ups": KWH})))
    assert (made.value or 0) * KWH == pytest.approx(1.2 * 44.2)
    assert made.category == "interim, category 1"
    assert cue(given(plant("s/a", energy={"site": KWH}))).reason is Reason.NO_IT_METER
    assert cue(given(plant("s/a", energy={"ups": KWH}))).reason is Reason.NO_SITE_METER
