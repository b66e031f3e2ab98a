import pytest

from alerts import text
from alerts.lifecycle import Subject
from alerts.rulebook import Rulebook

RULES = Rulebook().rules
DISK = RULES["filesystem_filling"]


@pytest.mark.parametrize(
    ("value", "symbol", "fr", "en"),
    [
        (0.0725, "%", "7,2\u202f%", "7.2%"),
        (31.4, "s", "31,4\u202fs", "31.4 s"),
        (150.0, "s", "2,5\u202fmin", "2.5 min"),
        (-7200.0, "s", "-2,0\u202fh", "-2.0 h"),
        (2_500_000_000.0, "o", "2,5\u202fGo", "2.5 GB"),
        (999.0, "W", "999\u202fW", "999 W"),
        (3.0, "", "3", "3"),
    ],
)
def test_numbers_are_written_as_people_do(value: float, symbol: str, fr: str, en: str) -> None:
    assert (text.number(value, symbol, "fr"), text.number(value, symbol, "en")) == (fr, en)


def test_titles_name_the_subject() -> None:
    subject = Subject("p/a", ("h1", "/srv"))
    assert text.filled(DISK.title, DISK, subject, "en") == "/srv almost full on h1"
    assert text.filled(RULES["readings_lost"].title, DISK, subject, "en") == (
        "p/a: readings are lost"
    )


def test_an_alert_that_many_share_says_how_many_and_where() -> None:
    subject = Subject("p/a", ("*", "*"))
    assert text.titled(DISK, subject, 60, "fr") == "60 dans p/a\u00a0: … presque plein sur …"
    assert text.titled(DISK, subject, None, "en") == "Several in p/a: … almost full on …"
    assert text.titled(DISK, Subject("p/a", ("h1", "/srv")), 1, "en") == "/srv almost full on h1"


def test_keys_are_never_taken_for_placeholders() -> None:
    subject = Subject("p/a", ("{mount}", "{host}"))
    assert text.filled(DISK.title, DISK, subject, "en") == "{host} almost full on {mount}"


def test_a_subject_is_a_path() -> None:
    assert text.subject_path(Subject("p/a", ("h1", "/srv/x"))) == "p/a/h1/srv/x"
    assert text.subject_path(Subject("p/a", ("h1", "/"))) == "p/a/h1/"
    assert text.subject_path(Subject("p/a")) == "p/a"


def test_a_state_is_shown_as_its_word_and_the_unknown_as_nothing() -> None:
    assert text.value(RULES["source_failing"], 3.0, "fr") == "stuck"
    assert text.value(DISK, None, "fr") == ""
    assert text.value(DISK, float("nan"), "fr") == ""
    assert text.value(RULES["readings_lost"], 3.0, "fr") == ""
