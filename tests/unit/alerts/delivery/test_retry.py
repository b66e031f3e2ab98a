import itertools

from alerts.delivery.retry import GIVE_UP, LONGEST_WISH, PROMPT, STANDARD, Ladder


def attempts(ladder: Ladder, draw: float = 1.0) -> list[float]:
    """When attempts are made of a message that never arrives."""
    now, made = 0.0, [0.0]
    while (due := ladder.next(len(made), 0.0, now, None, draw)) is not None and due > now:
        made.append(due)
        now = due
    return made


def test_the_prompt_ladder_never_lets_five_minutes_pass() -> None:
    made = attempts(Ladder(PROMPT))
    assert made[:12] == [0, 1, 3, 8, 18, 48, 108, 168, 228, 288, 348, 648]
    gaps = [b - a for a, b in itertools.pairwise(made)]
    assert max(gaps) == 300
    assert max(gap for at, gap in zip(made, gaps, strict=False) if at < 300) == 60


def test_the_standard_ladder_is_that_of_the_standard() -> None:
    hours = [at / 3600 for at in attempts(Ladder(STANDARD))]
    assert hours[-1] == 75
    assert [round(h, 1) for h in hours[3:7]] == [0.6, 2.6, 7.6, 17.6]


def test_after_75_hours_it_is_given_up() -> None:
    ladder = Ladder()
    assert ladder.next(900, 0.0, GIVE_UP - 1, None, 1.0) == GIVE_UP
    assert ladder.next(900, 0.0, GIVE_UP, None, 1.0) is None


def test_the_receiver_may_ask_for_more_time_up_to_an_hour() -> None:
    ladder = Ladder()
    assert ladder.next(1, 0.0, 10.0, 120.0, 1.0) == 130
    assert ladder.next(1, 0.0, 10.0, 0.0, 1.0) == 11
    assert ladder.next(1, 0.0, 10.0, 1e9, 1.0) == 10 + LONGEST_WISH


def test_full_jitter_draws_the_wait() -> None:
    assert Ladder(jitter=True).next(5, 0.0, 0.0, None, 0.5) == 15
    assert Ladder(jitter=True).next(5, 0.0, 0.0, None, 0.0) == 0
    assert Ladder().next(5, 0.0, 0.0, None, 0.5) == 30
