from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from alerts.lifecycle import Alert, State, Subject
from alerts.rule import Rule, Words
from alerts.silence import KEPT_SECONDS, LONGEST, TABLES, Silence, Silences, checked, hiding
from vigie.catalogue import Filesystem
from vigie.database import Database
from vigie.errors import Refused

W = Words("", "")
DISK = Rule("disk", 2, W, W, "", "", measurement=Filesystem)
ALERT = Alert("a", "disk", Subject("p/a", ("h1", "/srv")), 2, State.FIRING, 0.0, 0.0)
ONE = Silence("", "silence", "p/a", None, "", "Alice", "known", 0.0, 100.0, 200.0)


@pytest.fixture
def silences(tmp_path: Path) -> Silences:
    return Silences(Database(tmp_path / "state.db", TABLES))


@pytest.mark.parametrize(
    ("changes", "hides"),
    [
        ({}, True),
        ({"scope": "p"}, True),
        ({"scope": "p/a/h1"}, True),
        ({"scope": "p/a/h2"}, False),
        ({"scope": "p/ab"}, False),
        ({"rule": "disk"}, True),
        ({"rule": "other"}, False),
        ({"subject": "p/a/h1/s"}, True),
        ({"subject": "/srv"}, False),
        ({"scope": "", "rule": "disk"}, True),
    ],
)
def test_it_hides_by_scope_rule_and_how_the_subject_begins(
    changes: dict[str, Any], hides: bool
) -> None:
    assert replace(ONE, **changes).hides(ALERT, DISK) is hides


def test_it_is_planned_then_active_then_over() -> None:
    assert [ONE.standing(now) for now in (99, 100, 199, 200)] == [
        "planned", "active", "active", "over",
    ]  # fmt: skip
    ended = replace(ONE, ended=150.0)
    assert [ended.standing(now) for now in (149, 150)] == ["active", "over"]


def test_planned_work_says_more_than_a_silence() -> None:
    work = replace(ONE, id="m", kind="maintenance", starts=150.0)
    assert hiding(ALERT, DISK, [replace(ONE, id="s"), work]) == work
    assert work.mark == "maintenance:m"
    assert hiding(ALERT, DISK, [replace(ONE, scope="q")]) is None


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"reason": "  "}, "reason"),
        ({"reason": "r" * 2000}, "reason"),
        ({"scope": ""}, "every alert"),
        ({"expires": 100.0}, "expires"),
        ({"starts": 0.0, "expires": 40.0}, "expires"),
        ({"expires": 100.0 + LONGEST["silence"] + 1}, "30 days"),
        ({"kind": "maintenance", "expires": 100.0 + LONGEST["maintenance"] + 1}, "90 days"),
    ],
)
def test_one_without_bounds_or_reason_is_refused(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(Refused, match=why) as caught:
        checked(replace(ONE, **changes), now=50.0)
    assert caught.value.status == 400


def test_it_is_kept_over_a_restart_and_can_be_ended(silences: Silences) -> None:
    one = silences.add(replace(ONE, reason=" known "), 50.0)
    assert (one.reason, one.created, len(one.id)) == ("known", 50.0, 12)
    assert (silences.active(99.0), silences.active(100.0)) == ((), (one,))
    again = Silences(silences._database)
    ended = again.end(one.id, "Bob", 150.0)
    assert (ended.ended, ended.ended_by, again.active(150.0)) == (150.0, "Bob", ())
    assert again.end(one.id, "Eve", 160.0) == ended, "who ended it first did"
    assert again.get(one.id) == ended
    with pytest.raises(Refused):
        again.get("nothing")


def test_those_that_are_long_over_are_forgotten(silences: Silences) -> None:
    old = silences.add(ONE, 50.0)
    now = 201.0 + KEPT_SECONDS
    new = silences.add(replace(ONE, starts=now, expires=now + 9), now)
    assert [one.id for one in silences.all()] == [new.id]
    assert old.id != new.id
