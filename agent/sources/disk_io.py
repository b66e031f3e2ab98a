"""Traffic of each whole block device, from /proc/diskstats through psutil."""

from pathlib import Path
from types import ModuleType

from agent.source import LIMIT_SECONDS, Found, Read, Run
from vigie.catalogue import DiskIo
from vigie.errors import Absent, SourceFailed
from vigie.settings import AgentSettings
from vigie.shape import Columns
from vigie.units import SECONDS_PER_MILLISECOND


class DiskIoReader:
    """Reads devices with hardware below them: no partition, loop, ram, md or dm.

    The last two would count the bytes of the disks that they are made of once more.
    """

    name = "disk_io"
    measurements = (DiskIo,)
    runs: tuple[Run, ...] = ()
    period_seconds = DiskIo.period_seconds
    limit_seconds = LIMIT_SECONDS
    apart = False
    reads = (
        Read("/proc/diskstats", "what each device has read and written"),
        Read("/sys/block", "which devices are whole"),
        Read("/sys/block/*/device", "which devices are hardware"),
        Read("/proc/stat", "the number of processors, once, as psutil is loaded"),
        Read("/sys/block/*/stat", "the same counters, on kernels without diskstats", optional=True),
    )

    def __init__(self, proc: str = "/proc", block: str = "/sys/block") -> None:
        self._proc, self._block = proc, Path(block)
        self._psutil: ModuleType | None = None
        self._names: list[str] = []
        self._whole: list[str] = []

    def open(self) -> None:
        """Import psutil."""
        import psutil

        psutil.PROCFS_PATH = self._proc
        self._psutil = psutil
        self._names = []

    def close(self) -> None:
        """Nothing is kept open."""
        self._psutil = None

    def read(self, now: int) -> Found:
        """One row for each device; Absent where there is none."""
        if self._psutil is None:
            raise SourceFailed("closed", "disk_io: read before open")
        try:
            self._look()
            counters = self._psutil.disk_io_counters(perdisk=True, nowrap=True) or {}
        except FileNotFoundError as error:
            raise Absent(f"{error.filename}: no such file") from error
        except (OSError, ValueError, NotImplementedError) as error:
            raise SourceFailed("read", f"/proc/diskstats: {error}") from error
        devices = [name for name in self._whole if name in counters]
        if not devices:
            raise Absent("no whole disk is visible here")
        rows = [counters[name] for name in devices]
        columns: Columns = {
            DiskIo.device: devices,
            DiskIo.read_bytes_total: [r.read_bytes for r in rows],
            DiskIo.written_bytes_total: [r.write_bytes for r in rows],
            DiskIo.reads_total: [r.read_count for r in rows],
            DiskIo.writes_total: [r.write_count for r in rows],
            DiskIo.io_time_seconds_total: [r.busy_time * SECONDS_PER_MILLISECOND for r in rows],
        }
        return Found(columns)

    def _look(self) -> None:
        """Find the whole devices again when the list of names has changed."""
        names = sorted(path.name for path in self._block.iterdir())
        if names != self._names:
            self._whole = [n for n in names if (self._block / n / "device").exists()]
            self._names = names


def source(_: AgentSettings) -> DiskIoReader:
    """The source; no setting concerns it."""
    return DiskIoReader()
