from zoneinfo import ZoneInfo

import pytest

from dashboard.format import (
    clock,
    divisor,
    duration,
    moment,
    number,
    quantity,
    rate,
    seconds_of,
)
from vigie.units import BYTE, GRAM, JOULE, ONE, RATIO, SECOND, WATT, Unit

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("value", "digits", "fr", "en"),
    [
        (12345.678, 1, "12\u202f345,7", "12,345.7"),
        (987, 0, "987", "987"),
        (-0.04, 1, "0,0", "0.0"),
        (1.1, 2, "1,10", "1.10"),
    ],
)
def test_numbers_are_grouped_and_pointed_as_each_language_does(
    value: float, digits: int, fr: str, en: str
) -> None:
    assert number(value, "fr", digits) == fr
    assert number(value, "en", digits) == en


@pytest.mark.parametrize(
    ("value", "unit", "fr", "en"),
    [
        (63_400_000, WATT, "63,4\u00a0MW", "63.4\u00a0MW"),
        (0, WATT, "0\u00a0W", "0\u00a0W"),
        (999.96, WATT, "1,00\u00a0kW", "1.00\u00a0kW"),
        (3_600_000, JOULE, "1,00\u00a0kWh", "1.00\u00a0kWh"),
        (41_500, GRAM, "41,5\u00a0kgCO₂e", "41.5\u00a0kgCO₂e"),
        (512, BYTE, "512\u00a0o", "512\u00a0B"),
        (25_300_000_000, BYTE, "25,3\u00a0Go", "25.3\u00a0GB"),
        (0.134, RATIO, "13,4\u00a0%", "13.4\u00a0%"),
        (1, RATIO, "100\u00a0%", "100\u00a0%"),
        (134, SECOND, "2\u00a0min\u00a014\u00a0s", "2\u00a0min\u00a014\u00a0s"),
        (4, ONE, "4", "4"),
        (1.14, ONE, "1,14", "1.14"),
    ],
)
def test_quantities_are_scaled_to_what_people_say(
    value: float, unit: Unit, fr: str, en: str
) -> None:
    assert str(quantity(value, unit, "fr")) == fr
    assert str(quantity(value, unit, "en")) == en


def test_a_rate_says_per_second() -> None:
    assert str(rate(1_250_000, BYTE, "fr")) == "1,25\u00a0Mo/s"


def test_an_axis_is_divided_by_one_scale_for_all_its_values() -> None:
    assert divisor(2_500_000, WATT, "fr") == (1e6, "MW")
    assert divisor(0.4, RATIO, "en") == (0.01, "%")
    assert divisor(0, BYTE, "en") == (1, "B")


@pytest.mark.parametrize(
    ("seconds", "fr"),
    [
        (0, "0\u00a0s"),
        (0.000_07, "<\u00a01\u00a0ms"),
        (0.012, "12\u00a0ms"),
        (14, "14\u00a0s"),
        (134, "2\u00a0min\u00a014\u00a0s"),
        (3600, "1\u00a0h"),
        (4320, "1\u00a0h\u00a012\u00a0min"),
        (3 * 86_400 + 4 * 3600, "3\u00a0j\u00a04\u00a0h"),
        (-5, "−5\u00a0s"),
    ],
)
def test_a_duration_has_its_two_largest_parts(seconds: float, fr: str) -> None:
    assert duration(seconds, "fr") == fr
    assert duration(3 * 86_400, "en") == "3\u00a0d"


def test_a_time_is_local_and_dated_when_it_is_another_day() -> None:
    now = seconds_of("2026-11-22T03:12:00Z")
    assert clock(now, PARIS) == "04:12"
    assert moment(now, now, PARIS, "fr") == "04:12:00"
    assert moment(seconds_of("2026-11-21T12:00:00Z"), now, PARIS, "fr") == "21 nov. 13:00"
    assert moment(seconds_of("2025-11-21T12:00:00Z"), now, PARIS, "en") == "21 Nov 2025 13:00"


def test_both_hours_of_an_autumn_clock_change_keep_their_own_instant() -> None:
    first, second = seconds_of("2026-10-25T00:30:00Z"), seconds_of("2026-10-25T01:30:00Z")
    assert clock(first, PARIS) == clock(second, PARIS) == "02:30"
    assert second - first == 3600
    assert clock(seconds_of("2026-03-29T01:00:00Z"), PARIS) == "03:00"
