from typing import cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.language.check import condition, quantity, threshold
from alerts.language.evaluate import FALSE, TRUE, UNKNOWN, Logical, Numeric, Rows, numbers, truths
from alerts.language.functions import SIBLINGS, median
from alerts.language.parse import ExpressionError
from alerts.language.rings import Memory
from vigie.catalogue import Gpu
from vigie.shape import Value

START = 1_800_000_000.0
HOT = {"hot": threshold("hot", "85C")}


def said(text: str, *readings: tuple[float, dict[str, Value]]) -> float:
    """What a quantity is of one GPU after these readings."""
    expression = quantity(text, Gpu, HOT)
    memory = Memory()
    memory.keep(expression.windows)
    found, now = Rows(Gpu, [], []), START
    for time, row in readings:
        now = START + time
        found = Rows(Gpu, [row], [0.0], memory, now)
        memory.look(np.array([now]), found.numbers, now)
    return float(numbers(cast("Numeric", expression.plan), found)[0])


def course(
    *temperatures: float | None, every: float = 30.0
) -> list[tuple[float, dict[str, Value]]]:
    return [(every * n, {"temperature_celsius": t}) for n, t in enumerate(temperatures)]


def test_a_rate_is_growth_a_second_and_increase_growth() -> None:
    readings: list[tuple[float, dict[str, Value]]] = [
        (t, {"energy_joules_total": 1e9 + 500 * t}) for t in range(0, 301, 30)
    ]
    assert said("rate(energy_joules_total, 5min)", *readings) == pytest.approx(500)
    assert said("increase(energy_joules_total, 5min)", *readings) == pytest.approx(150_000)
    assert quantity("rate(energy_joules_total, 5min)", Gpu).symbol == "W"


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("avg_over(temperature_celsius, 5min)", 55), ("min_over(temperature_celsius, 5min)", 50),
        ("max_over(temperature_celsius, 5min)", 60), ("delta(temperature_celsius, 5min)", 10),
        ("time_to(temperature_celsius, hot, 5min)", 750),
        ("time_to(temperature_celsius, 40C, 5min)", np.nan),
    ],
)  # fmt: skip
def test_windows_look_back(text: str, found: float) -> None:
    readings = course(*np.arange(50.0, 60.5, 1.0))
    assert said(text, *readings) == pytest.approx(found, nan_ok=True, rel=1e-3)


def test_an_extreme_between_two_tenths_is_not_lost() -> None:
    readings = course(*([50.0] * 20), 99.0, *([50.0] * 20), every=7)
    assert said("max_over(temperature_celsius, 5min)", *readings) == 99


def test_a_limit_crossed_within_the_window_is_reached_now() -> None:
    assert said("time_to(temperature_celsius, hot, 5min)", *course(*range(70, 92, 2))) == 0


@pytest.mark.parametrize("function", ["avg_over", "min_over", "max_over", "delta"])
def test_a_window_says_nothing_until_half_of_it_is_covered(function: str) -> None:
    text = f"{function}(temperature_celsius, 5min)"
    assert np.isnan(said(text, *course(50, 60, 70)))
    assert not np.isnan(said(text, *course(50, 50, 50, 50, 50, 70)))


def test_growth_counts_from_two_readings_on() -> None:
    readings: list[tuple[float, dict[str, Value]]] = [
        (0, {"energy_joules_total": 5}), (60, {"energy_joules_total": 9}),
    ]  # fmt: skip
    assert said("increase(energy_joules_total, 1h)", *readings) == 4, "though of one tenth"
    assert np.isnan(said("rate(energy_joules_total, 1h)", *readings))


def test_while_the_newest_reading_is_unknown_so_is_its_window() -> None:
    readings = course(50, 50, 50, 50, 50, 50, 50, 50, 50, 50, None)
    assert np.isnan(said("avg_over(temperature_celsius, 5min)", *readings))


