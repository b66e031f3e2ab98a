"""A calendar that is kept elsewhere."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from alerts.delivery.address import Allowed
from alerts.roster.calendar import MAX_BYTES
from alerts.roster.feed import asked
from vigie.errors import Unavailable

ANSWERS = {
    "/good": (200, b"BEGIN:VCALENDAR", {}),
    "/gone": (404, b"", {}),
    "/elsewhere": (302, b"", {"Location": "/good"}),
    "/large": (200, b"x" * (MAX_BYTES + 1), {}),
}


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            status, body, headers = ANSWERS[self.path]
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server.server_address[1]
    server.shutdown()
    server.server_close()
    thread.join()


def test_what_is_there_is_read_where_it_may_be(port: int) -> None:
    allow = [Allowed.parse(f"127.0.0.1/32:{port}")]
    assert asked(f"http://127.0.0.1:{port}/good", allow) == b"BEGIN:VCALENDAR"


@pytest.mark.parametrize(
    ("path", "said"), [("/gone", "404"), ("/elsewhere", "302"), ("/large", "MiB")]
)
def test_another_answer_is_none(port: int, path: str, said: str) -> None:
    allow = [Allowed.parse(f"127.0.0.1/32:{port}")]
    with pytest.raises(Unavailable, match=said):
        asked(f"http://127.0.0.1:{port}{path}", allow)


def test_internal_addresses_want_to_be_allowed(port: int) -> None:
    with pytest.raises(Unavailable, match=f"127.0.0.1/32:{port}"):
        asked(f"http://127.0.0.1:{port}/good", ())


def test_silence_is_told() -> None:
    with pytest.raises(Unavailable, match="no answer"):
        asked("http://127.0.0.1:9/x", [Allowed.parse("127.0.0.1/32:9")])
