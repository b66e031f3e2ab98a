"""The roster in force, and what becomes of it when something breaks."""

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from alerts.roster.book import AGAIN_SECONDS, Rosterbook
from alerts.roster.duty import on
from alerts.roster.file import Source
from alerts.roster.roster import NOBODY, Feeds
from tests.build.roster import PEOPLE, paris
from vigie.errors import SettingsError, Unavailable

NOW = paris("2026-11-03 12:00")
NAMES = {"alice-phone", "alice-mail", "bob-phone", "carol-phone", "chief-phone"}
POST = """
[[posts]]
id = "paris"
name = "Paris"
timezone = "Europe/Paris"
[[posts.levels]]
name = "on call"
calendar = "%s"
backup = ["chief"]
"""
FAR = "https://cal.example/secret-word/oncall.ics"


def feed(who: str) -> bytes:
    """Somebody is on every day."""
    return (
        f"BEGIN:VCALENDAR\nBEGIN:VEVENT\nUID:1\nSUMMARY:{who}\nDTSTART;VALUE=DATE:20261101\n"
        "RRULE:FREQ=DAILY\nEND:VEVENT\nEND:VCALENDAR\n"
    ).encode()


@dataclass
class Elsewhere:
    """A server of calendars."""

    content: bytes = b""
    down: bool = False
    asked: list[str] = field(default_factory=list)

    def __call__(self, source: Source, feeds: Feeds) -> bytes:
        self.asked.append(source.where)
        if self.down:
            raise Unavailable("no answer")
        return self.content


def written(folder: Path, calendar: str, people: str = PEOPLE) -> Path:
    path = folder / "roster.toml"
    path.write_text(people + POST % calendar, encoding="utf-8")
    return path


def who(book: Rosterbook, at: float = NOW) -> tuple[str, ...]:
    (post,) = book.current.posts
    return on(book.current, post, post.levels[0], at).people


def test_without_a_file_there_is_no_roster_and_nothing_to_do() -> None:
    book = Rosterbook(None, NAMES)
    assert book.current is NOBODY
    assert not book.refresh(NOW)


def test_a_file_that_is_wrong_refuses_the_start(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="no receiver is called"):
        Rosterbook(written(tmp_path, "oncall.ics"), {"other"})


def test_a_calendar_beside_it_is_read_and_read_again_when_it_changes(tmp_path: Path) -> None:
    (tmp_path / "oncall.ics").write_bytes(feed("alice"))
    book = Rosterbook(written(tmp_path, "oncall.ics"), NAMES)
    assert book.refresh(NOW)
    assert who(book) == ("alice",)
    before = book.current
    assert not book.refresh(NOW + 10)
    assert book.current is before
    (tmp_path / "oncall.ics").write_bytes(feed("Bob Noir"))
    assert book.refresh(NOW + 20)
    assert who(book) == ("bob",)


def test_days_to_come_are_known_however_long_nothing_changes(tmp_path: Path) -> None:
    (tmp_path / "oncall.ics").write_bytes(feed("alice"))
    book = Rosterbook(written(tmp_path, "oncall.ics"), NAMES)
    for day in range(0, 400, 50):
        later = NOW + day * AGAIN_SECONDS
        book.refresh(later)
        assert who(book, later + AGAIN_SECONDS) == ("alice",), day


def test_what_breaks_leaves_the_old_in_force_and_is_told_until_it_is_right(tmp_path: Path) -> None:
    (tmp_path / "oncall.ics").write_bytes(feed("alice"))
    path = written(tmp_path, "oncall.ics")
    book = Rosterbook(path, NAMES)
    book.refresh(NOW)
    (tmp_path / "oncall.ics").write_bytes(b"oops")
    path.write_text("posts = 1", encoding="utf-8")
    book.refresh(NOW + 1)
    assert who(book) == ("alice",)
    assert set(book.faults) == {str(path), str(tmp_path / "oncall.ics")}
    (tmp_path / "oncall.ics").write_bytes(feed("bob"))
    written(tmp_path, "oncall.ics")
    book.refresh(NOW + 2)
    assert who(book) == ("bob",)
    assert book.faults == {}


def test_an_event_that_names_nobody_is_told_and_the_backup_is_on(tmp_path: Path) -> None:
    (tmp_path / "oncall.ics").write_bytes(feed("Somebody new"))
    book = Rosterbook(written(tmp_path, "oncall.ics"), NAMES)
    book.refresh(NOW)
    assert who(book) == ("chief",)
    assert "names nobody of the roster" in book.faults[str(tmp_path / "oncall.ics")]


def test_a_person_who_joins_the_roster_is_found_in_a_calendar_that_did_not_change(
    tmp_path: Path,
) -> None:
    there = Elsewhere(feed("Dan"))
    book = Rosterbook(written(tmp_path, FAR), NAMES, ask=there)
    book.refresh(NOW)
    assert who(book) == ("chief",)
    dan = '[[people]]\nid = "dan"\nname = "Dan"\nreceivers = ["bob-phone"]\n'
    written(tmp_path, FAR, PEOPLE + dan)
    book.refresh(NOW + 10)
    assert who(book) == ("dan",)
    assert book.faults == {}


def test_a_feed_is_asked_for_every_five_minutes(tmp_path: Path) -> None:
    there = Elsewhere(feed("alice"))
    book = Rosterbook(written(tmp_path, FAR), NAMES, ask=there)
    for second in range(0, 601, 10):
        book.refresh(NOW + second)
    assert there.asked == [FAR] * 3
    assert who(book) == ("alice",)


def test_a_feed_that_is_away_keeps_its_last_word_over_a_start_too(tmp_path: Path) -> None:
    there, cache = Elsewhere(feed("alice")), tmp_path / "kept"
    path = written(tmp_path, FAR)
    Rosterbook(path, NAMES, cache=cache, ask=there).refresh(NOW)
    there.down = True
    book = Rosterbook(path, NAMES, cache=cache, ask=there)
    book.refresh(NOW + 1000)
    assert who(book) == ("alice",)
    (fault,) = book.faults.values()
    assert fault == "https://cal.example/…: no answer", "the address itself may be a secret"
    there.down, there.content = False, feed("bob")
    book.refresh(NOW + 2000)
    assert who(book) == ("bob",)
    assert book.faults == {}
    assert (cache.stat().st_mode & 0o077, len(list(cache.iterdir()))) == (0, 1)


def test_at_a_start_nobody_is_asked_and_what_was_kept_serves(tmp_path: Path) -> None:
    there, cache = Elsewhere(feed("alice")), tmp_path / "kept"
    path = written(tmp_path, FAR)
    Rosterbook(path, NAMES, cache=cache, ask=there).refresh(NOW)
    book = Rosterbook(path, NAMES, cache=cache, ask=there)
    book.refresh(NOW + 1000, asking=False)
    assert who(book) == ("alice",)
    assert len(there.asked) == 1


def test_a_page_in_place_of_a_feed_changes_nothing(tmp_path: Path) -> None:
    there = Elsewhere(feed("alice"))
    book = Rosterbook(written(tmp_path, FAR), NAMES, cache=tmp_path / "kept", ask=there)
    book.refresh(NOW)
    there.content = b"<!DOCTYPE html><title>Sign in</title>"
    book.refresh(NOW + 1000)
    assert who(book) == ("alice",)
    assert "is no iCalendar" in next(iter(book.faults.values()))
    (kept,) = (tmp_path / "kept").iterdir()
    assert kept.read_bytes() == feed("alice")
