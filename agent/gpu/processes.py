"""Processes on a GPU, and the jobs that they belong to."""

import re
import struct
from collections.abc import Iterable, Mapping
from ctypes import byref
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pynvml

from agent.gpu.library import (
    REFUSALS,
    REFUSED_SECONDS,
    TOO_SMALL,
    Handle,
    Library,
    fine,
    within,
)  # fmt: skip
from vigie.units import NANOSECONDS_PER_SECOND

HOST_PIDS: Final = "pid:[4026531836]"
"""The first PID namespace (PROC_PID_INIT_INO): elsewhere the driver's numbers are not ours."""
FIRST_SECONDS: Final = 10
"""How far back the first turn looks at samples."""
MAX_WORD: Final = 120
_ROOM: Final = 16
_PERCENT: Final = 100
_UNKNOWN: Final = 2**64 - 1
_PROCESS: Final = "<I4xQ8x"
_SAMPLE: Final = "<I4xQI12x"
_SLURM: Final = re.compile(r"slurm.*?/job_(\d+)(?:/|$)")
_POD: Final = re.compile(r"kubepods.*?pod([0-9a-f]{8}[0-9a-f_-]{24,28})")
_UNIT: Final = re.compile(r"([^/]+\.(?:service|scope))(?=/|$)")


@dataclass(frozen=True, slots=True)
class Process:
    """One process that computes; `memory` in bytes."""

    pid: int
    memory: int | None


@dataclass(frozen=True, slots=True)
class Use:
    """What one job uses of one GPU or instance."""

    scheduler: str
    job: str
    processes: int
    memory: int | None
    utilization: float | None


class Running:
    """The list of processes of one GPU or instance."""

    def __init__(self, library: Library, handle: Handle) -> None:
        names = ("nvmlDeviceGetComputeRunningProcesses_v3",
                 "nvmlDeviceGetComputeRunningProcesses_v2")  # fmt: skip
        found = (library.function(name) for name in names)
        self._function = next((f for f in found if f is not None), None)
        self._handle, self._count = handle, pynvml.c_uint()
        self._into = byref(self._count)
        self._refused_at: int | None = None
        self._grow(_ROOM)

    def read(self, now: int) -> list[Process] | None:
        """The processes; None where the driver does not list them. Raises as `fine`."""
        if self._function is None or within(now, self._refused_at, REFUSED_SECONDS):
            return None
        for _ in range(3):
            self._count.value = len(self._items)
            code = self._function(self._handle, self._into, self._items)
            if code == TOO_SMALL:
                self._grow(self._count.value * 2)
                continue
            if not fine(code):
                self._refused_at = now if code in REFUSALS else None
                return None
            size = struct.calcsize(_PROCESS) * self._count.value
            listed = struct.iter_unpack(_PROCESS, memoryview(self._items).cast("B")[:size])
            return [Process(pid, None if held == _UNKNOWN else held) for pid, held in listed]
        return None

    def _grow(self, room: int) -> None:
        self._items = (pynvml.c_nvmlProcessInfo_v3_t * max(room, _ROOM))()


class Utilised:
    """How busy each process kept the multiprocessors of one GPU since the last turn."""

    def __init__(self, library: Library, handle: Handle) -> None:
        self._function = library.function("nvmlDeviceGetProcessUtilization")
        self._handle, self._count = handle, pynvml.c_uint()
        self._seen: int | None = None
        self._refused_at: int | None = None
        self._items = (pynvml.c_nvmlProcessUtilizationSample_t * _ROOM)()

    def read(self, now: int) -> Mapping[int, float]:
        """Mean share of time by process; raises as `fine`.

        Samples older than the last turn's are not asked for: without that, the driver repeats
        those of processes that have ended (Syllo/nvtop issue 91).
        """
        if self._function is None or within(now, self._refused_at, REFUSED_SECONDS):
            return {}
        if self._seen is None:
            self._seen = now // 1000 - FIRST_SECONDS * NANOSECONDS_PER_SECOND // 1000
        for _ in range(3):
            self._count.value = len(self._items)
            since = pynvml.c_ulonglong(self._seen)
            code = self._function(self._handle, self._items, byref(self._count), since)
            if code == TOO_SMALL:
                room = self._count.value * 2
                self._items = (pynvml.c_nvmlProcessUtilizationSample_t * max(room, _ROOM))()
                continue
            if not fine(code):
                self._refused_at = now if code in REFUSALS else None
                return {}
            return self._means()
        return {}

    def _means(self) -> Mapping[int, float]:
        size = struct.calcsize(_SAMPLE) * self._count.value
        sums: dict[int, tuple[int, int]] = {}
        seen = self._seen or 0
        for pid, time, busy in struct.iter_unpack(
            _SAMPLE, memoryview(self._items).cast("B")[:size]
        ):
            if time > seen and busy <= _PERCENT:
                total, count = sums.get(pid, (0, 0))
                sums[pid] = (total + busy, count + 1)
                self._seen = max(self._seen or 0, time)
        return {pid: total / count / _PERCENT for pid, (total, count) in sums.items()}


class Jobs:
    """Which job each process belongs to, from its control group."""

    def __init__(self, proc: Path) -> None:
        """`proc` is where the processes of the host are."""
        self._proc = proc
        self._known: dict[int, tuple[str, str] | None] = {}

    def visible(self) -> bool:
        """Whether process numbers of the driver are numbers here."""
        try:
            return str((self._proc / "self/ns/pid").readlink()) == HOST_PIDS
        except OSError:
            return False

    def keep(self, pids: Iterable[int]) -> None:
        """Forget all processes but these: their numbers will be given again."""
        left = self._known.keys() - set(pids)
        for pid in left:
            del self._known[pid]

    def uses(self, processes: Iterable[Process], busy: Mapping[int, float]) -> list[Use]:
        """What each job uses, of a list of processes and their shares of time."""
        jobs: dict[tuple[str, str], list[Process]] = {}
        for process in processes:
            job = self._job(process.pid)
            if job is not None:
                jobs.setdefault(job, []).append(process)
        return [_use(scheduler, job, of, busy) for (scheduler, job), of in jobs.items()]

    def _job(self, pid: int) -> tuple[str, str] | None:
        if pid not in self._known:
            try:
                text = (self._proc / str(pid) / "cgroup").read_text("utf-8", "replace")
            except OSError:
                self._known[pid] = None  # it ended, or is hidden from us
            else:
                self._known[pid] = job_of(pid, text)
        return self._known[pid]


def job_of(pid: int, cgroup: str) -> tuple[str, str]:
    """Scheduler and name of the job of a process, from the text of /proc/PID/cgroup.

    Slurm's `job_N`, else Kubernetes' pod, else the unit of systemd, else the process itself.
    """
    if found := _SLURM.search(cgroup):
        return "slurm", found[1]
    if found := _POD.search(cgroup):
        return "kubernetes", found[1].replace("_", "-")
    if units := _UNIT.findall(cgroup):
        return "systemd", "".join(c for c in units[-1] if c.isprintable())[:MAX_WORD]
    return "none", str(pid)


def _use(scheduler: str, job: str, of: list[Process], busy: Mapping[int, float]) -> Use:
    held = [p.memory for p in of if p.memory is not None]
    shares = [busy[p.pid] for p in of if p.pid in busy]
    return Use(
        scheduler, job, len({p.pid for p in of}),
        sum(held) if len(held) == len(of) else None,
        min(1.0, sum(shares)) if shares else None,
    )  # fmt: skip
