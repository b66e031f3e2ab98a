"""What is told of a source, as turns come and go."""

from agent.health import Health, Vitals, rows
from vigie.catalogue import Source

VITALS = Vitals(0, 0, 0, 0, 0.0, None)


def test_age_grows_from_the_last_good_reading_whatever_fails_after() -> None:
    health = Health("a")
    health.begin(10.0)
    health.gave(5, 0.1, 10.0)
    health.begin(11.0)
    health.failed("x", 0.1)
    told = rows([health], VITALS, now=20.0)
    assert told[Source.age_seconds] == [10.0, None]
    assert told[Source.values_total] == [5, None]


def test_a_turn_is_overdue_once() -> None:
    health = Health("a")
    health.begin(10.0)
    assert not health.overdue(14.9, limit=5)
    assert health.overdue(15.0, limit=5)
    assert not health.overdue(99.0, limit=5)
    assert (health.word, health.timeouts) == ("stuck", 1)


def test_a_source_that_came_back_may_get_stuck_again() -> None:
    health = Health("a")
    health.begin(10.0)
    health.overdue(15.0, limit=5)
    health.came_back(6.0)
    assert health.word == "stuck"  # until it has given something
    health.begin(20.0)
    assert not health.overdue(24.9, limit=5)
    assert health.overdue(25.0, limit=5)
    assert health.timeouts == 2


def test_before_the_first_turn_nothing_is_told() -> None:
    told = rows([Health("a")], VITALS, now=1.0)
    assert told[Source.source] == ["agent"]


def test_unknown_memory_stays_unknown() -> None:
    assert rows([], VITALS, now=1.0)[Source.agent_memory_bytes] == [None]
