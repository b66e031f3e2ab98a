"""What every kind of receiver must do, and proof that a liar does not pass for one."""

import contextlib
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from alerts.delivery.address import Allowed
from alerts.delivery.message import Message
from alerts.receivers.declared import Declared
from alerts.receivers.kinds import KINDS, made
from alerts.receivers.outcome import Outcome, Receiver, Verdict

MESSAGE = Message("a1b2.3", ("a1b2",), json.dumps({"type": "alert.firing", "é": 1}).encode())
NOW = 1_800_000_000.0
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PATIENCE = 0.5
"""How long a receiver may wait for an answer, in seconds."""

Make = Callable[[Declared], Receiver]


@dataclass
class Other:
    """The other side: what it answers, and what it was asked."""

    port: int = 0
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    drip: bool = False
    came: list[tuple[str, bytes]] = field(default_factory=list)


@pytest.fixture(scope="module")
def server() -> Iterator[Other]:
    other = Other()
    ending = threading.Event()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            other.came.append((self.headers["webhook-id"], body))
            if other.drip:
                with contextlib.suppress(OSError):
                    while not ending.wait(0.1):
                        self.wfile.write(b"H")
                return
            self.send_response(other.status)
            for name, value in other.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            other.came.append(("a redirection was followed", b""))
            self.send_error(404)

        def log_message(self, *_: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    other.port = http.server_address[1]
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield other
    ending.set()
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture
def other(server: Other) -> Other:
    server.status, server.headers, server.drip = 200, {}, False
    server.came.clear()
    return server


@pytest.fixture
def declared(tmp_path: Path, other: Other) -> Declared:
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    return Declared(
        "desk", "webhook", f"http://127.0.0.1:{other.port}/hook", secret, timeout=PATIENCE,
        allow=(Allowed.parse(f"127.0.0.1/32:{other.port}"),),
    )  # fmt: skip


def delivers_the_message_as_it_is(make: Make, declared: Declared, other: Other) -> None:
    receiver = make(declared)
    for _ in range(2):
        assert receiver.deliver(MESSAGE, NOW).verdict is Verdict.DELIVERED
    assert other.came == [(MESSAGE.id, MESSAGE.body)] * 2, "the same identity and bytes each time"


def says_delivered_only_when_told_so(make: Make, declared: Declared, other: Other) -> None:
    for status in (301, 302, 400, 401, 404, 408, 410, 422, 429, 500, 502, 503, 504):
        other.status = status
        assert make(declared).deliver(MESSAGE, NOW).verdict is not Verdict.DELIVERED, status
    for status in (200, 201, 202, 204):
        other.status = status
        assert make(declared).deliver(MESSAGE, NOW).verdict is Verdict.DELIVERED, status


def tells_gone_from_down_from_refused(make: Make, declared: Declared, other: Other) -> None:
    verdicts = {410: Verdict.GONE, 503: Verdict.DOWN, 429: Verdict.DOWN, 422: Verdict.REFUSED}
    for status, verdict in verdicts.items():
        other.status = status
        found = make(declared).deliver(MESSAGE, NOW)
        assert found.verdict is verdict, status
        assert found.reason


def passes_on_when_it_may_come_back(make: Make, declared: Declared, other: Other) -> None:
    other.status = 429
    for wish, seconds in (
        ("17", 17.0), ("Fri, 15 Jan 2027 08:01:00 GMT", 60.0), ("soon", None),
        ("Thu, 01 Jan 1970 00:00:00 GMT", 0.0),
    ):  # fmt: skip
        other.headers = {"Retry-After": wish}
        assert make(declared).deliver(MESSAGE, NOW).retry_after == seconds, wish


def follows_no_redirection(make: Make, declared: Declared, other: Other) -> None:
    other.status = 307
    other.headers = {"Location": f"http://127.0.0.1:{other.port}/elsewhere"}
    make(declared).deliver(MESSAGE, NOW)
    assert len(other.came) == 1


def is_down_when_nobody_answers(make: Make, declared: Declared, _: Other) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    away = replace(
        declared, url=f"http://127.0.0.1:{port}/", allow=(Allowed.parse(f"127.0.0.1/32:{port}"),)
    )
    assert make(away).deliver(MESSAGE, NOW).verdict is Verdict.DOWN


def gives_up_in_time_on_who_answers_drop_by_drop(
    make: Make, declared: Declared, other: Other
) -> None:
    other.drip = True
    done: list[Outcome] = []
    worker = threading.Thread(
        target=lambda: done.append(make(declared).deliver(MESSAGE, NOW)), daemon=True
    )
    worker.start()
    worker.join(PATIENCE * 4)
    assert done, "still waiting"
    assert done[0].verdict is Verdict.DOWN


def goes_nowhere_that_is_not_allowed(make: Make, declared: Declared, other: Other) -> None:
    found = make(replace(declared, allow=())).deliver(MESSAGE, NOW)
    assert found.verdict is Verdict.DOWN
    assert "not public" in found.reason
    assert not other.came


def is_down_without_its_secret(make: Make, declared: Declared, other: Other) -> None:
    declared.secret_file.unlink()
    assert make(declared).deliver(MESSAGE, NOW).verdict is Verdict.DOWN
    assert not other.came


CONTRACT = (
    delivers_the_message_as_it_is, says_delivered_only_when_told_so,
    tells_gone_from_down_from_refused, passes_on_when_it_may_come_back, follows_no_redirection,
    is_down_when_nobody_answers, gives_up_in_time_on_who_answers_drop_by_drop,
    goes_nowhere_that_is_not_allowed, is_down_without_its_secret,
)  # fmt: skip


class Liar:
    """Says that all is well, and has told nobody."""

    def __init__(self, _: Declared) -> None:
        pass

    def deliver(self, message: Message, now: float) -> Outcome:
        """Lie."""
        return Outcome(Verdict.DELIVERED)


@pytest.mark.parametrize("promise", CONTRACT, ids=lambda promise: promise.__name__)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_keeps_its_promises(
    kind: str, promise: Callable[..., None], declared: Declared, other: Other
) -> None:
    promise(made, replace(declared, kind=kind), other)


# A liar follows no redirection, for it goes nowhere; every other promise must catch it.
@pytest.mark.parametrize(
    "promise", [p for p in CONTRACT if p is not follows_no_redirection], ids=lambda p: p.__name__
)
def test_a_liar_keeps_none(promise: Callable[..., None], declared: Declared, other: Other) -> None:
    with pytest.raises(AssertionError):
        promise(Liar, declared, other)
