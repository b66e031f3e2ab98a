"""What every system under measurement is asked to do, and what all that speak PromQL share."""

import abc
import shutil
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Final

from bench.peers import frames, line_protocol, remote_write
from bench.peers.asking import Asked, Reply, Web
from bench.peers.remote_write import metric
from bench.peers.sender import Target
from bench.peers.server import Server, Usage
from bench.peers.telemetry import FIELDS, HOTTEST, MINUTE, Tick, Workload
from vigie.catalogue import Gpu

Encoder = Callable[[Tick], Iterator[bytes | memoryview]]

POWER, HEAT = Gpu.power_watts.name, Gpu.temperature_celsius.name
TINY, SHORT = 100_000, 2_000_000
"""Values of a workload that is a test, or a trial: less is waited for."""
MEAN_BY_CONTAINER = "container:gpu_power_watts:mean1m"
FLEET_POWER = "fleet:gpu_power_watts:sum1m"
FLEET_HEAT = "fleet:gpu_temperature_celsius:p95_1m"
RULES: Final[Mapping[str, str]] = {
    MEAN_BY_CONTAINER: f"avg by (container) (avg_over_time({metric(POWER)}[1m]))",
    FLEET_POWER: f"sum(avg_over_time({metric(POWER)}[1m]))",
    FLEET_HEAT: f"quantile(0.95, avg_over_time({metric(HEAT)}[1m]))",
}
"""The recording rules that answer questions b and c."""


def encoder(form: str, each: int, containers: int) -> Encoder:
    """What makes the request bodies of a tick in a format, `each` containers in one."""
    if form == "frames":
        return lambda tick: frames.bodies(tick, each)
    if form == "lines":
        starts = line_protocol.tags(containers)
        return lambda tick: line_protocol.bodies(tick, each, starts)
    template = remote_write.Template(min(each, containers))
    return lambda tick: remote_write.bodies(tick, each, template)


@dataclass(frozen=True, slots=True)
class Disk:
    """Bytes of the readings on disk, with and without what finds them; the rest beside them."""

    readings: int
    without_index: int
    everything: int
    note: str = ""


class System(abc.ABC):
    """One system, fresh in a directory of its own."""

    name: ClassVar[str]
    title: ClassVar[str]
    package: ClassVar[str]
    """What to install where it is missing."""
    program: ClassVar[str]
    formats: ClassVar[Mapping[str, tuple[int, int]]]
    """Formats it takes, the best first; connections that suit it with one and with ten a request.
    """
    least_idle: ClassVar[float] = 12.0
    """Seconds to wait at least for what it does later, after the last acknowledgement."""

    def __init__(self, directory: Path, work: Workload) -> None:
        self.directory, self.work = directory, work
        self.server = self.made()

    @classmethod
    def missing(cls) -> str:
        """Why it cannot be measured here; empty when it can."""
        if shutil.which(cls.program) is None:
            return f"no {cls.program} on PATH: apt install {cls.package}"
        return ""

    @classmethod
    def version(cls) -> str:
        """What it says it is."""
        return package_version(cls.package)

    @abc.abstractmethod
    def made(self) -> Server:
        """Its server, not started."""

    def prepare(self) -> None:  # noqa: B027  most have nothing to do
        """Do what must be done once, before the first request."""

    @abc.abstractmethod
    def target(self, form: str) -> Target:
        """Where requests of a format go."""

    def settle(self) -> None:
        """Wait until it has done what it does later."""
        self.server.idle(least=self.least_idle * haste(self.work.values))

    @abc.abstractmethod
    def ask(self, question: str, asked: Asked, *, rolled: bool) -> Reply:
        """The answer to one of the four questions, from what was precomputed or not."""

    @abc.abstractmethod
    def roll(self, asked: Asked) -> float:
        """Precompute what it can; processor seconds of tools that it took beside the server."""

    @abc.abstractmethod
    def disk(self) -> Disk:
        """What it has on disk, settled."""

    @abc.abstractmethod
    def count(self, asked: Asked) -> int:
        """How many values it finds."""

    def delivered(self, sent: int) -> bool:
        """Wait until so many frames that somebody between holds have arrived; True if any may."""
        return False

    def beside(self) -> Usage | None:
        """What somebody between used up to now; None where there is nobody."""
        return None

    def end(self) -> None:
        """Kill it."""
        self.server.kill()

    def told(self) -> Mapping[str, float]:
        """What else it says of itself that a reader should know."""
        return {}


