"""Many who look at once: a real dashboard and a real collector, which counts what it is asked."""

import http.client
import json
import re
import subprocess
import sys
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlencode

import pytest

from collector.api.credentials import Done
from tests.build.programs import Collector, free_port, wait_for
from vigie.replies import Enrolment, Principals

pytestmark = [pytest.mark.system, pytest.mark.timeout(600)]
NETWORK = """
name = "Two"
[[operators]]
id = "us"
name = "Us"
status = "operating"
""" + "".join(
    f"""
[[sites]]
id = "{site}"
name = "{site}"
operator = "us"
status = "operating"
[[containers]]
id = "one"
name = "One"
site = "{site}"
status = "operating"
lifecycle = "in_service"
"""
    for site in ("north", "south")
)


class Page:
    """One open page of a signed-in person."""

    def __init__(self, port: int, code: str) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self._connection.request("GET", f"/login?code={code}")
        answer = self._connection.getresponse()
        answer.read()
        assert answer.status == 303
        cookie = (answer.getheader("set-cookie") or "").partition(";")[0]
        self.port, self.headers = port, {"Cookie": cookie}
        self.known: dict[str, str] = {}
        self.board = ""

    def look(self) -> tuple[int, Any]:
        """Status and answer of what the page asks every two seconds."""
        known = [f"{name}:{version}" for name, version in self.known.items()]
        asked = {"path": "/", "query": "", "board": self.board, "known": known}
        self._connection.request("GET", "/board?" + urlencode(asked, True), None, self.headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            return answer.status, text
        said = json.loads(text)
        self.known, self.board = said["versions"], said["board"]
        return 200, said

    @contextmanager
    def listening(self) -> Iterator[http.client.HTTPResponse]:
        """With its stream open."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        connection.request("GET", "/stream", None, self.headers)
        try:
            yield connection.getresponse()
        finally:
            connection.close()

    def close(self) -> None:
        """Leave."""
        self._connection.close()


class World:
    """A collector on a network of two sites, and a dashboard on it."""

    def __init__(self, collector: Collector, port: int) -> None:
        self.collector, self.port = collector, port
        self.pages: list[Page] = []

    def page(self, name: str = "ada", scope: str = "") -> Page:
        """One more session of a person."""
        asked = {"kind": "person", "name": name, "scope": scope, "roles": ["reader"]}
        with self.collector.client("registrar.token") as registrar:
            page = Page(self.port, registrar.post(Enrolment, "principals", asked).code)
        self.pages.append(page)
        return page

    def revoke(self, name: str) -> None:
        """End all credentials of a person."""
        with self.collector.client("registrar.token") as registrar:
            known = registrar.get(Principals, "principals").principals
            for one in known:
                for credential in one.credentials if one.name == name else ():
                    registrar.post(Done, f"credentials/{credential.id}/revoke")

    def asked(self) -> dict[str, float]:
        """How often the collector was asked for what."""
        with urllib.request.urlopen(f"{self.collector.url}/metrics", timeout=60) as answer:
            text = answer.read().decode()
        told = r'^vigie_collector_requests_total\{noun="(\w+)"\} (\S+)'
        found = re.findall(told, text, re.MULTILINE)
        return {noun: float(value) for noun, value in found}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    data, port = tmp_path_factory.mktemp("many"), free_port()
    (data / "network.toml").write_text(NETWORK)
    environment = {"VIGIE_COLLECTOR_NETWORK": str(data / "network.toml")}
    with Collector(data, environment=environment) as collector:
        command = [sys.executable, "-m", "vigie", "dashboard", "run", "--data", str(data),
                   "--listen", f"127.0.0.1:{port}", "--api", collector.url]  # fmt: skip
        with (data / "dashboard.log").open("wb") as log:
            process = subprocess.Popen(command, stdout=log, stderr=log)
        try:
            assert wait_for(f"http://127.0.0.1:{port}", "/healthz")
            made = World(collector, port)
            yield made
            for page in made.pages:
                page.close()
        finally:
            process.terminate()
            assert process.wait(60) == 0


def looked(world: World, pages: list[Page], rounds: int) -> tuple[dict[str, float], float]:
    """What the collector was asked while all of these looked that often, and for how long."""
    for page in pages:
        page.look()
    before, begun = world.asked(), time.monotonic()
    for _ in range(rounds):
        for page in pages:
            assert page.look()[0] == 200
        time.sleep(0.5)
    took, after = time.monotonic() - begun, world.asked()
    return {noun: count - before.get(noun, 0) for noun, count in after.items()}, took


def test_what_the_api_is_asked_does_not_grow_with_sessions(world: World) -> None:
    pages = [world.page() for _ in range(30)]
    many, took = looked(world, pages, 9)
    ticks = took / 0.9 + 2
    assert 0 < many["containers"] <= ticks
    assert 0 < many["alerts"] <= ticks
    assert 0 < many["sessions"] <= took / 3 + 2


def test_two_scopes_see_each_its_own(world: World) -> None:
    north, south = world.page("nora", "north"), world.page("sven", "south")
    for _ in range(3):
        for page, own, other in ((north, "north", "south"), (south, "south", "north")):
            page.known = {}
            text = json.dumps(page.look()[1])
            assert f"{own}/one" in text
            assert f"{other}/one" not in text


def test_a_revoked_session_ends_and_others_of_its_scope_go_on(world: World) -> None:
    out, stays = world.page("olga"), world.page("paul")
    with out.listening() as stream:
        assert stream.status == 200
        assert out.look()[0] == stays.look()[0] == 200
        world.revoke("olga")
        end = time.monotonic() + 60
        while out.look()[0] == 200 and time.monotonic() < end:
            time.sleep(0.2)
        assert out.look()[0] == 401
        assert stays.look()[0] == 200
        listening = threading.Thread(target=stream.read, daemon=True)
        listening.start()
        listening.join(60)
        assert not listening.is_alive()


def test_two_hundred_streams_that_nobody_reads_hold_up_no_page(world: World) -> None:
    page = world.page()
    page.look()
    streams = []
    for _ in range(200):
        context = page.listening()
        assert context.__enter__().status == 200
        streams.append(context)
    other = world.page("rita")
    begun = time.monotonic()
    assert other.look()[0] == page.look()[0] == 200
    assert time.monotonic() - begun < 5
    assert world.asked()["stream"] <= 20
    for context in streams:
        context.__exit__(None, None, None)
