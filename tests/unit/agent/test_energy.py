"""Energy by counter is exact or dropped; energy by gauge is off by no more than it says."""

import math
from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.energy import WORST_ERRORS, Counter, Energy, Trapezoid, worst_error
from vigie.shape import Quality

LOW, HIGH = 100.0, 700.0
LOAD_PERIODS = (0.2, 0.5, 1.0, 2.0, 10.0, 60.0)
"""Of the square waves that the error of a trapezoid is stated for, in seconds."""
HOUR = 3600.0
RANGE = 65_536.0
ROUNDING = 1e-9
LIMIT = 1_000.0


def energy_until(seconds: float, period: float, phase: float = 0.0) -> float:
    """Joules of a square wave, high in the first half of each period, from 0 to then."""

    def high(until: float) -> float:
        whole, rest = divmod(until, period)
        return whole * period / 2 + min(rest, period / 2)

    return LOW * seconds + (HIGH - LOW) * (high(seconds + phase) - high(phase))


def gauge(now: float, period: float, phase: float, window: float) -> float:
    """What a gauge says that averages over `window` seconds, or over none."""
    if not window:
        return HIGH if (now + phase) % period < period / 2 else LOW
    before = energy_until(now, period, phase + HOUR) - energy_until(
        now - window, period, phase + HOUR
    )
    return before / window


def read_all(counter: Counter, readings: Iterable[tuple[float, float | None]]) -> Energy:
    found = counter.read(0.0, None)
    for now, joules in readings:
        found = counter.read(now, joules)
    return found


# A counter


def test_the_first_reading_tells_nothing_but_where_to_begin() -> None:
    counter = Counter(LIMIT, range_joules=RANGE)
    assert counter.read(0, None).joules is None
    found = counter.read(1, 60_000)
    assert (found.joules, found.watts, found.quality) == (0, None, Quality.MEASURED)
    found = counter.read(11, 61_000)
    assert (found.joules, found.watts, found.error_ratio) == (1_000, 100, 0)


def test_a_wrap_loses_nothing() -> None:
    found = read_all(Counter(LIMIT, range_joules=RANGE), [(0, RANGE - 100), (10, 200)])
    assert (found.joules, found.watts, found.resets, found.gap_seconds) == (300, 30, 0, 0)


@given(
    start=st.floats(0, RANGE), watts=st.lists(st.floats(0, LIMIT), min_size=1, max_size=60),
    spacing=st.lists(st.floats(0.1, 60), min_size=60, max_size=60),
)  # fmt: skip
def test_wraps_anywhere_lose_nothing(
    start: float, watts: list[float], spacing: list[float]
) -> None:
    counter = Counter(LIMIT, range_joules=RANGE)
    now, true = 0.0, 0.0
    found = counter.read(now, start)
    for power, seconds in zip(watts, spacing, strict=False):
        now, true = now + seconds, true + power * seconds
        found = counter.read(now, min(RANGE, (start + true) % RANGE))
    assert found.joules == pytest.approx(true, abs=1e-3)
    assert (found.gap_seconds, found.resets, found.suspects) == (0, 0, 0)


@given(st.lists(st.booleans(), min_size=59, max_size=59), st.floats(1, 900))
def test_readings_left_out_change_nothing_in_between(read: list[bool], watts: float) -> None:
    counter = Counter(LIMIT)
    found = counter.read(0, 0)
    for second, readable in enumerate([True, *read, True]):
        found = counter.read(second, watts * second if readable else None)
    assert found.joules == pytest.approx(watts * 60)
    assert found.gap_seconds == 0


def test_a_long_gap_with_a_counter_is_exact_while_no_wrap_can_hide_in_it() -> None:
    found = read_all(Counter(LIMIT, range_joules=RANGE), [(0, 0), (60, 60_000)])
    assert (found.joules, found.gap_seconds) == (60_000, 0)


def test_an_interval_in_which_a_wrap_may_hide_is_dropped_and_counted() -> None:
    found = read_all(Counter(LIMIT, range_joules=RANGE), [(0, 0), (100, 5_000), (110, 6_000)])
    assert (found.joules, found.gap_seconds, found.resets) == (1_000, 100, 0)


def test_without_its_range_a_fall_is_a_reset_and_drops_the_interval() -> None:
    found = read_all(Counter(LIMIT), [(0, 60_000), (10, 500), (20, 1_500)])
    assert (found.joules, found.gap_seconds, found.resets, found.suspects) == (1_000, 10, 1, 0)


def test_a_fall_that_no_wrap_explains_is_a_reset() -> None:
    found = read_all(Counter(LIMIT, range_joules=RANGE), [(0, 30_000), (10, 500)])
    assert (found.joules, found.gap_seconds, found.resets) == (0, 10, 1)


def test_without_its_range_a_long_interval_is_dropped() -> None:
    counter = Counter(LIMIT, longest_seconds=60)
    found = read_all(counter, [(0, 0), (60, 600), (121, 700), (131, 800)])
    assert (found.joules, found.gap_seconds, found.resets) == (700, 61, 0)


def test_a_jump_beyond_what_the_device_can_is_not_believed() -> None:
    found = read_all(Counter(LIMIT), [(0, 0), (10, 50_000), (20, 51_000)])
    assert (found.joules, found.suspects, found.gap_seconds, found.resets) == (1_000, 1, 10, 0)


def test_a_value_that_the_counter_cannot_have_is_not_read() -> None:
    counter = Counter(LIMIT, range_joules=RANGE)
    found = read_all(counter, [(0, 0), (10, -1), (20, RANGE + 1), (30, math.nan), (40, 4_000)])
    assert (found.joules, found.suspects, found.gap_seconds) == (4_000, 3, 0)


