"""What a receiver says back of an alert: proven by its signature, done once."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alerts.delivery.signature import Signed, secret, sign
from alerts.lifecycle import Alert
from collector.api import inbound
from collector.api.inbound import Desk
from tests.build.alarm import SECRET, START, declared
from tests.build.oncall import OnCall
from vigie.errors import Refused
from vigie.replies.inbound import Inbound

KEY = secret(SECRET)
Say = Callable[..., Inbound]


class Answered(OnCall):
    """A story in which receivers answer."""

    tables = (*OnCall.tables, *inbound.TABLES)


@pytest.fixture
def story(tmp_path: Path) -> OnCall:
    far = declared("lyon-desk", tmp_path / "secret", scope="lyon")
    told = Answered(tmp_path, more=[far])
    told.breaks("urgent")
    told.until("1s")
    told.step = 10
    return told


@pytest.fixture
def changed() -> list[Alert]:
    """The alerts of which others were told that they changed."""
    return []


@pytest.fixture
def desk(story: OnCall, changed: list[Alert]) -> Desk:
    return Desk(
        story.receivers, story.register, lambda: story.rulebook.rules, story.database,
        changed.extend, story.counters,
    )  # fmt: skip


@pytest.fixture
def say(story: OnCall, desk: Desk) -> Say:
    def said(
        kind: str = "alert.acknowledge", *, receiver: str = "alice-phone", identity: str = "m1",
        now: float = START + 60, **data: Any,
    ) -> Inbound:  # fmt: skip
        content = {"type": kind, "data": {"id": story.alert("urgent").id, **data}}
        body = json.dumps(content).encode()
        stamp = int(now)
        signed = Signed(identity, str(stamp), sign([KEY], identity, stamp, body))
        return desk.receive(receiver, signed, body, now)

    return said


def test_somebody_acknowledges_from_their_phone(
    story: OnCall, say: Say, changed: list[Alert]
) -> None:
    answer = say(by="Alice", note="on my way")
    alert = story.alert("urgent")
    assert (answer.done, answer.state, answer.acknowledged_by) == (
        True, "acknowledged", "Alice (alice-phone)",
    )  # fmt: skip
    assert (alert.acknowledged_by, alert.note) == ("Alice (alice-phone)", "on my way")
    assert changed == [alert]
    story.until("20min")
    assert [name for name, _ in story.heard()] == ["alice-phone"], "the climb is over"


def test_the_same_message_again_is_the_same_act(story: OnCall, say: Say) -> None:
    first = say("alert.ticket", ticket="INC-1", status="open")
    say("alert.ticket", identity="m2", status="closed")
    assert say("alert.ticket", ticket="INC-1", status="open", now=START + 90) == first
    assert story.alert("urgent").ticket_status == "closed", "an old message undid nothing"


def test_another_who_acknowledges_hears_that_it_is_taken(say: Say) -> None:
    say(by="Alice")
    second = say(by="Bob", receiver="bob-phone", identity="m2")
    assert (second.done, second.acknowledged_by) == (False, "Alice (alice-phone)")
    assert second.reason == "the alert is acknowledged, and nothing of it changed"


def test_a_ticket_and_its_status_stay_with_the_alert(story: OnCall, say: Say) -> None:
    say("alert.ticket", ticket="INC-1", status="open")
    story.crashes()
    alert = story.alert("urgent")
    assert (alert.state, alert.ticket, alert.ticket_status) == ("firing", "INC-1", "open")


def test_the_ticket_of_an_alert_that_is_over_still_moves(story: OnCall, say: Say) -> None:
    identity = story.alert("urgent").id
    story.mends()
    story.until("3min")
    story.breaks("urgent")
    story.until("10min")
    assert story.alert("urgent").id != identity
    answer = say("alert.ticket", id=identity, ticket="INC-1", status="closed", now=START + 600)
    assert (answer.state, answer.ticket_status) == ("resolved", "closed")
    found = story.register.get(identity)
    assert found is not None
    assert found.ticket == "INC-1"
    assert story.alert("urgent").ticket is None, "the new one has none"


@pytest.mark.parametrize(
    ("receiver", "status"), [("lyon-desk", 404), ("nobody", 401), ("alice-phone", 404)]
)
def test_a_receiver_acts_only_on_alerts_that_it_is_told_of(
    say: Say, receiver: str, status: int
) -> None:
    data = {"id": "another"} if receiver == "alice-phone" else {}
    with pytest.raises(Refused) as caught:
        say(receiver=receiver, **data)
    assert caught.value.status == status


def test_a_wrong_signature_does_nothing_and_is_counted(story: OnCall, desk: Desk) -> None:
    body = json.dumps({"type": "alert.acknowledge", "data": {"id": story.alert("urgent").id}})
    stamp = int(START)
    forged = Signed("m1", str(stamp), sign([b"x" * 32], "m1", stamp, body.encode()))
    with pytest.raises(Refused, match="not signed") as caught:
        desk.receive("alice-phone", forged, body.encode(), START)
    assert caught.value.status == 401
    assert story.alert("urgent").state == "firing"
    assert story.counters.value("inbound_refused_total") == 1


def test_a_secret_that_cannot_be_read_is_our_affair(story: OnCall, desk: Desk) -> None:
    (story.folder / "secret").unlink()
    with pytest.raises(Refused, match="its secret cannot be read") as caught:
        desk.receive("alice-phone", Signed("m1", "1", "v1,x"), b"{}", START)
    assert str(story.folder) not in str(caught.value)


def test_what_is_not_understood_is_refused_and_may_come_again_right(say: Say) -> None:
    with pytest.raises(Refused, match=r"data\.ticket"):
        say("alert.ticket", ticket="<b>")
    assert say("alert.ticket", ticket="INC-1").done
