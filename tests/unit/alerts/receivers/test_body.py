import json
from dataclasses import replace
from typing import Any

import pytest

from alerts.delivery.message import Message, compose, trial
from alerts.lifecycle import Alert, State, Subject
from alerts.receivers.body import MAX_CHAT, alertmanager, chat, neutral
from alerts.receivers.declared import Declared
from alerts.rule import Rule, Words
from vigie.catalogue import Filesystem, Host

NOW = 1_800_000_000.0
RULE = Rule(
    name="full", priority=1, title=Words("{mount} plein sur {host}", "{mount} full on {host}"),
    advice=Words("Libérez", "Free some"), why="", do="", measurement=Filesystem,
)  # fmt: skip
SILENT = Rule(
    name="silent", priority=2, title=Words("{host} muet", "{host} silent"),
    advice=Words("Allez voir", "Go and see"), why="", do="", measurement=Host,
)  # fmt: skip
ALERT = Alert("a1", "full", Subject("paris/a", ("h1", "/srv")), 1, State.FIRING, NOW - 60, NOW, 3)
DESK = Declared("desk", "webhook", "https://noc.example/", format="alertmanager", language="en")


def version_4(message: Message) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(alertmanager(message.body, DESK))
    return found


def told(message: Message, language: Any = "en") -> list[str]:
    """The lines of a chat's message."""
    body = json.loads(chat(message.body, replace(DESK, language=language)))
    assert set(body) == {"text"}
    lines: list[str] = body["text"].split("\n")
    return lines


def test_alertmanagers_form_has_labels_that_stay_and_annotations_that_tell() -> None:
    found = version_4(compose(ALERT, RULE))
    (one,) = found["alerts"]
    assert one["labels"] == found["commonLabels"] == {
        "alertname": "full", "severity": "critical", "priority": "1", "container": "paris/a",
        "host": "h1", "mount": "/srv",
    }  # fmt: skip
    assert one["annotations"]["summary"] == "/srv full on h1"
    assert one["annotations"]["runbook"] == "docs/rules/full.md"
    assert (found["version"], found["receiver"], found["status"]) == ("4", "desk", "firing")
    assert found["groupKey"] == '{}:{alertname="full"}'
    assert (one["startsAt"], one["endsAt"]) == ("2027-01-15T07:59:00.000Z", "0001-01-01T00:00:00Z")
    over = version_4(compose(replace(ALERT, state=State.RESOLVED, changed=NOW + 5, change=4), RULE))
    assert over["alerts"][0]["labels"] == one["labels"], "the same alert"
    assert over["alerts"][0]["fingerprint"] == one["fingerprint"]
    assert (over["status"], over["alerts"][0]["endsAt"]) == ("resolved", "2027-01-15T08:00:05.000Z")


def test_who_took_it_changes_what_is_told_and_not_what_it_is() -> None:
    taken = replace(ALERT, state=State.ACKNOWLEDGED, acknowledged_by="Alice", note="mine")
    (one,) = version_4(compose(taken, RULE))["alerts"]
    assert (one["status"], one["annotations"]["acknowledged_by"]) == ("firing", "Alice")


def test_a_group_is_alert_by_alert_and_says_what_it_left_out() -> None:
    others = [
        (replace(ALERT, id=f"o{n}", subject=Subject("lyon/b", (f"h{n}", "/"))), RULE)
        for n in range(499)
    ]
    found = version_4(compose(ALERT, RULE, others))
    assert len(found["alerts"]) + found["truncatedAlerts"] == 500
    assert len({one["fingerprint"] for one in found["alerts"]}) == len(found["alerts"])
    assert found["alerts"][1]["labels"]["container"] == "lyon/b"
    assert found["commonLabels"] == {"alertname": "full", "severity": "critical", "priority": "1"}


def test_alerts_of_other_rules_in_a_group_keep_their_own_names() -> None:
    other = replace(ALERT, id="b", rule="silent", subject=Subject("paris/a", ("h2",)), priority=2)
    _, second = version_4(compose(ALERT, RULE, [(other, SILENT)]))["alerts"]
    assert (second["labels"]["alertname"], second["labels"]["severity"]) == ("silent", "warning")
    assert second["annotations"]["summary"] == "h2 silent"
    assert "description" not in second["annotations"], "another rule's advice is not its own"


