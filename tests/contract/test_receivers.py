"""What every kind of receiver must do, and proof that a liar does not pass for one."""

import contextlib
import email
import email.policy
import json
import socket
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Protocol

import pytest

from alerts.delivery.address import Allowed
from alerts.delivery.message import Message, compose, trial
from alerts.lifecycle import Alert, State, Subject
from alerts.receivers.declared import Declared
from alerts.receivers.kinds import KINDS, made
from alerts.receivers.outcome import Outcome, Receiver, Verdict
from alerts.rule import Rule, Words
from tests.build.letterbox import Letterbox
from vigie.catalogue import Filesystem

NOW = 1_800_000_000.0
SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
PATIENCE = 0.5
"""How long a receiver may wait for an answer, in seconds."""
RULE = Rule(
    name="full", priority=1, title=Words("{mount} plein sur {host}", "{mount} full on {host}"),
    advice=Words("Libérez", "Free some"), why="", do="", measurement=Filesystem,
)  # fmt: skip
ALERT = Alert("a1b2", "full", Subject("paris/a", ("h1", "/srv")), 1, State.FIRING, NOW - 60, NOW, 3)
MESSAGE = compose(ALERT, RULE)
HOSTILE = (
    "\r\nBcc: everybody@example.org\r\n\r\n.\r\nQUIT", "<img src=x onerror=alert(1)>", '"}],"x":[{',
    "x" * 10_000, "<!channel> @all [click](http://evil.example)", "\x00\x1b[2J\u202e", "é" * 300,
)  # fmt: skip

Make = Callable[[Declared], Receiver]


class Other(Protocol):
    """The other side: how it behaves, and what it was given."""

    @property
    def port(self) -> int:
        """Where it listens, on loopback."""
        ...

    def does(self, what: str) -> None:
        """Behave so from now on."""
        ...

    @property
    def came(self) -> list[tuple[str, str]]:
        """Identity and a title of everything that it was given whole, taken or not."""
        ...


@dataclass
class Web:
    """What is told by HTTP; `form` reads a title out of what was posted."""

    form: Callable[[Any], str]
    port: int = 0
    answer: bytes = b""
    drip: bool = False
    posts: list[tuple[str, bytes]] = field(default_factory=list)
    _ending: threading.Event = field(default_factory=threading.Event)
    _server: ThreadingHTTPServer | None = None

    def does(self, what: str) -> None:
        statuses = {
            "take": "204 Yes", "refuse": "422 No", "go": "410 Gone", "fail": "503 Later",
            "redirect": f"307 There\r\nLocation: http://127.0.0.1:{self.port}/elsewhere",
        }  # fmt: skip
        self.drip = what == "drip"
        line = f"HTTP/1.1 {statuses.get(what)}\r\nContent-Length: 0\r\n\r\n".encode()
        self.answer = b"\x00\xff what?\r\n\r\n" if what == "babble" else line

    @property
    def came(self) -> list[tuple[str, str]]:
        return [(identity, self.form(json.loads(body))) for identity, body in self.posts]

    def open(self) -> None:
        other = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                other.posts.append((self.headers["webhook-id"], body))
                with contextlib.suppress(OSError):
                    while other.drip and not other._ending.wait(0.1):
                        self.wfile.write(b"H")
                    self.wfile.write(other.answer)
                self.close_connection = True

            def do_GET(self) -> None:
                other.posts.append(("a redirection was followed", b"{}"))
                self.send_error(404)

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        self._ending.set()
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()


@dataclass
class Mailbox:
    """What is told by SMTP."""

    box: Letterbox = field(default_factory=Letterbox)

    @property
    def port(self) -> int:
        return self.box.port

    def does(self, what: str) -> None:
        self.box.greeting = {
            "go": b"521 no mail here", "fail": b"421 later", "babble": b"\x00\xff what?",
        }.get(what, Letterbox.greeting)  # fmt: skip
        self.box.replies = {
            "refuse": {".": b"554 no"},
            "redirect": {"RCPT": b"551 not here; try <x@[127.0.0.1]>"},
        }.get(what, {})
        self.box.drip = what == "drip"

    @property
    def came(self) -> list[tuple[str, str]]:
        found = [
            email.message_from_bytes(one, policy=email.policy.SMTP) for one in self.box.letters
        ]  # fmt: skip
        return [
            (str(one["Message-ID"])[1:].partition("@")[0], str(one["Subject"])) for one in found
        ]

    def open(self) -> None:
        self.box.open()

    def close(self) -> None:
        self.box.close()


