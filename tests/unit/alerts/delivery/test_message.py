import json
from dataclasses import replace
from typing import Any

import pytest

from alerts.delivery.message import MAX_BYTES, MAX_MEMBERS, compose, trial
from alerts.lifecycle import Alert, State, Subject
from alerts.outlook import Outlook, Stakes
from alerts.rule import Words
from alerts.rulebook import Rulebook

RULE = Rulebook().rules["filesystem_filling"]
ALERT = Alert(
    "abc", RULE.name, Subject("paris/a", ("h1", "/srv")), 2, State.FIRING, 1_800_000_000.0,
    1_800_000_300.25, 2, 0.0725,
)  # fmt: skip


def test_it_says_what_happened_in_both_languages() -> None:
    message = compose(ALERT, RULE)
    assert (message.id, message.alerts) == ("abc.2", ("abc",))
    content = json.loads(message.body)
    assert content["type"] == "alert.firing"
    assert content["timestamp"] == "2027-01-15T08:05:00.250Z"
    data = content["data"]
    assert data["title"]["fr"] == "/srv presque plein sur h1"
    assert data["value_text"] == {"fr": "7,2\u202f%", "en": "7.2%"}
    assert data["keys"] == {"host": "h1", "mount": "/srv"}
    assert data["subject"] == "paris/a/h1/srv"
    assert data["since"] == "2027-01-15T08:00:00.000Z"
    assert data["happened"] is None


def test_the_same_change_is_the_same_bytes() -> None:
    assert compose(ALERT, RULE) == compose(replace(ALERT), RULE)


def test_it_is_always_less_than_twenty_kilobytes() -> None:
    wordy = replace(RULE, advice=Words("\u00e9" * 6000, "e" * 6000))
    keys = ("h" * 128, "\u00e9" * 64)
    huge = replace(ALERT, subject=Subject("p", keys), note="n" * 1000, detail="d" * 1024)
    body = compose(huge, wordy).body
    assert len(body) < MAX_BYTES
    assert json.loads(body)["data"]["state"] == "firing"


def data(alert: Alert, *others: Alert) -> dict[str, Any]:
    message = compose(alert, RULE, [(other, RULE) for other in others])
    found: dict[str, Any] = json.loads(message.body)["data"]
    return found


def test_a_group_speaks_of_all_and_names_the_first() -> None:
    others = [
        (replace(ALERT, id=f"o{n}", change=3, subject=Subject("paris/b", (f"h{n}", "/a"))), RULE)
        for n in range(2)
    ]
    message = compose(ALERT, RULE, others)
    assert (message.id, message.alerts) == ("abc.2", ("abc", "o0", "o1"))
    group = json.loads(message.body)["data"]["group"]
    assert group["count"] == 3
    assert [(m["id"], m["change"], m["subject"]) for m in group["members"]] == [
        ("abc", 2, "paris/a/h1/srv"), ("o0", 3, "paris/b/h0/a"), ("o1", 3, "paris/b/h1/a"),
    ]  # fmt: skip
    assert "group" not in data(ALERT)


def test_a_large_group_is_counted_whole_and_named_in_part() -> None:
    others = [(replace(ALERT, id=f"o{n}"), RULE) for n in range(499)]
    message = compose(ALERT, RULE, others)
    group = json.loads(message.body)["data"]["group"]
    assert len(message.alerts) == group["count"] == 500
    assert 0 < len(group["members"]) <= MAX_MEMBERS
    assert len(message.body) < MAX_BYTES
    assert json.loads(message.body)["data"]["advice"], "members go before advice does"


def test_what_is_simulated_says_so_first() -> None:
    found = data(replace(ALERT, simulated=True), replace(ALERT, id="b", simulated=True))
    for said in (found["title"], found["advice"], found["group"]["members"][1]["title"]):
        assert said["fr"].startswith("SIMULÉ : ")
        assert said["en"].startswith("SIMULATED: ")


@pytest.mark.parametrize("name", ["a\nb", "a\r\nb", "a\x00b", "a\u2028b", "a\u202eb", "a \t b"])
def test_what_others_named_stays_on_its_line(name: str) -> None:
    found = data(replace(ALERT, subject=Subject("paris/a", (name, "/srv")), note=name, detail=name))
    assert found["keys"]["host"] == found["note"] == found["detail"] == "a b"
    assert found["title"]["fr"] == "/srv presque plein sur a b"


def test_what_others_named_is_cut() -> None:
    found = data(replace(ALERT, subject=Subject("paris/a", ("h" * 10_000, "/srv"))))
    assert found["keys"]["host"] == "h" * 199 + "…"
    assert len(found["title"]["en"]) < 300


def test_it_says_how_long_there_is_and_what_is_lost_then() -> None:
    found = data(replace(
        ALERT, outlook=Outlook(1_800_000_000.0, 0.05, 1800.0, 1200.0, None),
        stakes=Stakes(gpus=16, tenants=("ens",)), ticket="INC-7", held="silence:s1",
    ))  # fmt: skip
    assert found["outlook"]["seconds"] == 1800
    assert found["outlook"]["most"] is None
    assert found["stakes"] == {"gpus": 16, "jobs": None, "tenants": ["ens"], "objects": None}
    assert (found["ticket"], found["held"], found["flapping"]) == ("INC-7", "silence:s1", False)
    assert data(ALERT)["outlook"] is None


def test_a_trial_says_that_it_is_one() -> None:
    content = json.loads(trial("desk", "test-1", 1_800_000_000.0).body)
    assert (content["type"], content["data"]["test"]) == ("receiver.test", True)
    assert content["data"]["title"]["fr"].startswith("ESSAI")
    assert content["data"]["title"]["en"].startswith("TEST")
