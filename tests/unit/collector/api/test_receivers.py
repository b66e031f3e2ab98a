"""Who is told of alerts, over HTTP: a whole collector, a desk, and receivers that fail."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from alerts.delivery.message import Message, compose
from alerts.lifecycle import Alert, State, Subject
from alerts.rule import Rule, Words
from tests.build.desk import SECRET, Desk
from tests.build.programs import free_port
from tests.build.served import Served
from vigie.errors import Refused
from vigie.replies import Letters, Receiver, Receivers, ReceiverTest, Replayed

FILE = """
[[receiver]]
name = "desk"
kind = "webhook"
url = "http://127.0.0.1:{desk}/hook?x=1"
secret_file = "secret"
allow = ["127.0.0.1/32:{desk}"]

[[receiver]]
name = "away"
kind = "webhook"
format = "text"
url = "http://127.0.0.1:{away}/services/T0/s3cret"
scope = "lyon"
allow = ["127.0.0.1/32:{away}"]

[[receiver]]
name = "inside"
kind = "mail"
url = "smtp://127.0.0.1:{away}"
to = ["noc@example.org"]
sender = "vigie@example.org"
"""
RULE = Rule("full", 1, Words("{host} plein", "{host} full"), Words("", ""), "", "")


@pytest.fixture(scope="module")
def desk() -> Iterator[Desk]:
    with closing(Desk()) as found:
        found.open()
        yield found


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, desk: Desk) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("receivers")
    (folder / "secret").write_text(SECRET)
    (folder / "secret").chmod(0o600)
    file = folder / "receivers.toml"
    file.write_text(FILE.format(desk=desk.port, away=free_port()))
    with Served(folder / "data", receivers=file) as collector:
        yield collector


def dies(served: Served, receiver: str, container: str, *hosts: str) -> list[int]:
    """Numbers of letters to a receiver that never arrived, one a host."""
    outbox = served.service._alerting.messages
    for host in hosts:
        alert = Alert(host, "full", Subject(container, (host,)), 1, State.FIRING, 0, 0)
        with outbox._database.write() as write:
            body = json.loads(compose(alert, RULE).body)
            body["data"]["keys"] = {"host": host}
            message = Message(f"{host}.1", (host,), json.dumps(body).encode())
            outbox.put(write, message, [receiver], 0.0)
            write.execute("UPDATE outbox SET state = 'dead', ended = 9, reason = 'gave up' "
                          "WHERE id = ? AND receiver = ?", (message.id, receiver))  # fmt: skip
    found = served.client().get(Letters, "letters", receiver=receiver).letters
    return [letter.number for letter in reversed(found) if letter.id[:-2] in hosts]


def until(so: Callable[[], bool]) -> None:
    end = time.monotonic() + 10
    while not so():
        assert time.monotonic() < end
        time.sleep(0.02)


def receiver(served: Served, name: str) -> Receiver:
    (found,) = [r for r in served.client().get(Receivers, "receivers").receivers if r.name == name]
    return found


def test_a_test_says_what_came_back(served: Served, desk: Desk) -> None:
    client = served.client("registrar")
    taken = client.post(ReceiverTest, "receivers/desk/test")
    assert (taken.receiver, taken.verdict, taken.reason) == ("desk", "delivered", None)
    _, headers, body = desk.came[-1]
    assert headers["webhook-id"] == taken.id
    assert json.loads(body)["type"] == "receiver.test"
    desk.script = [422]
    refused = client.post(ReceiverTest, "receivers/desk/test")
    assert (refused.verdict, refused.reason) == ("refused", "answered 422")


def test_a_fault_is_named_on_that_receiver_alone(served: Served) -> None:
    client = served.client("registrar")
    assert client.post(ReceiverTest, "receivers/desk/test").verdict == "delivered"
    assert client.post(ReceiverTest, "receivers/away/test").verdict == "down"
    assert client.post(ReceiverTest, "receivers/inside/test").verdict == "down"
    assert receiver(served, "desk").fault is None
    away, inside = receiver(served, "away"), receiver(served, "inside")
    assert "refused" in (away.fault or "")
    assert away.failing_since is not None
    assert "127.0.0.1, which is not public" in (inside.fault or "")


def test_a_secret_in_a_url_is_not_told(served: Served) -> None:
    status, _, text = served.ask(
        "GET", "/api/v1/receivers", {"Authorization": f"Bearer {served.token()}"}
    )
    assert status == 200
    assert b"s3cret" not in text
    assert receiver(served, "away").where.startswith("http://127.0.0.1:")


def test_a_dead_letter_is_seen_and_sent_once_more(served: Served, desk: Desk) -> None:
    first, second = dies(served, "desk", "paris/a", "h1", "h2")
    assert receiver(served, "desk").dead == 2
    _, seen = served.client().get(Letters, "letters", language="en", receiver="desk").letters
    assert (seen.id, seen.priority, seen.reason, seen.attempts) == ("h1.1", 1, "gave up", 0)
    client = served.client("registrar")
    with pytest.raises(Refused, match="is no dead letter of desk"):
        client.post(Replayed, "receivers/desk/replay", {"letters": [first, 10_000]})
    assert client.post(Replayed, "receivers/desk/replay", {"letters": [first]}).letters == [first]
    assert client.post(Replayed, "receivers/desk/replay").letters == [second]
    until(lambda: receiver(served, "desk").waiting == 0)
    came = [headers["webhook-id"] for _, headers, _ in desk.came]
    assert came[-2:] == ["h1.1", "h2.1"]
    acts = served.service._alerting._letters.acts("desk")
    assert [(act.act, act.detail) for act in acts[:2]] == [("replay", "h2.1"), ("replay", "h1.1")]


def test_nobody_sees_or_does_what_lies_outside_their_scope(served: Served) -> None:
    dies(served, "inside", "paris/a", "p1")
    dies(served, "inside", "lyon/b", "l1")
    token = served.enrol("person", "Luc", "lyon", roles=["operator"]).token
    client = served.holder(token)
    listed = {found.name: found for found in client.get(Receivers, "receivers").receivers}
    assert set(listed) == {"desk", "away", "inside"}, "they hear of lyon too"
    assert (listed["inside"].dead, listed["away"].dead) == (None, 0)
    told = [letter.id for letter in client.get(Letters, "letters", receiver="inside").letters]
    assert told == ["l1.1"]
    assert client.post(ReceiverTest, "receivers/away/test").verdict == "down"
    for path, status in (("receivers/desk/test", 403), ("receivers/nobody/test", 404)):
        with pytest.raises(Refused) as caught:
            client.post(ReceiverTest, path)
        assert caught.value.status == status
    other = served.holder(served.enrol("person", "Eve", "oslo", roles=["operator"]).token)
    with pytest.raises(Refused, match="no receiver 'away'"):
        other.post(ReceiverTest, "receivers/away/test")


@pytest.mark.usefixtures("desk")
def test_a_receiver_that_is_gone_is_opened_by_a_test_that_arrives(served: Served) -> None:
    telegraph = served.service._alerting
    url = telegraph._deliver.lines["desk"].declared.url
    telegraph.messages.close_receiver("desk", url, 5.0, "answered 410")
    closed = receiver(served, "desk")
    assert (closed.fault, closed.closed_since) == ("answered 410", "1970-01-01T00:00:05.000Z")
    served.client("registrar").post(ReceiverTest, "receivers/desk/test")
    assert receiver(served, "desk").closed_since is None
