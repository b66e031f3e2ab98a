import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.incidents.outage import (
    COMPLETE,
    LIMITED,
    Down,
    Span,
    at_once,
    minus,
    outage,
    seconds,
    union,
)

HOUR = 3600.0
Point = st.integers(0, 60).map(float)
Spans = st.lists(st.tuples(Point, Point), max_size=8)


def covered(spans: list[Span]) -> set[int]:
    """The whole seconds in them."""
    return {second for start, end in spans for second in range(int(start), int(end))}


@given(Spans, Spans)
def test_spans_are_sets_of_seconds(one: list[Span], other: list[Span]) -> None:
    first, second = union(one), union(other)
    assert covered(first) == covered(one)
    assert covered(minus(first, second)) == covered(one) - covered(other)
    assert covered(at_once([first, second])) == covered(one) & covered(other)
    assert seconds(first) == len(covered(one))


def test_planned_maintenance_does_not_count() -> None:
    found = outage({"paris/a": [(0, 7200)]}, {"paris/a": [(0, 4800)]})
    assert (found.limited, found.planned, found.longest) == (2400, 4800, 2400)
    assert found.down == (Down("paris/a", 7200, 4800),)
    assert found.down[0].counted == 2400
    assert found.signs == ()


def test_an_outage_of_one_of_two_is_limited_and_of_both_complete() -> None:
    found = outage(
        {"paris/a": [(0, 2 * HOUR)], "paris/b": [(HOUR, HOUR + 60)]}, {}, ["paris/a", "paris/b"]
    )
    assert (found.limited, found.complete) == (2 * HOUR, 60)
    assert found.signs == (COMPLETE, LIMITED)


def test_maintenance_of_one_is_no_excuse_for_the_other() -> None:
    down = {"paris/a": [(0.0, 60.0)], "paris/b": [(0.0, 60.0)]}
    found = outage(down, {"paris/a": [(0, 60)]}, ["paris/a", "paris/b"])
    assert (found.limited, found.complete, found.planned) == (60, 0, 0)


@pytest.mark.parametrize(("lasted", "signs"), [(HOUR, ()), (HOUR + 1, (LIMITED,))])
def test_more_than_an_hour_is_a_sign(lasted: float, signs: tuple[str, ...]) -> None:
    assert outage({"paris/a": [(0, lasted)]}, {}).signs == signs


def test_without_knowing_what_there_is_nobody_says_that_all_was_down() -> None:
    assert outage({"paris/a": [(0, 60)]}, {}).complete is None
    assert outage({}, {}, ["paris/a"]).complete == 0