@dataclass(frozen=True)
class Kind:
    """One kind of receiver, and how to declare it."""

    name: str
    other: Callable[[], Web | Mailbox]
    scheme: str = "http"
    more: dict[str, Any] = field(default_factory=dict)


EVERY = {
    "vigie": Kind("webhook", lambda: Web(lambda body: str(body["data"]["title"]["fr"]))),
    "v4": Kind(
        "webhook", lambda: Web(lambda body: str(body["alerts"][0]["annotations"]["summary"])),
        more={"format": "alertmanager"},
    ),
    "text": Kind("webhook", lambda: Web(lambda body: str(body["text"])), more={"format": "text"}),
    "alertmanager": Kind(
        "alertmanager", lambda: Web(lambda body: str(body[0]["annotations"]["summary"]))
    ),
    "mail": Kind(
        "mail", Mailbox, "smtp",
        {"to": ("noc@example.org",), "sender": "vigie@example.org", "starttls": False},
    ),
}  # fmt: skip


@pytest.fixture(params=EVERY, scope="module")
def side(request: pytest.FixtureRequest) -> Iterator[tuple[Kind, Web | Mailbox]]:
    kind = EVERY[request.param]
    other = kind.other()
    other.open()
    yield kind, other
    other.close()


@pytest.fixture
def other(side: tuple[Kind, Web | Mailbox]) -> Other:
    _, found = side
    found.does("take")
    if isinstance(found, Web):
        found.posts.clear()
    else:
        found.box.letters.clear()
    return found


@pytest.fixture
def declared(tmp_path: Path, side: tuple[Kind, Web | Mailbox]) -> Declared:
    kind, other = side
    secret = tmp_path / "secret"
    secret.write_text(SECRET)
    secret.chmod(0o600)
    return Declared(
        "desk", kind.name, f"{kind.scheme}://127.0.0.1:{other.port}/hook",
        None if kind.name == "mail" else secret, timeout=PATIENCE,
        allow=(Allowed.parse(f"127.0.0.1/32:{other.port}"),), **kind.more,
    )  # fmt: skip


def delivers_the_same_each_time(make: Make, declared: Declared, other: Other) -> None:
    receiver = make(declared)
    for _ in range(2):
        assert receiver.deliver(MESSAGE, NOW).verdict is Verdict.DELIVERED
    assert len(other.came) == 2
    first, second = other.came
    assert first == second, "the same identity and words each time"
    assert first[0] == MESSAGE.id
    assert "/srv plein sur h1" in first[1]


def tells_gone_from_down_from_refused(make: Make, declared: Declared, other: Other) -> None:
    for what, verdict in (
        ("go", Verdict.GONE), ("fail", Verdict.DOWN), ("refuse", Verdict.REFUSED),
    ):  # fmt: skip
        other.does(what)
        found = make(declared).deliver(MESSAGE, NOW)
        assert found.verdict is verdict, what
        assert "answered" in found.reason


def is_down_when_nobody_answers(make: Make, declared: Declared, _: Other) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    scheme = declared.url.partition(":")[0]
    away = replace(
        declared, url=f"{scheme}://127.0.0.1:{port}/",
        allow=(Allowed.parse(f"127.0.0.1/32:{port}"),),
    )  # fmt: skip
    found = make(away).deliver(MESSAGE, NOW)
    assert found.verdict is Verdict.DOWN
    assert "refused" in found.reason


def gives_up_in_time_on_who_answers_drop_by_drop(
    make: Make, declared: Declared, other: Other
) -> None:
    other.does("drip")
    done: list[Outcome] = []
    worker = threading.Thread(
        target=lambda: done.append(make(declared).deliver(MESSAGE, NOW)), daemon=True
    )
    worker.start()
    worker.join(PATIENCE * 6)
    assert done, "still waiting"
    assert done[0].verdict is Verdict.DOWN


