"""The roster's file, and what is wrong with it."""

from pathlib import Path

import pytest

from alerts.roster import file
from tests.build.roster import PEOPLE, roster
from vigie.errors import SettingsError

LEVEL = '[[posts.levels]]\nname = "shift"\nbackup = ["chief"]\n'
POST = '[[posts]]\nid = "paris"\nname = "Paris"\n'
SHIFT = f"{POST}[[posts.levels]]\nname = 'shift'\nshifts = [%s]\n"
STAND_IN = POST + LEVEL + "[[posts.stand_ins]]\n%s\n"


def faults(folder: Path, text: str, receivers: set[str] | None = None) -> str:
    path = folder / "roster.toml"
    path.write_text(PEOPLE + text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        file.load(path, receivers)
    return str(caught.value)


def test_what_is_left_out_has_a_default(tmp_path: Path) -> None:
    found = roster(tmp_path, POST + LEVEL)
    (post,) = found.posts
    assert (post.timezone, post.quiet, post.levels[0].within.of(1)) == ("UTC", (), 300)
    assert [post.levels[0].within.of(priority) for priority in (2, 3)] == [1800, None]
    assert found.receivers == {
        "alice-phone", "alice-mail", "bob-phone", "carol-phone", "chief-phone",
    }  # fmt: skip


def test_a_level_may_wait_for_ever(tmp_path: Path) -> None:
    within = 'within = { p1 = "2min", p2 = "never", p3 = "8h" }\n'
    (post,) = roster(tmp_path, POST + LEVEL + within).posts
    assert [post.levels[0].within.of(priority) for priority in (1, 2, 3)] == [120, None, 28_800]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (POST + LEVEL + "within = { p1 = 'soon' }", "a duration like"),
        (SHIFT % "{ people = ['alise'] }", "did you mean alice?"),
        (SHIFT % "{ people = [] }", "name one or more"),
        (SHIFT % "{ people = ['bob'], begins = '8:00' }", "a time of day like 08:00"),
        (SHIFT % "{ people = ['bob'], begins = '24:00' }", "00:00 of the next"),
        (SHIFT % "{ people = ['bob'], ends = '24:01' }", "24:00 at most"),
        (SHIFT % "{ people = ['bob'], days = ['lundi'] }", "not one of the words"),
        (SHIFT % "{ people = ['bob'], days = [] }", "leave days out"),
        (SHIFT % "{ people = ['bob', 'alice'] }", "first day of the first"),
        (SHIFT % "{ people = ['bob'], every = '36h' }", "whole days"),
        (SHIFT % "{ people = ['bob'], every = '0d' }", "whole days"),
        (POST + "[[posts.levels]]\nname = 'x'\n", "nobody is ever on"),
        (POST + "levels = []\n", "1 to 9 levels"),
        (POST + LEVEL + LEVEL, "two levels are called shift"),
        (POST + LEVEL + POST + LEVEL, "two posts are called paris"),
        (POST + "timezone = 'Europe/Pari'\n" + LEVEL, "Europe/Paris"),
        (POST + LEVEL + POST.replace("paris", "lyon") + LEVEL, "answers for everything else"),
        (POST + LEVEL.replace("chief", "chieff"), "did you mean chief?"),
        (STAND_IN % "person='eve'\nbegins=2026-11-04T12:00:00\nends=2026-11-04T13:00:00", "'eve'"),
        (STAND_IN % "person='bob'\nbegins=2026-11-04T12:00:00\nends=2026-11-04T12:00:00", "before"),
        (
            STAND_IN % "person='bob'\nbegins=2026-11-04T12:00:00Z\nends=2026-11-04T13:00:00",
            "or neither",
        ),
        (
            STAND_IN % "person='bob'\nlevel='shfit'\nbegins=2026-11-04T12:00:00\n"
            "ends=2026-11-04T13:00:00",
            "did you mean shift?",
        ),
        (POST + LEVEL + "[tickets]\nshow = 'https://t.example/'", "{ticket} stands nowhere"),
        (POST + "nme = 1\n" + LEVEL, "did you mean name?"),
    ],
)
def test_a_fault_is_told_with_its_line_and_what_to_do(tmp_path: Path, text: str, said: str) -> None:
    told = faults(tmp_path, text)
    assert said in told
    assert told.startswith(f"{tmp_path}/roster.toml:")


def test_two_posts_never_answer_for_the_same_place(tmp_path: Path) -> None:
    one = f'{POST}scopes = ["paris"]\noperators = ["o"]\n{LEVEL}'
    told = faults(tmp_path, one + one.replace('id = "paris"', 'id = "lyon"'))
    assert "posts[2].scopes: post paris answers for paris already" in told
    assert "posts[2].operators: post paris answers for o already" in told


def test_receivers_are_looked_for_in_the_receivers_file(tmp_path: Path) -> None:
    known = {"alice-phone", "alice-mail", "bob-phone", "carol-phone"}
    told = faults(tmp_path, POST + LEVEL + 'receivers = ["desc"]\n', {*known, "desk"})
    assert "people[4].receivers: no receiver is called 'chief-phone'" in told
    assert "did you mean desk?" in told


def test_calendars_are_named_once_beside_the_roster_or_afar(tmp_path: Path) -> None:
    level = '[[posts.levels]]\nname = "%s"\ncalendar = "%s"\n'
    found = roster(
        tmp_path,
        POST + 'timezone = "Europe/Paris"\n' + level % ("a", "cal.ics") + level % ("b", "cal.ics")
        + level % ("c", "https://cal.example/x.ics"),
    )  # fmt: skip
    near, far = file.sources(found, tmp_path / "roster.toml")
    assert (near.where, near.remote, near.timezone) == (
        str(tmp_path / "cal.ics"), False, "Europe/Paris",
    )  # fmt: skip
    assert (far.where, far.remote) == ("https://cal.example/x.ics", True)
    with pytest.raises(SettingsError, match="cannot be read"):
        file.content(near)
