from dataclasses import replace
from pathlib import Path

from alerts.lifecycle import Alert, State, Subject
from alerts.receivers.standing import OVER_SECONDS, standing
from alerts.rule import Rule, Words
from tests.build.alarm import declared

NOW = 1_800_000_000.0
RULE = Rule("full", 1, Words("", ""), Words("", ""), "", "")
OPEN = Alert("a", "full", Subject("paris/a"), 1, State.FIRING, 0, 0, told=State.FIRING)


def told(*alerts: Alert, scope: str = "") -> list[str]:
    receiver = declared("copy", Path("secret"), scope=scope)
    return [data["id"] for data in standing(alerts, {"full": RULE}, receiver, NOW)]


def test_what_is_open_stands() -> None:
    taken = replace(OPEN, id="b", state=State.ACKNOWLEDGED)
    assert told(OPEN, taken) == ["a", "b"]


def test_what_is_over_is_told_again_for_a_while() -> None:
    over = replace(OPEN, state=State.RESOLVED, told=State.RESOLVED)
    assert told(replace(over, changed=NOW - OVER_SECONDS)) == ["a"]
    assert told(replace(over, changed=NOW - OVER_SECONDS - 1)) == []


def test_of_a_receiver_that_the_roster_names_only_what_it_was_called_for_stands() -> None:
    other, receiver = replace(OPEN, id="b"), declared("copy", Path("secret"))
    found = standing([OPEN, other], {"full": RULE}, receiver, NOW, called=frozenset({"b"}))
    assert [data["id"] for data in found] == ["b"]


def test_what_nobody_was_told_of_does_not_stand() -> None:
    assert told(replace(OPEN, told=None), replace(OPEN, state=State.PENDING, told=None)) == []


def test_what_is_not_for_this_receiver_does_not_stand() -> None:
    simulated, elsewhere = replace(OPEN, simulated=True), replace(OPEN, subject=Subject("lyon/b"))
    assert told(simulated, elsewhere, scope="paris") == []
    assert told(replace(OPEN, rule="gone")) == []
