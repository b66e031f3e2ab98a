"""From the sensor to the screen, and back to the alarm's owner: every program real."""

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.build.programs import free_port
from vigie.client import Client
from vigie.replies import Alerts

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.timeout(600)]
ALARM = '[data-rows="queue"] tr[data-key]'
LOOK = """() => {
    const cell = document.querySelector('[data-rows="machines"] td:nth-child(2)');
    return [Number(cell.dataset.at), cell.querySelector('b').textContent, Date.now() / 1000];
}"""


class Up:
    """A `vigie up` of one's own, on free ports."""

    def __init__(self, folder: Path) -> None:
        self.data, self.log = folder / "data", folder / "up.log"
        self.ports = [free_port() for _ in range(3)]
        command = [sys.executable, "-m", "vigie", "up", "--data", str(self.data)]
        for flag, port in zip(("--port", "--api-port", "--metrics-port"), self.ports, strict=True):
            command += [flag, str(port)]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)

    def link(self) -> str:
        """The way in that it prints, once it is ready."""
        end = time.monotonic() + 60
        while time.monotonic() < end:
            if found := re.search(r"http://\S+/login\?code=\S+", self.log.read_text()):
                return found[0]
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.1)
        raise AssertionError(self.log.read_text())

    def agent(self) -> int:
        """The process id of its agent."""
        for folder in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
                line = (folder / "cmdline").read_bytes().split(b"\0")
                if parent == self.process.pid and b"agent" in line:
                    return int(folder.name)
        raise AssertionError("no agent runs")


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    running = Up(tmp_path)
    yield running
    running.process.terminate()
    running.process.wait(timeout=60)


def test_a_reading_is_on_the_screen_within_five_seconds_and_an_alarm_finds_its_owner(
    up: Up, page: Page
) -> None:
    console: list[str] = []
    page.on("console", lambda said: console.append(said.text) if said.type == "error" else None)
    page.goto(up.link())
    machine = page.locator('[data-rows="machines"] td').nth(1)
    expect(machine.locator("b")).to_be_visible(timeout=60_000)

    ages, seen = [], set()
    for _ in range(100):
        at, text, now = page.evaluate(LOOK)
        ages.append(now - at)
        seen.add((at, text))
        page.wait_for_timeout(100)
    # While the newest reading shown is never older than this, each was shown within it.
    assert max(ages) < 5, max(ages)
    assert len(seen) >= 4

    agent = up.agent()
    os.kill(agent, signal.SIGSTOP)
    try:
        expect(machine).to_have_class(re.compile("stale"), timeout=60_000)
        expect(page.locator(ALARM)).to_have_count(1, timeout=60_000)
        page.get_by_role("button", name=re.compile("^Prendre")).click()
        page.locator("#take-note").fill("câble")
        page.locator("#take-yes").click()
        expect(page.locator(ALARM)).to_contain_text("câble")
    finally:
        os.kill(agent, signal.SIGCONT)
    token = (up.data / "reader.token").read_text().strip()
    with contextlib.closing(Client(f"http://127.0.0.1:{up.ports[1]}", token)) as client:
        (alert,) = client.get(Alerts, "alerts").alerts
    assert alert.state == "acknowledged"
    assert alert.note == "câble"
    assert alert.acknowledged_by
    assert console == []
