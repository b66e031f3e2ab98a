"""Turns out of iCalendar feeds."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from alerts.roster.calendar import MAX_BYTES, Booked, Span, named, read
from alerts.roster.roster import Person
from tests.build.roster import PARIS, paris
from vigie.errors import SettingsError

PEOPLE = {
    "alice": Person("alice", "Alice Martin", ("a",)),
    "bob": Person("bob", "Bob", ("b",)),
    "ann": Person("ann", "Ann-Marie", ("c",)),
}
ZONE = """\
BEGIN:VTIMEZONE
TZID:Head office
BEGIN:STANDARD
DTSTART:19701025T030000
RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU
TZOFFSETFROM:+0200
TZOFFSETTO:+0100
END:STANDARD
BEGIN:DAYLIGHT
DTSTART:19700329T020000
RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU
TZOFFSETFROM:+0100
TZOFFSETTO:+0200
END:DAYLIGHT
END:VTIMEZONE
"""
OCTOBER = Span(paris("2026-10-01 00:00"), paris("2026-12-01 00:00"), PARIS)


def feed(*events: str, head: str = "") -> bytes:
    """A calendar with events of these lines."""
    written = "".join(f"BEGIN:VEVENT\n{event.strip()}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\n{head}{written}END:VCALENDAR\n".encode()


def turns(*events: str, head: str = "", span: Span = OCTOBER) -> list[tuple[str, str, str]]:
    """Who is on from when to when, by the clocks of Paris, and nothing may be wrong."""
    found = read("feed", feed(*events, head=head), PEOPLE, span)
    assert found.faults == ()
    return shown(found)


def shown(found: Booked) -> list[tuple[str, str, str]]:
    return [(turn.person, clock(turn.start), clock(turn.end)) for turn in found.booked]


def clock(at: float) -> str:
    return f"{datetime.fromtimestamp(at, PARIS):%m-%d %H:%M}"


def fault(*events: str, head: str = "") -> str:
    found = read("feed", feed(*events, head=head), PEOPLE, OCTOBER)
    assert found.booked == ()
    (said,) = found.faults
    return said


def test_an_event_is_a_turn_of_whom_it_names_in_the_zone_that_it_names() -> None:
    assert turns("""
SUMMARY:Alice Martin
DTSTART;TZID=Europe/Paris:20261020T080000
DTEND;TZID=Europe/Paris:20261020T200000""",
        """
SUMMARY:bob
DTSTART:20261020T180000Z
DTEND:20261021T060000Z""",
    ) == [
        ("alice", "10-20 08:00", "10-20 20:00"), ("bob", "10-20 20:00", "10-21 08:00"),
    ]  # fmt: skip


def test_a_zone_that_the_feed_defines_itself_is_used() -> None:
    weekly = """
SUMMARY:Alice Martin
DTSTART;TZID=Head office:20261020T080000
DTEND;TZID=Head office:20261020T090000
RRULE:FREQ=WEEKLY;COUNT=2"""
    assert turns(weekly, head=ZONE) == [
        ("alice", "10-20 08:00", "10-20 09:00"), ("alice", "10-27 08:00", "10-27 09:00"),
    ]  # fmt: skip


def test_days_and_times_without_a_zone_are_of_the_feeds_own_or_else_of_the_posts() -> None:
    events = "SUMMARY:bob\nDTSTART;VALUE=DATE:20261020\nDTEND;VALUE=DATE:20261022"
    assert turns(events) == [("bob", "10-20 00:00", "10-22 00:00")]
    assert turns(events, head="X-WR-TIMEZONE:America/New_York\n") == [
        ("bob", "10-20 06:00", "10-22 06:00")
    ]
    tokyo = Span(OCTOBER.start, OCTOBER.end, ZoneInfo("Asia/Tokyo"))
    floating = "SUMMARY:bob\nDTSTART:20261020T080000\nDURATION:PT1H"
    assert turns(floating, span=tokyo) == [("bob", "10-20 01:00", "10-20 02:00")]


def test_a_night_shift_that_comes_again_ends_at_its_hour_when_clocks_change() -> None:
    assert turns("""
SUMMARY:bob
DTSTART;TZID=Europe/Paris:20261023T200000
DTEND;TZID=Europe/Paris:20261024T080000
RRULE:FREQ=DAILY;UNTIL=20261025T190000Z""") == [
        ("bob", "10-23 20:00", "10-24 08:00"),
        ("bob", "10-24 20:00", "10-25 08:00"),
        ("bob", "10-25 20:00", "10-26 08:00"),
    ]  # fmt: skip


def test_occurrences_that_are_left_out_moved_cancelled_or_added_are_so() -> None:
    weekly = """
UID:w
SUMMARY:Alice Martin
DTSTART;TZID=Europe/Paris:20261005T080000
DTEND;TZID=Europe/Paris:20261005T180000
RRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=5
RDATE;TZID=Europe/Paris:20261016T080000
EXDATE;TZID=Europe/Paris:20261012T080000"""
    moved = """
