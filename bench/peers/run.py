"""The whole comparison: which cells there are, in which order, and how far it has come."""

import shutil
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from bench.peers import record
from bench.peers.cell import Prepared, Result, measure
from bench.peers.durability import survive
from bench.peers.influx import Influx
from bench.peers.prometheus import Prometheus
from bench.peers.record import Record
from bench.peers.relay import Relayed
from bench.peers.sender import Requests
from bench.peers.system import System, encoder
from bench.peers.telemetry import GPUS, STEP, Telemetry, Workload
from bench.peers.victoria import Victoria
from bench.peers.vigie import Vigie

SYSTEMS: Final[Mapping[str, type[System]]] = {
    kind.name: kind for kind in (Vigie, Victoria, Prometheus, Influx, Relayed)
}
ALWAYS: Final = ("vigie", "victoria", "prometheus", "influx")
MEMORY: Final = Path("/dev/shm")  # noqa: S108
LARGEST: Final = 6 * 2**30
"""Bytes that the largest load takes, and some more."""
AGE: Final = 120
"""Seconds between the newest reading and now: every minute of the data has closed."""
KILLED: Final = (60, 6)
"""Containers and ticks that are sent before a kill."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What to measure: a set of readings, a format, a batch and a system."""

    set: str
    containers: int
    ticks: int
    form: str
    each: int
    system: str
    ask: bool = False
    kill: bool = False

    @property
    def load(self) -> tuple[int, int, str, int]:
        """What has to be encoded for it."""
        return (self.containers, self.ticks, self.form, self.each)

    def __str__(self) -> str:
        gpus = self.containers * GPUS
        what = "kill" if self.kill else f"{self.form}, {self.each} a request"
        return f"{self.set} ({gpus:,} GPUs x {self.ticks}) {self.system}: {what}"


def quick(containers: int, systems: Sequence[str]) -> list[Cell]:
    """A trial of everything: best formats, few readings."""
    cells = [
        Cell("a", containers, 12, form, each, name, ask=each == 10)
        for name in systems
        for form in list(SYSTEMS[name].formats)[:1]
        for each in (1, 10)
    ]
    return _ordered([*cells, *_kills(min(containers, KILLED[0]), systems)])


def relayed(cells: Sequence[Cell]) -> list[Cell]:
    """The same with a relay before Vigie, of one container a request: it makes them more."""
    more = [
        replace(cell, system=Relayed.name, ask=False)
        for cell in cells
        if cell.system == Vigie.name and cell.each == 1 and not cell.kill
    ]
    return _ordered([*cells, *more])


def full(systems: Sequence[str]) -> list[Cell]:
    """Everything; who cannot bear a size in reasonable time is left out of it."""
    cells: list[Cell] = []
    for name in systems:
        forms = list(SYSTEMS[name].formats)
        cells += [
            Cell("a", 200, 60, form, each, name, ask=form == forms[0] and each == 10)
            for form in forms
            for each in (1, 10)
        ]
        best = forms[0]
        cells.append(Cell("b", 1000, 6, best, 10, name, ask=True))
        cells.append(Cell("h", 20, 360, best, 10, name))
        cells += [Cell("s", n, ticks, best, 1, name) for n, ticks in ((1, 180), (10, 60))]
        if name in {"vigie", "victoria"}:
            cells.append(Cell("b60", 1000, 60, best, 10, name, ask=True))
            cells.append(Cell("s", 4808, 6, best, 10, name))
    return _ordered([*cells, *_kills(KILLED[0], systems)])


def _kills(containers: int, systems: Sequence[str]) -> Iterator[Cell]:
    for name in systems:
        form = next(iter(SYSTEMS[name].formats))
        yield Cell("k", containers, KILLED[1], form, 1, name, kill=True)


def _ordered(cells: Iterable[Cell]) -> list[Cell]:
    """What is encoded once is measured together."""
    return sorted(cells, key=lambda cell: (cell.set, cell.load))


def run(cells: Sequence[Cell], left_out: Mapping[str, str], options: Mapping[str, str]) -> Record:
    """Measure all cells in turn."""
    made = record.begun(options)
    names = sorted({cell.system for cell in cells})
    made.versions = {SYSTEMS[n].title: SYSTEMS[n].version() for n in names}
    made.missing = left_out
    begun, progress = time.monotonic(), Progress([weight(cell) for cell in cells])
    with tempfile.TemporaryDirectory(prefix="bench-load-", dir=shelf()) as folder:
        prepared: Prepared | None = None
        for number, cell in enumerate(cells):
            progress.begin(number, str(cell))
            if prepared is None or _load(prepared) != cell.load:
                progress.say("encoding")
                prepared = encoded(cell, Path(folder) / "requests")
            kind = SYSTEMS[cell.system]
            if cell.kill:
                made.durability.append(survive(kind, prepared, progress.say))
            else:
                idle = 2.0 if prepared.work.values < 2_000_000 else 6.0
                made.results.append(
                    measure(kind, prepared, idle=idle, ask=cell.ask, say=progress.say)
                )
                progress.end(made.results[-1])
    made.seconds = time.monotonic() - begun
    return made


def shelf() -> Path | None:
    """Where requests lie until they are sent: in memory, or their writing would take the disk."""
    found = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > LARGEST
    return MEMORY if found else None


def weight(cell: Cell) -> float:
    """About how many seconds a cell takes, for the percent."""
    rates = {"vigie": 8e6, "victoria": 1.5e6}
    values = cell.containers * cell.ticks * GPUS * 18
    return 35.0 + values / rates.get(cell.system, 0.4e6)


def _load(prepared: Prepared) -> tuple[int, int, str, int]:
    work = prepared.work
    return (work.containers, work.ticks, prepared.form, prepared.each)


def encoded(cell: Cell, path: Path) -> Prepared:
    """A cell's requests, of readings that end two minutes ago."""
    start = (int(time.time()) - AGE - cell.ticks * STEP) // 60 * 60
    work = Workload(cell.containers, cell.ticks, start)
    telemetry = Telemetry(work)
    encode = encoder(cell.form, cell.each, cell.containers)
    bodies = (body for tick in telemetry.ticks() for body in encode(tick))
    requests = Requests.written(path, bodies, -(-cell.containers // cell.each))
    return Prepared(work, cell.form, cell.each, requests, telemetry.truth)


class Progress:
    """Says on stderr what runs and how far it is; over the last line where there is a terminal."""

    def __init__(self, weights: Sequence[float]) -> None:
        self._weights, self._at, self._name = weights, 0, ""
        self._live = sys.stderr.isatty()

    def begin(self, number: int, name: str) -> None:
        """The next cell."""
        self._at, self._name = number, name
        if not self._live:
            print(f"[{self._share():3.0f} %] {name}", file=sys.stderr, flush=True)

    def say(self, what: str) -> None:
        """What of it."""
        if self._live:
            line = f"[{self._share():3.0f} %] {self._name}: {what}"
            print(f"\r\x1b[K{line}", end="", file=sys.stderr, flush=True)

    def end(self, result: Result) -> None:
        """What came out, in a line."""
        told = result.fault
        if result.steady and not told:
            told = (
                f"{result.steady.rate:.2f} M values/s, {result.cpu_per_million:.3f} CPU-s/M, "
                f"others used {result.steady.foreign:.1f} cores"
            )
        clear = "\r\x1b[K" if self._live else ""
        name = f"{self._name}: " if self._live else "        "
        print(f"{clear}{name}{told}", file=sys.stderr, flush=True)

    def _share(self) -> float:
        return 100.0 * sum(self._weights[: self._at]) / sum(self._weights)
