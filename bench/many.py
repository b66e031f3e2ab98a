"""What many who look at once cost, beside a network that sends: pages and clients of the API.

    python -m bench many [--containers 1000] [--sessions 200] [--clients 50] [--seconds 60] [--json]

A real collector and a real dashboard, on a network of so many containers of 104 GPUs, each of which
tells its GPUs every ten seconds; frames are made beforehand and sent by a process of its own.
Pages are spread over persons of two scopes and two languages. The same time is measured twice on
the same programs: with nobody looking, and with all of them. Processor time is that of each
program, in cores; ages and latencies are as those who ask see them.
"""

import argparse
import json
import random
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import psutil

from bench import load
from bench.crowd import Client, Crowd, Page, Seen
from bench.evenly import Sending
from tests.build.programs import Collector, free_port, wait_for
from tests.build.world import Agent, compressed, gpus
from vigie import frame
from vigie.catalogue import Source
from vigie.replies import Enrolment
from vigie.shape import Columns, Measurement
from vigie.units import NANOSECONDS_PER_SECOND

PERIOD = 10
"""Seconds between two readings of a container's GPUs."""
BEATS = 2
"""Frames in that time: those without GPUs tell that the agent is there, or it would be stale."""
SITE = 10
"""Containers of one site."""
PHASES = 10
"""Containers that read at one instant are so many parts of all."""
LEAD_SECONDS = 2.0
MAKING_SECONDS = 1e-3
"""What it takes to make a request, at most: sending begins when all are made."""
Figures = dict[str, Any]


@dataclass(frozen=True)
class Shape:
    """How much of everything."""

    containers: int
    sessions: int
    clients: int
    seconds: float

    @property
    def names(self) -> list[str]:
        """Paths of the containers."""
        return [f"s{n // SITE:03d}/c{n:04d}" for n in range(self.containers)]


def network(shape: Shape) -> str:
    """A network file that declares them."""
    sites = sorted({name.partition("/")[0] for name in shape.names})
    text = ['name = "Many"\n[[operators]]\nid = "us"\nname = "Us"\nstatus = "operating"\n']
    text += [
        f'[[sites]]\nid = "{s}"\nname = "Site {s}"\noperator = "us"\nstatus = "operating"\n'
        for s in sites
    ]
    for name in shape.names:
        site, _, own = name.partition("/")
        text.append(
            f'[[containers]]\nid = "{own}"\nname = "{own}"\nsite = "{site}"\n'
            f'status = "operating"\nlifecycle = "in_service"\n'
        )
    return "\n".join(text)


def _read(seed: int) -> Any:
    """A reader of a container: its GPUs, and its agent's own row, by which it counts as heard."""
    boards = gpus(104, seed)

    def read(agent: Agent, tick: int) -> Sequence[tuple[type[Measurement], Columns]]:
        row: Columns = {Source.host: ["host-00"], Source.source: ["agent"], Source.status: [0]}
        source = [(Source, row)]
        return source if tick % BEATS else [*boards(agent, tick), *source]

    return read


