"""Vigie alone, for minutes: a whole campus at its pace, or all that two cores can take.

Every ten seconds: rate, cores, memory, what is refused, how far rollups, journal and tail are
behind; and on a campus the four questions, and how old a reading is when it can first be seen.
"""

import json
import multiprocessing.connection
import random
import statistics
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from bench.peers import frames, paced
from bench.peers.asking import QUESTIONS, Asked
from bench.peers.paced import Pace, Told
from bench.peers.server import Usage
from bench.peers.telemetry import FIELDS, GPUS, Workload
from bench.peers.vigie import Vigie, metric
from vigie.catalogue import Gpu
from vigie.errors import VigieError
from vigie.units import NANOSECONDS_PER_SECOND

LOOK_SECONDS: Final = 0.02
GIVEN_UP_SECONDS: Final = 30.0
ASK_SECONDS: Final = 4.0
AGE_SECONDS: Final = 0.25
DUTIES: Final = ("flush", "roll", "merge")


@dataclass(frozen=True, slots=True)
class Moment:
    """Ten seconds of a long run."""

    at: float
    rate: float
    """Million values a second acknowledged."""
    cores: float
    sender_cores: float
    memory_bytes: int
    refused: int
    sender_late: float
    p99: float
    rollup_lag: float | None
    """Seconds from the end of the newest minute rolled up to now; None before the first."""
    journal_bytes: int
    tail_bytes: int
    duties: Mapping[str, float]
    """Seconds that each duty's last turn took."""

    def line(self) -> str:
        """As it is printed."""
        lag = "–" if self.rollup_lag is None else f"{self.rollup_lag:.0f}"
        took = " ".join(f"{name} {seconds:.1f}" for name, seconds in self.duties.items())
        return (
            f"{self.at:6.0f} s {self.rate:6.2f} M/s {self.cores:5.2f} cores (sender "
            f"{self.sender_cores:.2f}) {self.memory_bytes / 1e6:6.0f} MB  503: {self.refused}  "
            f"ack p99 {self.p99 * 1e3:.0f} ms  late {self.sender_late:.1f} s  rolled {lag} s ago  "
            f"journal {self.journal_bytes / 1e6:.0f} MB  tail {self.tail_bytes / 1e6:.0f} MB  "
            f"{took} s"
        )


@dataclass(slots=True)
class Long:
    """What a long run comes to; times in seconds."""

    pace: Pace
    moments: list[Moment] = field(default_factory=list)
    ages: list[float] = field(default_factory=list)
    """From when a reading was taken until it was seen in live."""
    questions: dict[str, list[float]] = field(default_factory=dict)
    peak_bytes: int = 0
    faults: list[str] = field(default_factory=list)

    def summary(self) -> Mapping[str, float | None]:
        """Its figures by name; the first half minute, in which all series are new, left out."""
        steady = [m for m in self.moments if m.at > 30] or self.moments
        lags = [m.rollup_lag for m in steady if m.rollup_lag is not None]
        found: dict[str, float | None] = {
            "million values/s": _mean([m.rate for m in steady]),
            "least of 10 s": min((m.rate for m in steady), default=None),
            "collector cores": _mean([m.cores for m in steady]),
            "sender cores": _mean([m.sender_cores for m in steady]),
            "refused": float(sum(m.refused for m in self.moments)),
            "ack p99 ms, worst of 10 s": max((m.p99 * 1e3 for m in steady), default=None),
            "peak memory MB": self.peak_bytes / 1e6,
            "memory MB at the end": steady[-1].memory_bytes / 1e6 if steady else None,
            "rollups behind s, most": max(lags, default=None),
            "journal MB, most": max((m.journal_bytes / 1e6 for m in steady), default=None),
            "tail MB, most": max((m.tail_bytes / 1e6 for m in steady), default=None),
        }
        for name in DUTIES:
            seconds = [m.duties[name] for m in steady if name in m.duties]
            found[f"{name} s, longest"] = max(seconds, default=None)
        if self.ages:
            found["live age p50 s"] = statistics.median(self.ages)
            found["live age p99 s"] = share(self.ages, 0.99)
        for question, took in sorted(self.questions.items()):
            found[f"question {question} p50 ms"] = statistics.median(took) * 1e3
            found[f"question {question} p99 ms"] = share(took, 0.99) * 1e3
        return found


def share(values: Sequence[float], part: float) -> float:
    """A quantile, the nearest above."""
    ranked = sorted(values)
    return ranked[min(int(len(ranked) * part), len(ranked) - 1)]


def _mean(values: Sequence[float]) -> float | None:
    return statistics.fmean(values) if values else None


