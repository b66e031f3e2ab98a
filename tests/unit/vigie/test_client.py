from collections.abc import Iterator

import pytest

from tests.build.answers import Answers, answering
from vigie import replies
from vigie.client import Client, build
from vigie.errors import Refused, Unavailable, VigieError


@pytest.fixture
def answers() -> Iterator[Answers]:
    with answering() as made:
        yield made


@pytest.fixture
def client(answers: Answers) -> Iterator[Client]:
    client = Client(f"{answers.url}/", "secret", timeout=5)
    yield client
    client.close()


SESSION = {
    "principal": "p", "name": "Ada", "kind": "person", "roles": ["reader"], "scope": "",
    "expires": None, "later": "a member of tomorrow",
}  # fmt: skip


def test_an_answer_is_the_dataclass_asked_for(client: Client, answers: Answers) -> None:
    answers.then(200, SESSION)
    assert client.get(replies.Session, "session", a=1, b=None, c=["x", "y"]).name == "Ada"
    assert answers.asked[0].path == "/api/v1/session?a=1&c=x&c=y"
    assert answers.asked[0].headers["Authorization"] == "Bearer secret"


def test_every_act_carries_a_key_of_its_own(client: Client, answers: Answers) -> None:
    answers.then(200, SESSION).then(200, SESSION).then(204)
    client.post(replies.Session, "x", {"note": "é"})
    client.post(replies.Session, "x")
    client.delete("x")
    first, second, _ = answers.asked
    assert first.body == {"note": "é"}
    assert first.headers["Idempotency-Key"] != second.headers["Idempotency-Key"]


def test_an_act_lost_with_a_kept_connection_is_sent_again_with_the_same_key(
    client: Client, answers: Answers
) -> None:
    answers.then(200, SESSION).then(0).then(200, SESSION)
    client.get(replies.Session, "session")
    assert client.post(replies.Session, "x").name == "Ada"
    _, lost, again = answers.asked
    assert lost.headers["Idempotency-Key"] == again.headers["Idempotency-Key"]


def test_a_refusal_carries_status_and_detail(client: Client, answers: Answers) -> None:
    answers.then(403, {"title": "Forbidden", "detail": "outside your scope"})
    with pytest.raises(Refused, match="outside your scope") as error:
        client.get(replies.Session, "session")
    assert error.value.status == 403


def test_a_server_in_trouble_is_unavailable_for_as_long_as_it_says(
    client: Client, answers: Answers
) -> None:
    answers.then(503, {"title": "disk full"}, Retry_After="7")
    with pytest.raises(Unavailable, match="disk full") as error:
        client.get(replies.Session, "session")
    assert error.value.retry_after == 7


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'{"name": "only"}', b"5"])
def test_a_server_that_is_no_collector_is_unavailable(
    client: Client, answers: Answers, body: bytes
) -> None:
    answers.then(200, body)
    with pytest.raises(Unavailable, match="is it a collector"):
        client.get(replies.Session, "session")


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="no answer"):
        Client("http://127.0.0.1:9", "", timeout=1).get(replies.Session, "session")


@pytest.mark.parametrize("url", ["127.0.0.1:8051", "ftp://x", "http://"])
def test_a_url_must_be_one(url: str) -> None:
    with pytest.raises(VigieError, match="is no http"):
        Client(url, "")


def test_the_stream_gives_events_in_order(client: Client, answers: Answers) -> None:
    answers.then(200, b'event: commit\ndata: {"commit": 1}\n\n: heartbeat\n\ndata: 2\n\n')
    assert list(client.stream(language="en")) == [
        ("commit", {"commit": 1}), ("alive", None), ("commit", 2),
    ]  # fmt: skip


@pytest.mark.parametrize(("status", "kind"), [(401, Refused), (503, Unavailable)])
def test_a_stream_that_does_not_begin_says_why(
    client: Client, answers: Answers, status: int, kind: type[Exception]
) -> None:
    answers.then(status, {"detail": "why"})
    with pytest.raises(kind, match="why"):
        next(client.stream())


def test_nested_replies_are_built_and_unknown_members_left_out() -> None:
    data = {
        "held": [{"agent": "a", "boot": "b", "held": [[1, 4], [6, 6]], "new": 1}],
        "dropped": {"gpu": ["x"]},
        "added": True,
    }
    assert build(replies.FramesReply, data) == replies.FramesReply(
        [replies.HeldBoot("a", "b", [(1, 4), (6, 6)])], {"gpu": ["x"]}
    )


def test_null_stays_unknown() -> None:
    assert build(float | None, None) is None
    assert build(list[replies.Margin] | None, None) is None
    margins = build(list[replies.Margin] | None, [{"margin": 1, "objects": 2}])
    assert margins == [replies.Margin(1, 2)]
    assert build(replies.Cell, None) is None
