"""The agent as a process: killed, told to end, and hindered."""

import contextlib
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from fnmatch import fnmatch
from functools import partial
from pathlib import Path

import psutil
import pytest

from agent import contract, segment
from agent.service import periods
from agent.sources import sources
from tests.build.upstream import Reply, Upstream
from tests.house import ROOT
from vigie.settings import AgentSettings

KILLS = 12
STUCK = """
import argparse, sys
from functools import partial
from pathlib import Path
from agent import cli, service
from tests.build.given import Given

class Stuck(Given):
    name = "stuck"
    def read(self, now): return Path(sys.argv.pop(1)).read_bytes()

pipe = sys.argv[1]
cli.Agent = partial(service.Agent, sources=(Stuck(),), limit=0.2)
parser = argparse.ArgumentParser()
cli.add(parser)
sys.exit(cli.run(parser.parse_args(sys.argv[2:])))
"""


APART = """
import argparse, sys
from functools import partial
from agent import cli, service
from tests.build.hanging import Lonely

cli.Agent = partial(service.Agent, sources=(Lonely(sys.argv.pop(1)),))
parser = argparse.ArgumentParser()
cli.add(parser)
sys.exit(cli.run(parser.parse_args(sys.argv[1:])))
"""


def the_contract() -> tuple[contract.Clause, ...]:
    settings = AgentSettings()
    known = sources(settings)
    return contract.contract(settings, known, periods(settings, known)).clauses


def enrol(data: Path, url: str) -> list[str]:
    """Give an agent its credential; the arguments to run it."""
    (data / "agent").mkdir(exist_ok=True)
    told = {"url": url, "token": "t", "container": "lyon/c1"}
    (data / "agent" / "credential").write_text(json.dumps(told))
    return [
        "run", "--data", str(data), "--upstream", url, "--metrics-listen", "127.0.0.1:0",
        "--periods", "host=20ms,disk_io=20ms,source=20ms",
    ]  # fmt: skip


