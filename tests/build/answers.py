"""An HTTP server that answers what it was told to, in order, and keeps what it was asked."""

import contextlib
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


@dataclass(frozen=True)
class Asked:
    """One request as it arrived."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: Any


@dataclass
class Answers:
    """What will be answered, and what was asked; status 0 hangs up."""

    url: str = ""
    asked: list[Asked] = field(default_factory=list)
    turns: list[tuple[int, Mapping[str, str], bytes]] = field(default_factory=list)

    def then(self, status: int, body: Any = b"", **headers: str) -> "Answers":
        """Answer this next; what is not bytes goes out as JSON."""
        text = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.turns.append((status, headers, text))
        return self


@contextlib.contextmanager
def answering() -> Iterator[Answers]:
    """A server on a free port of loopback."""
    answers = Answers()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def answer(self) -> None:
            length = int(self.headers.get("Content-Length", 0))
            body = json.loads(self.rfile.read(length)) if length else None
            answers.asked.append(Asked(self.command, self.path, dict(self.headers), body))
            status, headers, text = answers.turns.pop(0)
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 - their names there

        def log_message(self, format: str, *arguments: object) -> None:  # noqa: A002 - likewise
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    answers.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield answers
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
