"""Heat handed over and removed."""

import pytest

from collector.kpis.energy.heat import cer, energy_cooling, ere, erf, heat_reused
from collector.kpis.facts import Plant
from collector.kpis.reasons import Reason
from tests.build.kpis import HOURS, facts, plant
from tests.build.supplies import at, fluids
from vigie.network.operators import Status
from vigie.network.places import HeatHandover


def warm(path: str = "s/a", **heat: float) -> Plant:
    metered = plant(path, energy={"site": 120.0, "ups": 100.0, "cooling": 10.0})
    return fluids(metered, "heat", **heat)


def test_heat_that_cools_the_place_itself_is_not_reused() -> None:
    given = facts(warm(reused=50.0, cooling_own=14.0))
    assert heat_reused(given).value == 36 * HOURS
    assert erf(given).value == pytest.approx(36 / 120)


def test_ere_may_be_under_one_and_says_that_it_is_no_pue() -> None:
    made = ere(facts(warm(reused=60.0)))
    assert made.value == pytest.approx(0.6)
    assert made.sentence
    assert "no PUE" in made.sentence["en"]
    assert "n'est pas un PUE" in made.sentence["fr"]


def test_a_site_that_hands_nothing_over_counts_with_all_its_energy() -> None:
    made = erf(facts(warm(reused=60.0), warm("s/b")))
    assert made.value == pytest.approx(60 / 240)
    assert made.inputs["without_handover"] == "s/b"


def test_a_hand_over_in_service_without_a_meter_is_unknown_and_a_planned_one_is_none() -> None:
    declared = at(warm("t/b"), heat=(HeatHandover("district"),))
    made = erf(facts(warm(reused=60.0), declared))
    assert made.value == pytest.approx(0.5)
    assert made.coverage == 0.5
    planned = at(warm("t/b"), heat=(HeatHandover("district", status=Status.ANNOUNCED),))
    assert erf(facts(planned)).reason is Reason.NO_HEAT_METER


def test_nothing_handed_over_anywhere_is_unknown_and_not_zero() -> None:
    for method in (heat_reused, erf, ere):
        assert method(facts(warm())).reason in {Reason.NO_HEAT_METER, Reason.NO_PLACE}
        assert method(facts(warm())).value is None


def test_cooling_is_told_as_heat_removed_over_electricity() -> None:
    given = facts(warm(removed=90.0))
    assert cer(given).value == pytest.approx(9)
    assert energy_cooling(given).value == 10 * HOURS
    assert cer(facts(warm())).reason is Reason.NO_HEAT_REMOVED
