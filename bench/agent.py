"""What the agent costs, beside prometheus-node-exporter in the same minute.

Agent: every source at 1 s, each frame synced to its spool and acknowledged over HTTP. Node
exporter: scraped once a second. Both are measured with all their processes and threads, after a
warm-up; memory is PSS, which shares what processes have in common.
"""

import argparse
import contextlib
import http.client
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.build.programs import free_port
from tests.build.upstream import Upstream

EXPORTER = "prometheus-node-exporter"
PSS_LIMIT = 45e6


@dataclass(frozen=True)
class Cost:
    """Processor seconds of a second, and bytes of memory."""

    cpu: float
    pss: float


@contextlib.contextmanager
def running(command: list[str], env: dict[str, str] | None = None) -> Iterator[psutil.Process]:
    """A program while it is measured."""
    with subprocess.Popen(
        command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()


@contextlib.contextmanager
def agent(folder: Path, url: str, metrics: int) -> Iterator[psutil.Process]:
    """The agent as people run it, every source at 1 s."""
    home = folder / "agent"
    home.mkdir()
    told = {"url": url, "token": "bench", "container": "bench/agent"}
    (home / "credential").write_text(json.dumps(told))
    settings = ["--data", str(folder), "--upstream", url, "--periods", "filesystem=1s"]
    listen = ["--metrics-listen", f"127.0.0.1:{metrics}"]
    command = [sys.executable, "-m", "vigie", "agent", "run", *settings, *listen]
    with running(command) as process:
        yield process


def tree(process: psutil.Process) -> list[psutil.Process]:
    """A process and all below it."""
    return [process, *process.children(recursive=True)]


def cpu(process: psutil.Process) -> float:
    """Processor seconds of the tree."""
    return sum(t.user + t.system for t in (p.cpu_times() for p in tree(process)))


def pss(process: psutil.Process) -> float:
    """Memory of the tree, in bytes."""
    total = 0
    for one in tree(process):
        for line in Path(f"/proc/{one.pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
    return total


def scraper(port: int, stop: threading.Event) -> Callable[[], None]:
    """Scrapes once a second, as Prometheus would."""

    def scrape() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        while not stop.wait(1 - time.time() % 1):
            connection.request("GET", "/metrics")
            connection.getresponse().read()

    return scrape


def measure(seconds: float, warm: float) -> tuple[Cost, Cost]:
    """Agent and node exporter, over the same seconds."""
    program = shutil.which(EXPORTER)
    if program is None:
        raise SystemExit(f"{EXPORTER} is not installed: sudo apt install {EXPORTER}")
    port, metrics, stop = free_port(), free_port(), threading.Event()
    exporter = [program, f"--web.listen-address=127.0.0.1:{port}"]
    with (
        tempfile.TemporaryDirectory() as folder,
        Upstream() as upstream,
        agent(Path(folder), upstream.url, metrics) as ours,
        running(exporter, dict(os.environ)) as theirs,
    ):
        time.sleep(2)
        threading.Thread(target=scraper(port, stop), daemon=True).start()
        time.sleep(warm)
        before, started, frames = (cpu(ours), cpu(theirs)), time.monotonic(), len(upstream.frames)
        most = [0.0, 0.0]
        while time.monotonic() - started < seconds:
            time.sleep(1)
            most = [max(most[0], pss(ours)), max(most[1], pss(theirs))]
        span = time.monotonic() - started
        after = (cpu(ours), cpu(theirs))
        stop.set()
        held = len(upstream.frames) - frames
    print(f"frames held: {held} in {span:.0f} s")
    costs = [Cost((b - a) / span, m) for a, b, m in zip(before, after, most, strict=True)]
    return costs[0], costs[1]


def main() -> int:
    """Print both, and whether the limits are kept."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--warm", type=float, default=8)
    arguments = parser.parse_args()
    ours, theirs = measure(arguments.seconds, arguments.warm)
    for name, cost in (("agent", ours), (EXPORTER, theirs)):
        print(f"{name:<26} cpu {cost.cpu * 100:6.3f} % of a core   PSS {cost.pss / 1e6:5.1f} MB")
    print(f"ratio of cpu {ours.cpu / theirs.cpu:.2f} (limit 1), PSS limit {PSS_LIMIT / 1e6:.0f} MB")
    return 0 if ours.cpu <= theirs.cpu and ours.pss <= PSS_LIMIT else 1


if __name__ == "__main__":
    sys.exit(main())
