from collector.kpis.carbon import Factor
from collector.kpis.energy import Total
from collector.kpis.methods import METHODS, Facts, carbon_location
from collector.kpis.reasons import Reason
from vigie.indicators import INDICATORS
from vigie.shape import Quality

FRANCE = Factor("FR", 50.0, "lifecycle", 2024, "s", "l")
NOTHING = Total(None, Reason.NO_METER, 0.0, None, 0.0, (), (), {})


def facts(zone: str | None, **joules: float) -> Facts:
    parts = {f"a/{container}": value for container, value in joules.items()}
    energy = Total(sum(parts.values()), None, 1.0, Quality.MEASURED, 0.0, ("it",), (), parts)
    return Facts(NOTHING, energy, {"a": zone}, {"FR": FRANCE})


def test_every_indicator_that_is_declared_has_one_method() -> None:
    assert [method.indicator for method in METHODS] == list(INDICATORS)


def test_carbon_adds_the_containers_of_a_site_and_names_its_factor() -> None:
    made = carbon_location(facts("FR", one=3.6e6, two=7.2e6))
    assert made.value == 150
    assert made.inputs["factor"] == "FR 50 g/kWh (2024)"


def test_carbon_without_a_zone_says_of_which_site() -> None:
    made = carbon_location(facts(None, one=3.6e6))
    assert (made.value, made.reason, made.about) == (None, Reason.NO_ZONE, "a")


def test_carbon_of_unknown_energy_is_unknown_for_the_same_reason() -> None:
    made = carbon_location(Facts(NOTHING, NOTHING, {}, {}))
    assert (made.value, made.reason) == (None, Reason.NO_METER)