@contextlib.contextmanager
def started(command: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    with log.open("ab") as output, subprocess.Popen(command, stderr=output) as process:
        try:
            yield process
        finally:
            process.kill()


def test_an_agent_killed_at_any_moment_loses_at_most_the_frame_in_flight(tmp_path: Path) -> None:
    chance = random.Random(7)
    with Upstream(lambda _: Reply(503, holds=False)) as upstream:
        command = [sys.executable, "-m", "vigie", "agent", *enrol(tmp_path, upstream.url)]
        for _ in range(KILLS):
            before = len(upstream.frames)
            with started(command, tmp_path / "log") as process:
                assert upstream.wait(lambda u, n=before: len(u.frames) > n)  # type: ignore[misc]
                time.sleep(chance.uniform(0.0, 0.3))
                process.send_signal(signal.SIGKILL)
        synced = {
            (record.boot, record.sequence)
            for path in (tmp_path / "agent" / "spool").glob("*.spool")
            for record in segment.scan(path.read_bytes())[0]
        }
        assert {(f.boot, f.sequence) for f in upstream.frames} <= synced
        upstream.script = lambda _: Reply()
        newest = max(n for _, n in synced)

        def whole(u: Upstream) -> bool:
            held = {n for numbers in u.held.values() for n in numbers}
            lost = {n for f in u.frames for g in f.gaps for n in range(g.first, g.last + 1)}
            return set(range(newest + 1)) <= held | lost

        with started(command, tmp_path / "log") as process:
            assert upstream.wait(whole)
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
    held = {(boot, n) for (_, boot), numbers in upstream.held.items() for n in numbers}
    assert synced <= held  # under the boot that took it
    lost = [g for f in upstream.frames for g in f.gaps]
    assert sum(g.last - g.first + 1 for g in lost) <= KILLS


def test_it_ends_within_two_seconds_although_a_source_hangs_in_the_kernel(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with Upstream() as upstream:
        arguments = enrol(tmp_path, upstream.url)[:-2]
        command = [sys.executable, "-c", STUCK, str(pipe), *arguments]
        command += ["--periods", "stuck=50ms,source=50ms"]
        with started(command, tmp_path / "log") as process:
            assert upstream.wait(lambda u: any(f.events for f in u.frames[1:]))
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            assert process.wait(5) == 0
            assert time.monotonic() - began < 2


@pytest.mark.parametrize("deed", ["", "hang"])
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_an_agent_that_ends_leaves_no_process_behind(
    tmp_path: Path, deed: str, number: int
) -> None:
    with Upstream() as upstream:
        arguments = enrol(tmp_path, upstream.url)[:-2]
        command = [sys.executable, "-c", APART, deed, *arguments, "--periods", "lonely=50ms"]
        with started(command, tmp_path / "log") as process:
            assert upstream.wait(lambda u: len(u.frames) > 3)
            [child] = psutil.Process(process.pid).children(recursive=True)
            process.send_signal(number)
            process.wait(60)
            assert ended(child)


def ended(process: psutil.Process) -> bool:
    """Whether it has ended within seconds, collected by its parent or not yet."""
    until = time.monotonic() + 20
    with contextlib.suppress(psutil.NoSuchProcess):
        while process.status() != psutil.STATUS_ZOMBIE:
            if time.monotonic() > until:
                return False
            time.sleep(0.01)
    return True


@pytest.mark.skipif(not shutil.which("strace"), reason="no strace: sudo apt install strace")
def test_the_kernel_sees_it_open_nothing_that_the_contract_does_not_name(tmp_path: Path) -> None:
    trace = tmp_path / "trace"
    with Upstream() as upstream:
        command = [sys.executable, "-m", "vigie", "agent", *enrol(tmp_path, upstream.url)]
        calls = "trace=open,openat,execve"
        strace = ["strace", "-f", "-e", calls, "-o", str(trace), *command]
        with started(strace, tmp_path / "log") as process:
            assert upstream.wait(lambda u: len(u.frames) > 5)
            for traced in psutil.Process(process.pid).children():
                traced.terminate()  # strace would leave it running
            process.wait(60)
    own = (sys.prefix, sys.base_prefix, str(ROOT), str(tmp_path))
    system = ("/lib", "/usr/lib", "/usr/share/locale", "/etc/ld.so", "/dev/null")
    agreed = [read.path for clause in the_contract() for read in clause.reads]
    programs = {run.program for clause in the_contract() for run in clause.runs}
    opened, started_too = traced_calls(trace.read_text(), own)
    foreign = [
        path
        for path in opened
        if not path.startswith((*own, *system)) and not any(map(partial(fnmatch, path), agreed))
    ]
    assert foreign == []
    assert {Path(path).name for path in started_too} <= programs


def traced_calls(trace: str, own: tuple[str, ...]) -> tuple[set[str], set[str]]:
    """What the agent itself opened, and the programs of others that it started.

    What such a program opens is its own affair: the contract names it, and its arguments.
    """
    opened, others = set[str](), dict[str, str]()
    for line in trace.splitlines():
        pid, path = line.partition(" ")[0], re.search(r'"([^"]+)"', line)
        if path is None or "ENOENT" in line:
            continue
        if "execve(" in line and not path[1].startswith(own):
            others[pid] = path[1]
        elif pid not in others:
            opened.add(path[1])
    return opened, set(others.values())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_at_once_while_it_waits_for_its_enrolment(tmp_path: Path, number: int) -> None:
    with Upstream(lambda _: Reply(503)) as upstream:
        command = [
            sys.executable, "-m", "vigie", "agent", "run", "--data", str(tmp_path),
            "--upstream", upstream.url, "--enrol", "code",
        ]  # fmt: skip
        with started(command, tmp_path / "log") as process:
            assert upstream.wait(lambda u: len(u.requests) > 0)
            process.send_signal(number)
            assert process.wait(20) == 0


def test_a_refused_code_is_said_in_one_line(tmp_path: Path) -> None:
    with Upstream(lambda _: Reply(401, body={"detail": "this code was used"})) as upstream:
        done = subprocess.run(
            [
                sys.executable, "-m", "vigie", "agent", "run", "--data", str(tmp_path),
                "--upstream", upstream.url, "--enrol", "code",
            ],
            capture_output=True, text=True, check=False, timeout=60,
        )  # fmt: skip
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert "this code was used" in done.stderr
