from dashboard.figures.line import MAX_POINTS, Band, Line, Point, largest
from vigie.units import WATT


def line(points: list[Point], step: float = 1) -> Line:
    return Line("x", tuple(points), step)


def test_points_a_step_apart_are_joined() -> None:
    assert line([(0, 1.0), (1, 2.0), (2, 3.0)]).drawn() == [(0, 1.0), (1, 2.0), (2, 3.0)]


def test_a_gap_is_drawn_as_a_gap() -> None:
    assert line([(0, 1.0), (1, 2.0), (9, 3.0)]).drawn() == [
        (0, 1.0), (1, 2.0), (5, None), (9, 3.0),
    ]  # fmt: skip


def test_an_unknown_value_is_a_gap_too_and_never_zero() -> None:
    drawn = line([(0, 1.0), (1, None), (2, None), (3, 1.0)]).drawn()
    assert [value for _, value in drawn] == [1.0, None, 1.0]


def test_a_long_line_is_thinned_and_keeps_its_extremes_and_gaps() -> None:
    points: list[Point] = [(float(i), float(i % 100)) for i in range(50_000)]
    points[20_000] = (20_000.0, 5_000.0)
    del points[30_000:31_000]
    drawn = line(points).drawn()
    assert len(drawn) <= MAX_POINTS
    assert (20_000.0, 5_000.0) in drawn
    assert sum(value is None for _, value in drawn) == 1


def test_the_largest_value_sets_the_scale() -> None:
    assert largest([line([(0, -5.0), (1, None)]), line([(0, 2.0)])]) == 5
    assert largest([line([])]) == 0
    assert Band("", WATT, (line([]),)).high is None
