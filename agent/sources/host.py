"""The operating system: processor, memory, pressure and network, from /proc through psutil."""

import os
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType
from typing import Final

from agent.source import LIMIT_SECONDS, Found, Read, Run
from vigie.catalogue import Host
from vigie.errors import SourceFailed
from vigie.settings import AgentSettings
from vigie.shape import Field
from vigie.units import MICROSECONDS_PER_SECOND

LOOPBACK: Final = "lo"
PSI_GRANT: Final = "boot the kernel with psi=1 (CONFIG_PSI)"
SLIP_SECONDS: Final = 10.0
"""A processor counter that steps back by less is rounding in the kernel, and no restart."""

_PRESSURE: Final[tuple[tuple[str, Field], ...]] = (
    ("cpu", Host.pressure_cpu_seconds_total),
    ("memory", Host.pressure_memory_seconds_total),
    ("io", Host.pressure_io_seconds_total),
)


class HostReader:
    """Reads this host; the directories are arguments so that a captured tree can be read."""

    name = "host"
    measurements = (Host,)
    runs: tuple[Run, ...] = ()
    period_seconds = Host.period_seconds
    limit_seconds = LIMIT_SECONDS
    apart = False
    reads = (
        Read("/proc/stat", "processor times, start of the system"),
        Read("/proc/meminfo", "memory and swap"),
        Read("/proc/vmstat", "swap, as psutil reads it", optional=True),
        Read("/proc/zoneinfo", "memory available, on kernels that do not say", optional=True),
        Read("/sys/devices/system/cpu/online", "number of processors"),
        Read("/proc/cpuinfo", "the same, where sysconf does not say", optional=True),
        Read("/proc/net/dev", "bytes, errors and drops of each interface"),
        Read("/sys/class/net", "which interfaces are hardware", optional=True),
        *(
            Read(f"/proc/pressure/{n}", "time spent waiting (PSI)", grant=PSI_GRANT, optional=True)
            for n, _ in _PRESSURE
        ),
    )

    def __init__(self, proc: str = "/proc", net: str = "/sys/class/net") -> None:
        self._proc, self._net = proc, net
        self._psutil: ModuleType | None = None
        self._pressure: dict[Field, int] = {}
        self._times = (0.0, 0.0, 0.0)
        self._interfaces: frozenset[str] = frozenset()
        self._counted: frozenset[str] = frozenset()

    def open(self) -> None:
        """Import psutil and keep the pressure files open."""
        import psutil

        self.close()
        psutil.PROCFS_PATH = self._proc
        self._psutil = psutil
        self._times = (0.0, 0.0, 0.0)
        for name, field in _PRESSURE:
            try:
                self._pressure[field] = os.open(f"{self._proc}/pressure/{name}", os.O_RDONLY)
            except OSError:
                continue  # a kernel without PSI: the field stays unknown

    def close(self) -> None:
        """Close the pressure files."""
        for descriptor in self._pressure.values():
            os.close(descriptor)
        self._pressure, self._psutil = {}, None

    def read(self, now: int) -> Found:
        """One row."""
        if self._psutil is None:
            raise SourceFailed("closed", "host: read before open")
        try:
            row = self._processor(self._psutil) | self._memory(self._psutil)
            row |= self._network(self._psutil)
            row[Host.load1] = _load1(self._proc)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise SourceFailed("read", f"{self._proc}: {error}") from error
        for field, descriptor in self._pressure.items():
            row[field] = _stalled(descriptor)
        return Found({field: [value] for field, value in row.items()})

    def _processor(self, psutil: ModuleType) -> dict[Field, float | int | None]:
        t = psutil.cpu_times()
        busy = t.user + t.nice + t.system + t.irq + t.softirq + t.steal
        idle, iowait = t.idle, t.iowait
        busy_before, iowait_before, idle_before = self._times
        # The kernel lets both step back a little (proc(5) on iowait): that is no restart.
        busy = _held(busy, busy_before)
        iowait = _held(iowait, iowait_before)
        spent = busy + iowait + idle - busy_before - iowait_before - idle_before
        ratio = None
        if busy_before and spent > 0:
            ratio = min(1.0, max(0.0, (busy - busy_before) / spent))
        self._times = (busy, iowait, idle)
        return {
            Host.boot_time_seconds: psutil.boot_time(),
            Host.cpu_count: psutil.cpu_count(),
            Host.cpu_busy_seconds_total: busy,
            Host.cpu_iowait_seconds_total: iowait,
            Host.cpu_busy_ratio: ratio,
        }

    def _memory(self, psutil: ModuleType) -> dict[Field, float | int | None]:
        memory, swap = psutil.virtual_memory(), psutil.swap_memory()
        return {
            Host.memory_total_bytes: memory.total,
            Host.memory_available_bytes: memory.available,
            Host.swap_used_bytes: swap.used,
        }

    def _network(self, psutil: ModuleType) -> dict[Field, float | int | None]:
        # nowrap would hide a reset, which the rollups count and lose nothing at.
        counters = psutil.net_io_counters(pernic=True, nowrap=False)
        names = frozenset(counters)
        if names != self._interfaces:
            self._interfaces, self._counted = names, _once(names, Path(self._net))
        used = [counters[name] for name in self._counted]
        return {
            Host.network_receive_bytes_total: sum(c.bytes_recv for c in used),
            Host.network_transmit_bytes_total: sum(c.bytes_sent for c in used),
            Host.network_errors_total: sum(c.errin + c.errout + c.dropin + c.dropout for c in used),
        }


def _held(value: float, before: float) -> float:
    return before if before - SLIP_SECONDS < value < before else value


def _once(names: Iterable[str], net: Path) -> frozenset[str]:
    """Interfaces that count each byte once: hardware where there is any, else all but loopback.

    Bridges, bonds, VLANs and containers' pairs carry the same bytes again.
    """
    others = frozenset(names) - {LOOPBACK}
    hardware = frozenset(n for n in others if (net / n / "device").exists())
    return hardware or others


def _load1(proc: str) -> float:
    if proc == "/proc":
        return os.getloadavg()[0]
    return float(Path(proc, "loadavg").read_text(encoding="ascii").split()[0])


def _stalled(descriptor: int) -> float | None:
    """Seconds of the line `some` of a pressure file; None where the kernel refuses it."""
    try:
        text = os.pread(descriptor, 256, 0)
    except OSError:
        return None  # the file is there although PSI is off
    _, found, total = text.partition(b"\n")[0].rpartition(b"total=")
    return int(total) / MICROSECONDS_PER_SECOND if found else None


def source(_: AgentSettings) -> HostReader:
    """The source; no setting concerns it."""
    return HostReader()
