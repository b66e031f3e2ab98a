import numpy as np

from collector.store.questions.top import deviations, standing_out

NAN = float("nan")


def rows(*values: list[float]) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    return np.array(values)


def test_the_highest_in_any_step_come_first_and_the_unknown_never() -> None:
    values = rows([1, 9], [5, 5], [NAN, NAN], [NAN, 7])
    assert standing_out(values, "highest", 2).tolist() == [0, 3]
    assert standing_out(values, "lowest", 9).tolist() == [0, 1, 3]


def test_of_equals_the_first_in_order_are_kept() -> None:
    values = rows(*[[3.0]] * 50, [4.0])
    assert standing_out(values, "highest", 3).tolist() == [50, 0, 1]


def test_a_deviation_is_from_the_median_of_peers_in_the_same_step() -> None:
    values = rows([10, 10], [12, NAN], [14, 30], [100, 100], [90, NAN])
    found = deviations(values, np.array([0, 0, 0, 1, 1]))
    assert found[:, 0].tolist() == [-2, 0, 2, 5, -5]
    assert found[[0, 2, 3], 1].tolist() == [-10, 10, 0]
    assert standing_out(found, "deviation", 1).tolist() == [0]
