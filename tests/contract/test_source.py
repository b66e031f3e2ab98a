"""What every source keeps, and proof that one which does not is found out."""

import contextlib
import fnmatch
import os
import pickle
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from agent.apart import Apart
from agent.needs import lacking
from agent.source import Found, Read, Source, fault
from agent.sources import MAKERS, sources
from tests.build.given import Given
from tests.build.hanging import Lonely, Telling
from vigie import catalogue
from vigie.catalogue import Host
from vigie.errors import Absent, SourceFailed
from vigie.frame import Happening
from vigie.settings import AgentSettings
from vigie.shape import Columns, Field, Kind, Measurement, Quality

NOW = 1_700_000_000_000_000_000
TURN_SECONDS = 2.0
SOURCES = sources(AgentSettings())
ELSEWHERE = [Apart(source) for source in (*sources(AgentSettings()), Lonely(), Telling())]
"""The same and two more, each in a process of its own: a source of the second kind."""


class Watch:
    """Paths that this process opened meanwhile and programs that it started."""

    def __init__(self) -> None:
        self.opened: list[str] = []
        self.started: list[str] = []

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        """Note one audit event."""
        if event in {"open", "os.listdir", "os.scandir"} and not isinstance(arguments[0], int):
            self.opened.append(os.fsdecode(arguments[0] or "."))
        elif event in {"subprocess.Popen", "os.posix_spawn", "os.exec", "os.system"}:
            self.started.append(os.fsdecode(arguments[0]))


_watches: list[Watch] = []
_hooked: list[bool] = []


@contextlib.contextmanager
def watched() -> Iterator[Watch]:
    """What happens inside; the hook itself stays for good, as every audit hook does."""
    if not _hooked:
        sys.addaudithook(lambda event, told: _watches[-1].hook(event, told) if _watches else None)
        _hooked.append(True)
    _watches.append(Watch())
    try:
        yield _watches[-1]
    finally:
        _watches.pop()


def breaches(source: Source) -> list[str]:
    """How a source breaks its contract; `Absent` is fine at every step."""
    return [*declared(source), *lived(source)]


def declared(source: Source) -> Iterator[str]:
    """What its declarations alone show."""
    if not source.name.isidentifier() or source.name in {"agent", "source"}:
        yield f"{source.name!r} is no name of a source"
    if not source.measurements:
        yield "gives no measurement"
    for measurement in source.measurements:
        if measurement not in catalogue.MEASUREMENTS:
            yield f"{measurement.name} is not in the catalogue"
    if not source.reads and not source.runs:
        yield "declares nothing that it reads"
    yield from unsaid(source)
    if not 0 < source.limit_seconds <= 60 or source.period_seconds <= 0:
        yield "no turn can have these limits"
    if source.apart:
        try:
            pickle.dumps(source)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is the wrong thing
            yield f"cannot be pickled: {error}"


def unsaid(source: Source) -> Iterator[str]:
    """What a partner or an administrator would have to ask about what it reads and runs."""
    for read in source.reads:
        if not read.why:
            yield f"{read.path}: why?"
        if read.right and not read.grant:
            yield f"{read.path} takes {read.right}: granted how?"
    for run in source.runs:
        if not run.why or not run.grant:
            yield f"{run.program}: why, and what installs it?"


def lived(source: Source) -> Iterator[str]:
    """What opening, reading and closing it shows."""
    source.close()  # harmless when not open
    with contextlib.suppress(Absent):
        yield from not_open(source)
    before, threads = descriptors(), threading.active_count()
    try:
        with watched() as seen:
            source.open()
            began = time.monotonic()
            first = source.read(NOW)
            kept = {f: list(cells) for f, cells in first.columns.items()}
            second = source.read(NOW + 10**9)
            took = time.monotonic() - began
    except Absent:
        source.close()
        return
    except SourceFailed as error:
        source.close()
        yield from unexplained(source, error)
        return
    if took > TURN_SECONDS:
        yield f"two turns took {took:.1f} s"
    yield from undeclared(source, seen)
    for found in (first, second):
        yield from filter(None, [fault(found, source.measurements)])
        yield from implausible(found.columns)
    if {f: list(cells) for f, cells in first.columns.items()} != kept:
        yield "a later turn changed what an earlier one gave"
    yield from backwards(first.columns, second.columns, source.measurements)
    source.close()
    source.close()
    if descriptors() > before:
        yield "leaves files open after close"
    if threading.active_count() > threads:
        yield "leaves threads behind"
    source.open()
    if broken := fault(source.read(NOW), source.measurements):
        yield f"after opening again: {broken}"
    source.close()


def not_open(source: Source) -> Iterator[str]:
    """Reading a closed source is a failure that says so, not a crash and not a reading."""
    try:
        source.read(NOW)
    except SourceFailed:
        return
    except Exception as error:  # noqa: BLE001 - whatever it is, it is the wrong thing
        yield f"read before open raises {type(error).__name__}"
    else:
        yield "reads before it is open"


