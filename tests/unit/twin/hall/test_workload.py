"""The scheduler: nothing is made of nothing, and quotas hold."""

import numpy as np
import pytest

from tests.build.playing import WINTER
from twin.hall.workload import Demand, Workload, rhythm

TWO = (Demand("large", 3.0, 200), Demand("small", 1.0, 10))


def played(gpus: int = 200, hours: int = 24, demand: float = 1.0) -> Workload:
    work = Workload(1, "a/b", gpus, TWO)
    work.advance(WINTER)
    for minute in range(hours * 60):
        work.advance(WINTER + minute * 60.0, demand=demand)
    return work


def test_gpus_are_busy_and_each_has_one_job() -> None:
    work = played()
    assert 0.4 < work.busy.mean() <= 1.0
    assert sum(t.running for t in work.told) == work.busy.sum()
    assert ((work.load > 0) == (work.busy > 0)).all()


def test_quotas_are_never_passed() -> None:
    work = Workload(1, "a/b", 200, TWO)
    for minute in range(24 * 60):
        work.advance(WINTER + minute * 60.0, demand=2.0)
        assert work.told[1].running <= 10


def test_no_more_is_served_than_there_is() -> None:
    work = Workload(1, "a/b", 100, TWO)
    work.advance(WINTER)
    before = sum(t.served for t in work.told)
    work.advance(WINTER + 86_400.0, demand=5.0)
    served = sum(t.served for t in work.told) - before
    assert 0.9 * 100 * 86_400 < served <= 100 * 86_400


def test_who_asks_too_much_is_refused_and_waits() -> None:
    calm, crowded = played(demand=0.5), played(demand=4.0)
    assert sum(t.refused for t in calm.told) < sum(t.refused for t in crowded.told)
    waits = [sum(t.wait for t in w.told) / sum(t.started for t in w.told) for w in (calm, crowded)]
    assert waits[1] > 3 * waits[0]


def test_steps_do_not_matter() -> None:
    one, other = played(hours=5), Workload(1, "a/b", 200, TWO)
    other.advance(WINTER)
    other.advance(WINTER + (5 * 60 - 1) * 60.0)
    assert [vars_of(t) for t in one.told] == [vars_of(t) for t in other.told]
    np.testing.assert_array_equal(one.load, other.load)


def vars_of(told: object) -> tuple[object, ...]:
    return tuple(getattr(told, name) for name in ("asked", "served", "refused", "wait", "running"))


def test_a_gpu_that_fails_loses_its_job_and_gets_none_until_it_is_back() -> None:
    work = played()
    struck = np.flatnonzero(work.busy)[:1]
    work.fail(struck, WINTER + 24 * 3_600.0)
    assert sum(t.lost for t in work.told) > 0
    for minute in range(120):
        work.advance(WINTER + 24 * 3_600.0 + minute * 60.0, demand=3.0)
        assert work.load[struck[0]] == 0
    work.restore(struck)
    for minute in range(120, 360):
        work.advance(WINTER + 24 * 3_600.0 + minute * 60.0, demand=3.0)
    assert work.load[struck[0]] > 0


def test_more_is_asked_by_day_and_a_week_is_a_week() -> None:
    week = [rhythm(WINTER + n * 600.0) for n in range(7 * 144)]
    assert np.mean(week) == pytest.approx(1.0, abs=0.03)
    assert rhythm(WINTER + 14 * 3_600) > rhythm(WINTER + 2 * 3_600)
