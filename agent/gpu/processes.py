"""Processes on a GPU, and the jobs that they belong to."""

import re
import struct
from collections.abc import Iterable, Mapping, Sequence
from ctypes import byref, c_uint, c_ulonglong
from pathlib import Path
from typing import Any, Final, NamedTuple

import pynvml

from agent.gpu.library import Handle, Library
from agent.gpu.probe import PERCENT, Call, Probe, Refusals
from vigie.units import NANOSECONDS_PER_SECOND

HOST_PIDS: Final = "pid:[4026531836]"
"""The first PID namespace (PROC_PID_INIT_INO): elsewhere the driver's numbers are not ours."""
FIRST_SECONDS: Final = 10
"""How far back the first turn looks at samples."""
MAX_WORD: Final = 120
_ROOM: Final = 16
_TRIES: Final = 3
_MOST: Final = 100_000
"""More processes than that are a driver that errs."""
_UNKNOWN: Final = 2**64 - 1
_PROCESS: Final = struct.Struct("<I4xQ8x")
_SAMPLE: Final = struct.Struct("<I4xQI12x")
_SLURM: Final = re.compile(r"slurm.*?/job_(\d+)(?:/|$)")
_POD: Final = re.compile(r"kubepods.*?pod([0-9a-f]{8}[0-9a-f_-]{24,28})")
_UNIT: Final = re.compile(r"([^/]+\.(?:service|scope))(?=/|$)")


class Process(NamedTuple):
    """One process that computes; `memory` in bytes."""

    pid: int
    memory: int | None


class Use(NamedTuple):
    """What one job uses of one GPU or instance."""

    scheduler: str
    job: str
    processes: int
    memory: int | None
    utilization: float | None


class Running:
    """Lists the processes of any GPU or instance."""

    def __init__(self, library: Library) -> None:
        self._count = (c_uint * 1)()
        self._items: Any = ()
        self._functions = [
            function
            for name in ("nvmlDeviceGetComputeRunningProcesses_v3",
                         "nvmlDeviceGetComputeRunningProcesses_v2")
            if (function := library.function(name)) is not None
        ]  # fmt: skip
        self._probe = Probe()
        self._grow(_ROOM)

    def read(self, handle: Handle, now: int, refusals: Refusals) -> list[Process] | None:
        """The processes; None where the driver does not list them. Raises as `fine`."""
        for _ in range(_TRIES):
            self._count[0] = len(self._items)
            count = self._probe.read(handle, now, refusals)
            if count is None:
                if self._count[0] <= len(self._items):
                    return None
                self._grow(self._count[0] * 2)  # the driver said how many there are
                continue
            places = range(0, int(count) * _PROCESS.size, _PROCESS.size)
            listed = [_PROCESS.unpack_from(self._items, at) for at in places]
            return [Process(pid, None if held == _UNKNOWN else held) for pid, held in listed]
        return None

    def _grow(self, room: int) -> None:
        self._items = (pynvml.c_nvmlProcessInfo_v3_t * max(room, _ROOM))()
        into = (byref(self._count), self._items)
        self._probe.become(Call(f, into, self._count, 0, 1, _MOST) for f in self._functions)


class Utilised:
    """How busy each process kept the multiprocessors of a GPU since the last turn."""

    def __init__(self, library: Library) -> None:
        self._function = library.function("nvmlDeviceGetProcessUtilization")
        self._count, self._since = (c_uint * 1)(), c_ulonglong()
        self._items: Any = ()
        self._probe = Probe()
        self._grow(_ROOM)

    def read(
        self, handle: Handle, now: int, refusals: Refusals, seen: int | None
    ) -> tuple[Mapping[int, float], int]:
        """Mean share of time by process, and the newest sample (µs); raises as `fine`.

        `seen` is the newest one of the last turn: without it, the driver repeats samples of
        processes that have ended (Syllo/nvtop issue 91).
        """
        if seen is None:
            seen = (now - FIRST_SECONDS * NANOSECONDS_PER_SECOND) // 1000
        for _ in range(_TRIES):
            self._count[0], self._since.value = len(self._items), seen
            count = self._probe.read(handle, now, refusals)
            if count is None:
                if self._count[0] <= len(self._items):
                    return {}, seen
                self._grow(self._count[0] * 2)
                continue
            places = range(0, int(count) * _SAMPLE.size, _SAMPLE.size)
            return means([_SAMPLE.unpack_from(self._items, at) for at in places], seen)
        return {}, seen

    def _grow(self, room: int) -> None:
        self._items = (pynvml.c_nvmlProcessUtilizationSample_t * max(room, _ROOM))()
        into = (self._items, byref(self._count), self._since)
        calls = () if self._function is None else (self._function,)
        self._probe.become(Call(f, into, self._count, 0, 1, _MOST) for f in calls)


def means(samples: Iterable[tuple[int, int, int]], seen: int) -> tuple[Mapping[int, float], int]:
    """Mean share of time by process, of samples (process, µs, percent) newer than `seen`.

    With the time of the newest one; a share that is no percentage is "not available".
    """
    shares: dict[int, list[int]] = {}
    newest = seen
    for pid, time, busy in samples:
        if time > seen and busy <= PERCENT:
            shares.setdefault(pid, []).append(busy)
            newest = max(newest, time)
    return {pid: sum(of) / len(of) / PERCENT for pid, of in shares.items()}, newest


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

    def uses(self, processes: Sequence[Process], busy: Mapping[int, float]) -> list[Use]:
        """What each job uses, of a list of processes and their shares of time."""
        if len(processes) == 1 and (job := self._job(processes[0].pid)) is not None:
            (pid, held), (scheduler, name) = processes[0], job
            return [Use(scheduler, name, 1, held, busy.get(pid))]
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
