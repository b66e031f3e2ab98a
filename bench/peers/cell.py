"""One system, one format, one workload: everything that is measured of it, from start to end."""

import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from bench.peers.asking import QUESTIONS, Asked, Timed, timed
from bench.peers.sender import Outcome, Requests, send_apart
from bench.peers.server import Usage
from bench.peers.system import System
from bench.peers.telemetry import Truth, Workload
from vigie.errors import VigieError

FIRST_TICKS = 2
"""They make the series, and are told apart from what follows."""

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Prepared:
    """A workload encoded: requests in a file, how many a tick, and the truth about them."""

    work: Workload
    form: str
    each: int
    requests: Requests
    truth: Truth


@dataclass(frozen=True, slots=True)
class Phase:
    """One stretch of sending."""

    values: int
    seconds: float
    cpu: float
    """Processor seconds of the server."""
    sender: float
    """Processor seconds of the sender."""
    foreign: float
    """Cores that neither used: others were busy with."""
    refused: int
    p50: float
    p99: float

    @property
    def rate(self) -> float:
        """Million values a second."""
        return self.values / self.seconds / 1e6


@dataclass(slots=True)
class Result:
    """What was measured of one cell; figures that could not be had are absent or None."""

    system: str
    form: str
    each: int
    containers: int
    ticks: int
    values: int
    connections: int
    wire: float
    """Bytes sent per value."""
    first: Phase | None = None
    steady: Phase | None = None
    settle_cpu: float = 0.0
    """Processor seconds after the last acknowledgement, what it uses when idle taken off."""
    relay: float = 0.0
    """Processor seconds of a relay between, where there is one."""
    idle_cores: float = 0.0
    cpu_per_million: float = 0.0
    """Processor seconds of the server per million values, all in, of all ticks."""
    steady_per_million: float = 0.0
    """The same without the first ticks."""
    peak_bytes: int = 0
    peak_after_questions: int = 0
    bytes_per_value: float = 0.0
    without_index: float = 0.0
    disk_note: str = ""
    questions: dict[str, Timed] = field(default_factory=dict)
    rolled: dict[str, Timed] = field(default_factory=dict)
    roll_seconds: float = 0.0
    """Processor seconds that precomputing took, of server and tools."""
    told: Mapping[str, float] = field(default_factory=dict)
    fault: str = ""
    """Why some of it could not be measured."""


def measure(kind: type[System], prepared: Prepared, *, idle: float, ask: bool, say: Say) -> Result:
    """Measure one cell on a fresh system; `idle` seconds are watched for what it uses at rest."""
    work = prepared.work
    limits = kind.formats[prepared.form]
    connections = min(limits[prepared.each > 1], prepared.requests.a_tick)
    result = Result(
        kind.name, prepared.form, prepared.each, work.containers, work.ticks, work.values,
        connections, sum(prepared.requests.sizes) / work.values,
    )  # fmt: skip
    with tempfile.TemporaryDirectory(prefix=f"bench-{kind.name}-") as folder:
        system = kind(Path(folder), work)
        try:
            say("starting")
            system.server.start()
            system.prepare()
            _load(system, prepared, result, idle=idle, say=say)
            if ask:
                _questions(system, prepared, result, say)
        except (VigieError, OSError) as error:
            result.fault = f"{type(error).__name__}: {error}"
        finally:
            system.end()
    return result


def _load(system: System, prepared: Prepared, result: Result, *, idle: float, say: Say) -> None:
    work, server = prepared.work, system.server
    cut = prepared.requests.a_tick * min(FIRST_TICKS, work.ticks - 1)
    first_values = work.values * min(FIRST_TICKS, work.ticks - 1) // work.ticks
    target = system.target(prepared.form)
    spans = (range(cut), range(cut, len(prepared.requests.sizes)))
    phases = []
    for name, span, values in zip(
        ("first ticks", "steady"), spans, (first_values, work.values - first_values), strict=True
    ):
        say(name)
        before, relayed, begun = server.usage(), system.beside(), time.perf_counter()
        outcome = send_apart(target, prepared.requests, span, result.connections)
        if system.delivered(span.stop * prepared.each):
            outcome = replace(outcome, seconds=time.perf_counter() - begun)
        phases.append(phase(values, outcome, server.usage() - before))
        result.relay += cpu(system.beside(), relayed)
    result.first, result.steady = phases
    say("until idle")
    before = server.usage()
    system.settle()
    settled = server.usage() - before
    before = server.usage()
    time.sleep(idle)
    rest = server.usage() - before
    result.idle_cores = rest.server / rest.at
    result.settle_cpu = max(0.0, settled.server - result.idle_cores * settled.at)
    result.peak_bytes = server.peak()
    steady = result.steady.cpu + result.settle_cpu
    result.steady_per_million = steady / result.steady.values * 1e6
    result.cpu_per_million = (steady + result.first.cpu) / work.values * 1e6
    result.told = dict(system.told())
    disk = system.disk()
    result.bytes_per_value = disk.readings / work.values
    result.without_index = disk.without_index / work.values
    result.disk_note = disk.note


def cpu(now: Usage | None, before: Usage | None) -> float:
    """Processor seconds between two looks at somebody who may not be there."""
    return 0.0 if now is None or before is None else (now - before).server


def phase(values: int, outcome: Outcome, used: Usage) -> Phase:
    """A stretch of sending as figures."""
    foreign = max(0.0, used.machine - used.server - outcome.cpu_seconds) / used.at
    return Phase(
        values, outcome.seconds, used.server, outcome.cpu_seconds, foreign, outcome.refused,
        outcome.latency(0.5), outcome.latency(0.99),
    )  # fmt: skip


def _questions(system: System, prepared: Prepared, result: Result, say: Say) -> None:
    """All four, of what was sent and of what is precomputed of it."""
    asked = Asked.of(prepared.work)
    _each(system, prepared.truth, asked, result, rolled=False, say=say)
    say("rollups")
    before = system.server.usage()
    try:
        tools = system.roll(asked)
    except VigieError as error:
        result.fault = f"rollups: {error}"
        return
    result.roll_seconds = max(0.0, (system.server.usage() - before).server) + tools
    _each(system, prepared.truth, asked, result, rolled=True, say=say)
    result.peak_after_questions = system.server.peak()


def _each(
    system: System, truth: Truth, asked: Asked, result: Result, *, rolled: bool, say: Say
) -> None:
    for question in QUESTIONS:
        say(f"question {question}{', of rollups' if rolled else ''}")

        found = result.rolled if rolled else result.questions
        ask = partial(system.ask, question, asked, rolled=rolled)
        found[question] = timed(question, ask, truth, asked.container)