class Watch:
    """Looks at a collector while it is sent to."""

    def __init__(self, system: Vigie, pace: Pace, found: Long, begun: float) -> None:
        """`begun` is when the sender did, Unix time."""
        self._system, self._pace, self._found = system, pace, found
        self._over, self._threads = threading.Event(), list[threading.Thread]()
        self.begun = begun

    def asking(self, work: Callable[[], None], every: float) -> None:
        """Do something again and again until the run is over, in a thread."""

        def again() -> None:
            while not self._over.wait(every):
                try:
                    work()
                except (VigieError, OSError) as error:
                    self._found.faults.append(f"{type(error).__name__}: {error}"[:300])

        thread = threading.Thread(target=again, daemon=True)
        thread.start()
        self._threads.append(thread)

    def end(self) -> None:
        """The run is over; what is being asked is still answered."""
        self._over.set()
        for thread in self._threads:
            thread.join(timeout=GIVEN_UP_SECONDS)

    def questions(self) -> None:
        """Each question once, of the last ten whole minutes or what there is of them."""
        now = int(time.time()) // 60 * 60
        start = max(now - 600, int(self.begun) // 60 * 60)
        number = random.randrange(self._pace.containers)
        asked = Asked(start, max(now, start + 60), number, self._pace.containers)
        for question in QUESTIONS:
            begun = time.perf_counter()
            self._system.ask(question, asked, rolled=True)
            took = time.perf_counter() - begun
            self._found.questions.setdefault(question, []).append(took)

    def age(self) -> None:
        """How old the next reading of some container is when live first shows it."""
        soon = time.time() - self.begun + random.uniform(0, 2 * AGE_SECONDS)
        number = int(soon / self._pace.period * self._pace.requests) + 1
        taken = self.begun + self._pace.due(number)
        time.sleep(max(0.0, taken - time.time()))
        scope = frames.container(number % self._pace.requests * self._pace.each)
        while not self._over.is_set():
            answer = self._system.newest(scope)
            now = time.time()
            if answer >= int(taken) or now - taken > GIVEN_UP_SECONDS:
                self._found.ages.append(now - taken)
                return
            time.sleep(LOOK_SECONDS)

    def moment(self, told: Told, used: Usage, family: int) -> Moment:
        """The last ten seconds."""
        status = self._system.status()
        text = self._system.metrics()
        newest = next((t["newest"] for t in status["tables"] if t["name"] == f"{Gpu.name}_1m"), "")
        lag = None
        if newest:
            began = datetime.fromisoformat(newest).timestamp()
            lag = time.time() - began - 60
        return Moment(
            told.at, told.values / told.seconds / 1e6, used.server / used.at,
            told.cpu_seconds / told.seconds, family, told.refused, told.late,
            share(told.latencies, 0.99) if told.latencies else 0.0, lag,
            status["journal_bytes"], status["tail_bytes"],
            {name: metric(text, "duty_seconds", duty=name) for name in DUTIES},
        )  # fmt: skip


def run(pace: Pace, *, ask: bool, out: Path | None) -> Long:
    """Send at that pace and watch; what is found is printed as it goes."""
    found = Long(pace)
    values = int(pace.seconds * pace.containers * GPUS * len(FIELDS) / (pace.period or 1.0))
    print(
        f"{pace.containers * GPUS:,} GPUs x {len(FIELDS)} fields, {pace.each} container(s) a "
        f"request, {f'every {pace.period:g} s' if pace.period else 'as fast as it is let'}, "
        f"{pace.seconds / 60:g} min" + (f", {values / 1e6:,.0f} M values" if pace.period else "")
    )
    with tempfile.TemporaryDirectory(prefix="bench-long-") as folder:
        system = Vigie(Path(folder), Workload(pace.containers, 1, 0))
        system.flush = 60
        system.server.start()
        try:
            system.prepare()
            _watched(system, pace, found, ask=ask)
            found.peak_bytes = system.server.peak()
        finally:
            system.server.kill()
    for name, number in found.summary().items():
        print(f"  {name:<28}{'–' if number is None else f'{number:,.2f}':>14}")
    for fault in dict.fromkeys(found.faults):
        print(f"  fault: {fault}")
    if out:
        out.parent.mkdir(parents=True, exist_ok=True)
        made: dict[str, Any] = asdict(found) | {"summary": found.summary()}
        made["ages"] = [round(age, 4) for age in found.ages]
        out.write_text(json.dumps(made, indent=1) + "\n")
    return found


def _watched(system: Vigie, pace: Pace, found: Long, *, ask: bool) -> None:
    child, told = paced.start(pace, system.target("frames"))
    try:
        watch = Watch(system, pace, found, int(str(told.recv())) / NANOSECONDS_PER_SECOND)
        if ask:
            watch.asking(watch.questions, ASK_SECONDS)
        if pace.period >= 1:  # times are told in whole seconds
            watch.asking(watch.age, AGE_SECONDS)
        _followed(system, watch, told, found)
        watch.end()
    finally:
        child.terminate()
        child.join()


def _followed(
    system: Vigie,
    watch: Watch,
    told: "multiprocessing.connection.Connection[None, Told | str]",
    found: Long,
) -> None:
    before = system.server.usage()
    while True:
        try:
            said = told.recv()
        except EOFError:
            return
        if isinstance(said, str):
            found.faults.append(said)
            return
        after = system.server.usage()
        try:
            found.moments.append(watch.moment(said, after - before, system.server.memory()))
        except (VigieError, OSError) as error:
            found.faults.append(f"watching: {error}"[:300])
            continue
        finally:
            before = after
        print(found.moments[-1].line(), flush=True)
