import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.language.past import (
    MOMENTS,
    Memory,
    Numbers,
    Past,
    Rings,
    Window,
    ends,
    grown,
    least,
    line,
    mean,
    most,
)

START = 1_800_000_000.0
LAST = Window("x", 100.0, exact=True)
LEAST, MOST = Window("x", 100.0, "least"), Window("x", 100.0, "most")
NAN = np.nan


def past(*values: float, every: float = 10.0) -> Past:
    """One row with these readings, the last of them now."""
    ages = np.arange(len(values) - 1, -1, -1.0) * every
    return Past(ages[:, np.newaxis], np.array(values, np.float64)[:, np.newaxis])


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
        found.look(np.array([START]), START + now)
        found.take(LAST, np.array([5.0]))
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
    assert np.nanmax(memory.past(other, START).values) == 2.0
    memory.keep([LAST])
    assert memory.windows == {LAST}
    assert np.nanmax(memory.past(LAST, START).values) == 1.0


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


def test_a_counter_grows_over_resets_and_holes() -> None:
    assert grown(past(10, 15, NAN, 30)).tolist() == [20]
    assert grown(past(10, 15, 3, 5)).tolist() == [10]
    assert np.isnan(grown(past(NAN, 7, NAN))).all()
    assert grown(past(7, 7)).tolist() == [0]


def test_ends_means_and_extremes_leave_out_what_is_unknown() -> None:
    found = past(NAN, 4, 8, NAN)
    first, last, covered = ends(found)
    assert (first[0], last[0], covered[0]) == (4, 8, 10)
    assert (mean(found)[0], least(found)[0], most(found)[0]) == (6, 4, 8)
    nothing = past(*[NAN] * MOMENTS)
    for said in (mean, least, most):
        assert np.isnan(said(nothing)).all()


def test_a_straight_course_is_found_at_any_height() -> None:
    value, slope = line(past(*(1e12 + 3 * t for t in range(0, 110, 10))))
    assert value[0] == pytest.approx(1e12 + 300, abs=1e-2)
    assert slope[0] == pytest.approx(3, rel=1e-6)
    assert np.isnan(line(past(1, 2))[1]).all(), "two readings make no course"
