"""NVIDIA GPUs, through the driver's library; it may hang, so it lives in a process of its own."""

import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

from agent.source import LIMIT_SECONDS, Found, Read, Run, grant
from vigie.catalogue import Gpu, GpuInstance, GpuXid, Job
from vigie.errors import SourceFailed
from vigie.settings import AgentSettings
from vigie.shape import Field, Measurement, Value

if TYPE_CHECKING:
    from agent.gpu.fleet import Fleet, Turn

NVIDIA: Final = "0x10de"
DISPLAY: Final = "0x03"
"""Class of PCI devices that are GPUs, graphics or not."""
OURS: Final = frozenset({"", "nvidia"})
"""Drivers of a GPU that is expected to answer; another one is another's affair."""
BEGIN_SECONDS: Final = 4.0
"""How long a turn waits for the driver to begin: without persistence it takes seconds a GPU."""

Cells = dict[Field, list[Value]]


class GpuNvml:
    """Reads the GPUs of this host; directories are arguments, for captured trees."""

    name = "gpu_nvml"
    measurements: tuple[type[Measurement], ...] = (Gpu, GpuInstance, GpuXid, Job)
    runs: tuple[Run, ...] = ()
    period_seconds = Gpu.period_seconds
    limit_seconds = LIMIT_SECONDS
    apart = True
    reads = (
        Read("/dev/nvidiactl", "the driver", grant=grant("nvidia"), optional=True),
        Read("/dev/nvidia[0-9]*", "the GPUs", grant=grant("nvidia"), optional=True),
        Read("/dev/nvidia-caps/*", "instances under MIG", optional=True),
        Read("/sys/bus/pci/devices", "whether there is a GPU without a driver", optional=True),
        Read("/sys/bus/pci/devices/*/vendor", "the same", optional=True),
        Read("/sys/bus/pci/devices/*/class", "the same", optional=True),
        Read("/sys/bus/pci/devices/*/driver", "the same", optional=True),
        Read("/proc", "which programs run", optional=True),
        Read("/proc/*/comm", "whether DCGM reads the activity counters", optional=True),
        Read("/proc/*/cgroup", "job of a process that computes", optional=True),
        Read("/proc/self/ns/pid", "whether we see the processes of the host", optional=True),
    )

    def __init__(
        self, proc: str = "/proc", pci: str = "/sys/bus/pci/devices", *, activity: bool = True
    ) -> None:
        """`activity` is whether GPM may be read."""
        self._proc, self._pci, self._activity = proc, pci, activity
        self._fleet: Fleet | None = None
        self._beginning: _Beginning | None = None

    def open(self) -> None:
        """Load the driver's library and take hold of every GPU, in a few turns if it is slow."""
        from agent.gpu.fleet import Fleet
        from agent.gpu.library import Library

        if self._beginning is None:
            self.close()
            library = Library(gpus_seen=has_gpu(Path(self._pci)), grant=grant("nvidia"))
            fleet = Fleet(library, Path(self._proc), activity=self._activity)
            self._beginning = _Beginning(fleet)
        if not self._beginning.over(BEGIN_SECONDS):
            raise SourceFailed(
                "starting", "the NVIDIA driver is still starting the GPUs, as it does each time "
                "where nothing keeps them awake: sudo systemctl enable --now nvidia-persistenced; "
                "if it never ends, a GPU hangs: look at dmesg",
            )  # fmt: skip
        done, self._beginning = self._beginning, None
        self._fleet = done.fleet()

    def close(self) -> None:
        """End the library."""
        if self._fleet is not None:
            self._fleet.end()
            self._fleet = None

    def read(self, now: int) -> Found:
        """A row for each GPU, instance, XID code and job."""
        if self._fleet is None:
            raise SourceFailed("closed", "gpu_nvml: read before open")
        turn = self._fleet.read(now)
        columns = {**_gpus(turn), **_parts(turn), **_xids(self._fleet), **_jobs(turn)}
        return Found(columns, turn.happenings, devices=turn.devices)


class _Beginning:
    """A fleet that begins in a thread of its own, for as long as the driver takes."""

    def __init__(self, fleet: "Fleet") -> None:
        self._fleet = fleet
        self._error: Exception | None = None
        self._thread = threading.Thread(target=self._begin, name="gpu-begin", daemon=True)
        self._thread.start()

    def over(self, seconds: float) -> bool:
        """Whether it is over, after waiting so long at most."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def fleet(self) -> "Fleet":
        """The fleet once it has begun; raises what its beginning raised."""
        if self._error is not None:
            raise self._error
        return self._fleet

    def _begin(self) -> None:
        try:
            self._fleet.begin()
        except Exception as error:  # noqa: BLE001 - handed to the thread that waits
            self._error = error


def has_gpu(pci: Path) -> bool:
    """Whether a GPU of NVIDIA sits on the bus that is for its driver: not given to a guest, say."""
    return any(
        _word(vendor) == NVIDIA
        and _word(vendor.with_name("class")).startswith(DISPLAY)
        and _driver(vendor.with_name("driver")) in OURS
        for vendor in pci.glob("*/vendor")
    )


def _driver(link: Path) -> str:
    """The kernel's driver of a device; empty where it has none."""
    return link.readlink().name if link.is_symlink() else ""


def _word(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError):
        return ""


def _gpus(turn: "Turn") -> Cells:
    rows = [seen.row for seen in turn.seen.values()]
    return {Gpu.gpu: list(turn.seen), **{of: [row.get(of) for row in rows] for of in Gpu.values}}


def _parts(turn: "Turn") -> Cells:
    parts = [(uuid, part) for uuid, seen in turn.seen.items() for part in seen.parts]
    if not parts:
        return {}
    from agent.gpu.gpm import OF_INSTANCE

    return {
        GpuInstance.gpu: [uuid for uuid, _ in parts],
        GpuInstance.instance: [part.uuid for _, part in parts],
        GpuInstance.memory_used_bytes: [part.memory.used for _, part in parts],
        GpuInstance.memory_total_bytes: [part.memory.total for _, part in parts],
        GpuInstance.processes_count: [
            None if part.processes is None else len(part.processes) for _, part in parts
        ],
        **{of: [part.activity.get(of) for _, part in parts] for of in OF_INSTANCE},
    }


def _xids(fleet: "Fleet") -> Cells:
    counts = sorted(fleet.tally.counts.items())
    if not counts:
        return {}
    return {
        GpuXid.gpu: [uuid for (uuid, _), _ in counts],
        GpuXid.xid: [str(code) for (_, code), _ in counts],
        GpuXid.errors_total: [count for _, count in counts],
    }


def _jobs(turn: "Turn") -> Cells:
    uses = [use for seen in turn.seen.values() for use in seen.uses]
    if not uses:
        return {}
    return {
        Job.gpu: [uuid for uuid, _ in uses],
        Job.scheduler: [use.scheduler for _, use in uses],
        Job.job: [use.job for _, use in uses],
        Job.processes_count: [use.processes for _, use in uses],
        Job.gpu_memory_bytes: [use.memory for _, use in uses],
        Job.sm_utilization_ratio: [use.utilization for _, use in uses],
    }


def source(settings: AgentSettings) -> GpuNvml:
    """The source; `gpm` says whether the activity counters may be read."""
    return GpuNvml(activity=settings.gpm == "auto")
