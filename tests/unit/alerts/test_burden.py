from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from alerts.burden import (
    FLOOD,
    Flood,
    Load,
    chattering,
    floods,
    level,
    load,
    loads,
    peak,
    standing,
    windows,
)
from alerts.chronicle import Episode
from tests.build.episodes import episode

HOUR, DAY = 3600.0, 86_400.0
Seconds = st.floats(0, 4 * HOUR, allow_nan=False)


def of(*episodes: Episode, start: float = 0.0, end: float = HOUR) -> Load:
    return load("noc", episodes, start, end)


def test_six_alarms_in_an_hour_are_one_in_ten_minutes() -> None:
    found = of(*(episode(600.0 * n + 1, 600.0 * n + 100) for n in range(6)))
    assert (found.alarms, found.rate, found.level) == (6, 1.0, "acceptable")
    assert (found.p50, found.p95, found.peak, found.over) == (1, 1, 1, 0.0)
    assert found.floods == ()


@pytest.mark.parametrize(
    ("rate", "word"),
    [
        (0.0, "acceptable"), (1.0, "acceptable"), (1.1, "manageable"), (2.0, "manageable"),
        (5.0, "overdemanding"), (10.1, "unacceptable"),
    ],
)  # fmt: skip
def test_a_load_is_called_as_eemua_calls_it(rate: float, word: str) -> None:
    assert level(rate) == word


def test_only_what_fired_in_the_period_and_was_told_counts() -> None:
    held = episode(10.0, announced=False)
    history = episode(None, 20.0)
    before, after = episode(-1.0, 30.0), episode(HOUR)
    (found,) = loads([held, history, before, after, episode(0.0)], 0.0, HOUR, lambda _: "noc")
    assert found.alarms == 1


def test_a_period_without_a_whole_window_has_no_percentiles() -> None:
    found = of(episode(1.0), end=599.0)
    assert (found.p50, found.p95, found.over) == (None, None, None)
    assert found.peak == 1


def test_ten_in_ten_minutes_are_no_flood_and_eleven_are() -> None:
    ten = [float(n) for n in range(FLOOD)]
    assert floods(ten, HOUR) == []
    # Until fewer than five are left in the window: when the seventh is ten minutes old.
    assert floods([*ten, 10.0], HOUR) == [Flood(0.0, 606.0, 11, 11)]


def test_a_flood_goes_on_while_five_come_in_ten_minutes() -> None:
    burst = [float(n) for n in range(11)]
    rest = [100.0 * n for n in range(1, 21)]
    (found,) = floods([*burst, *rest], 2 * HOUR)
    assert (found.start, found.alarms) == (0.0, 31)
    assert found.end is not None
    assert found.end > rest[-1]


def test_a_flood_that_lasts_has_no_end() -> None:
    found = of(*(episode(HOUR - 60 + n) for n in range(20)))
    (flood,) = found.floods
    assert (flood.end, flood.alarms, flood.peak) == (None, 20, 20)
    assert found.flood_share == pytest.approx(60 / HOUR)
    assert found.over == pytest.approx(1 / 6)


@given(st.lists(Seconds, max_size=60))
def test_floods_are_apart_in_order_and_full(times: list[float]) -> None:
    times.sort()
    found = floods(times, 5 * HOUR)
    assert bool(found) == (peak(times, 600.0) > FLOOD)
    for flood in found:
        assert flood.alarms >= flood.peak > FLOOD
    for one, next_one in pairwise(found):
        assert one.end is not None
        assert one.end <= next_one.start


@given(st.lists(Seconds, max_size=60))
def test_windows_hold_every_alarm_of_whole_windows_once(times: list[float]) -> None:
    times.sort()
    assert sum(windows(times, 0.0, 4 * HOUR + 600.0)) == len(times)


def test_an_alarm_of_more_than_a_day_stands_taken_or_not() -> None:
    episodes = [
        episode(0.0, subject="paris/a/old"),
        episode(10.0, taken=20.0, subject="paris/a/taken"),
        episode(0.0, DAY + 1, subject="paris/a/over"),
        episode(HOUR, subject="paris/a/young"),
    ]
    found = standing(episodes, DAY + HOUR / 2)
    assert [(s.subject, s.acknowledged) for s in found] == [
        ("paris/a/old", False),
        ("paris/a/taken", True),
    ]
    assert [s.subject for s in standing(episodes, DAY + 0.5)] == ["paris/a/old", "paris/a/over"]


def test_three_comings_and_goings_in_a_minute_chatter() -> None:
    episodes = [
        episode(0.0, 20.0), episode(40.0, 60.0),
        episode(0.0, 61.0, subject="paris/a/calm"), episode(122.0, subject="paris/a/calm"),
    ]  # fmt: skip
    (found,) = chattering(episodes, 0.0, HOUR)
    assert (found.subject, found.transitions) == ("paris/a/host-1", 3)


def test_the_worst_actors_come_first_with_their_share_and_time() -> None:
    episodes = [episode(100.0 * n, 100.0 * n + 10, subject="paris/a/bad") for n in range(3)]
    found = of(*episodes, episode(5.0, subject="paris/a/good", priority=1))
    assert [(a.subject, a.alarms, a.share, a.seconds) for a in found.actors] == [
        ("paris/a/bad", 3, 0.75, 30.0), ("paris/a/good", 1, 0.25, HOUR - 5),
    ]  # fmt: skip
    assert [(a.rule, a.subject, a.alarms) for a in found.rules] == [("no_space", None, 4)]
    assert found.priorities == {1: 0.25, 2: 0.75}


def test_no_more_than_ten_actors_are_named() -> None:
    assert len(of(*(episode(1.0, subject=f"paris/a/{n}") for n in range(30))).actors) == 10


def test_posts_are_counted_apart_and_simulated_ones_are_told() -> None:
    episodes = [episode(1.0), episode(2.0, subject="lyon/b/x", simulated=True)]
    found = loads(episodes, 0.0, HOUR, lambda e: e.container.partition("/")[0])
    assert [(each.post, each.alarms, each.simulated_share) for each in found] == [
        ("lyon", 1, 1.0), ("paris", 1, 0.0),
    ]  # fmt: skip


def test_a_post_with_nothing_new_is_there_for_what_stands() -> None:
    (found,) = loads([episode(0.0)], 2 * DAY, 3 * DAY, lambda _: "noc")
    assert (found.alarms, found.simulated_share, len(found.standing)) == (0, None, 1)
    assert loads([episode(0.0, 1.0)], 2 * DAY, 3 * DAY, lambda _: "noc") == []