def test_a_row_is_compared_with_its_siblings() -> None:
    plan = condition("temperature_celsius - median(temperature_celsius) > 12C", Gpu).plan
    rows: list[dict[str, Value]] = [
        {"container": "a", "temperature_celsius": t} for t in (60, 62, 61, 75, None)
    ]
    rows += [{"container": "b", "temperature_celsius": t} for t in (60, 90, 61)]
    found = truths(cast("Logical", plan), Rows(Gpu, rows, [0.0] * len(rows)))
    few = [UNKNOWN] * 3
    assert found.tolist() == [FALSE, FALSE, FALSE, TRUE, UNKNOWN, *few], "three are too few"


def test_siblings_that_are_silent_count_for_nothing() -> None:
    plan = quantity("median(temperature_celsius)", Gpu).plan
    rows: list[dict[str, Value]] = [
        {"container": "a", "temperature_celsius": t} for t in (10, 20, 30, 40, 1000, 1000, 1000)
    ]
    ages = [0.0] * 4 + [3600.0] * 3
    assert set(numbers(cast("Numeric", plan), Rows(Gpu, rows, ages)).tolist()) == {25.0}


@given(st.lists(st.tuples(st.integers(0, 3), st.none() | st.floats(-100, 100)), max_size=40))
def test_the_median_is_that_of_its_group(rows: list[tuple[int, float | None]]) -> None:
    values = np.array([np.nan if value is None else value for _, value in rows])
    groups = np.array([group for group, _ in rows], np.int64)
    found = median(values, groups, np.ones(len(rows), np.bool_))
    for row, (group, _) in enumerate(rows):
        mine = values[(groups == group) & ~np.isnan(values)]
        expected = np.median(mine) if len(mine) >= SIBLINGS else np.nan
        assert found[row] == pytest.approx(expected, nan_ok=True)


def test_a_threshold_is_a_number_that_the_narrowest_place_may_set_otherwise() -> None:
    named = threshold("hot", "85C")
    plan = type(named.plan)("hot", 85.0, (("g", 80.0), ("g/c2", 75.0)))
    rows: list[dict[str, Value]] = [{"container": c} for c in ("g/c1", "g/c2", "p/c1", "gx/c1")]
    assert numbers(plan, Rows(Gpu, rows, [0.0] * 4)).tolist() == [80, 75, 85, 85]


@pytest.mark.parametrize(
    ("text", "token", "message"),
    [
        ("rate(power_watts, 5min) > 1", "power_watts",
         "power_watts is a gauge; use delta, avg_over, min_over, max_over, time_to"),
        ("avg_over(energy_joules_total, 5min) > 1", "energy_joules_total",
         "energy_joules_total is a counter; use rate, increase"),
        ("avg_over(power_watts * 2, 5min) > 1", "power_watts * 2",
         "avg_over looks back at one field, not at a calculation"),
        ("avg_over(pwer_watts, 5min) > 1", "pwer_watts",
         "no field pwer_watts in gpu; did you mean power_watts?"),
        ("avg_over(power_watts, 5) > 1", "5", "gpu is read every 10s; look back over 20s at least"),
        ("avg_over(power_watts, 30d) > 1", "30d", "look back over 7d at most"),
        ("avg_over(power_watts, 5kW) > 1", "5kW",
         "avg_over ends with how far to look back, as 5min"),
        ("avg_over(power_watts) > 1", "avg_over(power_watts)", "avg_over takes 2, not 1"),
        ("time_to(power_watts, 85C, 5min) < 1h", "85C", "cannot meet watts and celsius"),
        ("rate(energy_joules_total, 5min) > 5C", ">", "cannot compare watts and celsius"),
        ("power_watts > hot", ">", "cannot compare watts and celsius"),
    ],
)  # fmt: skip
def test_what_looks_back_wrongly_is_pointed_at(text: str, token: str, message: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        condition(text, Gpu, HOT)
    assert str(caught.value) == message
    assert text[caught.value.start : caught.value.end] == token


@pytest.mark.parametrize("text", ["temperature_celsius", "85C + 1C", '"hot"', "5furlongs"])
def test_a_threshold_is_one_number(text: str) -> None:
    with pytest.raises(ExpressionError):
        threshold("hot", text)