def requests(shape: Shape, port: int, token: str, start: float, count: int) -> list[bytes]:
    """The frames of `count` ticks of every container, tick by tick; each was read as it is due."""
    every = PERIOD / BEATS
    models = [
        Agent("x/y", read=_read(phase), period=every, boot=f"boot-{start:.0f}",
              start=int((start + phase * every / PHASES) * NANOSECONDS_PER_SECOND))
        for phase in range(PHASES)
    ]  # fmt: skip
    names, made = shape.names, []
    for tick in range(count):
        frames = [next(frame.unpack(model.frame(tick))) for model in models]
        for n, name in enumerate(names):
            body = compressed(load.signed(frames[n * PHASES // len(names)], name))
            made.append(load.request(f"127.0.0.1:{port}", token, body))
    return made


@contextmanager
def dashboard(data: Path, api: str) -> Iterator[tuple[int, int]]:
    """Process id and port of a `vigie dashboard run`."""
    port = free_port()
    command = [sys.executable, "-m", "vigie", "dashboard", "run", "--data", str(data),
               "--listen", f"127.0.0.1:{port}", "--api", api]  # fmt: skip
    with (data / "dashboard.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        if not wait_for(f"http://127.0.0.1:{port}", "/healthz"):
            raise RuntimeError((data / "dashboard.log").read_text()[-2000:])
        yield process.pid, port
    finally:
        process.terminate()
        process.wait(10)


def pages(collector: Collector, shape: Shape) -> list[Page]:
    """Sessions of four persons: of all and of one site, each in both languages."""
    made, some = [], shape.names[0].partition("/")[0]
    with collector.client("registrar.token") as registrar:
        for n in range(shape.sessions):
            scope = some if n % 4 == 3 else ""
            asked = {"kind": "person", "name": f"person {scope or 'all'}", "scope": scope,
                     "roles": ["reader"]}  # fmt: skip
            code = registrar.post(Enrolment, "principals", asked).code
            made.append(Page(code, ("fr", "en")[n // 2 % 2]))
    return made


def clients(collector: Collector, shape: Shape) -> list[Client]:
    """Clients of the API that ask all there is to ask, about containers taken by chance."""

    def series() -> str:
        start = (datetime.now(UTC) - timedelta(minutes=10)).strftime("%Y-%m-%dT%H:%M:%SZ")
        return (f"/api/v1/series/gpu?fields=power_watts&agg=mean&step=60&from={start}"
                f"&scope={random.choice(shape.names)}")  # fmt: skip

    questions = {
        "latest": lambda: f"/api/v1/latest/gpu?scope={random.choice(shape.names)}",
        "series": series,
        "kpis": lambda: "/api/v1/kpis?period=now&indicator=power",
        "events": lambda: "/api/v1/events?limit=100",
    }
    token = collector.enrol("client", "", kind="service", roles=["reader"])
    return [Client(token, questions) for _ in range(shape.clients)]


class Watching:
    """Processor time and memory of programs, and what the collector counted, over a while."""

    def __init__(self, collector: Collector, pids: Mapping[str, int]) -> None:
        self._collector = collector
        self._processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        self.begin()

    def begin(self) -> None:
        """From now on."""
        self._at, self._asked = time.monotonic(), asked(self._collector)
        self._used = {name: used(process) for name, process in self._processes.items()}

    def end(self) -> Figures:
        """Until now."""
        seconds = time.monotonic() - self._at
        found: Figures = {}
        for name, process in self._processes.items():
            found[f"{name} cores"] = (used(process) - self._used[name]) / seconds
            found[f"{name} MB"] = process.memory_info().rss / 1e6
        found["seconds"] = seconds
        return found


def used(process: psutil.Process) -> float:
    """Processor seconds of a process and its children so far."""
    times = process.cpu_times()
    return float(times.user + times.system + times.children_user + times.children_system)


def asked(collector: Collector) -> dict[str, float]:
    """How many requests the collector answered so far, by noun."""
    with urllib.request.urlopen(f"{collector.url}/metrics", timeout=20) as answer:
        text = answer.read().decode()
    found = re.findall(
        r'^vigie_collector_requests_total\{noun="([^"]+)"\} (\S+)', text, re.MULTILINE
    )
    return {noun: float(value) for noun, value in found}


def run(shape: Shape) -> dict[str, Figures]:
    """Both measurements: figures by name."""

    def say(text: str) -> None:
        print(f"  {text}", file=sys.stderr, flush=True)

    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        (data / "network.toml").write_text(network(shape))
        settings = {"VIGIE_COLLECTOR_NETWORK": str(data / "network.toml")}
        with (
            Collector(data, environment=settings) as collector,
            dashboard(data, collector.url) as (pid, port),
        ):
            pids = {"collector": collector.pid, "dashboard": pid}
            token = collector.enrol("load", "", kind="relay")
            say(f"{shape.sessions} sessions, {shape.clients} clients are made")
            crowd = Crowd(port, collector.port, pages(collector, shape),
                          clients(collector, shape), shape.seconds)  # fmt: skip
            found = {}
            for name in ("nobody looks", "all of them look"):
                say(f"{name}: {shape.containers} containers send for {shape.seconds:.0f} s")
                looked = crowd if name == "all of them look" else None
                found[name] = measure(shape, collector, pids, token, looked)
        return found


def measure(
    shape: Shape, collector: Collector, pids: Mapping[str, int], token: str, crowd: Crowd | None
) -> Figures:
    """One of them."""
    count = BEATS * (round(shape.seconds / PERIOD) + 1)
    start = time.time() + LEAD_SECONDS + MAKING_SECONDS * count * shape.containers
    made = requests(shape, collector.port, token, start, count)
    time.sleep(max(0.0, start - time.time()))
    sending = Sending(collector.port, made, count * PERIOD / BEATS)
    sending.start()
    watching = Watching(collector, pids)
    if crowd is None:
        time.sleep(shape.seconds)
        figures = watching.end()
    else:
        before: dict[str, float] = {}

        def ready() -> None:
            before.update(asked(collector))
            watching.begin()

        seen = crowd.apart(ready)
        figures = watching.end() | told(seen, shape, before, asked(collector))
    return figures | sending.end()


def told(
    seen: Seen, shape: Shape, before: Mapping[str, float], after: Mapping[str, float]
) -> Figures:
    """What the crowd saw, and what it made the dashboard ask."""
    figures: Figures = {"crowd cores": seen.cpu_seconds / shape.seconds}
    for name, latencies in sorted(seen.seconds.items()):
        figures[f"{name}: a second"] = len(latencies) / shape.seconds
        figures |= {f"{name} {k}": v for k, v in ranked(latencies).items()}
        figures[f"{name} kB"] = seen.sizes[name] / len(latencies) / 1e3
    if seen.ages:
        figures["age of data on the board, s, p50"] = rank(seen.ages, 0.5)
        figures["age of data on the board, s, p99"] = rank(seen.ages, 0.99)
    figures["streams open"] = seen.streams
    figures["streams' news"] = seen.news
    for noun in ("containers", "alerts", "sessions", "stream"):
        asked_for = after.get(noun, 0) - before.get(noun, 0)
        figures[f"API asked for {noun}, a second"] = asked_for / shape.seconds
    for status, times in sorted(seen.statuses.items()):
        figures[f"not answered: {status}"] = times
    return figures


def rank(values: Sequence[float], share: float) -> float:
    """The value below which that share of them lies."""
    return sorted(values)[min(len(values) - 1, int(len(values) * share))]


def ranked(latencies: Sequence[float]) -> Figures:
    """Median and 99th percentile, in milliseconds."""
    return {"p50 ms": rank(latencies, 0.5) * 1e3, "p99 ms": rank(latencies, 0.99) * 1e3}


def table(found: Mapping[str, Figures]) -> Iterator[str]:
    """The figures side by side."""
    columns = list(found)
    names = list(dict.fromkeys(name for figures in found.values() for name in figures))
    yield f"{'':<36}" + "".join(f"{column:>18}" for column in columns)
    for name in names:
        cells = [found[column].get(name) for column in columns]
        yield f"{name:<36}" + "".join(
            f"{'':>18}" if cell is None else f"{cell:18,.2f}" for cell in cells
        )


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        prog="bench many", description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--containers", type=int, default=1000)
    parser.add_argument("--sessions", type=int, default=200)
    parser.add_argument("--clients", type=int, default=50)
    parser.add_argument("--seconds", type=float, default=60, help="of each measurement")
    parser.add_argument("--json", action="store_true", help="figures as JSON")
    given = parser.parse_args()
    shape = Shape(given.containers, given.sessions, given.clients, given.seconds)
    found = run(shape)
    print(json.dumps(found) if given.json else "\n".join(table(found)))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