def unexplained(source: Source, error: SourceFailed) -> Iterator[str]:
    """A failure is fine where this machine withholds something, and the source says what."""
    if not str(error) or not error.code.isidentifier():
        yield f"fails without saying what and why: {error.code!r}, {error}"
    elif not lacking(source):
        yield f"fails although nothing that it declares is missing: {error}"


def undeclared(source: Source, seen: Watch) -> Iterator[str]:
    """What it opened or started and does not declare; modules that it imported do not count."""
    programs = {run.program for run in source.runs}
    ours = {sys.executable}  # the process of a source that lives apart
    for program in sorted(set(seen.started) - ours):
        if Path(program).name not in programs:
            yield f"starts {program} and does not declare it"
    code = (sys.prefix, sys.base_prefix, str(Path(__file__).parents[2]))
    for path in sorted(set(seen.opened)):
        if path and not path.startswith(code) and not path.endswith((".py", ".pyc", ".so")):
            resolved = path.replace(f"/proc/{os.getpid()}/", "/proc/self/")
            if not any(fnmatch.fnmatch(resolved, r.path) for r in source.reads):
                yield f"opens {path} and does not declare it"


def implausible(columns: Columns) -> Iterator[str]:
    """Gauges out of the catalogue's bounds: most often a wrong unit."""
    for field, cells in columns.items():
        if field.kind is Kind.GAUGE:
            for cell in cells:
                if isinstance(cell, int | float) and not within(field, cell):
                    yield f"{field.full_name} = {cell} is not plausible"


def within(field: Field, cell: float) -> bool:
    """Whether a value lies in the catalogue's bounds."""
    return (field.low is None or cell >= field.low) and (field.high is None or cell <= field.high)


def backwards(
    first: Columns, second: Columns, measurements: tuple[type[Measurement], ...]
) -> Iterator[str]:
    """Counters that fell between two turns of one second."""
    counters = [f for m in measurements for f in m.values if f.kind is Kind.COUNTER]
    for field in counters:
        for before, after in zip(first.get(field, ()), second.get(field, ()), strict=False):
            known = isinstance(before, int | float) and isinstance(after, int | float)
            if known and float(after or 0) < float(before or 0):
                yield f"{field.full_name} fell from {before} to {after}"


def descriptors() -> int:
    """How many files this process has open."""
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - iterdir would count itself longer


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.name)
def test_a_source_keeps_the_contract(source: Source) -> None:
    assert breaches(source) == []


@pytest.mark.parametrize("source", ELSEWHERE, ids=lambda s: s.name)
@pytest.mark.slow
def test_it_keeps_the_contract_in_a_process_of_its_own_too(source: Source) -> None:
    assert breaches(source) == []


def test_names_are_unique() -> None:
    assert len({s.name for s in SOURCES}) == len(SOURCES)


def test_every_source_file_is_in_the_registry() -> None:
    folder = Path(sys.modules["agent.sources"].__file__ or "").parent
    files = {p.stem for p in folder.glob("*.py")} - {"__init__"}
    assert files == {make.__module__.rpartition(".")[2] for make in MAKERS}


def test_importing_the_sources_loads_no_library() -> None:
    heavy = {"psutil", "pynvml", "nanoarrow", "zstandard", "sqlite3"}
    code = f"import agent.sources, sys; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


class Liar(Given):
    """A source that keeps the contract in everything but one lie."""

    reads: tuple[Read, ...] = (Read("/proc/loadavg", "load"),)

    def __init__(self) -> None:
        super().__init__("liar")
        self.is_open = False
        self.turns = 0

    def open(self) -> None:
        self.is_open, self.turns = True, 0

    def close(self) -> None:
        self.is_open = False

    def read(self, now: int) -> Found:
        if not self.is_open:
            raise SourceFailed("closed", "liar: read before open")
        self.turns += 1
        return self.found()

    def found(self) -> Found:
        return Found(self.columns())

    def columns(self) -> Columns:
        with Path("/proc/loadavg").open() as file:
            load = float(file.read().split()[0])
        return {Host.load1: [load], Host.cpu_busy_seconds_total: [float(self.turns)]}


def giving(columns: Callable[[Liar], Columns]) -> Liar:
    """A liar whose columns are others."""
    liar = Liar()
    liar.columns = partial(columns, liar)  # type: ignore[method-assign]
    return liar


class Leaking(Liar):
    def columns(self) -> Columns:
        os.open("/proc/loadavg", os.O_RDONLY)
        return super().columns()


class Threading(Liar):
    def open(self) -> None:
        super().open()
        threading.Thread(target=time.sleep, args=(1.0,), daemon=True).start()


class Eager(Liar):
    def read(self, now: int) -> Found:
        return self.found()


class Crashing(Liar):
    def read(self, now: int) -> Found:
        assert self.is_open
        return super().read(now)


class Snooping(Liar):
    def columns(self) -> Columns:
        Path("/etc/hostname").read_bytes()
        return super().columns()


class Once(Liar):
    def __init__(self) -> None:
        super().__init__()
        self.opened = 0

    def open(self) -> None:
        super().open()
        self.opened += 1

    def columns(self) -> Columns:
        return super().columns() if self.opened < 2 else {Host.load1: ["broken"]}