def is_down_when_the_answer_is_garbage(make: Make, declared: Declared, other: Other) -> None:
    other.does("babble")
    found = make(declared).deliver(MESSAGE, NOW)
    assert found.verdict is Verdict.DOWN
    assert found.reason.isprintable()


def follows_no_redirection(make: Make, declared: Declared, other: Other) -> None:
    other.does("redirect")
    found = make(declared).deliver(MESSAGE, NOW)
    assert found.verdict in {Verdict.DOWN, Verdict.REFUSED}
    assert "redirection" in found.reason or "551" in found.reason
    assert len(other.came) <= 1


def goes_nowhere_that_is_not_allowed(make: Make, declared: Declared, other: Other) -> None:
    found = make(replace(declared, allow=())).deliver(MESSAGE, NOW)
    assert found.verdict is Verdict.DOWN
    assert "not public" in found.reason
    assert not other.came


def is_down_without_its_secret(make: Make, declared: Declared, other: Other) -> None:
    away = Path("/nowhere/secret")
    user: dict[str, Any] = {"user": "vigie", "starttls": True} if declared.kind == "mail" else {}
    found = make(replace(declared, secret_file=away, **user)).deliver(MESSAGE, NOW)
    assert found.verdict is Verdict.DOWN
    assert str(away) in found.reason
    assert not other.came


def delivers_whatever_others_called_things(make: Make, declared: Declared, other: Other) -> None:
    for name in HOSTILE:
        alert = replace(ALERT, subject=Subject("paris/a", ("h1", name)), note=name, detail=name)
        others = [(replace(alert, id=f"o{n}"), RULE) for n in range(3)]
        found = make(declared).deliver(compose(alert, RULE, others), NOW)
        assert found.verdict is Verdict.DELIVERED, found.reason
    assert len(other.came) == len(HOSTILE)
    for _, title in other.came:
        first = title.partition("\n")[0]
        assert len(first) < 300
        assert not any(c in first for c in "\r\x00\x1b\u202e")


def says_that_it_is_simulated(make: Make, declared: Declared, other: Other) -> None:
    simulated = compose(replace(ALERT, simulated=True), RULE)
    make(declared).deliver(simulated, NOW)
    ((_, title),) = other.came or [("", "")]
    assert title.lstrip("*").startswith("SIMULÉ")


def delivers_a_trial(make: Make, declared: Declared, other: Other) -> None:
    found = make(declared).deliver(trial("desk", "test-1", NOW), NOW)
    assert found.verdict is Verdict.DELIVERED
    ((_, title),) = other.came or [("", "")]
    assert "ESSAI" in title


CONTRACT = (
    delivers_the_same_each_time, tells_gone_from_down_from_refused, is_down_when_nobody_answers,
    gives_up_in_time_on_who_answers_drop_by_drop, is_down_when_the_answer_is_garbage,
    follows_no_redirection, goes_nowhere_that_is_not_allowed, is_down_without_its_secret,
    delivers_whatever_others_called_things, says_that_it_is_simulated, delivers_a_trial,
)  # fmt: skip


class Liar:
    """Says that all is well, and has told nobody."""

    def __init__(self, _: Declared) -> None:
        pass

    def deliver(self, message: Message, now: float) -> Outcome:
        """Lie."""
        return Outcome(Verdict.DELIVERED)


def test_every_kind_is_here() -> None:
    assert {kind.name for kind in EVERY.values()} == set(KINDS)


@pytest.mark.parametrize("promise", CONTRACT, ids=lambda promise: promise.__name__)
def test_every_kind_keeps_its_promises(
    promise: Callable[..., None], declared: Declared, other: Other
) -> None:
    promise(made, declared, other)


@pytest.mark.parametrize("promise", CONTRACT, ids=lambda promise: promise.__name__)
def test_a_liar_keeps_none(promise: Callable[..., None], declared: Declared, other: Other) -> None:
    with pytest.raises(AssertionError):
        promise(Liar, declared, other)
