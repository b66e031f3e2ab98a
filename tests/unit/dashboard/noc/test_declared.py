from zoneinfo import ZoneInfo

import pytest

from dashboard.format import seconds_of
from dashboard.noc import declared
from dashboard.noc.shown import Mark, Text
from tests.build.played import container
from vigie.replies import Checklist, ChecklistItem, ContainerChange, Trait

NOW = seconds_of("2026-11-22T09:47:00Z")
PARIS = ZoneInfo("Europe/Paris")
HERE = container("munich/room-1", NOW)


def trait(name: str, value: float | str | bool, of: str = "site munich", **more: object) -> Trait:
    given: dict[str, object] = {
        "status": "operating", "since": "2026-02-04", "source": "https://example.org/a?b=c",
        "assumed": False,
    } | more  # fmt: skip
    return Trait(of, name, value, **given)  # type: ignore[arg-type]


RIVER = [
    trait("cooling[river].kind", "river"), trait("cooling[river].share", 1.0),
    trait("cooling[river].supply_celsius", 20.0, assumed=True),
    trait("permits[eisbach].id", "eisbach"),
    trait("permits[eisbach].withdrawal_cubic_meters_per_second", 1.2),
    trait("permits[eisbach].withdrawal_cubic_meters_per_year", 2e6),
]  # fmt: skip


def text(cell: object) -> Text:
    assert isinstance(cell, Text)
    return cell


def test_what_cools_a_site_is_one_row_with_what_is_assumed_marked_so() -> None:
    row = declared.facility(RIVER, "fr").rows[0]
    assert text(row[0]) == Text("Refroidissement", sub="eau de rivière")
    assert text(row[1]).text == "part 100\u00a0% · départ à 20,0\u00a0°C (supposé)"
    assert text(row[2]) == Text("en service", sub="4 févr. 2026")
    assert text(row[3]) == Text("example.org", href="https://example.org/a?b=c")


def test_a_permit_says_its_limits_in_their_units() -> None:
    row = declared.facility(RIVER, "en").rows[1]
    assert text(row[0]) == Text("Permit", sub="eisbach")
    assert text(row[1]).text == (
        "withdrawal ≤ 1.20\u00a0m³/s · withdrawal ≤ 2,000,000\u00a0m³ a year"
    )


def test_where_nothing_is_declared_it_says_so() -> None:
    assert declared.facility([], "fr").empty == "Rien n'est déclaré."


def test_the_full_list_leaves_out_other_containers_and_counts_what_is_assumed() -> None:
    found = [
        *RIVER, trait("name", "Room 1", "container munich/room-1"),
        trait("name", "Room 2", "container munich/room-2"),
        trait("role", "ups", "meter munich/room-1/ups"),
        trait("role", "ups", "meter munich/room-2/ups"),
        trait("seat", "DE", "organisation dt", assumed=True),
    ]  # fmt: skip
    rows = declared.everything(found, HERE, "fr").rows
    assert len(rows) == 9
    assert declared.everything_note(found, HERE, "fr") == "9 valeurs, dont 2 supposées"
    assert text(rows[-1][1]).sub == "supposé"


@pytest.mark.parametrize(
    "address",
    ["javascript:alert(1)", "data:text/html,x", "//evil.example/x", "file:///etc/passwd",
     "https://", "http://[", "ftp://example.org/x", "see the letter of 3 May"],
)  # fmt: skip
def test_a_source_that_is_no_web_address_is_words_and_no_link(address: str) -> None:
    assert declared.source(address) == Text(address)


def test_the_containers_of_a_site_say_how_real_and_where_in_their_life_they_are() -> None:
    mate = container(
        "munich/room-2", status="announced", lifecycle="commissioning", simulated=True, scale=0.01,
        lifecycle_since="2026-03-01", status_source="https://example.org",
    )  # fmt: skip
    rows = declared.life([HERE, mate, container("nancy/a")], HERE, "fr").rows
    assert [text(row[0]).text for row in rows] == ["room-1", "room-2"]
    assert text(rows[0][0]).current
    assert text(rows[1][0]).stamp == "SIMULÉ · échelle 1/100"
    assert text(rows[1][1]) == Text("en recette", sub="1 mars 2026")
    assert text(rows[1][2]).text == "annoncé"


def test_a_day_that_nobody_stated_is_marked_as_assumed() -> None:
    here = container("a/b", status_since="2026-03-01", since_assumed=True)
    assert declared.note(here, "fr") == "en service depuis 1 mars 2026 (supposé)"
    assert declared.note(container("a/b"), "fr") == "en service depuis une date inconnue"


def test_commissioning_says_what_is_done_and_what_lacks() -> None:
    items = [
        ChecklistItem("sources", "Sources", "done", "6 on 6"),
        ChecklistItem("balance", "Bilan", "not_done", "écart de 4 %"),
        ChecklistItem("receiver", "Récepteur", "unknown", "jamais essayé"),
    ]
    checklist = Checklist("", "a/b", "commissioning", "v", False, False, items)
    assert declared.checks_note(checklist, "fr") == "1 fait sur 3"
    marks = [row[0] for row in declared.checks(checklist, "fr").rows]
    assert marks == [Mark("nominal", "✓", "fait"), Mark("p3", "!", "pas fait"),
                     Mark("stale", "?", "inconnu")]  # fmt: skip


def test_changes_are_told_newest_first_with_what_was_before() -> None:
    found = [
        ContainerChange("2026-11-01T00:00:00Z", "aaaaaaaaaa", "declared", False, True),
        ContainerChange("2026-11-20T00:00:00Z", "bbbbbbbbbb", "name", "Old", "New"),
    ]
    rows = declared.changes(found, NOW, "fr", PARIS).rows
    assert [text(cell).text for cell in rows[0][1:]] == ["name", "Old", "New"]
    assert text(rows[1][1]).text == "apparaît dans le réseau"