class Reusing(Liar):
    def __init__(self) -> None:
        super().__init__()
        self.cells = [0.0]

    def columns(self) -> Columns:
        self.cells[0] += 1
        return {Host.load1: self.cells}


class Starting(Liar):
    def columns(self) -> Columns:
        subprocess.run(["true"], check=True)
        return super().columns()


class Failing(Liar):
    def columns(self) -> Columns:
        raise SourceFailed("io", "does not feel like it")


class Mumbling(Liar):
    reads = (Read("/no/such/file", "nothing", grant="sudo touch it"),)

    def columns(self) -> Columns:
        raise SourceFailed("io", "")


class Ungranted(Liar):
    reads = (*Liar.reads, Read("/dev/mem", "memory", right="CAP_SYS_RAWIO"))


class Held(Liar):
    apart = True

    def __init__(self) -> None:
        super().__init__()
        self.lock = threading.Lock()


class Endless(Liar):
    limit_seconds = 3600.0


class Unnamed(Liar):
    def __init__(self) -> None:
        super().__init__()
        self.name = "not a name"


class Silent(Liar):
    reads = ()


class Foreign(Liar):
    measurements = (catalogue.DiskIo,)


def finding(**more: Any) -> Liar:
    """A liar that finds something more, or other."""
    liar = Liar()
    liar.found = lambda: Found(**{"columns": liar.columns(), **more})  # type: ignore[method-assign]
    return liar


LIES: dict[str, tuple[Liar, str]] = {
    "a name that is none": (Unnamed(), "no name of a source"),
    "reads that are not declared at all": (Silent(), "declares nothing"),
    "a file that is not declared": (Snooping(), "opens /etc/hostname"),
    "fields of another measurement": (Foreign(), "does not declare"),
    "columns of unequal length": (
        giving(lambda _: {Host.load1: [1.0, 2.0], Host.cpu_count: [1]}), "another number",
    ),
    "a text for a number": (giving(lambda _: {Host.load1: ["high"]}), "cannot be 'high'"),
    "a number that is none": (giving(lambda _: {Host.load1: [float("nan")]}), "cannot be nan"),
    "a half of a whole number": (giving(lambda _: {Host.cpu_count: [1.5]}), "cannot be 1.5"),
    "a key that is null": (giving(lambda _: {Host.host: [None]}), "cannot be None"),
    "a key that is too long": (giving(lambda _: {Host.host: ["x" * 129]}), "cannot be 'xxx"),
    "two rows of one key": (giving(lambda _: {Host.host: ["a", "a"]}), "two rows of one key"),
    "per cent for a share": (giving(lambda _: {Host.cpu_busy_ratio: [50.0]}), "not plausible"),
    "a counter that falls": (
        giving(lambda liar: {Host.cpu_busy_seconds_total: [9.0 - liar.turns]}), "fell from",
    ),
    "an earlier reading changed": (Reusing(), "changed what an earlier one gave"),
    "files left open": (Leaking(), "leaves files open"),
    "a thread left behind": (Threading(), "leaves threads"),
    "reading before it is open": (Eager(), "reads before it is open"),
    "a crash before it is open": (Crashing(), "raises AssertionError"),
    "good only the first time": (Once(), "after opening again"),
    "an event that is none": (
        finding(happenings=[Happening("moon_full", 1)]), "no event that an agent may tell",
    ),
    "an event of the collector": (
        finding(happenings=[Happening(catalogue.DAMAGED.code, 1)]), "no event that an agent may",
    ),
    "an event about nobody": (
        finding(happenings=[Happening(catalogue.GPU_LOST.code, 1)]), "lacks its key gpu",
    ),
    "a quality too many": (
        finding(quality={"host": [Quality.MEASURED] * 2}), "has 1 rows and 2 qualities",
    ),
    "the quality of nothing": (
        finding(quality={"gpu": [Quality.MEASURED]}), "has None rows and 1 qualities",
    ),
    "a device without identity": (
        finding(devices=[{"kind": "disk", "model": "X"}]), "a device needs an identity",
    ),
    "a device with a word of its own": (
        finding(devices=[{"device": "d", "colour": "red"}]), "columns of the inventory",
    ),
    "a program that is not declared": (Starting(), "starts true and does not declare it"),
    "a failure without a cause": (Failing(), "fails although nothing"),
    "a failure without a word": (Mumbling(), "without saying what"),
    "a right that nobody can give": (Ungranted(), "granted how?"),
    "apart, and bound to its process": (Held(), "cannot be pickled"),
    "a turn without end": (Endless(), "no turn can have these limits"),
}  # fmt: skip


def test_the_suite_passes_a_source_that_does_not_lie() -> None:
    assert breaches(Liar()) == []


@pytest.mark.parametrize("lie", LIES)
def test_a_lie_is_found_out(lie: str) -> None:
    liar, words = LIES[lie]
    assert [b for b in breaches(liar) if words in b]
