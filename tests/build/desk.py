"""A desk that is told of alerts by webhook: a real receiver, and the documents that lead to it."""

import base64
import contextlib
import json
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.build.programs import free_port

SECRET = "whsec_" + base64.b64encode(b"what only two of us know, 32 by.").decode()
PATH = "/hook?x=1"
PATIENCE = 90.0
"""Seconds after which a desk that was told to keep silent answers all the same."""
RULES = """
[[rule]]
name = "no_space"
measurement = "filesystem"
priority = 1
when = "available_bytes == 0"
settle = "0s"
title = { fr = "{mount} plein", en = "{mount} full" }
advice = { fr = "Libérez", en = "Free some" }
why = "It is full."
do = "Delete."
"""
RECEIVERS = """
[[receiver]]
name = "desk"
kind = "webhook"
url = "http://127.0.0.1:{port}{path}"
secret_file = "desk.secret"
min_priority = 1
allow = ["127.0.0.1/32:{port}"]
retry = ["0s", "1s"]
"""


@dataclass
class Desk:
    """A receiver on a port of its own, that can be gone, refuse, keep silent, or hang up."""

    port: int = field(default_factory=free_port)
    script: list[int] = field(default_factory=list)
    """What to answer to the next requests; 0 is to hang up. Then 204."""
    came: list[tuple[float, Mapping[str, str], bytes]] = field(default_factory=list)
    """When, headers (names in small letters) and body of each request, refused or not."""
    answers: threading.Event = field(default_factory=threading.Event)
    """While it is not set, what comes is read and noted, and not answered."""
    _server: ThreadingHTTPServer | None = None

    def __post_init__(self) -> None:
        self.answers.set()

    def documents(self, folder: Path, own: str = RULES) -> list[str]:
        """Write these `rules/own.toml`, and `receivers.toml`; the arguments that name them."""
        rules, receivers = folder / "rules", folder / "receivers.toml"
        rules.mkdir()
        (rules / "own.toml").write_text(own, encoding="utf-8")
        receivers.write_text(RECEIVERS.format(port=self.port, path=PATH), encoding="utf-8")
        secret = folder / "desk.secret"
        secret.write_text(SECRET, encoding="utf-8")
        secret.chmod(0o600)
        return ["--rules", str(rules), "--receivers", str(receivers)]

    def open(self) -> None:
        """Begin to listen."""
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                headers = {name.lower(): value for name, value in self.headers.items()}
                assert self.path == PATH
                desk.came.append((time.time(), headers, body))
                desk.answers.wait(PATIENCE)
                status = desk.script.pop(0) if desk.script else 204
                if not status:
                    self.close_connection = True
                    return
                with contextlib.suppress(ConnectionError):  # who asked may be gone meanwhile
                    self.send_response(status)
                    self.send_header("Content-Length", "0")
                    self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def close(self) -> None:
        """Nobody listens there any more."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    @property
    def told(self) -> dict[str, tuple[str, str]]:
        """(state, subject) of each message, by its id; the same id must say the same."""
        found: dict[str, tuple[str, str]] = {}
        for _, headers, body in self.came:
            data = json.loads(body)["data"]
            said = (data["state"], data["subject"])
            assert found.setdefault(headers["webhook-id"], said) == said
        return found

    @property
    def states(self) -> list[str]:
        """The state in each message, in the order in which they first came."""
        return [state for state, _ in self.told.values()]

    def wait(self, count: int, seconds: float = 60.0) -> None:
        """Until it was told so many things."""
        end = time.monotonic() + seconds
        while len(self.told) < count:
            assert time.monotonic() < end, f"{len(self.told)} of {count} came: {self.told}"
            time.sleep(0.005)
