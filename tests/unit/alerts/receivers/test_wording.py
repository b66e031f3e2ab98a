from typing import Any

import pytest

from alerts.receivers.wording import MAX_HEADLINE, headline, lines

DATA: dict[str, Any] = {
    "state": "firing", "priority": 1, "title": {"fr": "Salle chaude", "en": "Hot room"},
    "subject": "paris/a", "since": "2027-01-15T07:59:00.000Z",
    "changed": "2027-01-15T08:10:00.000Z", "advice": {"fr": "Ouvrez", "en": "Open"},
}  # fmt: skip


def said(language: str = "en", **more: Any) -> list[str]:
    return lines({**DATA, **more}, language, 50)


@pytest.mark.parametrize(
    ("state", "french", "english"),
    [
        ("firing", "[P1 ALERTE]", "[P1 ALERT]"),
        ("acknowledged", "[P1 PRISE EN CHARGE]", "[P1 ACKNOWLEDGED]"),
        ("resolved", "[P1 TERMINÉE]", "[P1 RESOLVED]"),
        ("never heard of", "[P1 AVIS]", "[P1 NOTICE]"),
    ],
)  # fmt: skip
def test_a_headline_says_what_became_of_it(state: str, french: str, english: str) -> None:
    assert headline({**DATA, "state": state}, "fr") == f"{french} Salle chaude"
    assert headline({**DATA, "state": state}, "en") == f"{english} Hot room"


def test_a_headline_is_short_and_keeps_its_count() -> None:
    long = {**DATA, "title": {"en": "x" * 900}, "group": {"count": 500, "members": []}}
    found = headline(long, "en")
    assert len(found) <= MAX_HEADLINE
    assert found.endswith("… (+499)")


@pytest.mark.parametrize(
    ("outlook", "line"),
    [
        ({"seconds": 1800.0, "least": 1200.0, "most": 2400.0},
         "Inlet limit reached in 30.0 min (20.0 min to 40.0 min)"),
        ({"seconds": 1800.0, "least": 1200.0, "most": None},
         "Inlet limit reached in 30.0 min (20.0 min at the earliest)"),
        ({"seconds": 90.0, "least": None, "most": None}, "Inlet limit reached in 90.0 s"),
    ],
)  # fmt: skip
def test_how_long_there_is_with_its_bounds(outlook: dict[str, Any], line: str) -> None:
    name = {"fr": "Limite d'entrée", "en": "Inlet limit"}
    assert line in said(outlook={**outlook, "name": name, "limit": 32.0})


def test_without_an_outlook_nothing_is_foretold() -> None:
    unknown: dict[str, Any] = {"seconds": None, "least": None, "most": None, "name": {}}
    for outlook in (None, unknown):
        assert not [line for line in said(outlook=outlook) if "reached" in line]


def test_what_is_lost_is_counted_and_what_is_unknown_left_out() -> None:
    stakes = {"gpus": 512, "jobs": None, "tenants": ["ens", "inria"], "objects": 0}
    assert "At stake: 512 GPUs, 2 tenants" in said(stakes=stakes)
    assert "En jeu : 512 GPU, 2 locataires" in said("fr", stakes=stakes)
    assert not [line for line in said(stakes=None) if "At stake" in line]


def test_what_is_over_says_until_when_and_asks_for_nothing() -> None:
    found = said(state="resolved")
    assert "Until: 2027-01-15 08:10:00 UTC" in found
    assert not [line for line in found if "To do" in line]


def test_a_mute_source_is_said() -> None:
    assert "Its source is mute: nobody knows whether it lasts." in said(blind=True)


def test_why_it_is_said_again_comes_first() -> None:
    for why, french in (
        ("again", "Appel n° 4 : personne"),
        ("handover", "Relève : c'est en cours"),
    ):
        data = {"state": "firing", "subject": "x", "call": {"why": why, "count": 4}}
        assert lines(data, "fr", 5)[0].startswith(french)
    assert lines({"state": "firing", "subject": "x", "call": None}, "en", 5) == ["Where: x"]
