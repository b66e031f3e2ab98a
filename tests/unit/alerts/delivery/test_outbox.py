from pathlib import Path

import pytest

from alerts.delivery.message import Message
from alerts.delivery.outbox import TABLES, Outbox
from vigie.database import Database


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "state.db", TABLES)


@pytest.fixture
def outbox(database: Database) -> Outbox:
    return Outbox(database)


def put(
    outbox: Outbox, name: str, *receivers: str, now: float = 0.0, others: tuple[str, ...] = ()
) -> Message:
    """A message named alert.change, which may speak of other alerts too."""
    message = Message(name, (name.partition(".")[0], *others), name.encode())
    with outbox._database.write() as write:
        outbox.put(write, message, receivers or ("desk",), now)
    return message


def test_a_message_waits_until_it_is_sent(outbox: Outbox) -> None:
    message = put(outbox, "a.1")
    parcel = outbox.due("desk", 0.0)
    assert parcel is not None
    assert (parcel.message, parcel.failures) == (message, 0)
    outbox.sent(parcel, 1.0)
    assert outbox.due("desk", 9.0) is None
    assert outbox.counts() == {("desk", "sent"): 1}


def test_it_is_known_of_what_a_receiver_was_told(outbox: Outbox) -> None:
    put(outbox, "a.1", "desk", others=("b",))
    put(outbox, "c.1", "wall")
    parcel = outbox.due("desk", 0.0)
    assert parcel is not None
    outbox.sent(parcel, 1.0)
    assert outbox.told_to("desk") == {"a", "b"}
    assert outbox.told_to("nobody") == frozenset()


def test_the_same_message_twice_is_once(outbox: Outbox) -> None:
    put(outbox, "a.1")
    put(outbox, "a.1", now=5.0)
    assert outbox.counts() == {("desk", "waiting"): 1}


def test_a_transaction_that_fails_leaves_nothing(outbox: Outbox, database: Database) -> None:
    def broken() -> None:
        with database.write() as write:
            outbox.put(write, Message("a.1", ("a",), b""), ["desk"], 0.0)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        broken()
    assert outbox.counts() == {}


def test_changes_of_one_alert_keep_their_order_and_other_alerts_pass(outbox: Outbox) -> None:
    for name in ("a.1", "a.2", "b.1"):
        put(outbox, name)
    first = outbox.due("desk", 0.0)
    assert first is not None
    outbox.postponed(first, 60.0, "not that", refused=True)
    other = outbox.due("desk", 1.0)
    assert other is not None
    assert other.message.id == "b.1"
    outbox.sent(other, 1.0)
    assert outbox.due("desk", 59.0) is None
    assert outbox.next_due("desk") == 60.0
    again = outbox.due("desk", 60.0)
    assert again is not None
    assert (again.message.id, again.failures) == ("a.1", 1)


def test_a_message_about_several_waits_for_what_is_older_of_each(outbox: Outbox) -> None:
    put(outbox, "b.1")
    put(outbox, "a.1", others=("b", "c"))
    put(outbox, "c.2")
    put(outbox, "d.1")
    order = []
    while (parcel := outbox.due("desk", 0.0)) is not None:
        order.append(parcel.message.id)
        outbox.postponed(parcel, 60.0, "not that", refused=True)
    assert order == ["b.1", "d.1"], "nothing overtakes what is older of the same alert"
    order.clear()
    while (parcel := outbox.due("desk", 60.0)) is not None:
        order.append(parcel.message.id)
        outbox.sent(parcel, 60.0)
    assert order == ["b.1", "a.1", "c.2", "d.1"]


def test_what_waited_before_messages_spoke_of_several_keeps_its_order(
    outbox: Outbox, database: Database
) -> None:
    put(outbox, "a.1")
    with database.write() as write:  # as an older version left it
        write.execute("UPDATE outbox SET alerts = NULL")
        write.execute("DELETE FROM outbox_waiting")
    again = Outbox(database)
    put(again, "a.2", others=("b",))
    parcel = again.due("desk", 0.0)
    assert parcel is not None
    assert parcel.message == Message("a.1", ("a",), b"a.1")
    again.dead(parcel, 1.0, "too old")
    following = again.due("desk", 1.0)
    assert following is not None
    assert following.message.alerts == ("a", "b")


