"""From a reading to a webhook: how long it takes, and that each change is told once."""

import base64
import hashlib
import hmac
import json
import statistics
import threading
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.build import world
from tests.build.programs import Collector, Sender, free_port
from vigie.catalogue import Filesystem
from vigie.client import Client
from vigie.replies import Alert, Alerts
from vigie.shape import Columns, Measurement

KEY = b"what only two of us know, 32 by."
WITHIN_SECONDS = 3.0
TIMES = 10
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
url = "http://127.0.0.1:{port}/hook"
secret_file = "desk.secret"
min_priority = 1
allow = ["127.0.0.1/32:{port}"]
retry = ["0s", "1s"]
"""


@dataclass
class Desk:
    """A receiver on a port of its own, that can be gone, refuse, or hang up when it has read."""

    port: int = field(default_factory=free_port)
    script: list[int] = field(default_factory=list)
    """What to answer to the next requests; 0 is to hang up. Then 204."""
    came: list[tuple[float, Mapping[str, str], bytes]] = field(default_factory=list)
    _server: ThreadingHTTPServer | None = None

    def opens(self) -> None:
        """Begin to listen."""
        desk = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                desk.came.append((time.time(), dict(self.headers.items()), body))
                status = desk.script.pop(0) if desk.script else 204
                if not status:
                    self.close_connection = True
                    return
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def closes(self) -> None:
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

    def wait(self, count: int, seconds: float) -> None:
        """Until it was told so many things."""
        end = time.monotonic() + seconds
        while len(self.told) < count:
            assert time.monotonic() < end, f"{len(self.told)} of {count} came: {self.told}"
            time.sleep(0.005)


def verify(headers: Mapping[str, str], body: bytes) -> None:
    """As Standard Webhooks says: HMAC-SHA256 over id, time and body; the time is about now."""
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    wanted = "v1," + base64.b64encode(hmac.digest(KEY, signed, hashlib.sha256)).decode()
    given = headers["webhook-signature"].split(" ")
    assert any(hmac.compare_digest(wanted, one) for one in given)
    assert abs(int(headers["webhook-timestamp"]) - time.time()) < 300


def collector(folder: Path, desk: Desk) -> Collector:
    (folder / "rules").mkdir()
    (folder / "rules" / "own.toml").write_text(RULES)
    (folder / "receivers.toml").write_text(RECEIVERS.format(port=desk.port))
    (folder / "desk.secret").write_text("whsec_" + base64.b64encode(KEY).decode())
    (folder / "desk.secret").chmod(0o600)
    files = ["--rules", str(folder / "rules"), "--receivers", str(folder / "receivers.toml")]
    return Collector(folder / "data", arguments=files)


class Host:
    """An agent with file systems; what is free on each is told at every tick."""

    def __init__(self, running: Collector) -> None:
        self._sender = Sender(running.url, running.enrol("agent-1", "paris/a"))
        self._start, self._tick = time.time_ns(), 0

    def reads(self, mount: str, free: int) -> tuple[float, float]:
        """When one reading was posted, and when it was acknowledged."""

        def read(_: world.Agent, __: int) -> Sequence[tuple[type[Measurement], Columns]]:
            columns: Columns = {
                Filesystem.host: ["host-1"], Filesystem.mount: [mount],
                Filesystem.size_bytes: [100], Filesystem.available_bytes: [free],
                Filesystem.read_only: [False],
            }  # fmt: skip
            return [(Filesystem, columns)]

        period = (time.time_ns() - self._start) / 1e9 / (self._tick + 1)
        self._tick += 1
        agent = world.Agent("paris/a", start=self._start, period=period, read=read)
        body, clock = world.compressed(agent.frame(self._tick)), agent.clock(self._tick)
        began = time.time()
        self._sender.held(body, clock)
        return began, time.time()

    def close(self) -> None:
        self._sender.close()


def test_a_rule_without_for_is_at_the_webhook_within_three_seconds(tmp_path: Path) -> None:
    desk = Desk()
    desk.opens()
    took = []
    with collector(tmp_path, desk) as running:
        host = Host(running)
        for number in range(TIMES):
            began, _ = host.reads(f"/m{number}", 0)
            desk.wait(number + 1, 10)
            when, headers, body = desk.came[-1]
            took.append(when - began)
            verify(headers, body)
            with pytest.raises(AssertionError):
                verify(headers, body.replace(b"firing", b"resolved"))
            time.sleep(0.15)
        host.close()
    desk.closes()
    assert len(desk.came) == TIMES
    print(f"frame posted to webhook received, {TIMES} times: p50 {statistics.median(took):.2f} s, "
          f"max {max(took):.2f} s")  # fmt: skip
    assert max(took) < WITHIN_SECONDS


@pytest.mark.slow
@pytest.mark.timeout(120)
def test_each_change_is_told_once_whoever_is_away(tmp_path: Path) -> None:
    """The receiver is gone, then refuses, then hangs up; the collector is killed in between."""
    desk = Desk()
    with collector(tmp_path, desk) as running:
        person = running.enrol("Ada", "paris", kind="person", roles=["operator"])
        host = Host(running)
        host.reads("/srv", 0)  # nobody listens
        alert = opened(running)
        host.close()
        running.kill()
        running.start()
        with Client(running.url, person) as client:
            client.post(Alert, f"alerts/{alert.id}/acknowledge", {"note": "mine"})
        running.kill()
        desk.script = [503, 0, 500]
        desk.opens()
        running.start()
        desk.wait(2, 60)
        host.reads("/srv", 50)
        time.sleep(0.3)
        running.kill()
        running.start()
        desk.wait(3, 60)
        time.sleep(2.5)  # long enough to be told again, if it were
        host.close()
    desk.closes()
    assert [state for state, _ in desk.told.values()] == ["firing", "acknowledged", "resolved"]
    for _, headers, body in desk.came:
        verify(headers, body)
    attempts = Counter(headers["webhook-id"] for _, headers, _ in desk.came)
    print(f"3 changes, {len(desk.came)} attempts, ids kept over them: {sorted(attempts.values())}")


def opened(running: Collector) -> Alert:
    end = time.monotonic() + 10
    while time.monotonic() < end:
        with running.client() as client:
            for alert in client.get(Alerts, "alerts").alerts:
                return alert
        time.sleep(0.05)
    raise AssertionError("no alert came")
