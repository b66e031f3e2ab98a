"""The time an indicator is of: an instant, or hours, days, months, years of a site's legal time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from vigie.errors import QueryError

KINDS: Final = ("hour", "day", "month", "year")
WORDS: Final = ("now", *KINDS, *(f"last_{kind}" for kind in KINDS))
LONGEST: Final = timedelta(days=400)
MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` until before `end`, in UTC; an instant when both are the same.

    `open` says that it is not over: more readings of it may come.
    """

    word: str
    start: datetime
    end: datetime
    open: bool

    @property
    def seconds(self) -> float:
        """Its length."""
        return (self.end - self.start).total_seconds()


def legal_time(timezones: Collection[str]) -> ZoneInfo:
    """The legal time of sites: theirs when they share it, else UTC."""
    return ZoneInfo(next(iter(timezones)) if len(set(timezones)) == 1 else "UTC")


def named(word: str, now: datetime, zone: ZoneInfo) -> Period:
    """`now`; the `hour`, `day`, `month` or `year` that runs, so far; `last_…`, the one before.

    A day lasts from midnight to midnight of the legal time, so 23 or 25 hours when clocks change.

    Raises:
        QueryError: there is no such period.
    """
    instant = now.astimezone(UTC)
    if word == "now":
        return Period(word, instant, instant, open=True)
    if word in KINDS:
        return Period(word, _start(word, instant, zone), instant, open=True)
    if word in WORDS:
        kind = word.removeprefix("last_")
        end = _start(kind, instant, zone)
        return Period(word, _start(kind, end - MICROSECOND, zone), end, open=False)
    raise QueryError(f"no period {word!r:.40}; there are {', '.join(WORDS)}, or from and to")


def containing(word: str, at: datetime | date, now: datetime, zone: ZoneInfo) -> Period:
    """The hour, day, month or year in which an instant or a local date lies; open until it is over.

    Raises:
        QueryError: there is none of that word, it has not begun, or an hour was asked of a date.
    """
    if word not in KINDS:
        raise QueryError(f"at: with period {', '.join(KINDS)}; {word!r:.40} is not one of them")
    if not isinstance(at, datetime):
        if word == "hour":
            raise QueryError("at: an hour is named by an instant, like 2026-03-01T12:00:00Z")
        at = datetime.combine(at, time(), zone)
    start = _start(word, at.astimezone(UTC), zone)
    if start >= now:
        raise QueryError(f"at: that {word} has not begun")
    end = _end(word, start, zone)
    return Period(word, start, min(end, now.astimezone(UTC)), open=end > now)


def between(start: datetime, end: datetime, now: datetime) -> Period:
    """From one instant to another; what lies ahead of now is left out.

    Raises:
        QueryError: it ends before it starts, starts in the future or is too long.
    """
    if start >= end:
        raise QueryError("from must be before to")
    if start >= now:
        raise QueryError("from is in the future")
    if end - start > LONGEST:
        raise QueryError(f"a period of at most {LONGEST.days} days is wanted")
    last = min(end, now)
    return Period("custom", start.astimezone(UTC), last.astimezone(UTC), open=end > now)


def before(period: Period, zone: ZoneInfo) -> Period | None:
    """The period before, to compare with; of one that runs, as much of it as has run of this one.

    None of an instant.
    """
    kind = period.word.removeprefix("last_")
    if period.word == "now":
        return None
    if kind not in KINDS:
        return Period(
            "custom", period.start - (period.end - period.start), period.start, open=False
        )
    start = _start(kind, period.start - MICROSECOND, zone)
    end = period.start
    if period.open:
        end = min(end, start + (period.end - period.start))
    return Period(period.word, start, end, open=False)


def hours(period: Period) -> tuple[datetime, ...]:
    """The edges of the hours of UTC that it is made of, the first and last of them cut."""
    edges = [period.start]
    at = period.start.replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    while at < period.end:
        edges.append(at)
        at += timedelta(hours=1)
    return (*edges, period.end) if period.end > period.start else (period.start,)


def _start(kind: str, instant: datetime, zone: ZoneInfo) -> datetime:
    local = instant.astimezone(zone)
    if kind == "hour":
        # `fold` stays, so that of the hour that comes twice each is an hour of its own.
        return local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
    day = local.date()
    first = {"day": day, "month": day.replace(day=1), "year": day.replace(month=1, day=1)}[kind]
    return datetime.combine(first, time(), zone).astimezone(UTC)


def _end(kind: str, start: datetime, zone: ZoneInfo) -> datetime:
    """Where the one that starts then ends: the start of what lies a little more than one later."""
    more = {"hour": 1, "day": 26, "month": 31 * 24 + 12, "year": 366 * 24 + 12}[kind]
    return _start(kind, start + timedelta(hours=more), zone)
