"""Who is on, and who was called, as the API tells it within a scope."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from alerts.lifecycle import Alert
from alerts.roster.book import Rosterbook
from collector.api.roster import Bell, reply
from tests.build.oncall import PARIS, OnCall
from vigie.replies.roster import AlertCalls

TICKETS = """
[tickets]
show = "https://tickets.example/{ticket}"
new = "https://tickets.example/new?title={title}&about={subject}&priority={priority}"
"""


@pytest.fixture
def story(tmp_path: Path) -> OnCall:
    return OnCall(tmp_path, PARIS + TICKETS)


def calls(story: OnCall, alert: Alert) -> AlertCalls:
    """Who was called for it, as the API answers."""
    book = Rosterbook(None, ())
    book.current = story.roster
    bell = Bell(story.escalate, story.register, story.outbox, book)
    return reply(bell, alert, story.rulebook.rules[alert.rule], "fr", story.now)


def test_links_lead_to_its_ticket_or_to_a_new_one(story: OnCall) -> None:
    story.breaks("urgent", mount="/srv/é&x")
    story.until("1s")
    alert = story.alert("urgent")
    answer = calls(story, alert)
    assert (answer.ticket, answer.ticket_url) == (None, None)
    assert answer.new_ticket_url == (
        "https://tickets.example/new?title=Plein"
        "&about=paris%2Fa%2Fhost-1%2Fsrv%2F%C3%A9%26x&priority=1"
    )
    answer = calls(story, story.register.ticket(alert.id, "INC 7/8", "open"))
    assert (answer.ticket, answer.ticket_status) == ("INC 7/8", "open")
    assert answer.ticket_url == "https://tickets.example/INC%207%2F8"


def test_it_is_told_who_was_called_who_took_it_and_who_is_next(story: OnCall) -> None:
    story.down("alice-phone")
    story.breaks("urgent")
    story.until("40s")
    alert = story.alert("urgent")
    answer = calls(story, alert)
    assert (answer.post, answer.level) == ("paris", "shift")
    assert [(c.receiver, c.taken is not None) for c in answer.calls] == [
        ("alice-phone", False), ("alice-mail", True),
    ]  # fmt: skip
    called = datetime.fromisoformat(answer.calls[0].called)
    assert answer.next_at is not None
    assert (datetime.fromisoformat(answer.next_at) - called).total_seconds() == 300
    assert answer.next_receivers == ["carol-phone"]


def test_of_an_alert_in_somebodys_hands_nobody_is_next(story: OnCall) -> None:
    story.breaks("urgent")
    story.until("10s")
    story.register.acknowledge(story.alert("urgent").id, "Alice", None, story.now)
    story.until("20s")
    alert = story.alert("urgent")
    answer = calls(story, alert)
    assert (answer.level, answer.next_at, answer.next_receivers) == ("shift", None, None)
    assert [c.receiver for c in answer.calls] == ["alice-phone"], "each once"


def test_where_no_post_answers_nobody_is_next(story: OnCall) -> None:
    story.breaks("urgent", container="lyon/a")
    story.until("10s")
    alert = story.alert("urgent")
    answer = calls(story, alert)
    assert (answer.post, answer.level, answer.next_at) == (None, None, None)
    assert len(answer.calls) == 5


def test_a_low_priority_of_the_night_is_next_in_the_morning(story: OnCall) -> None:
    story.at("2027-01-16 06:00")
    story.breaks("sometime")
    story.goes_on(10)
    alert = story.alert("sometime")
    answer = calls(story, alert)
    assert answer.calls == []
    assert answer.next_receivers == ["bob-phone"]
    assert answer.next_at is not None
    assert datetime.fromisoformat(answer.next_at) == datetime(2027, 1, 16, 6, tzinfo=UTC)
