"""Whom lasting faults strike: the same ones every time, and only while they last."""

import numpy as np

from twin.faults import Fault, Scenario
from twin.hall.struck import Struck


def struck(*faults: Fault, count: int = 50) -> Struck:
    played = Scenario(faults=faults).at("a/b")
    played.begin(0.0)
    return Struck(played, count, 7, "a/b", "gpus")


def test_as_many_as_the_fault_counts_and_the_same_ones_as_long_as_it_lasts() -> None:
    hot = Fault("gpu_hot", at=10.0, lasts=20.0, count=3, value=30.0)
    one = struck(hot)
    assert one.values("gpu_hot", 9.0) is None
    told = one.values("gpu_hot", 10.0)
    assert told is not None
    assert np.count_nonzero(told) == 3
    assert set(told) == {0.0, 30.0}
    np.testing.assert_array_equal(told, struck(hot).values("gpu_hot", 29.0))
    assert one.values("gpu_hot", 30.0) is None


def test_no_more_than_there_are() -> None:
    assert struck(Fault("gpu_worn", count=90), count=4).flags("gpu_worn", 1.0).tolist() == [1] * 4


def test_what_grows_has_grown_by_how_long_it_lasts() -> None:
    told = struck(Fault("spool_grows", at=10.0, value=100.0)).since("spool_grows", 25.0)
    assert told.sum() == 1_500.0


def test_two_faults_add_up() -> None:
    everywhere = [Fault("gpu_ecc", at=float(n), count=4, value=2.0) for n in (0, 1)]
    told = struck(*everywhere, count=4).values("gpu_ecc", 5.0)
    assert told is not None
    assert told.tolist() == [4.0] * 4