def test_every_receiver_has_its_own(outbox: Outbox) -> None:
    put(outbox, "a.1", "one", "two")
    parcel = outbox.due("one", 0.0)
    assert parcel is not None
    outbox.sent(parcel, 0.0)
    assert outbox.due("one", 0.0) is None
    assert outbox.due("two", 0.0) is not None


def test_when_a_receiver_is_back_all_that_waited_for_it_is_due(outbox: Outbox) -> None:
    for name in ("a.1", "b.1", "c.1"):
        put(outbox, name)
    for due, refused in ((500.0, False), (600.0, True)):
        parcel = outbox.due("desk", 0.0)
        assert parcel is not None
        outbox.postponed(parcel, due, "down", refused=refused)
    last = outbox.due("desk", 0.0)
    assert last is not None
    outbox.sent(last, 10.0)
    back = outbox.due("desk", 10.0)
    assert back is not None
    assert back.message.id == "a.1"
    outbox.sent(back, 10.0)
    assert outbox.due("desk", 10.0) is None, "one that was refused for itself waits its time"


def test_a_dead_letter_blocks_its_alert_no_longer(outbox: Outbox) -> None:
    put(outbox, "a.1")
    put(outbox, "a.2")
    parcel = outbox.due("desk", 0.0)
    assert parcel is not None
    outbox.dead(parcel, 1.0, "too old")
    following = outbox.due("desk", 1.0)
    assert following is not None
    assert following.message.id == "a.2"


def test_the_old_and_the_undeclared_are_given_up(outbox: Outbox) -> None:
    put(outbox, "a.1", "desk", "nobody", now=0.0)
    put(outbox, "b.1", "desk", now=100.0)
    assert outbox.expire(["desk"], before=50.0, now=200.0) == 2
    assert outbox.counts() == {
        ("desk", "dead"): 1, ("desk", "waiting"): 1, ("nobody", "dead"): 1,
    }  # fmt: skip
    outbox.purge(before=300.0)
    assert outbox.counts() == {("desk", "waiting"): 1}


def test_a_gone_receiver_is_closed_until_its_url_changes(outbox: Outbox) -> None:
    outbox.close_receiver("desk", "http://a/", 1.0, "410")
    assert outbox.closed("desk", "http://a/")
    assert not outbox.closed("desk", "http://b/")
    assert not outbox.closed("other", "http://a/")


def test_what_waits_survives_a_restart(tmp_path: Path, outbox: Outbox) -> None:
    put(outbox, "a.1")
    outbox._database.close()
    again = Outbox(Database(tmp_path / "state.db", TABLES))
    parcel = again.due("desk", 0.0)
    assert parcel is not None
    assert parcel.message.body == b"a.1"


def test_it_knows_when_each_receiver_last_took_a_message(outbox: Outbox) -> None:
    assert outbox.taken() == {}
    for name, when in (("a.1", 10.0), ("b.1", 20.0)):
        put(outbox, name, "desk", "mail")
        parcel = outbox.due("desk", when)
        assert parcel is not None
        outbox.sent(parcel, when)
    assert outbox.taken() == {"desk": 20.0}


def test_it_knows_whom_messages_about_an_alert_are_for_and_what_they_say(outbox: Outbox) -> None:
    put(outbox, "a.1", "desk", "mail", others=("b",))
    put(outbox, "b.2", "desk", now=5.0)
    parcel = outbox.due("mail", 6.0)
    assert parcel is not None
    outbox.sent(parcel, 6.0)
    told = outbox.told("b")
    assert [(t.receiver, t.state, t.created, t.ended) for t in told] == [
        ("desk", "waiting", 0.0, None), ("mail", "sent", 0.0, 6.0), ("desk", "waiting", 5.0, None),
    ]  # fmt: skip
    message = outbox.message(told[1].number)
    assert message == Message("a.1", ("a", "b"), b"a.1")
    assert outbox.told("c") == []
    outbox.purge(before=7.0)
    assert [t.receiver for t in outbox.told("a")] == ["desk"]
    assert outbox.message(told[1].number) is None
