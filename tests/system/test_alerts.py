"""A reading that is wrong, through real programs, to a receiver that checks the signature."""

import base64
import json
import re
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from tests.build import world
from tests.build.programs import Collector, Sender
from tests.house import ROOT
from vigie.catalogue import Filesystem
from vigie.client import Client
from vigie.replies import Alert, Alerts
from vigie.shape import Columns, Measurement

SECRET = "whsec_" + base64.b64encode(b"s" * 32).decode()
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
url = "http://127.0.0.1:{port}/hook?x=1"
secret_file = "desk.secret"
min_priority = 1
allow = ["127.0.0.1/32:{port}"]
"""


@dataclass
class Desk:
    """A real receiver: what came and when; `status` is what it answers."""

    port: int = 0
    status: int = 204
    came: list[tuple[float, dict[str, str], bytes]] = field(default_factory=list)

    @property
    def states(self) -> list[str]:
        """What it has taken, each identity once."""
        bodies = {h["webhook-id"]: json.loads(body) for _, h, body in self.came}
        return [body["data"]["state"] for body in bodies.values()]

    def wait(self, count: int, seconds: float = 10.0) -> None:
        """Until so many messages came."""
        end = time.monotonic() + seconds
        while len(self.states) < count and time.monotonic() < end:
            time.sleep(0.02)
        assert len(self.states) >= count


@pytest.fixture
def desk() -> Iterator[Desk]:
    found = Desk()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            if found.status < 300:
                headers = {name.lower(): value for name, value in self.headers.items()}
                found.came.append((time.time(), headers, body))
            self.send_response(found.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    found.port = server.server_address[1]
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield found
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def collector(tmp_path: Path, desk: Desk) -> Iterator[Collector]:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "own.toml").write_text(RULES)
    (tmp_path / "receivers.toml").write_text(RECEIVERS.format(port=desk.port))
    (tmp_path / "desk.secret").write_text(SECRET)
    (tmp_path / "desk.secret").chmod(0o600)
    arguments = ["--rules", str(tmp_path / "rules")]
    arguments += ["--receivers", str(tmp_path / "receivers.toml")]
    with Collector(tmp_path / "data", arguments=arguments) as running:
        yield running


@dataclass
class Host:
    """An agent whose one file system has so much free."""

    collector: Collector
    token: str
    tick: int = 0
    start: int = field(default_factory=time.time_ns)

    def reads(self, free: int) -> float:
        """Send one reading; when it was acknowledged."""

        def read(_: world.Agent, __: int) -> Sequence[tuple[type[Measurement], Columns]]:
            columns: Columns = {
                Filesystem.host: ["host-1"], Filesystem.mount: ["/srv"],
                Filesystem.size_bytes: [100], Filesystem.available_bytes: [free],
                Filesystem.read_only: [False],
            }  # fmt: skip
            return [(Filesystem, columns)]

        self.tick = max(self.tick + 1, round((time.time_ns() - self.start) / 1e9))
        agent = world.Agent("paris/a", start=self.start, read=read)
        sender = Sender(self.collector.url, self.token)
        sender.held(world.compressed(agent.frame(self.tick)), agent.clock(self.tick))
        sender.close()
        return time.time()


def verify() -> Any:
    """The verifier of the documentation, as a receiver's author would copy it."""
    page = (ROOT / "docs" / "webhooks.md").read_text(encoding="utf-8")
    code = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]
    names: dict[str, Any] = {}
    exec(code, names)
    return names["verify"]


def test_from_a_reading_to_a_signed_webhook_and_back_to_rest(
    collector: Collector, desk: Desk
) -> None:
    host = Host(collector, collector.enrol("agent-1", "paris/a"))
    person = collector.enrol("Alice", "paris", kind="person", roles=["operator"])
    began = host.reads(0)
    desk.wait(1)
    when, headers, body = desk.came[0]
    assert when - began < 3.0
    verify()(SECRET, headers, body)
    with pytest.raises(ValueError, match="not signed"):
        verify()(SECRET, headers, body + b" ")

    with Client(collector.url, person) as client:
        (alert,) = client.get(Alerts, "alerts", language="en").alerts
        assert (alert.state, alert.title) == ("firing", "/srv full")
        path = f"alerts/{alert.id}/acknowledge"
        taken = client.post(Alert, path, {"note": "on it"})
        assert (taken.state, taken.acknowledged_by) == ("acknowledged", "Alice")
        assert client.post(Alert, path, {}).note == "on it", "whoever has it keeps it"
    desk.wait(2)
    host.reads(50)
    desk.wait(3)
    assert desk.states == ["firing", "acknowledged", "resolved"]


def test_killed_between_the_fire_and_the_sending_it_is_told_once(
    collector: Collector, desk: Desk
) -> None:
    host = Host(collector, collector.enrol("agent-1", "paris/a"))
    desk.status = 503
    host.reads(0)
    end = time.monotonic() + 5
    with collector.client() as client:
        while not client.get(Alerts, "alerts").alerts and time.monotonic() < end:
            time.sleep(0.02)
    for _ in range(3):
        collector.kill()
        collector.start()
    desk.status = 204
    desk.wait(1)
    time.sleep(1.5)  # long enough for another evaluation to tell it again, if one would
    assert desk.states == ["firing"]
    assert len({headers["webhook-id"] for _, headers, _ in desk.came}) == 1


def test_a_wrong_rule_or_receiver_refuses_the_start(tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "own.toml").write_text(RULES.replace("available_bytes", "availble_bytes"))
    receivers = tmp_path / "receivers.toml"
    receivers.write_text(RECEIVERS.format(port=9).replace("http://", "ftp://"))
    for option, path, fault in (
        ("--rules", rules, "own.toml:6:9: no_space: when: no field availble_bytes"),
        ("--receivers", receivers, "receivers.toml:5: receiver[1].url: 'ftp://"),
    ):
        command = [sys.executable, "-m", "vigie", "collector", "check", option, str(path)]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
        assert done.returncode == 2
        assert fault in done.stderr
