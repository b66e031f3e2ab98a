"""Water withdrawn, consumed, here and where the electricity is made."""

import numpy as np
import pytest

from collector.kpis.energy.water import water_consumed, water_withdrawn, wue, wue_source
from collector.kpis.facts import Plant
from collector.kpis.reasons import Reason
from tests.build.kpis import HOURS, facts, plant
from tests.build.supplies import KWH, at, fluids
from vigie.shape import Quality


def wet(path: str = "s/a", **water: float) -> Plant:
    return fluids(plant(path, energy={"site": 1.2 * KWH, "ups": KWH}), "water", **water)


def test_river_water_that_goes_back_is_withdrawn_and_not_consumed() -> None:
    given = facts(wet(withdrawn=100.0, returned=99.0))
    assert water_withdrawn(given).value == 100 * HOURS
    assert water_consumed(given).value == HOURS
    assert wue(given).value == pytest.approx(100 / KWH)


def test_a_meter_of_what_is_consumed_is_believed_before_the_difference() -> None:
    assert water_consumed(facts(wet(withdrawn=9.0, returned=8.0, consumed=2.0))).value == 2 * HOURS


def test_without_a_meter_of_what_goes_back_nobody_knows_what_was_consumed() -> None:
    made = water_consumed(facts(wet(withdrawn=9.0)))
    assert (made.value, made.reason) == (None, Reason.NO_WATER_RETURN)
    assert water_withdrawn(facts(wet())).reason is Reason.NO_WATER_METER


def test_water_of_the_grid_is_added_with_the_factor_of_its_zone() -> None:
    made = wue_source(facts(wet(consumed=0.001)))
    # 1 L here and 1.2 kWh at 3.6737 L/kWh, over 1 kWh of IT.
    assert (made.value or 0) * KWH * 1000 == pytest.approx(1 + 1.2 * 3.6737)
    assert made.inputs["zone"] == "FR"
    assert made.quality is Quality.ESTIMATED
    [factor] = [term for term in made.terms if term.step == "factor"]
    assert "World Resources" in factor.source or "WRI" in factor.source


def test_a_zone_without_a_water_factor_names_the_site() -> None:
    made = wue_source(facts(at(wet(consumed=1.0), zone="RE")))
    assert (made.reason, made.about) == (Reason.NO_WATER_FACTOR, "RE (s)")
    made = wue_source(facts(at(wet(consumed=1.0), zone=None)))
    assert (made.reason, made.about) == (Reason.NO_ZONE, "s")


def test_an_hour_without_it_energy_takes_its_water_out_too() -> None:
    half = np.full(HOURS, KWH)
    half[12:] = np.nan
    made = wue(facts(fluids(plant("s/a", energy={"ups": half}), "water", withdrawn=2.0)))
    assert made.value == pytest.approx(2 / KWH)
    assert made.coverage == 0.5
    assert made.category == "water category 2, interim, category 1"
