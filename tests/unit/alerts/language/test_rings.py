import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.language.past import Numbers, Window
from alerts.language.rings import Memory, Rings

START = 1_800_000_000.0
LAST = Window("x", 100.0, exact=True)
GROWTH = Window("x", 100.0, "growth")
LEAST, MOST = Window("x", 100.0, "least"), Window("x", 100.0, "most")
NAN = np.nan


def seen(rings: Rings, *readings: tuple[float, list[float]]) -> None:
    """All rows are read at these seconds from the start."""
    for at, values in readings:
        rings.look(np.full(len(values), START + at), START + at)
        for window in rings.windows:
            rings.take(window, np.array(values))


def kept(rings: Rings, window: Window, at: float, row: int = 0) -> list[float]:
    """What is known of a row, oldest first."""
    values = rings.past(window, START + at).values[:, row]
    return [float(value) for value in values[~np.isnan(values)]]


def rings(*windows: Window) -> Rings:
    made = Rings(100.0)
    made.keep(windows)
    return made


def test_of_each_tenth_the_last_reading_is_kept_or_the_least_or_the_greatest() -> None:
    found = rings(LAST, LEAST, MOST)
    seen(found, (0, [5.0]), (1, [9.0]), (2, [2.0]), (3, [4.0]), (12, [7.0]))
    assert kept(found, LAST, 12) == [4.0, 7.0]
    assert kept(found, LEAST, 12) == [2.0, 7.0]
    assert kept(found, MOST, 12) == [9.0, 7.0]


def test_the_oldest_go_as_time_goes_on() -> None:
    found = rings(LAST)
    seen(found, *((t, [float(t)]) for t in range(0, 300, 10)))
    assert kept(found, LAST, 290) == [float(t) for t in range(190, 300, 10)]
    assert kept(found, LAST, 290)[0] == 190.0
    seen(found, (1000, [1.0]))
    assert kept(found, LAST, 1000) == [1.0], "after a long pause nothing of before is left"


def test_a_reading_that_stands_is_one_reading() -> None:
    found = rings(LAST)
    seen(found, (0, [5.0]))
    for now in range(1, 60, 7):
        assert not found.look(np.array([START]), START + now), "there is nothing to take"
    assert kept(found, LAST, 60) == [5.0]
    ages = found.past(LAST, START + 60).ages[:, 0]
    assert ages[~np.isnan(ages)].tolist() == pytest.approx([60.0], abs=0.01)


def test_rows_of_other_times_go_to_their_own_tenths() -> None:
    found = rings(LAST)
    found.look(np.array([START, START + 35, START - 500]), START + 40)
    found.take(LAST, np.array([1.0, 2.0, 3.0]))
    assert [kept(found, LAST, 40, row) for row in range(3)] == [[1.0], [2.0], []]
    ages = found.past(LAST, START + 40).ages
    assert np.fmax.reduce(ages, axis=0)[:2].tolist() == pytest.approx([40.0, 5.0], abs=0.01)


def test_a_row_from_the_future_counts_as_now() -> None:
    found = rings(LAST)
    found.look(np.array([START + 3600]), START)
    found.take(LAST, np.array([1.0]))
    assert kept(found, LAST, 0) == [1.0]


def test_new_rows_find_room_and_fewer_begin_anew() -> None:
    found = rings(LAST)
    seen(found, (0, [1.0]), (10, [2.0, 20.0]))
    assert [kept(found, LAST, 10, row) for row in (0, 1)] == [[1.0, 2.0], [20.0]]
    seen(found, (20, [3.0]))
    assert kept(found, LAST, 20) == [3.0]


def test_what_is_unknown_leaves_what_was_known() -> None:
    found = rings(LAST)
    seen(found, (0, [1.0]), (1, [NAN]), (11, [NAN]))
    assert kept(found, LAST, 11) == [1.0]


def test_a_clock_that_is_set_back_begins_anew() -> None:
    found = rings(LAST)
    seen(found, (1000, [1.0]), (0, [2.0]))
    assert kept(found, LAST, 0) == [2.0]


