"""The newcomer's first command, with the real programs."""

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

from tests.build.programs import free_port
from vigie.client import Client
from vigie.replies import Containers, Secret, Session, Table

READY_SECONDS = 60.0


class Up:
    """One `vigie up` in a folder of its own."""

    def __init__(self, folder: Path, *words: str) -> None:
        """Start it; its output goes to a file."""
        self.data, self.log = folder / "data", folder / "up.log"
        self.ports = [free_port() for _ in range(3)]
        names = ("--port", "--api-port", "--metrics-port")
        flags = [word for pair in zip(names, map(str, self.ports), strict=True) for word in pair]
        command = [sys.executable, "-m", "vigie", "up", "--data", str(self.data), *flags, *words]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(command, cwd=folder, stdout=log, stderr=log)

    @property
    def said(self) -> str:
        """All output so far."""
        return self.log.read_text(encoding="utf-8")

    def wait_for(self, pattern: str) -> re.Match[str]:
        """Until the output matches."""
        end = time.monotonic() + READY_SECONDS
        while time.monotonic() < end:
            if match := re.search(pattern, self.said):
                return match
            assert self.process.poll() is None, self.said
            time.sleep(0.05)
        raise AssertionError(f"{pattern} was not said:\n{self.said}")

    def client(self, file: str = "reader.token") -> Client:
        """An API client with one of its tokens."""
        return Client(f"http://127.0.0.1:{self.ports[1]}", (self.data / file).read_text().strip())


@pytest.fixture
def up(tmp_path: Path) -> Iterator[Up]:
    running = Up(tmp_path)
    yield running
    with contextlib.suppress(ProcessLookupError):
        running.process.terminate()
    running.process.wait(timeout=60)


def children(pid: int) -> dict[int, str]:
    """The processes that this one started, by their command lines."""
    found: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            parent = int((folder / "stat").read_text().rpartition(")")[2].split()[1])
            line = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            if parent == pid and line:
                found[int(folder.name)] = line
    return found


def next_agent(up: Up, before: int) -> str:
    """The command line of the agent that follows the one of that process id."""
    end = time.monotonic() + 60
    while time.monotonic() < end:
        for pid, line in children(up.process.pid).items():
            if " agent run" in line and pid != before:
                return line
        time.sleep(0.1)
    raise AssertionError(up.said)


def rows(up: Up, path: str) -> Table:
    end = time.monotonic() + 60
    while time.monotonic() < end:
        with up.client() as client:
            table = client.get(Table, path)
        if any(table.columns.values()):
            return table
        time.sleep(0.1)
    raise AssertionError(f"nothing on {path}:\n{up.said}")


def test_one_command_watches_this_machine_and_ends_without_a_trace(up: Up, tmp_path: Path) -> None:
    begun = time.monotonic()
    code = up.wait_for(r"Screens +http://127\.0\.0\.1:\d+/login\?code=(\S+)")[1]
    assert time.monotonic() - begun < 20

    assert rows(up, "latest/host").columns["cpu_count"] == [os.cpu_count()]
    with up.client() as client:
        (container,) = client.get(Containers, "containers").containers
    assert container.path == "local/this"

    with Client(f"http://127.0.0.1:{up.ports[1]}", "") as stranger:
        secret = stranger.post(Secret, "sessions", {"code": code})
    with Client(f"http://127.0.0.1:{up.ports[1]}", secret.token) as person:
        assert person.get(Session, "sessions/current").roles == ["operator", "shift lead"]

    started = children(up.process.pid)
    assert len(started) == 3, started
    up.process.send_signal(signal.SIGINT)
    assert up.process.wait(timeout=90) == 0, up.said
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]
    assert {path.name for path in tmp_path.iterdir()} == {"data", "up.log"}


def test_a_program_that_dies_comes_back_and_another_up_is_refused(up: Up) -> None:
    up.wait_for("Screens")
    second = subprocess.run(
        [sys.executable, "-m", "vigie", "up", "--data", str(up.data)],
        capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert second.returncode == 1
    assert f"another `vigie up` (process {up.process.pid}) uses {up.data}" in second.stderr

    (agent,) = (pid for pid, line in children(up.process.pid).items() if " agent run" in line)
    os.kill(agent, signal.SIGKILL)
    up.wait_for(r"agent ended \(SIGKILL\) after \d+ s; starting it again in 1 s")
    again = next_agent(up, agent)
    assert " --enrol" not in again


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_with_the_twin_a_network_stands_beside_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIGIE_TWIN_SCOPES", "nancy,vendee")
    monkeypatch.setenv("VIGIE_TWIN_HISTORY", "1h")
    begun = time.monotonic()
    running = Up(tmp_path, "--twin")
    try:
        running.wait_for("Screens")
        print(f"ready after {time.monotonic() - begun:.1f} s")
        running.wait_for(r"Simulated \d+ containers on \d+ sites of the reference network")
        assert "campus at 1:100" in running.said
        running.wait_for("past played")
        told = rows(running, "latest/gpu?scope=nancy")
        assert any(told.columns.values())
        with running.client() as client:
            marked = {c.path: c.simulated for c in client.get(Containers, "containers").containers}
        assert (marked["local/this"], marked["nancy/enact"]) == (False, True)
        assert len(children(running.process.pid)) == 4
    finally:
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(timeout=60) == 0, running.said
    assert not children(running.process.pid)


def test_it_ends_by_itself_after_the_time_it_was_given(tmp_path: Path) -> None:
    running = Up(tmp_path, "--for", "1")
    assert running.process.wait(timeout=90) == 0, running.said
    assert not children(running.process.pid)


def test_killed_outright_it_leaves_no_orphan(tmp_path: Path) -> None:
    running = Up(tmp_path)
    running.wait_for("Screens")
    started = list(children(running.process.pid))
    running.process.kill()
    running.process.wait()
    end = time.monotonic() + 60
    while time.monotonic() < end and any(Path(f"/proc/{pid}").exists() for pid in started):
        time.sleep(0.1)
    assert not [pid for pid in started if Path(f"/proc/{pid}").exists()]
