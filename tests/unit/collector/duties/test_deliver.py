import threading
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from alerts.delivery.letters import Letters
from alerts.delivery.message import Message
from alerts.delivery.outbox import TABLES, Outbox
from alerts.receivers.declared import Declared
from alerts.receivers.outcome import Outcome, Receiver, Verdict
from collector.counters import Counters
from collector.duties.deliver import AGAIN_SECONDS, AGAIN_SOON_SECONDS, Deliver
from tests.build.alarm import declared
from vigie.database import Database


class Clock:
    """A clock that obeys."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Desk:
    """Answers as it is told to."""

    def __init__(self, *verdicts: Verdict, retry_after: float | None = None) -> None:
        self.verdicts, self.retry_after = list(verdicts), retry_after
        self.came: list[str] = []

    def deliver(self, message: Message, now: float) -> Outcome:
        self.came.append(message.id)
        verdict = self.verdicts.pop(0) if self.verdicts else Verdict.DELIVERED
        return Outcome(verdict, "so", self.retry_after)


class Post:
    """An outbox and who empties it, with one receiver a desk."""

    standing: Sequence[Mapping[str, Any]] = ()
    """What stands now."""

    def __init__(self, folder: Path, **desks: Receiver) -> None:
        self.clock, self.counters = Clock(), Counters()
        self.outbox = Outbox(Database(folder / "state.db", TABLES))
        receivers = [declared(name, folder / "secret") for name in desks]
        self.duty = Deliver(
            self.outbox, receivers, self.counters,
            make=lambda d: desks[d.name], clock=self.clock, draw=lambda: 1.0,
            standing=lambda _, __: self.standing,
        )  # fmt: skip

    def put(self, *names: str) -> None:
        """Messages for everybody, named alert.change."""
        with self.outbox._database.write() as write:
            for name in names:
                message = Message(name, (name.partition(".")[0],), b"{}")
                self.outbox.put(write, message, self.duty.lines, self.clock.now)

    def turn(self, name: str = "desk", now: float | None = None) -> float:
        self.clock.now = self.clock.now if now is None else now
        return self.duty.turn(name, self.clock.now)


def test_what_is_due_is_sent_one_by_one(tmp_path: Path) -> None:
    desk = Desk()
    post = Post(tmp_path, desk=desk)
    post.put("a.1", "b.1")
    assert [post.turn(), post.turn()] == [0, 0]
    assert post.turn() > 0
    assert desk.came == ["a.1", "b.1"]


def test_while_a_receiver_is_down_only_its_oldest_message_is_tried(tmp_path: Path) -> None:
    desk = Desk(*[Verdict.DOWN] * 3)
    post = Post(tmp_path, desk=desk)
    post.put("a.1", "b.1", "c.1")
    assert post.turn() == 0
    assert post.turn(now=0.5) == 0.5
    for now in (1.0, 3.0):
        post.turn(now=now)
    assert desk.came == ["a.1"] * 3
    for _ in range(4):
        post.turn(now=8.0)
    assert desk.came[3:] == ["a.1", "b.1", "c.1"]


def test_a_message_that_is_refused_holds_up_its_alert_alone(tmp_path: Path) -> None:
    desk = Desk(Verdict.REFUSED)
    post = Post(tmp_path, desk=desk)
    post.put("a.1", "a.2", "b.1")
    for _ in range(3):
        post.turn(now=0.0)
    assert desk.came == ["a.1", "b.1"]
    for _ in range(3):
        post.turn(now=1.0)
    assert desk.came[2:] == ["a.1", "a.2"]


def test_retry_after_is_followed(tmp_path: Path) -> None:
    desk = Desk(Verdict.DOWN, retry_after=120)
    post = Post(tmp_path, desk=desk)
    post.put("a.1")
    post.turn()
    assert post.turn(now=119.0) == 1
    post.turn(now=120.0)
    assert desk.came == ["a.1", "a.1"]


def test_a_receiver_that_breaks_is_down_and_counted(tmp_path: Path) -> None:
    class Broken:
        def deliver(self, message: Message, now: float) -> Outcome:
            raise RuntimeError("bad plug-in")

    post = Post(tmp_path, desk=Broken())
    post.put("a.1")
    post.turn()
    assert post.outbox.counts() == {("desk", "waiting"): 1}
    assert post.counters.value("deliveries_total", receiver="desk", verdict="down") == 1


def test_what_waits_and_what_is_dead_is_counted(tmp_path: Path) -> None:
    post = Post(tmp_path, desk=Desk())
    post.put("a.1")
    post.duty.run(datetime.fromtimestamp(1.0, UTC))
    assert post.counters.value("notifications", receiver="desk", state="waiting") == 1
    post.duty.run(datetime.fromtimestamp(75 * 3600.0, UTC))
    assert post.counters.value("notifications", receiver="desk", state="dead") == 1
    assert post.counters.value("notifications_given_up_total") == 1


def test_a_fault_is_named_until_all_is_well_again(tmp_path: Path) -> None:
    post = Post(tmp_path, desk=Desk(Verdict.DOWN, Verdict.REFUSED), well=Desk())
    post.put("a.1")
    line = post.duty.lines["desk"]
    for now, failing in ((0.0, 0.0), (1.0, 0.0)):
        post.turn(now=now)
        assert (line.fault, line.failing) == ("so", failing)
        assert post.duty.lines["well"].failing is None
    post.duty.run(datetime.fromtimestamp(2.0, UTC))
    assert post.counters.value("receiver_failing", receiver="desk") == 1
    assert post.counters.value("receiver_failing", receiver="well") == 0
    post.turn(now=3.0)
    assert line.failing is None


def test_who_is_gone_is_told_nothing_more_and_its_letters_say_why(tmp_path: Path) -> None:
    desk = Desk(Verdict.GONE)
    post = Post(tmp_path, desk=desk)
    post.put("a.1", "b.1")
    for now in (0.0, 10.0, 400.0):
        post.turn(now=now)
    assert desk.came == ["a.1"]
    letters = Letters(post.outbox._database)
    assert [letter.reason for letter in letters.listed("waiting")] == [None, "so"]
    assert letters.closures()["desk"].reason == "so"


def test_a_test_goes_at_once_and_frees_what_waits(tmp_path: Path) -> None:
    desk = Desk(Verdict.DOWN)
    post = Post(tmp_path, desk=desk)
    post.put("a.1")
    post.turn()
    assert post.turn(now=0.2) > 0, "it waits for the receiver to come back"
    message = Message("test-1", ("test-1",), b"{}")
    assert post.duty.test("desk", message, 0.3).verdict is Verdict.DELIVERED
    assert post.duty.lines["desk"].paused == 0
    assert desk.came == ["a.1", "test-1"]
    assert post.outbox.counts() == {("desk", "waiting"): 1}, "a test is no letter"


def test_who_broke_is_down_in_a_test_too(tmp_path: Path) -> None:
    class Broken:
        def deliver(self, message: Message, now: float) -> Outcome:
            raise RuntimeError("bad plug-in")

    post = Post(tmp_path, desk=Broken())
    found = post.duty.test("desk", Message("t", ("t",), b"{}"), 0.0)
    assert (found.verdict, found.reason) == (Verdict.DOWN, "RuntimeError: bad plug-in")


class Forgetful(Desk):
    """A receiver that keeps nothing."""

    def __init__(self, *verdicts: Verdict) -> None:
        super().__init__(*verdicts)
        self.again_at: list[float] = []

    def again(self, standing: Sequence[Mapping[str, Any]], now: float) -> Outcome:
        self.again_at.append(now)
        return Outcome(self.verdicts.pop(0) if self.verdicts else Verdict.DELIVERED, "")


def test_who_keeps_nothing_is_told_again_what_stands(tmp_path: Path) -> None:
    copy = Forgetful(Verdict.DELIVERED, Verdict.DOWN)
    post = Post(tmp_path, desk=copy)
    post.standing = [{"id": "a"}]
    for now in (0.0, 1.0, AGAIN_SECONDS, AGAIN_SECONDS + 1, AGAIN_SECONDS + AGAIN_SOON_SECONDS):
        post.turn(now=now)
    assert copy.again_at == [0.0, AGAIN_SECONDS, AGAIN_SECONDS + AGAIN_SOON_SECONDS]


def test_after_a_group_who_keeps_nothing_is_told_of_all_of_it(tmp_path: Path) -> None:
    copy = Forgetful()
    post = Post(tmp_path, desk=copy)
    post.standing = [{"id": "a"}]
    post.turn(now=0.0)
    with post.outbox._database.write() as write:
        post.outbox.put(write, Message("a.1", ("a", "b"), b"{}"), ["desk"], 5.0)
    post.turn(now=5.0)
    post.turn(now=5.5)
    assert copy.again_at == [0.0, 5.5]


def test_where_nothing_stands_nobody_is_bothered(tmp_path: Path) -> None:
    copy = Forgetful()
    Post(tmp_path, desk=copy).turn()
    assert copy.again_at == []


@pytest.mark.parametrize("slow", ["one", "two"])
def test_workers_do_not_wait_for_each_other(tmp_path: Path, slow: str) -> None:
    release, told = threading.Event(), threading.Event()

    class Slow:
        def deliver(self, message: Message, now: float) -> Outcome:
            release.wait(200)
            return Outcome(Verdict.DELIVERED)

    class Quick:
        def deliver(self, message: Message, now: float) -> Outcome:
            told.set()
            return Outcome(Verdict.DELIVERED)

    desks: dict[str, Receiver] = {
        name: Slow() if name == slow else Quick() for name in ("one", "two")
    }
    post = Post(tmp_path, **desks)
    post.duty.start()
    post.put("a.1")
    post.duty.wake()
    assert told.wait(60)
    release.set()
    post.duty.stop()


def test_the_kind_is_made_as_declared(tmp_path: Path) -> None:
    made: list[Declared] = []

    def make(found: Declared) -> Receiver:
        made.append(found)
        return Desk()

    found = declared("desk", tmp_path / "secret")
    Deliver(Outbox(Database(tmp_path / "s.db", TABLES)), [found], Counters(), make=make)
    assert made == [found]
