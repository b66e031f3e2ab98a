from pathlib import Path

import pytest

from alerts.delivery import letters, outbox
from alerts.delivery.letters import Act, Letters
from alerts.delivery.message import Message
from alerts.delivery.outbox import Outbox
from vigie.database import Database
from vigie.errors import Refused

TABLES = (*outbox.TABLES, *letters.TABLES)


class Post:
    """An outbox with dead letters, and people who look at it."""

    def __init__(self, folder: Path) -> None:
        self.database = Database(folder / "state.db", TABLES)
        self.outbox, self.letters = Outbox(self.database), Letters(self.database)

    def put(self, name: str, *alerts: str, receiver: str = "desk") -> None:
        with self.database.write() as write:
            message = Message(name, alerts or (name.partition(".")[0],), name.encode())
            self.outbox.put(write, message, [receiver], 0.0)

    def dies(self, name: str, *alerts: str, receiver: str = "desk") -> int:
        """The number of a letter that never arrived."""
        self.put(name, *alerts, receiver=receiver)
        parcel = self.outbox.due(receiver, 0.0)
        assert parcel is not None
        self.outbox.dead(parcel, 9.0, "answered 500")
        return parcel.number

    def next(self, now: float) -> str | None:
        parcel = self.outbox.due("desk", now)
        return None if parcel is None else parcel.message.id


@pytest.fixture
def post(tmp_path: Path) -> Post:
    return Post(tmp_path)


def test_what_never_arrived_is_seen_with_its_reason(post: Post) -> None:
    first, second = post.dies("a.1"), post.dies("b.1", receiver="mail")
    post.put("c.1")
    assert [one.number for one in post.letters.listed("dead")] == [second, first]
    (one,) = post.letters.listed("dead", "desk")
    assert (one.message.id, one.reason, one.ended) == ("a.1", "answered 500", 9.0)
    assert [one.message.id for one in post.letters.listed("waiting")] == ["c.1"]
    assert len(post.letters.listed("dead", limit=1)) == 1


def test_a_dead_letter_is_sent_once_more_as_if_it_were_new(post: Post) -> None:
    number = post.dies("a.1")
    post.letters.replay([number], "ada", 1_000.0)
    parcel = post.outbox.due("desk", 1_000.0)
    assert parcel is not None
    assert (parcel.message.id, parcel.message.body) == ("a.1", b"a.1")
    assert (parcel.created, parcel.failures) == (1_000.0, 0), "it has its whole time again"
    (act,) = post.letters.acts("desk")
    assert (act.person, act.act, act.detail) == ("ada", "replay", "a.1")


def test_it_goes_before_what_came_later_about_any_of_its_alerts(post: Post) -> None:
    number = post.dies("a.1", "a", "b")
    for name in ("b.2", "c.1"):
        post.put(name)
    post.letters.replay([number], "ada", 1_000.0)
    assert post.next(1_000.0) == "a.1"
    parcel = post.outbox.due("desk", 1_000.0)
    assert parcel is not None
    post.outbox.postponed(parcel, 2_000.0, "no", refused=True)
    assert post.next(1_000.0) == "c.1"


def test_what_is_not_dead_is_not_sent_once_more(post: Post) -> None:
    number = post.dies("a.1")
    post.put("b.1")
    (waiting,) = post.letters.listed("waiting")
    for wrong, why in ((waiting.number, "is waiting"), (99, "is not there")):
        with pytest.raises(Refused, match=why):
            post.letters.replay([number, wrong], "ada", 10.0)
    assert [one.number for one in post.letters.listed("dead")] == [number], "all or none"


def test_a_test_that_arrived_opens_a_receiver_and_hurries_what_waits(post: Post) -> None:
    post.put("a.1")
    parcel = post.outbox.due("desk", 0.0)
    assert parcel is not None
    post.outbox.postponed(parcel, 500.0, "down", refused=False)
    post.outbox.close_receiver("desk", "http://a/", 1.0, "answered 410")
    assert post.letters.closures()["desk"].reason == "answered 410"
    post.letters.tested(Act(5.0, "ada", "test", "desk", "down"), opens=False)
    assert post.outbox.closed("desk", "http://a/")
    post.letters.tested(Act(6.0, "ada", "test", "desk", "delivered"), opens=True)
    assert not post.outbox.closed("desk", "http://a/")
    assert post.next(6.0) == "a.1"
    assert [act.detail for act in post.letters.acts()] == ["delivered", "down"]