UID:w
RECURRENCE-ID;TZID=Europe/Paris:20261019T080000
SUMMARY:Bob
DTSTART;TZID=Europe/Paris:20261019T100000
DTEND;TZID=Europe/Paris:20261019T120000"""
    cancelled = """
UID:w
RECURRENCE-ID:20261026T070000Z
STATUS:CANCELLED
SUMMARY:Alice Martin
DTSTART;TZID=Europe/Paris:20261026T080000
DTEND;TZID=Europe/Paris:20261026T180000"""
    assert turns(weekly, moved, cancelled) == [
        ("alice", "10-05 08:00", "10-05 18:00"),
        ("alice", "10-16 08:00", "10-16 18:00"),
        ("bob", "10-19 10:00", "10-19 12:00"),
        ("alice", "11-02 08:00", "11-02 18:00"),
    ]


def test_a_rule_without_end_gives_what_touches_the_span_and_no_more() -> None:
    span = Span(paris("2026-10-20 12:00"), paris("2026-10-21 12:00"), PARIS)
    daily = "SUMMARY:bob\nDTSTART;TZID=Europe/Paris:20100101T000000\nDURATION:P1D\nRRULE:FREQ=DAILY"
    assert turns(daily, span=span) == [
        ("bob", "10-20 00:00", "10-21 00:00"), ("bob", "10-21 00:00", "10-22 00:00"),
    ]  # fmt: skip


def test_asked_for_an_instant_it_gives_who_is_on_then() -> None:
    found = read(
        "feed",
        feed("SUMMARY:bob\nDTSTART:20261020T080000Z\nDTEND:20261020T100000Z"),
        PEOPLE,
        OCTOBER,
    )
    eight = paris("2026-10-20 10:00")
    assert [bool(found.turns(at, at)) for at in (eight - 1, eight, eight + 7199, eight + 7200)] == [
        False, True, True, False,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("summary", "person"),
    [
        ("alice", "alice"),
        ("ALICE  MARTIN", "alice"),
        ("On Call - Alice Martin - Paris", "alice"),
        ("[L1] bob", "bob"),
        ("Ann-Marie", "ann"),
    ],
)
def test_a_summary_names_a_person_alone_or_among_words(summary: str, person: str) -> None:
    assert named(summary, PEOPLE.values()) == person


@pytest.mark.parametrize("summary", ["", "Holiday", "alicette", "bobsleigh", "bob for alice"])
def test_a_summary_that_names_nobody_or_two_is_refused(summary: str) -> None:
    with pytest.raises(ValueError, match="names"):
        named(summary, PEOPLE.values())


TIMED = "SUMMARY:bob\nDTSTART:20261020T080000Z\nDTEND:20261020T100000Z\n"


@pytest.mark.parametrize(
    ("event", "said"),
    [
        ("SUMMARY:Holiday\nDTSTART:20261020T080000Z\nDURATION:PT1H", "names nobody"),
        ("SUMMARY:bob\nDTSTART:20261020T080000Z\nDTEND:20261020T070000Z", "ends before"),
        ("SUMMARY:bob\nDTSTART;TZID=Moon/Base:20261020T080000\nDURATION:PT1H", "Moon/Base"),
        ("SUMMARY:bob\nDTSTART:yesterday\nDURATION:PT1H", "yesterday"),
        ("SUMMARY:bob\nDURATION:PT1H", "DTSTART"),
        (TIMED + "RRULE:FREQ=SECONDLY", "within a day"),
        (TIMED + "RRULE:FREQ=DAILY;BYSECOND=1,2,3", "within a day"),
        (TIMED + "RRULE:FREQ=DAILY\nRRULE:FREQ=WEEKLY", "several rules"),
        ("SUMMARY:bob\nDTSTART:00010101T080000Z\nDURATION:PT1H\nRRULE:FREQ=DAILY", "before 1970"),
    ],
)
def test_an_event_that_is_no_turn_is_told_and_the_others_still_count(event: str, said: str) -> None:
    assert said in fault(event)
    found = read("feed", feed(event, TIMED), PEOPLE, OCTOBER)
    assert (len(found.booked), len(found.faults)) == (1, 1)


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xfe\x00", b"BEGIN:VCALENDAR\n"])
def test_what_is_no_calendar_is_refused_by_name(content: bytes) -> None:
    with pytest.raises(SettingsError, match=r"^oncall\.ics: "):
        read("oncall.ics", content, PEOPLE, OCTOBER)


def test_a_feed_that_is_too_large_is_refused_unread() -> None:
    with pytest.raises(SettingsError, match="MiB"):
        read("oncall.ics", b" " * (MAX_BYTES + 1), PEOPLE, OCTOBER)
