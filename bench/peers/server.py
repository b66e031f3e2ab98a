"""A server under measurement: started on a free port, its processes' time, memory and syncs."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import psutil

from tests.build.programs import free_port, wait_for
from vigie.errors import VigieError

SYNCS = "fsync,fdatasync,sync_file_range,syncfs,msync"
IDLE_CORES = 0.05
IDLE_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Usage:
    """Processor seconds used up to now: by the server's processes, and by the whole machine."""

    server: float
    machine: float
    at: float

    def __sub__(self, earlier: "Usage") -> "Usage":
        return Usage(
            self.server - earlier.server, self.machine - earlier.machine, self.at - earlier.at
        )


class Server:
    """One program with its data directory; `command` is told its port when it is started."""

    def __init__(
        self,
        directory: Path,
        command: Callable[[int], Sequence[str]],
        *,
        ready: str,
        environment: Callable[[int], Mapping[str, str]] = lambda _: {},
    ) -> None:
        """`ready` is the path that answers 200 once it is."""
        self.directory, self.port = directory, 0
        self._command, self._environment, self._ready = command, environment, ready
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Its root."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """Its first process."""
        if self._process is None:
            raise VigieError("the server was not started")
        return self._process.pid

    def start(self, *, seconds: float = 60.0) -> float:
        """Start it and wait until it is ready; how many seconds that took.

        Raises:
            VigieError: it was not ready in time; its log's end is told.
        """
        begun = time.perf_counter()
        self.port = free_port()
        self.directory.mkdir(parents=True, exist_ok=True)
        log = self.directory.with_suffix(".log")
        with log.open("ab") as out:
            self._process = subprocess.Popen(
                self._command(self.port), stdout=out, stderr=out,
                env={**os.environ, **self._environment(self.port)},
            )  # fmt: skip
        if not wait_for(self.url, self._ready, seconds=seconds):
            self.kill()
            raise VigieError(f"not ready within {seconds:g} s: {log.read_text()[-2000:]}")
        return time.perf_counter() - begun

    def kill(self, sign: signal.Signals = signal.SIGKILL) -> None:
        """Send a signal and wait until it is gone."""
        if self._process and self._process.poll() is None:
            family = self._family()
            self._process.send_signal(sign)
            self._process.wait(timeout=120)
            for process in family:  # what it left behind, if anything
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.kill()

    def usage(self) -> Usage:
        """Processor time up to now."""
        server = 0.0
        for process in self._family():
            with contextlib.suppress(psutil.NoSuchProcess):
                t = process.cpu_times()
                server += t.user + t.system + t.children_user + t.children_system
        whole = psutil.cpu_times()
        return Usage(server, sum(whole) - whole.idle - whole.iowait - whole.guest, time.monotonic())

    def peak(self) -> int:
        """The most memory that its processes ever held, each at its own time, in bytes."""
        return sum(_status(process.pid, "VmHWM") for process in self._family())

    def memory(self) -> int:
        """What they hold now, in bytes."""
        return sum(_status(process.pid, "VmRSS") for process in self._family())

    def idle(self, *, least: float, most: float = 120.0) -> None:
        """Wait until it does nothing more: `least` seconds at any rate, `most` at most."""
        begun = time.monotonic()
        while True:
            before = self.usage()
            time.sleep(IDLE_SECONDS)
            used = self.usage() - before
            waited = time.monotonic() - begun
            quiet = used.server / used.at < IDLE_CORES
            if waited > most or (waited >= least and quiet):
                return

    def _family(self) -> list[psutil.Process]:
        try:
            first = psutil.Process(self.pid)
            return [first, *first.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    @contextlib.contextmanager
    def syncs(self) -> Iterator[list[int]]:
        """Counts calls that sync while the context is open; the list stays empty without strace."""
        counted: list[int] = []
        if shutil.which("strace") is None:
            yield counted
            return
        with tempfile.NamedTemporaryFile("r") as report:
            pids = [word for p in self._family() for word in ("-p", str(p.pid))]
            tracer = subprocess.Popen(
                ["strace", "-f", "-c", "-e", f"trace={SYNCS}", "-o", report.name, *pids],
                stderr=subprocess.DEVNULL,
            )
            time.sleep(1.0)  # it attaches thread by thread
            try:
                yield counted
            finally:
                tracer.send_signal(signal.SIGINT)
                tracer.wait(timeout=30)
            counted.append(calls(report.read()))


def calls(summary: str) -> int:
    """How many calls `strace -c` counted: the total of its table, where there is one."""
    counts = (line.split() for line in summary.splitlines() if line.endswith(" total"))
    return next((int(words[3] if len(words) > 4 else words[2]) for words in counts), 0)


def size(directory: Path, *within: str) -> int:
    """Bytes on disk of all files below `directory`, or of those with one of `within` in the path.

    Of a file that was reserved and not yet written, what is written counts.
    """
    total = 0
    for path in directory.rglob("*"):
        if within and not any(part in path.relative_to(directory).parts for part in within):
            continue
        with contextlib.suppress(FileNotFoundError):
            stat = path.lstat()
            if path.is_file():
                total += min(stat.st_size, stat.st_blocks * 512)
    return total


def _status(pid: int, name: str) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/status").read_text().splitlines():
            if line.startswith(name + ":"):
                return int(line.split()[1]) * 1024
    return 0
