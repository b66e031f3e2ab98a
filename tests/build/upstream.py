"""An upstream on loopback that answers as it is told and remembers what it was sent."""

import json
import socket
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

import zstandard

from vigie.frame import Header, unpack


@dataclass(frozen=True)
class Request:
    """One request as it came: headers, and the headers of the frames in its body."""

    path: str
    headers: Mapping[str, str]
    frames: tuple[Header, ...]
    size: int
    body: bytes = b""

    @property
    def sequences(self) -> list[int]:
        """The numbers of its frames."""
        return [frame.sequence for frame in self.frames]


@dataclass(frozen=True)
class Reply:
    """What to answer; without a status the connection is cut after the frames were taken."""

    status: int | None = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Mapping[str, Any] | None = None
    holds: bool = True


Script = Callable[[Request], Reply]
HELD = Reply()


class Upstream:
    """A real HTTP listener; `script` says what to answer to each request."""

    def __init__(self, script: Script | None = None, wants: Sequence[str] = ()) -> None:
        self.script = script or (lambda _: HELD)
        self.wants = list(wants)
        self.requests: list[Request] = []
        self.held: dict[tuple[str, str], set[int]] = {}
        self._news = threading.Condition()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler(self))
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True
        )

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:  # fmt: skip
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def frames(self) -> list[Header]:
        """The headers of all frames sent, in order, doubles included."""
        return [frame for request in self.requests for frame in request.frames]

    def wait(self, enough: Callable[[Self], bool], seconds: float = 60.0) -> bool:
        """Wait until what was sent is enough."""
        with self._news:
            return self._news.wait_for(lambda: enough(self), seconds)

    def take(self, request: Request) -> Reply:
        """Answer one request."""
        with self._news:
            self.requests.append(request)
            if not request.path.endswith("/frames"):
                self._news.notify_all()
                return self.script(request)
            reply = self.script(request)
            if reply.holds and reply.status in {200, None}:
                for frame in request.frames:
                    self.held.setdefault((frame.agent, frame.boot), set()).add(frame.sequence)
            self._news.notify_all()
            if reply.body is None and reply.status == 200:
                return Reply(200, reply.headers, self._receipt(request))
            return reply

    def _receipt(self, request: Request) -> dict[str, Any]:
        pairs = {(frame.agent, frame.boot) for frame in request.frames}
        wants, self.wants = self.wants, []
        return {
            "held": [
                {"agent": a, "boot": b, "held": [[n, n] for n in sorted(self.held.get((a, b), ()))]}
                for a, b in pairs
            ],
            "dropped": {}, "wants": wants,
        }  # fmt: skip


def _handler(upstream: Upstream) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # one write an answer: two would wait for the other side's late ACK

        def do_GET(self) -> None:
            self.do_POST()

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
            plain, size = body, len(body)
            if self.headers.get("Content-Encoding") == "zstd":
                plain = zstandard.ZstdDecompressor().decompress(body)
            frames = unpack(plain) if self.path.endswith("/frames") else ()
            headers = tuple(frame.header for frame in frames)
            request = Request(self.path, dict(self.headers), headers, size, plain)
            reply = upstream.take(request)
            if reply.status is None:
                self.connection.shutdown(socket.SHUT_RDWR)
                self.close_connection = True
                return
            answer = json.dumps(reply.body or {}).encode()
            self.send_response(reply.status)
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    return Handler