def test_a_memory_keeps_what_is_asked_for_and_lets_go_of_the_rest() -> None:
    memory, other = Memory(), Window("y", 60.0)
    memory.keep([LAST, MOST, other])
    columns: dict[str, Numbers] = {"x": np.array([1.0]), "y": np.array([2.0])}
    memory.look(np.array([START]), columns.__getitem__, START)
    assert np.nanmax(memory.of(other).past(other, START).values) == 2.0
    memory.keep([LAST])
    assert memory.windows == {LAST}
    assert np.nanmax(memory.of(LAST).past(LAST, START).values) == 1.0


@given(st.lists(st.floats(0, 1000), min_size=1, max_size=60), st.integers(1, 59))
def test_a_memory_filled_late_is_the_memory_that_saw_all(values: list[float], cut: int) -> None:
    """Refilled with the same readings in any two parts, rings are the same."""
    readings = [(float(3 * n), [value]) for n, value in enumerate(values)]
    at = 3.0 * len(values)
    whole, parts = rings(LAST, LEAST, MOST), rings(LAST, LEAST, MOST)
    seen(whole, *readings)
    seen(parts, *readings[:cut])
    seen(parts, *readings[cut:])
    for window in (LAST, LEAST, MOST):
        assert kept(whole, window, at) == kept(parts, window, at)


def grew(*readings: tuple[float, float]) -> tuple[float, float]:
    """What a counter of one row grew by after these readings, and over how many seconds."""
    found = rings(GROWTH)
    seen(found, *((at, [value]) for at, value in readings))
    growth = found.growth(GROWTH)
    return float(growth.total[0]), float(growth.seconds[0])


def test_a_counter_grows_from_reading_to_reading() -> None:
    assert grew((0, 10), (3, 15), (40, 35)) == (25, 40)
    assert grew((0, 7), (9, 7)) == (0, 9)


def test_a_counter_that_fell_started_again_at_zero() -> None:
    assert grew((0, 10), (3, 15), (6, 3), (9, 5)) == (10, 9)


def test_one_reading_is_no_growth_and_an_unknown_one_waits_for_the_next() -> None:
    assert np.isnan(grew((0, 10))[0])
    assert grew((0, 10), (10, NAN), (20, 16)) == (6, 20)


def test_what_grew_before_the_span_is_not_counted() -> None:
    assert grew(*((10.0 * n, 2.0 * n) for n in range(50)))[0] == 20
    assert np.isnan(grew((0, 10), (500, 90))[0]), "before or within, nobody knows"


def test_growth_is_filled_from_the_last_reading_of_each_tenth() -> None:
    whole, late = rings(GROWTH), rings(GROWTH)
    seen(whole, *((t, [5.0 * t]) for t in range(0, 156, 5)))
    seen(late, (155, [775.0]))
    starts = np.arange(START + 40, START + 151, 10)
    late.fill(GROWTH, np.zeros(12, np.int64), starts, 5.0 * (starts - START + 5), 2.5)
    assert late.growth(GROWTH).total.tolist() == whole.growth(GROWTH).total.tolist() == [500]
    assert late.growth(GROWTH).seconds[0] == pytest.approx(100, abs=10)


def test_what_was_read_before_fills_what_nobody_saw() -> None:
    found = rings(LAST, MOST)
    seen(found, (55, [5.0]))
    starts = np.array([START + 30, START + 40, START + 50, START + 500])
    for window in (LAST, MOST):
        found.fill(window, np.zeros(4, np.int64), starts, np.array([1.0, 2.0, 9.0, 7.0]), 5.0)
    assert kept(found, LAST, 55) == [1.0, 2.0, 5.0], "what was seen is newer"
    assert kept(found, MOST, 55) == [1.0, 2.0, 9.0]
    ages = found.past(LAST, START + 55).ages[:, 0]
    assert ages[~np.isnan(ages)].tolist() == pytest.approx([20.0, 10.0, 0.0], abs=0.1)


def test_a_window_that_is_added_begins_with_the_rows_that_stand() -> None:
    found = rings(LAST)
    seen(found, (0, [5.0]))
    found.keep([LAST, MOST])
    assert found.look(np.array([START]), START + 1)
    found.take(MOST, np.array([5.0]))
    assert kept(found, MOST, 1) == [5.0]


def test_some_rows_alone_can_be_asked_for() -> None:
    found = rings(LAST)
    seen(found, (0, [1.0, 2.0, 3.0]))
    assert np.nanmax(found.past(LAST, START, np.array([2, 0])).values, axis=0).tolist() == [3, 1]
