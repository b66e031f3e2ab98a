import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, ClassVar

import pytest

from vigie import replies
from vigie.client import Client, build
from vigie.errors import Refused, Unavailable, VigieError


class Answers(BaseHTTPRequestHandler):
    """Answers each request with the next of `turns`, and keeps what was asked."""

    protocol_version = "HTTP/1.1"
    turns: ClassVar[list[tuple[int, dict[str, str], bytes]]] = []
    asked: ClassVar[list[tuple[str, str, dict[str, str], Any]]] = []

    def do_GET(self) -> None:
        length = int(self.headers.get("Content-Length", 0))
        body = json.loads(self.rfile.read(length)) if length else None
        self.asked.append((self.command, self.path, dict(self.headers), body))
        status, headers, text = self.turns.pop(0)
        if not status:
            self.close_connection = True
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_POST = do_DELETE = do_GET  # noqa: N815 - their names there

    def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - its name there
        pass


@pytest.fixture
def client() -> Iterator[Client]:
    Answers.turns, Answers.asked = [], []
    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    client = Client(f"http://127.0.0.1:{server.server_port}/", "secret", timeout=5)
    yield client
    client.close()
    server.shutdown()
    server.server_close()
    thread.join()


SESSION = {
    "principal": "p", "name": "Ada", "kind": "person", "roles": ["reader"], "scope": "",
    "expires": None, "later": "a member of tomorrow",
}  # fmt: skip


def answers(*turns: tuple[int, Any]) -> None:
    Answers.turns += [
        (status, {}, body if isinstance(body, bytes) else json.dumps(body).encode())
        for status, body in turns
    ]


def test_an_answer_is_the_dataclass_asked_for(client: Client) -> None:
    answers((200, SESSION))
    assert client.get(replies.Session, "session", a=1, b=None, c=["x", "y"]).name == "Ada"
    _, path, headers, _ = Answers.asked[0]
    assert path == "/api/v1/session?a=1&c=x&c=y"
    assert headers["Authorization"] == "Bearer secret"


def test_every_act_carries_a_key_of_its_own(client: Client) -> None:
    answers((200, SESSION), (200, SESSION), (204, b""))
    client.post(replies.Session, "x", {"note": "é"})
    client.post(replies.Session, "x")
    client.delete("x")
    assert Answers.asked[0][3] == {"note": "é"}
    assert Answers.asked[0][2]["Idempotency-Key"] != Answers.asked[1][2]["Idempotency-Key"]


def test_an_act_lost_with_a_kept_connection_is_sent_again_with_the_same_key(client: Client) -> None:
    answers((200, SESSION), (0, b""), (200, SESSION))
    client.get(replies.Session, "session")
    assert client.post(replies.Session, "x").name == "Ada"
    assert Answers.asked[1][2]["Idempotency-Key"] == Answers.asked[2][2]["Idempotency-Key"]


def test_a_refusal_carries_status_and_detail(client: Client) -> None:
    answers((403, {"title": "Forbidden", "detail": "outside your scope"}))
    with pytest.raises(Refused, match="outside your scope") as error:
        client.get(replies.Session, "session")
    assert error.value.status == 403


def test_a_server_in_trouble_is_unavailable_for_as_long_as_it_says(client: Client) -> None:
    Answers.turns.append((503, {"Retry-After": "7"}, b'{"title": "disk full"}'))
    with pytest.raises(Unavailable, match="disk full") as error:
        client.get(replies.Session, "session")
    assert error.value.retry_after == 7


@pytest.mark.parametrize("body", [b"<html>", b"[1]", b'{"name": "only"}', b"5"])
def test_a_server_that_is_no_collector_is_unavailable(client: Client, body: bytes) -> None:
    answers((200, body))
    with pytest.raises(Unavailable, match="is it a collector"):
        client.get(replies.Session, "session")


def test_nobody_there_is_unavailable() -> None:
    with pytest.raises(Unavailable, match="no answer"):
        Client("http://127.0.0.1:9", "", timeout=1).get(replies.Session, "session")


@pytest.mark.parametrize("url", ["127.0.0.1:8051", "ftp://x", "http://"])
def test_a_url_must_be_one(url: str) -> None:
    with pytest.raises(VigieError, match="is no http"):
        Client(url, "")


def test_the_stream_gives_events_in_order(client: Client) -> None:
    answers((200, b'event: commit\ndata: {"commit": 1}\n\n: heartbeat\n\ndata: 2\n\n'))
    assert list(client.stream(language="en")) == [("commit", {"commit": 1}), ("commit", 2)]


@pytest.mark.parametrize(("status", "kind"), [(401, Refused), (503, Unavailable)])
def test_a_stream_that_does_not_begin_says_why(
    client: Client, status: int, kind: type[Exception]
) -> None:
    answers((status, {"detail": "why"}))
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
    assert build(replies.Cell, None) is None
