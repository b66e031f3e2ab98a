import pytest

from collector.kpis.carbon import factors, location_based
from collector.kpis.reasons import Reason
from vigie.network.load import zones
from vigie.units import JOULES_PER_KWH


def test_a_kilowatt_hour_in_france_and_in_germany() -> None:
    joules = {"cannes": 2.0 * JOULES_PER_KWH, "munich": 1.0 * JOULES_PER_KWH}
    found = location_based(joules, {"cannes": "FR", "munich": "DE"}, factors())
    assert found.grams == pytest.approx(2 * 44.2 + 344.1)
    assert [str(f) for f in found.factors] == ["DE 344.1 g/kWh (2024)", "FR 44.2 g/kWh (2024)"]


def test_a_site_without_a_zone_makes_it_unknown_and_is_named() -> None:
    found = location_based({"a": 1.0, "b": 1.0}, {"a": "FR", "b": None}, factors())
    assert (found.grams, found.reason, found.about) == (None, Reason.NO_ZONE, "b")


def test_a_zone_without_a_factor_makes_it_unknown_and_is_named() -> None:
    found = location_based({"a": 1.0}, {"a": "ATLANTIS"}, factors())
    assert (found.grams, found.reason, found.about) == (None, Reason.NO_FACTOR, "ATLANTIS")


def test_every_zone_that_a_site_may_name_has_a_factor_with_source_and_licence() -> None:
    assert set(zones()) <= set(factors())
    for factor in factors().values():
        assert 0 < factor.grams_per_kwh < 1000
        assert factor.method == "lifecycle_production_average"
        assert factor.year >= 2022
        assert "CC BY 4.0" in factor.licence
        assert factor.source


def test_overseas_territories_are_not_the_mainland() -> None:
    assert factors()["RE"].grams_per_kwh > 10 * factors()["FR"].grams_per_kwh


@pytest.mark.parametrize("reason", Reason)
def test_reasons_are_in_both_languages(reason: Reason) -> None:
    assert reason.text("fr", "x") != reason.text("en", "x")
