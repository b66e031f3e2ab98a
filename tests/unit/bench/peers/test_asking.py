"""An answer counts only if it is what was sent."""

import numpy as np
import pytest

from bench.peers.asking import Asked, Reply, disagreement, timed
from bench.peers.telemetry import Truth, Workload
from vigie.errors import VigieError

TRUTH = Truth(
    latest=np.array([[10.0, 20.0], [1.0, 2.0]]),
    power=np.array([400.0, 500.0]),
    fleet=[(900.0, 70.0), (910.0, 71.0)],
    hottest=1500.0,
)


def test_the_right_answers_are_taken_in_any_order_of_containers() -> None:
    assert not disagreement("a", [20.0, 2.0], TRUTH, 1)
    assert not disagreement("b", [500.0, 400.0], TRUTH, 1)
    assert not disagreement("c", [900.0, 910.0, 70.5, 71.0], TRUTH, 1)
    assert not disagreement("d", [1500.0], TRUTH, 1)


@pytest.mark.parametrize(
    ("question", "numbers"),
    [
        ("a", [10.0, 1.0]),  # another container's
        ("b", [500.0]),  # one is missing
        ("c", [900.0, 911.0, 70.0, 71.0]),
        ("c", [900.0, 910.0]),  # no temperatures
        ("d", [1499.0]),
    ],
)
def test_a_wrong_answer_is_told(question: str, numbers: list[float]) -> None:
    assert disagreement(question, numbers, TRUTH, 1)


def test_a_wrong_answer_is_never_timed() -> None:
    with pytest.raises(VigieError, match="20 hottest"):
        timed("d", lambda: Reply([1.0]), TRUTH, 0)


def test_ten_minutes_are_asked_or_what_there_is() -> None:
    long, short = (Asked.of(Workload(1, ticks, 1_790_000_040)) for ticks in (360, 6))
    assert long.end - long.ten_minutes == 600
    assert short.ten_minutes == short.start
