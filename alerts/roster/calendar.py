"""Turns out of an iCalendar feed (RFC 5545), as calendars and on-call services publish them.

An event is a turn of the one person whom its summary names. Understood are time zones, whole days,
recurrence with its exceptions, and single occurrences that were moved or cancelled. An event that
comes again ends at the hour that it says, also in the night in which clocks change.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from types import ModuleType
from typing import Any, Final
from zoneinfo import ZoneInfo

from alerts.roster.roster import Person, Turn
from vigie.errors import SettingsError

MAX_BYTES: Final = 4 << 20
MAX_EVENTS: Final = 20_000
MAX_TURNS: Final = 20_000
EARLIEST: Final = 1970
RARE: Final = frozenset({"DAILY", "WEEKLY", "MONTHLY", "YEARLY"})
"""How often a turn may come again: what comes by the minute is no roster, and takes for ever."""
_TOO_FINE: Final = ("BYHOUR", "BYMINUTE", "BYSECOND")
INSTALL: Final = "pip install 'vigie-telemetry[roster]'"


@dataclass(frozen=True, slots=True)
class Booked:
    """The turns of a feed within the span that was read, oldest first."""

    booked: tuple[Turn, ...] = ()
    faults: tuple[str, ...] = ()
    """What in the feed is no turn, and why."""

    def turns(self, start: float, end: float) -> Sequence[Turn]:
        """Those that touch a span of time."""
        return [turn for turn in self.booked if turn.start <= end and turn.end > start]


@dataclass(frozen=True, slots=True)
class Span:
    """Which turns are wanted: those that touch the time from `start` until `end`, Unix seconds.

    `zone` is that of times and days that do not say theirs.
    """

    start: float
    end: float
    zone: tzinfo


def read(name: str, content: bytes, people: Mapping[str, Person], span: Span) -> Booked:
    """The turns of a feed; `name` stands for it in messages.

    Raises:
        SettingsError: it is no calendar, or too large for one, or the library is not installed.
    """
    if len(content) > MAX_BYTES:
        raise SettingsError(f"{name}: has more than {MAX_BYTES >> 20} MiB; is it a roster?")
    library, rules = _opened(name)
    try:
        calendar = library.Calendar.from_ical(content)
        events = list(calendar.walk("VEVENT"))
    except Exception as error:  # one feed: the library raises many kinds for what is no calendar
        raise SettingsError(f"{name}: is no iCalendar: {str(error) or 'empty'}"[:300]) from error
    if len(events) > MAX_EVENTS:
        raise SettingsError(f"{name}: has more than {MAX_EVENTS} events; is it a roster?")
    span = _zoned(calendar, span)
    moved = _moved(events, span.zone)
    turns: list[Turn] = []
    faults: list[str] = []
    for event in events:
        try:
            turns += _turns(event, moved, people, span, rules)
        except Exception as error:  # noqa: BLE001 - one event: the others still say who is on
            faults.append(f"{name}: event {_text(event, 'SUMMARY')!r}: {error}"[:300])
        if len(turns) > MAX_TURNS:
            raise SettingsError(f"{name}: has more than {MAX_TURNS} turns in the span looked at")
    turns.sort(key=lambda turn: (turn.start, turn.end, turn.person))
    return Booked(tuple(turns), tuple(faults))


def looks_like_one(content: bytes) -> bool:
    """Whether something begins as a calendar does: a page that asks who we are does not."""
    return content.lstrip(b"\xef\xbb\xbf \r\n\t")[:15].upper() == b"BEGIN:VCALENDAR"


def named(summary: str, people: Iterable[Person]) -> str:
    """The id of the one person that a summary names, by id or by name, alone or among words.

    Raises:
        ValueError: it names nobody of the roster, or several.
    """
    said = " ".join(summary.split()).casefold()
    words = {p.id: {p.id.casefold(), " ".join(p.name.split()).casefold()} for p in people}
    exact = [who for who, names in words.items() if said in names]
    found = exact or [
        who for who, names in words.items()
        if any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", said) for name in names if name)
    ]  # fmt: skip
    if len(found) == 1:
        return found[0]
    if not found:
        raise ValueError("names nobody of the roster; write an id or a name of [[people]]")
    raise ValueError(f"names {' and '.join(found)}; make one event for each of them")


def _opened(name: str) -> tuple[ModuleType, Callable[..., Any]]:
    try:
        import icalendar
        from dateutil.rrule import rrulestr
    except ModuleNotFoundError as error:
        raise SettingsError(f"{name}: calendars need {error.name}: {INSTALL}") from error
    return icalendar, rrulestr


def _zoned(calendar: Any, span: Span) -> Span:
    """With the zone that a feed names as that of all its times without one."""
    said = calendar.get("X-WR-TIMEZONE")
    return span if said is None else Span(span.start, span.end, ZoneInfo(str(said)))


def _moved(events: Iterable[Any], zone: tzinfo) -> frozenset[tuple[str, float]]:
    """Which occurrences of which events are told apart, by identity and instant."""
    return frozenset(
        (_text(event, "UID"), _instant(event["RECURRENCE-ID"].dt, zone))
        for event in events
        if "RECURRENCE-ID" in event
    )


def _turns(
    event: Any, moved: frozenset[tuple[str, float]], people: Mapping[str, Person], span: Span,
    rules: Callable[..., Any],
) -> Iterator[Turn]:  # fmt: skip
    """The turns of one event within the span."""
    if _text(event, "STATUS").upper() == "CANCELLED":
        return
    person = named(_text(event, "SUMMARY"), people.values())
    start = _local(event["DTSTART"], span.zone)
    lasts = _lasts(event, start, span.zone)
    if lasts <= timedelta(0):
        raise ValueError("ends before it begins")
    alone = "RECURRENCE-ID" in event
    left_out = {instant for who, instant in moved if who == _text(event, "UID")}
    left_out |= {_instant(day, span.zone) for day in _listed(event, "EXDATE")}
    for begins in [start] if alone else _again(event, start, lasts, span, rules):
        begun, ended = begins.timestamp(), (begins + lasts).timestamp()
        if (alone or begun not in left_out) and begun <= span.end and ended > span.start:
            yield Turn(begun, ended, person)


def _again(
    event: Any, start: datetime, lasts: timedelta, span: Span, rules: Callable[..., Any]
) -> list[datetime]:
    """When an event begins, each time that matters; clocks of its own zone count."""
    more = [_wall(day, span.zone) for day in _listed(event, "RDATE")]
    recurrence = event.get("RRULE")
    if recurrence is None:
        return [start, *more]
    if isinstance(recurrence, list):
        raise TypeError("has several rules of recurrence; make one event for each")
    if recurrence.get("FREQ", [""])[0] not in RARE or any(w in recurrence for w in _TOO_FINE):
        raise ValueError("comes again within a day; make an event for each time")
    if start.year < EARLIEST:
        raise ValueError(f"begins before {EARLIEST}")
    zone, naive = start.tzinfo, start.replace(tzinfo=None)
    if until := recurrence.get("UNTIL"):
        recurrence["UNTIL"] = [_wall(until[0], zone, last=True).replace(tzinfo=None)]
    rule = rules(recurrence.to_ical().decode(), dtstart=naive)
    earliest = datetime.fromtimestamp(span.start, UTC).astimezone(zone) - lasts - timedelta(days=1)
    latest = datetime.fromtimestamp(span.end, UTC).astimezone(zone) + timedelta(days=1)
    found = rule.between(earliest.replace(tzinfo=None), latest.replace(tzinfo=None), inc=True)
    return [*(each.replace(tzinfo=zone) for each in found), *more]


def _lasts(event: Any, start: datetime, zone: tzinfo) -> timedelta:
    """How long it lasts on the clock of its own zone."""
    if "DTEND" in event:
        end = _local(event["DTEND"], zone).astimezone(start.tzinfo)
        return end.replace(tzinfo=None) - start.replace(tzinfo=None)
    if "DURATION" in event:
        found: timedelta = event["DURATION"].dt
        return found
    return timedelta(days=1) if not isinstance(event["DTSTART"].dt, datetime) else timedelta(0)


def _local(written: Any, zone: tzinfo) -> datetime:
    """A property's time in the zone that it names."""
    named_zone = written.params.get("TZID")
    if named_zone and isinstance(written.dt, datetime) and written.dt.tzinfo is None:
        raise ValueError(f"no time zone is called {named_zone}")
    return _wall(written.dt, zone)


def _wall(when: date | datetime, zone: tzinfo | None, *, last: bool = False) -> datetime:
    """A time, or the beginning (or `last`, the end) of a day, in its own zone or this one."""
    if isinstance(when, datetime):
        if last and when.tzinfo is not None:
            return when.astimezone(zone)
        return when if when.tzinfo is not None else when.replace(tzinfo=zone)
    return datetime.combine(when, time.max if last else time.min, zone)


def _instant(when: date | datetime, zone: tzinfo) -> float:
    return _wall(when, zone).timestamp()


def _listed(event: Any, name: str) -> Iterator[date | datetime]:
    """The times of a property that may stand there several times, each with several."""
    found = event.get(name)
    for group in found if isinstance(found, list) else [] if found is None else [found]:
        for each in group.dts:
            if isinstance(each.dt, date):
                yield each.dt
            else:
                raise TypeError(f"{name} with periods is not understood; write times")


def _text(event: Any, name: str) -> str:
    return str(event.get(name, ""))