def test_two_readings_at_one_instant_have_no_power() -> None:
    found = read_all(Counter(LIMIT), [(0, 0), (0, 10)])
    assert (found.joules, found.watts) == (10, None)


@given(st.lists(st.one_of(st.none(), st.floats()), max_size=40))
def test_whatever_a_counter_says_its_energy_never_falls(readings: list[float | None]) -> None:
    counter = Counter(LIMIT, range_joules=RANGE)
    last = Energy(None, None, 0, 0, 0, 0, Quality.MEASURED)
    for second, reading in enumerate(readings):
        found = counter.read(second, reading)
        assert (found.joules or 0) >= (last.joules or 0)
        assert found.gap_seconds >= last.gap_seconds
        assert (found.joules or 0) <= LIMIT * (second + len(readings))
        last = found


@pytest.mark.parametrize("period", LOAD_PERIODS)
def test_the_energy_of_a_periodic_load_is_within_one_per_cent_by_counter(period: float) -> None:
    for phase in phases(period):
        counter = Counter(LIMIT, range_joules=RANGE)
        found = counter.read(0, None)
        for n in range(361):
            raw = int(energy_until(10.0 * n, period, phase) * 1e6) / 1e6
            found = counter.read(10.0 * n, (raw + 60_000) % RANGE)
        assert found.joules == pytest.approx(energy_until(HOUR, period, phase), rel=1e-6)


# A gauge


def phases(period: float) -> Sequence[float]:
    return [period * n / 30 for n in range(30)]


def off(load: float, every: float, window: float) -> float:
    """The worst relative error of an hour's energy by trapezoid, over the phases of a load."""
    worst = 0.0
    for phase in phases(load):
        trapezoid = Trapezoid(every, window, LIMIT)
        found = trapezoid.read(0, None)
        for n in range(int(HOUR / every) + 1):
            found = trapezoid.read(n * every, gauge(n * every, load, phase, window))
        true = energy_until(HOUR, load, phase)
        worst = max(worst, abs((found.joules or 0) / true - 1))
    return worst


@pytest.mark.parametrize("load", LOAD_PERIODS)
@pytest.mark.parametrize(("every", "window"), [(10, 0), (10, 1), (10, 7), (10, 9.5), (10, 10)])
def test_a_trapezoid_is_off_by_no_more_than_it_says(
    load: float, every: float, window: float
) -> None:
    assert off(load, every, window) <= worst_error(every, window) + ROUNDING


@pytest.mark.parametrize(("every", "window"), [(60, 0), (60, 48), (60, 60), (30, 30)])
def test_a_slow_trapezoid_is_too(every: float, window: float) -> None:
    worst = max(off(load, every, window) for load in LOAD_PERIODS)
    assert worst <= worst_error(every, window) + ROUNDING


def test_what_it_says_is_no_exaggeration() -> None:
    assert off(10, 10, 0) == pytest.approx(worst_error(10, 0), abs=0.01)
    assert off(10, 10, 7.5) == pytest.approx(worst_error(10, 7.5), abs=0.05)


@given(st.floats(0.1, 3600), st.floats(0, 3600))
def test_a_gauge_that_averages_over_more_is_never_said_to_be_worse(
    interval: float, window: float
) -> None:
    assert worst_error(interval, window) >= worst_error(interval, 2 * window)
    assert worst_error(interval, 0) == WORST_ERRORS[-1][1]


def test_straight_lines_between_readings() -> None:
    trapezoid = Trapezoid(10, 0, LIMIT)
    assert trapezoid.read(0, 100).joules == 0
    found = trapezoid.read(10, 300)
    assert (found.joules, found.watts, found.quality) == (2_000, 300, Quality.ESTIMATED)
    assert found.error_ratio == 0.75


def test_before_a_first_reading_nothing_is_known_and_nothing_is_missing() -> None:
    found = Trapezoid(10, 0, LIMIT).read(100, None)
    assert (found.joules, found.watts, found.gap_seconds) == (None, None, 0)


def test_a_gauge_that_says_nothing_for_long_leaves_a_gap_that_grows_meanwhile() -> None:
    trapezoid = Trapezoid(10, 0, LIMIT)
    trapezoid.read(0, 100)
    assert [trapezoid.read(10.0 * n, None).gap_seconds for n in range(1, 6)] == [0, 0, 0, 40, 50]
    found = trapezoid.read(60, 100)
    assert (found.joules, found.gap_seconds) == (0, 60)
    assert trapezoid.read(70, 100).joules == 1_000


def test_a_reading_or_two_that_are_missing_are_bridged_and_cost_certainty() -> None:
    trapezoid = Trapezoid(10, 10, LIMIT)
    trapezoid.read(0, 100)
    trapezoid.read(10, None)
    found = trapezoid.read(20, 100)
    assert (found.joules, found.gap_seconds, found.error_ratio) == (2_000, 0, 0.75)
    assert trapezoid.read(30, 100).error_ratio == 0.01


def test_power_that_the_device_cannot_draw_is_no_reading() -> None:
    trapezoid = Trapezoid(10, 0, LIMIT)
    trapezoid.read(0, 100)
    found = trapezoid.read(10, 65_535)
    assert (found.joules, found.watts, found.suspects) == (0, None, 1)
    assert trapezoid.read(20, math.nan).suspects == 2
    assert trapezoid.read(30, 100).joules == 3_000


def test_what_is_given_back_is_not_taken_off() -> None:
    trapezoid = Trapezoid(10, 0, LIMIT)
    trapezoid.read(0, -100)
    assert trapezoid.read(10, -100).joules == 0


def test_a_device_may_tell_over_how_long_it_averages() -> None:
    trapezoid = Trapezoid(10, 0, LIMIT)
    trapezoid.read(0, 100, 10)
    assert trapezoid.read(10, 100, 10).error_ratio == 0.01
