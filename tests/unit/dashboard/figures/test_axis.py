from zoneinfo import ZoneInfo

from dashboard.figures.axis import WANTED, ticks
from dashboard.format import seconds_of

PARIS = ZoneInfo("Europe/Paris")


def test_ticks_stand_on_round_local_times() -> None:
    end = seconds_of("2026-11-22T09:47:12Z")
    assert ticks(end - 900, end, PARIS)[1] == ["10:33", "10:36", "10:39", "10:42", "10:45"]
    assert ticks(end - 12 * 3600, end, PARIS)[1] == [
        "00:00", "02:00", "04:00", "06:00", "08:00", "10:00",
    ]  # fmt: skip


def test_there_are_few_enough_to_read() -> None:
    end = seconds_of("2026-11-22T09:47:12Z")
    for span in (60, 900, 3600, 12 * 3600, 86_400, 3 * 86_400):
        assert 1 <= len(ticks(end - span, end, PARIS)[0]) <= WANTED + 1


def test_the_day_with_an_hour_twice_keeps_both_apart() -> None:
    end = seconds_of("2026-10-25T04:00:00Z")
    places, words = ticks(end - 5 * 3600, end, PARIS)
    assert words == ["01:00", "02:00", "02:00", "03:00", "04:00", "05:00"]
    assert len(set(places)) == len(places)


def test_the_day_without_an_hour_leaves_it_out() -> None:
    end = seconds_of("2026-03-29T03:00:00Z")
    assert ticks(end - 4 * 3600, end, PARIS)[1] == ["00:00", "01:00", "03:00", "04:00", "05:00"]
