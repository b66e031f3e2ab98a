"""Sets of numbers as intervals."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent import intervals
from agent.intervals import Interval

SETS = st.sets(st.integers(0, 40))


def spans(numbers: set[int]) -> list[Interval]:
    return intervals.union((n, n) for n in numbers)


def numbers(spans: list[Interval]) -> set[int]:
    return {n for first, last in spans for n in range(first, last + 1)}


def test_neighbours_are_joined() -> None:
    assert intervals.union([(5, 6), (0, 1), (2, 3)]) == [(0, 3), (5, 6)]


def test_what_swallows_another_stays_whole() -> None:
    assert intervals.union([(0, 9), (2, 3)]) == [(0, 9)]


@given(SETS)
def test_a_set_survives_being_written_as_intervals(some: set[int]) -> None:
    assert numbers(spans(some)) == some
    assert intervals.size(spans(some)) == len(some)


@given(SETS, st.integers(0, 40))
def test_contains_agrees_with_the_set(some: set[int], number: int) -> None:
    assert intervals.contains(spans(some), number) == (number in some)


@given(SETS, SETS)
def test_missing_is_the_difference(wanted: set[int], held: set[int]) -> None:
    assert numbers(intervals.missing(spans(wanted), spans(held))) == wanted - held


@given(st.lists(SETS, min_size=1, max_size=3))
def test_common_is_the_intersection(sets: list[set[int]]) -> None:
    assert numbers(intervals.common([spans(s) for s in sets])) == set.intersection(*sets)


@pytest.mark.parametrize("held", [[], [(0, 3)]])
def test_nobody_shares_nothing(held: list[Interval]) -> None:
    assert intervals.common([]) == []
    assert intervals.common([held]) == held
