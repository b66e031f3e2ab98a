import json
from dataclasses import replace

from alerts.delivery.message import MAX_BYTES, compose
from alerts.lifecycle import Alert, State, Subject
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
