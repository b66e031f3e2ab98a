"""The time an indicator is of: an instant, or whole hours and days of a site's legal time."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from vigie.errors import QueryError

WORDS: Final = ("now", "hour", "day", "last_hour", "last_day")
LONGEST: Final = timedelta(days=400)


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
    """`now`; the `hour` or `day` that runs, so far; `last_hour` or `last_day`, the one before.

    A day lasts from midnight to midnight of the legal time, so 23 or 25 hours when clocks change.

    Raises:
        QueryError: there is no such period.
    """
    instant = now.astimezone(UTC)
    if word == "now":
        return Period(word, instant, instant, open=True)
    if word in {"hour", "day"}:
        return Period(word, _start(word, instant, zone), instant, open=True)
    if word in {"last_hour", "last_day"}:
        kind = word.removeprefix("last_")
        end = _start(kind, instant, zone)
        before = end - timedelta(microseconds=1)
        return Period(word, _start(kind, before, zone), end, open=False)
    raise QueryError(f"no period {word!r:.40}; there are {', '.join(WORDS)}, or from and to")


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


def _start(kind: str, instant: datetime, zone: ZoneInfo) -> datetime:
    local = instant.astimezone(zone)
    if kind == "day":
        return datetime.combine(local.date(), time(), zone).astimezone(UTC)
    # `fold` stays, so that of the hour that comes twice each is an hour of its own.
    return local.replace(minute=0, second=0, microsecond=0).astimezone(UTC)