def test_a_key_does_not_take_the_place_of_a_label_of_ours() -> None:
    body = json.loads(compose(ALERT, RULE).body)
    body["data"]["keys"] = {"container": "x", "host": ""}
    (one,) = version_4(Message("a", ("a",), json.dumps(body).encode()))["alerts"]
    assert (one["labels"]["container"], one["labels"]["key_container"]) == ("paris/a", "x")
    assert "host" not in one["labels"], "an empty label is none"


def test_a_chat_is_told_what_a_person_must_know_first() -> None:
    lines = told(compose(replace(ALERT, detail="md0", note="seen"), RULE))
    assert lines[0] == "*[P1 ALERT] /srv full on h1*"
    assert "Where: paris/a/h1/srv" in lines
    assert "Since: 2027-01-15 07:59:00 UTC" in lines
    assert "To do: Free some" in lines
    assert lines[-1] == "Runbook: docs/rules/full.md"
    french = told(compose(ALERT, RULE), "fr")
    assert french[0] == "*[P1 ALERTE] /srv plein sur h1*"
    assert "À faire : Libérez" in french


def test_what_is_simulated_says_so_before_all_else() -> None:
    for state in (State.FIRING, State.RESOLVED):
        message = compose(replace(ALERT, simulated=True, state=state), RULE)
        assert told(message, "fr")[0].startswith("*SIMULÉ : [P1 ")
        assert told(message, "en")[0].startswith("*SIMULATED: [P1 ")
        assert told(message, "fr")[0].count("SIMULÉ") == 1


def test_a_group_is_counted_and_its_first_named() -> None:
    others = [
        (replace(ALERT, id=f"o{n}", subject=Subject("lyon/b", (f"h{n}", "/"))), RULE)
        for n in range(499)
    ]
    lines = told(compose(ALERT, RULE, others))
    assert lines[0].endswith("(+499)*")
    assert "With 499 others:" in lines
    assert "- / full on h0" in lines
    assert "…" in lines


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        ("<!channel>", "&lt;!channel&gt;"), ("a & b", "a &amp; b"),
        ("@all", "@\u200ball"), ("[x](http://e)", "[x]\u200b(http:\u200b//e)"),
        ("`rm`", "'rm'"), ("*bold*", "\u2217bold\u2217"),
    ],
)  # fmt: skip
def test_what_means_something_to_a_chat_means_nothing(given: str, shown: str) -> None:
    assert neutral(given) == shown
    host = replace(ALERT, subject=Subject("paris/a", (given, "/srv")))
    assert shown in told(compose(host, RULE))[0]


def test_a_chat_is_never_told_more_than_it_takes() -> None:
    wordy = replace(RULE, advice=Words("<" * 900, "<" * 900))
    long = replace(ALERT, note="&" * 900, detail="<" * 900)
    text = "\n".join(told(compose(long, wordy)))
    assert len(text) <= MAX_CHAT
    assert text.endswith("\n…"), "cut between lines, never inside an escape"


def test_a_trial_is_told_as_one_in_every_form() -> None:
    message = trial("desk", "t1", NOW)
    assert told(message, "fr")[0].startswith("*[P3 ESSAI] ESSAI")
    (one,) = version_4(message)["alerts"]
    assert one["labels"] == {
        "alertname": "receiver_test", "severity": "info", "priority": "3", "receiver": "desk",
    }  # fmt: skip


def test_what_an_older_version_wrote_is_told_all_the_same() -> None:
    old = {"type": "alert.firing", "data": {
        "id": "a", "rule": "full", "state": "firing", "priority": 2, "container": "paris/a",
        "keys": {"host": "h1"}, "subject": "paris/a/h1", "since": "2027-01-15T07:59:00.000Z",
        "title": {"fr": "t", "en": "t"}, "advice": None, "value_text": {"fr": "", "en": ""},
    }}  # fmt: skip
    message = Message("a.1", ("a",), json.dumps(old).encode())
    assert told(message)[0] == "*[P2 ALERT] t*"
    assert version_4(message)["alerts"][0]["labels"]["host"] == "h1"
