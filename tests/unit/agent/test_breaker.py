"""When something that keeps ending is started again."""

from agent.breaker import LONGEST_SECONDS, Breaker


def failing(breaker: Breaker, count: int, lasting: float = 1.0) -> list[float]:
    """The pauses between so many starts, of something that ends after some seconds."""
    now, pauses = 0.0, []
    for _ in range(count):
        breaker.start(now)
        breaker.fail(now + lasting)
        wait = breaker.wait(now + lasting)
        pauses.append(wait + lasting)
        now += wait + lasting
    return pauses


def test_the_first_start_is_at_once() -> None:
    assert Breaker().wait(0.0) == 0.0


def test_starts_are_a_minute_apart_then_ever_more_up_to_a_quarter_hour() -> None:
    assert failing(Breaker(), 7) == [60, 120, 240, 480, 900, 900, 900]


def test_what_ran_for_long_is_started_at_once() -> None:
    breaker = Breaker()
    failing(breaker, 5)
    breaker.start(10_000.0)
    breaker.fail(10_000.0 + LONGEST_SECONDS)
    assert breaker.wait(10_000.0 + LONGEST_SECONDS) == 0.0
    assert failing(breaker, 1) == [120]  # but not again and again


def test_what_ended_as_it_was_told_to_does_not_wait() -> None:
    breaker = Breaker()
    breaker.start(0.0)
    assert breaker.wait(0.1) == 0.0


def test_starts_are_counted() -> None:
    breaker = Breaker()
    failing(breaker, 3)
    assert breaker.starts == 3