def haste(values: int) -> float:
    """The share of what is waited for that so many values are worth."""
    return 0.1 if values < TINY else 0.4 if values < SHORT else 1.0


def package_version(package: str) -> str:
    """The installed version of a Debian package."""
    if shutil.which("dpkg-query") is None:
        return "unknown"
    run = subprocess.run(
        ["dpkg-query", "-W", "-f", "${Version}", package], capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return run.stdout.strip() or "unknown"


class PromQL:
    """The four questions in PromQL, which two of the systems speak."""

    def __init__(self, web: Web, prefix: str, extra: Mapping[str, str]) -> None:
        """`extra` goes with every query."""
        self.web, self._prefix, self._extra = web, prefix, extra

    def ask(self, question: str, asked: Asked, *, rolled: bool) -> Reply:
        """The answer to a question; rolled: of recording rules where one helps."""
        if question == "a":
            return Reply(self._latest(asked))
        if question == "b":
            return Reply(self._power(asked, rolled=rolled))
        if question == "c":
            return Reply(self._fleet(asked, rolled=rolled))
        found = self.instant(f"topk({HOTTEST}, {metric(HEAT)})", asked.end)
        return Reply([sum(float(row["value"][1]) for row in found)])

    def instant(self, query: str, time: int) -> list[Any]:
        """The vector that a query gives at a time."""
        answer = self.web.get(f"{self._prefix}/query", query=query, time=time, **self._extra)
        rows: list[Any] = answer["data"]["result"]
        return rows

    def count(self, asked: Asked) -> int:
        """How many samples there are."""
        span = asked.end - asked.start + MINUTE
        total = 0.0
        for declared in FIELDS:
            query = f"sum(count_over_time({metric(declared.name)}[{span}s]))"
            total += sum(float(row["value"][1]) for row in self.instant(query, asked.end))
        return int(total)

    def _latest(self, asked: Asked) -> Sequence[float]:
        rows = self.instant(f'{{container="{frames.short(asked.container)}"}}', asked.end)
        sums = {metric(f.name): 0.0 for f in FIELDS}
        for row in rows:
            name = row["metric"]["__name__"]
            if name in sums:
                sums[name] += float(row["value"][1])
        return list(sums.values())

    def _power(self, asked: Asked, *, rolled: bool) -> Sequence[float]:
        span = asked.end - asked.ten_minutes
        raw = f"avg by (container) (avg_over_time({metric(POWER)}[{span}s]))"
        query = f"avg_over_time({MEAN_BY_CONTAINER}[{span}s])" if rolled else raw
        return [float(row["value"][1]) for row in self.instant(query, asked.end)]

    def range(self, query: str, asked: Asked) -> list[Any]:
        """What a query gives at every whole minute."""
        answer = self.web.get(
            f"{self._prefix}/query_range", query=query, start=asked.start + MINUTE,
            end=asked.end, step=MINUTE, **self._extra,
        )  # fmt: skip
        rows: list[Any] = answer["data"]["result"]
        return rows

    def _fleet(self, asked: Asked, *, rolled: bool) -> Sequence[float]:
        queries = [name if rolled else RULES[name] for name in (FLEET_POWER, FLEET_HEAT)]
        rows = [row for query in queries for row in self.range(query, asked)]
        return [float(value) for row in rows for _, value in row["values"]]


def rules() -> str:
    """The recording rules as YAML, for a tool that replays them."""
    lines = ["groups:", "- name: bench", "  interval: 1m", "  rules:"]
    for name, expression in RULES.items():
        lines += [f"  - record: {name}", f"    expr: {expression}"]
    return "\n".join(lines) + "\n"
