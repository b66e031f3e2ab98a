"""Which table is read from when to when, so that growth between edges is known exactly."""

from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from collector.duties.windows import parts
from tests.build.shelf import at

GAP = timedelta(minutes=3)


def read(
    *edges: float, minutes: float | None, hours: float | None
) -> list[tuple[str, float, float]]:
    """Table, and from which minute to which after noon."""

    def when(minute: float | None) -> datetime | None:
        return None if minute is None else at(minute)

    found = parts([at(e) for e in edges], GAP, when(minutes), when(hours))
    minute = timedelta(minutes=1)
    return [(p.suffix, (p.start - at(0)) / minute, (p.end - at(0)) / minute) for p in found]


def test_settled_hours_are_read_with_the_one_before_and_minutes_after_the_end() -> None:
    assert read(0, 60, 120, minutes=200, hours=180) == [("1h", -60, 120), ("1m", 120, 123)]


def test_what_the_hours_have_not_reached_is_read_in_minutes_then_in_raw_rows() -> None:
    assert read(0, 60, 120, minutes=90, hours=60) == [
        ("1h", -60, 60), ("1m", 60, 90), ("raw", 90, 123),
    ]  # fmt: skip


def test_an_hour_that_an_edge_cuts_is_read_in_minutes() -> None:
    assert read(30, 60, 120, 150, minutes=300, hours=300) == [
        ("1m", 0, 60), ("1h", 60, 120), ("1m", 120, 153),
    ]  # fmt: skip


def test_two_periods_with_a_time_between_them_are_one_reading() -> None:
    assert read(0, 60, 90, 240, 270, minutes=300, hours=300) == [
        ("1h", -60, 60), ("1m", 60, 120), ("1h", 120, 240), ("1m", 240, 273),
    ]  # fmt: skip


def test_where_nothing_is_rolled_up_all_is_raw() -> None:
    assert read(0, 60, minutes=None, hours=None) == [("raw", -60, 63)]


@pytest.mark.parametrize("minutes", [None, -200.0, 0.0, 70.0, 500.0])
@pytest.mark.parametrize("hours", [None, -180.0, 0.0, 60.0, 480.0])
@pytest.mark.parametrize("edges", [(0, 60, 120), (15, 60, 61), (-30, 0, 60, 90, 115)])
def test_parts_neither_overlap_nor_leave_gaps(
    edges: tuple[float, ...], minutes: float | None, hours: float | None
) -> None:
    found = read(*edges, minutes=minutes, hours=hours)
    assert all(a[2] == b[1] for a, b in pairwise(found))
    assert found[0][1] <= edges[0] - 3
    assert found[-1][2] == edges[-1] + 3
