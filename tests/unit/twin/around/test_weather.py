"""Weather of a place, by season, day and seed."""

import numpy as np
import pytest

from tests.build.playing import SUMMER, WINTER
from twin.around.weather import DAY, Weather, dew_point, saturation, wet_bulb


def year(weather: Weather) -> list[float]:
    return [weather.air(WINTER + n * 7_200.0).temperature_celsius for n in range(365 * 12)]


def test_a_year_at_cannes_is_like_a_year_at_cannes() -> None:
    told = np.array(year(Weather(43.55, 7.02, 1)))
    assert told.mean() == pytest.approx(15, abs=2)
    assert told.min() > -12
    assert told.max() < 42


def test_summer_is_warmer_than_winter_and_the_afternoon_than_the_night() -> None:
    weather = Weather(48.1, 11.6, 1)
    days = [
        np.mean([weather.air(start + h * 3_600.0).temperature_celsius for h in range(240)])
        for start in (WINTER, SUMMER)
    ]
    assert days[1] > days[0] + 10
    hours = [
        np.mean([weather.air(SUMMER + d * DAY + h * 3_600).temperature_celsius for d in range(30)])
        for h in (3, 14)
    ]
    assert hours[1] > hours[0] + 5


def test_neighbours_share_their_weather_and_seeds_do_not() -> None:
    one, near, other = Weather(43.6, 7.0, 1), Weather(43.7, 7.1, 1), Weather(43.6, 7.0, 2)
    told = [w.air(WINTER + 5.0).temperature_celsius for w in (one, near, other)]
    assert told[0] == pytest.approx(told[1], abs=0.5)
    assert told[0] != told[2]


def test_a_heat_wave_is_hot_whatever_the_date() -> None:
    weather = Weather(48.1, 11.6, 1)
    noon = 14 * 3_600
    for start in (WINTER, SUMMER):
        assert weather.air(start + noon, hot=9.0).temperature_celsius > 28


def test_the_river_is_slower_than_the_air_and_no_ice() -> None:
    weather = Weather(48.1, 11.6, 1)
    told = [weather.river(WINTER + n * DAY, 20.0) for n in range(365)]
    assert min(r.temperature_celsius for r in told) >= 0.5
    assert np.mean([r.flow_cubic_meters_per_second for r in told]) == pytest.approx(20, rel=0.15)
    warm = weather.river(WINTER, 20.0, least=24.0, flow_ratio=0.1)
    assert warm.temperature_celsius == 24.0
    assert warm.flow_cubic_meters_per_second < 4


def test_wet_bulb_and_dew_point_agree_with_tables() -> None:
    """20 °C and 50 %: 13.7 °C (Stull 2011, his own example) and 9.3 °C."""
    assert wet_bulb(20.0, 0.5) == pytest.approx(13.7, abs=0.05)
    assert dew_point(20.0, 0.5) == pytest.approx(9.3, abs=0.1)
    assert saturation(20.0) == pytest.approx(23.4, abs=0.1)
