"""What a place's overhead should be: learned from its past, with a band; silent where unlike."""

import math

import numpy as np
import pytest

from collector.kpis.energy.bands import LEAST_HOURS, Hour, expected

LOSS, SHARE, WARM = 2_000.0, 0.10, 0.004


def hour(n: int, noise: float = 0.0) -> Hour:
    """A place of 80 to 120 kW of IT, by day and night, between 5 and 25 °C."""
    base = 100e3 + 20e3 * math.sin(n / 7)
    warmth = 15.0 + 10.0 * math.sin(n / 24 * 2 * math.pi)
    return Hour(base, (LOSS + SHARE * base + WARM * base * warmth) * (1 + noise), warmth)


def past(hours: int = 200, noise: float = 0.01) -> list[Hour]:
    chance = np.random.default_rng(1).standard_normal(hours)
    return [hour(n, noise * float(c)) for n, c in enumerate(chance)]


def test_an_hour_like_the_past_is_what_is_expected() -> None:
    found = expected(past(), hour(300))
    assert found is not None
    assert found.extra == pytest.approx(hour(300).extra, rel=0.01)
    assert found.least < hour(300).extra < found.most


def test_a_fifth_more_overhead_is_out_of_the_band_and_noise_is_in_it() -> None:
    found = expected(past(), hour(300))
    assert found is not None
    assert hour(300, 0.2).extra > found.most
    assert hour(300, 0.03).extra < found.most


def test_a_warmer_day_explains_more_overhead() -> None:
    cool, warm = (expected(past(), Hour(100e3, 0.0, c)) for c in (6.0, 24.0))
    assert cool is not None
    assert warm is not None
    assert warm.extra - cool.extra == pytest.approx(WARM * 100e3 * 18, rel=0.05)


def test_before_three_days_nothing_is_said() -> None:
    assert expected(past(LEAST_HOURS - 1), hour(300)) is None
    assert expected(past(LEAST_HOURS), hour(60)) is not None


@pytest.mark.parametrize(
    "unlike", [Hour(200e3, 30e3, 15.0), Hour(100e3, 30e3, 38.0), Hour(0.0, 5e3, 15.0)],
    ids=["a load never seen", "a heat wave", "no load"],
)  # fmt: skip
def test_nothing_is_said_of_what_was_never_seen(unlike: Hour) -> None:
    assert expected(past(), unlike) is None


def test_without_the_weather_the_load_alone_is_looked_at_and_the_band_is_wider() -> None:
    blind = [Hour(h.base, h.extra) for h in past()]
    found, seeing = expected(blind, Hour(100e3, 0.0)), expected(past(), Hour(100e3, 0.0, 15.0))
    assert found is not None
    assert seeing is not None
    assert found.most - found.least > 2 * (seeing.most - seeing.least)


def test_a_few_hours_of_a_broken_meter_in_the_past_do_not_widen_the_band() -> None:
    broken = [Hour(h.base, h.extra * 3, h.warmth) if n % 50 == 0 else h
              for n, h in enumerate(past())]  # fmt: skip
    found, clean = expected(broken, hour(300)), expected(past(), hour(300))
    assert found is not None
    assert clean is not None
    assert found.most - found.least < 2 * (clean.most - clean.least)
