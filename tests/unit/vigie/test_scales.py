import pytest

from vigie.indicators import INDICATORS
from vigie.scales import STEPS, number, said
from vigie.units import CUBIC_METER, JOULE, ONE, RATIO, SECOND, Unit


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (0.951, RATIO, "95.1 %"),
        (1.2345, ONE, "1.23"),
        (3.6e6, JOULE, "1.00 kWh"),
        (3.6e12, JOULE, "1.00 GWh"),
        (44.2 / 3.6e6, "g/J", "44.2 gCO2e/kWh"),
        (1.8e-3 / 3.6e6, "m³/J", "1.80 L/kWh"),
        (2.5 / 3600, "€/s", "2.50 €/h"),
        (71 / 1e12 / (30.4375 * 86_400), "g/(o·s)", "71.0 gCO2e/TB-month"),
        (0.25, "m³", "250 L"),
        (90, SECOND, "90.0 s"),
        (600, SECOND, "10.0 min"),
        (3.6e7, SECOND, "10,000 h"),
        (2e15, "o", "2.00 PB"),
        (0, JOULE, "0 Wh"),
        (-2.5e3, "W", "-2.50 kW"),
        (12, "objects", "12 objects"),
    ],
)
def test_values_are_said_in_the_units_of_people(value: float, unit: Unit | str, shown: str) -> None:
    assert said(value, unit) == shown


def test_french_has_its_comma_its_space_and_its_octets() -> None:
    assert said(2e12, "o", "fr") == "2,00 To"
    assert number(1234567.8, "fr") == "1\u202f234\u202f568"


def test_what_rounds_to_a_thousand_is_one_of_the_larger() -> None:
    assert said(999.96e3, "W") == "1.00 MW"
    assert said(999.4e3, "W") == "999 kW"


def test_every_indicator_but_a_bare_number_has_a_scale() -> None:
    assert {i.unit for i in INDICATORS} <= {*STEPS, ONE}


def test_nothing_is_said_in_the_base_unit() -> None:
    assert [said(0.0, unit) for unit in (SECOND, CUBIC_METER, JOULE, RATIO)] == [
        "0 s", "0 m³", "0 Wh", "0 %",
    ]  # fmt: skip
