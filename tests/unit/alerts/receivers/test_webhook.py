import ssl
import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from alerts.delivery.address import Allowed
from alerts.delivery.message import Message
from alerts.delivery.signature import secrets, sign
from alerts.receivers.declared import Declared
from alerts.receivers.outcome import Outcome, Verdict
from alerts.receivers.webhook import Webhook

NOW = 1_800_000_000.0
MESSAGE = Message("a1.2", ("a1",), b'{"type":"alert.firing"}')


@dataclass
class Secure:
    """A receiver behind TLS that answers to the name noc.example, and to no other."""

    port: int = 0
    names: list[str | None] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)


@pytest.fixture
def secure(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Secure]:
    found = Secure()
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate / "cert"))

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            found.bodies.append(self.rfile.read(int(self.headers["Content-Length"])))
            found.headers.append(dict(self.headers.items()))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    class Quiet(ThreadingHTTPServer):
        def handle_error(self, request: Any, client_address: Any) -> None:
            """A client that hangs up is what the tests want."""

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate / "cert", certificate / "key")
    context.sni_callback = lambda _, name, __: found.names.append(name)
    server = Quiet(("127.0.0.1", 0), Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


def declared(folder: Path, url: str, port: int) -> Declared:
    """A receiver at that URL, whose port is open to us on loopback."""
    secret = folder / "secret"
    secret.write_text("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    secret.chmod(0o600)
    allow = (Allowed.parse(f"127.0.0.1/32:{port}"),)
    return Declared("desk", "webhook", url, secret, allow=allow, timeout=2.0)


def home(_: str, port: int, **__: Any) -> Sequence[tuple[Any, ...]]:
    """Every name is here."""
    return [(0, 0, 0, "", ("127.0.0.1", port))]


def delivered(folder: Path, url: str, port: int, addresses: list[str]) -> Outcome:
    """One attempt where the name resolves to these addresses, one more each time it is asked."""

    def resolve(_: str, port: int, **__: Any) -> Sequence[tuple[Any, ...]]:
        return [(0, 0, 0, "", (addresses.pop(0), port))]

    return Webhook(declared(folder, url, port), resolve).deliver(MESSAGE, NOW)


def test_it_calls_the_checked_address_by_the_name_that_was_asked_for(
    secure: Secure, tmp_path: Path
) -> None:
    url = f"https://noc.example:{secure.port}/hook"
    addresses = ["127.0.0.1", "169.254.169.254"]
    assert delivered(tmp_path, url, secure.port, addresses).verdict is Verdict.DELIVERED
    assert addresses == ["169.254.169.254"], "resolved once: a second answer changes nothing"
    assert secure.names == ["noc.example"]
    (headers,) = secure.headers
    assert headers["Host"] == f"noc.example:{secure.port}"
    assert headers["webhook-id"] == "a1.2"
    assert headers["webhook-timestamp"] == "1800000000"


def test_a_certificate_of_another_name_is_no_receiver(secure: Secure, tmp_path: Path) -> None:
    url = f"https://other.example:{secure.port}/hook"
    found = delivered(tmp_path, url, secure.port, ["127.0.0.1"])
    assert found.verdict is Verdict.DOWN
    assert "certificate" in found.reason.lower()
    assert not secure.headers


def test_a_name_that_now_leads_inside_is_not_called(secure: Secure, tmp_path: Path) -> None:
    url = f"https://noc.example:{secure.port}/hook"
    found = delivered(tmp_path, url, secure.port, ["169.254.169.254"])
    assert found.verdict is Verdict.DOWN
    assert "169.254.169.254, which is not public" in found.reason
    assert not secure.names


def test_another_form_is_signed_as_it_is_sent(secure: Secure, tmp_path: Path) -> None:
    found = declared(tmp_path, f"https://noc.example:{secure.port}/hook", secure.port)
    told = replace(found, format="text")
    body = b'{"type":"alert.firing","data":{"title":{"fr":"Plein"},"state":"firing"}}'
    message = Message("a1.2", ("a1",), body)
    assert Webhook(told, home).deliver(message, NOW).verdict is Verdict.DELIVERED
    (headers,), (posted,) = secure.headers, secure.bodies
    assert posted != body
    keys = secrets(tmp_path / "secret")
    assert headers["webhook-signature"] == sign(keys, "a1.2", int(NOW), posted)


def test_a_chat_that_shares_no_secret_is_told_without_a_signature(
    secure: Secure, tmp_path: Path
) -> None:
    found = declared(tmp_path, f"https://noc.example:{secure.port}/hook", secure.port)
    chat = replace(found, format="text", secret_file=None)
    message = Message("a1.2", ("a1",), b'{"data":{}}')
    assert Webhook(chat, home).deliver(message, NOW).verdict is Verdict.DELIVERED
    assert "webhook-signature" not in secure.headers[0]
    assert secure.headers[0]["webhook-id"] == "a1.2"
