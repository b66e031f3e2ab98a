from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from collector.kpis.period import before, between, containing, hours, legal_time, named
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


@pytest.mark.parametrize(
    ("word", "at", "start", "end"),
    [
        ("hour", utc(2026, 10, 25, 0, 30), utc(2026, 10, 25, 0), utc(2026, 10, 25, 1)),
        ("hour", utc(2026, 10, 25, 1, 30), utc(2026, 10, 25, 1), utc(2026, 10, 25, 2)),
        ("day", date(2026, 3, 29), utc(2026, 3, 28, 23), utc(2026, 3, 29, 22)),
        ("day", date(2026, 10, 25), utc(2026, 10, 24, 22), utc(2026, 10, 25, 23)),
        ("day", utc(2026, 10, 24, 22), utc(2026, 10, 24, 22), utc(2026, 10, 25, 23)),
        ("month", date(2026, 3, 31), utc(2026, 2, 28, 23), utc(2026, 3, 31, 22)),
        ("month", date(2026, 2, 1), utc(2026, 1, 31, 23), utc(2026, 2, 28, 23)),
        ("year", date(2024, 12, 31), utc(2023, 12, 31, 23), utc(2024, 12, 31, 23)),
    ],
)
def test_a_closed_period_is_named_by_what_lies_in_it(
    word: str, at: datetime | date, start: datetime, end: datetime
) -> None:
    found = containing(word, at, utc(2026, 12, 1), PARIS)
    assert (found.start, found.end, found.open) == (start, end, False)


def test_a_period_that_is_not_over_is_open_until_now() -> None:
    now = utc(2026, 7, 10, 9)
    found = containing("month", date(2026, 7, 31), now, PARIS)
    assert (found.end, found.open) == (now, True)


@pytest.mark.parametrize(
    ("word", "at"),
    [("hour", date(2026, 3, 29)), ("now", date(2026, 3, 29)), ("last_day", date(2026, 3, 29)),
     ("day", date(2027, 1, 1))],
)  # fmt: skip
def test_what_names_no_period_is_refused(word: str, at: date) -> None:
    with pytest.raises(QueryError, match=r"^at: "):
        containing(word, at, utc(2026, 12, 1), PARIS)


@pytest.mark.parametrize(
    ("word", "now", "start", "end"),
    [
        ("last_day", utc(2026, 3, 31, 9), utc(2026, 3, 28, 23), utc(2026, 3, 29, 22)),
        ("last_month", utc(2026, 4, 2), utc(2026, 1, 31, 23), utc(2026, 2, 28, 23)),
        ("last_year", utc(2026, 4, 2), utc(2023, 12, 31, 23), utc(2024, 12, 31, 23)),
        ("last_hour", utc(2026, 10, 25, 2, 5), utc(2026, 10, 25, 0), utc(2026, 10, 25, 1)),
        ("day", utc(2026, 7, 10, 9), utc(2026, 7, 8, 22), utc(2026, 7, 9, 9)),
        ("month", utc(2026, 3, 31, 9), utc(2026, 1, 31, 23), utc(2026, 2, 28, 23)),
    ],
)
def test_the_period_before_is_of_equal_legal_length_and_ends_where_this_one_begins_at_last(
    word: str, now: datetime, start: datetime, end: datetime
) -> None:
    found = before(named(word, now, PARIS), PARIS)
    assert found is not None
    assert (found.start, found.end, found.open) == (start, end, False)


def test_before_a_time_of_any_length_lies_as_much() -> None:
    found = before(between(utc(2026, 1, 2), utc(2026, 1, 5), utc(2026, 2, 1)), PARIS)
    assert found is not None
    assert (found.start, found.end) == (utc(2025, 12, 30), utc(2026, 1, 2))
    assert before(named("now", utc(2026, 1, 1), PARIS), PARIS) is None


def test_hours_are_those_of_utc_cut_at_the_ends() -> None:
    span = between(utc(2026, 1, 1, 0, 30), utc(2026, 1, 1, 2, 15), utc(2026, 2, 1))
    assert hours(span) == (
        utc(2026, 1, 1, 0, 30), utc(2026, 1, 1, 1), utc(2026, 1, 1, 2), utc(2026, 1, 1, 2, 15),
    )  # fmt: skip
    assert len(hours(named("now", utc(2026, 1, 1), PARIS))) == 1
    assert len(hours(containing("day", date(2026, 10, 25), utc(2026, 12, 1), PARIS))) == 26
