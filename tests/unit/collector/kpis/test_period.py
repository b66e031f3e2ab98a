from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from collector.kpis.period import between, legal_time, named
from vigie.errors import QueryError

PARIS = ZoneInfo("Europe/Paris")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[arg-type,misc]


def test_a_day_starts_at_midnight_of_the_legal_time_and_runs_until_now() -> None:
    day = named("day", utc(2026, 7, 10, 9, 30), PARIS)
    assert (day.start, day.end, day.open) == (utc(2026, 7, 9, 22), utc(2026, 7, 10, 9, 30), True)


@pytest.mark.parametrize(
    ("now", "hours"),
    [
        (utc(2026, 3, 30, 9), 23),  # clocks went forward on Sunday the 29th
        (utc(2026, 10, 26, 9), 25),  # and back on Sunday the 25th
        (utc(2026, 7, 10, 9), 24),
    ],
)
def test_the_last_day_is_whole_also_when_clocks_change(now: datetime, hours: int) -> None:
    day = named("last_day", now, PARIS)
    assert day.end - day.start == timedelta(hours=hours)
    assert day.start.astimezone(PARIS).hour == day.end.astimezone(PARIS).hour == 0
    assert not day.open


def test_the_hour_that_comes_twice_is_two_hours() -> None:
    first, second = utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 1, 30)
    assert first.astimezone(PARIS).hour == second.astimezone(PARIS).hour == 2
    assert named("hour", first, PARIS).start == utc(2026, 10, 25, 0)
    assert named("hour", second, PARIS).start == utc(2026, 10, 25, 1)
    assert named("last_hour", second, PARIS).start == utc(2026, 10, 25, 0)


def test_before_the_hour_that_is_skipped_comes_the_one_before_it() -> None:
    last = named("last_hour", utc(2026, 3, 29, 1, 10), PARIS)  # 03:10 in Paris
    assert (last.start, last.end) == (utc(2026, 3, 29, 0), utc(2026, 3, 29, 1))
    assert last.start.astimezone(PARIS).hour == 1


def test_hours_follow_a_legal_time_that_is_off_by_half_an_hour() -> None:
    hour = named("hour", utc(2026, 1, 1, 12, 45), ZoneInfo("Asia/Kolkata"))
    assert hour.start == utc(2026, 1, 1, 12, 30)


def test_sites_that_share_no_legal_time_are_seen_in_utc() -> None:
    assert legal_time(["Europe/Paris", "Europe/Paris"]).key == "Europe/Paris"
    assert legal_time(["Europe/Paris", "Europe/Lisbon"]).key == "UTC"
    assert legal_time([]).key == "UTC"


def test_what_lies_ahead_of_now_is_no_part_of_a_period() -> None:
    now = utc(2026, 1, 1, 12)
    period = between(utc(2026, 1, 1, 10), utc(2026, 1, 2), now)
    assert (period.end, period.open, period.seconds) == (now, True, 7200)


@pytest.mark.parametrize(
    ("start", "end"),
    [
        (utc(2026, 1, 1), utc(2026, 1, 1)),
        (utc(2027, 1, 1), utc(2027, 1, 2)),
        (utc(2020, 1, 1), utc(2026, 1, 1)),
    ],
)
def test_a_period_that_makes_no_sense_is_refused(start: datetime, end: datetime) -> None:
    with pytest.raises(QueryError):
        between(start, end, utc(2026, 6, 1))


def test_an_unknown_period_names_those_there_are() -> None:
    with pytest.raises(QueryError, match="last_day"):
        named("fortnight", utc(2026, 1, 1), PARIS)
