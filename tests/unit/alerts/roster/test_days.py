"""The roster as people read it."""

from pathlib import Path

from alerts.roster import days
from alerts.roster.roster import Roster
from tests.build.oncall import PARIS
from tests.build.roster import paris, roster

FRIDAY = paris("2027-01-15 21:00")


def test_a_level_says_who_is_on_until_when_how_they_are_called_and_who_comes(
    tmp_path: Path,
) -> None:
    (post,) = days.posts(roster(tmp_path, PARIS), FRIDAY, 1)
    assert (post.id, post.timezone, post.scopes) == ("paris", "Europe/Paris", ["paris"])
    assert post.quiet_until == "2027-01-16T07:00+01:00"
    shift, on_call, head = post.levels
    assert (shift.people, shift.until) == (["Bob Noir"], "2027-01-16T08:00+01:00")
    assert (shift.first, shift.then, shift.within_seconds) == (["bob-phone"], [], 300)
    assert [(t.start, t.people) for t in shift.turns] == [
        ("2027-01-15T21:00+01:00", ["Bob Noir"]),
        ("2027-01-16T08:00+01:00", ["Alice Martin"]),
        ("2027-01-16T20:00+01:00", ["Bob Noir"]),
    ]
    assert (on_call.people, on_call.until) == (["Carol"], None)
    assert (on_call.first, on_call.then) == (["carol-phone"], ["chief-phone"])
    assert (head.people, head.backup) == (["The chief"], True)


def test_by_day_no_hours_are_quiet(tmp_path: Path) -> None:
    (post,) = days.posts(roster(tmp_path, PARIS), paris("2027-01-15 12:00"), 1)
    assert post.quiet_until is None
    assert post.levels[0].then == ["alice-mail"]


def test_without_a_roster_there_is_no_post() -> None:
    assert days.posts(Roster(), FRIDAY, 7) == []


HOLES = """
[[posts]]
id = "paris"
name = "Paris"
timezone = "Europe/Paris"
[[posts.levels]]
name = "shift"
shifts = [{ people = ["alice"], days = ["fri"], begins = "08:00", ends = "20:00" }]
[[posts.levels]]
name = "desk"
receivers = ["alice-phone"]
"""


def test_when_nobody_is_on_is_found(tmp_path: Path) -> None:
    found = days.holes(roster(tmp_path, HOLES), paris("2027-01-15 12:00"), 8)
    said = "paris, shift: nobody is on from {} until {}; add a backup"
    assert found == [
        said.format("2027-01-15T20:00+01:00", "2027-01-22T08:00+01:00"),
        said.format("2027-01-22T20:00+01:00", "2027-01-23T12:00+01:00"),
    ]
    assert days.holes(roster(tmp_path, PARIS), FRIDAY, 28) == []


def test_sites_for_which_no_post_answers_are_found(tmp_path: Path) -> None:
    found = days.unwatched(roster(tmp_path, PARIS), [("paris", "policloud"), ("lyon", "other")])
    assert found == [
        "lyon: no post answers for it; name it in the scopes of one, or other in its operators"
    ]
