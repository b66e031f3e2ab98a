"""Which devices are whole, and their counters in base units."""

from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from agent.sources.disk_io import DiskIoReader
from vigie.catalogue import DiskIo
from vigie.errors import Absent

STATS = """\
   8       0 sda 100 5 2000 30 200 6 4000 70 0 1500 100
   8       1 sda1 90 5 1800 30 190 6 3800 70 0 1400 100
   7       0 loop0 10 0 20 0 0 0 0 0 0 1 0
 253       0 dm-0 100 5 2000 30 200 6 4000 70 0 1500 100
 259       0 nvme0n1 1 0 8 0 2 0 16 0 0 250 0
"""


@pytest.fixture(autouse=True)
def psutil_of_this_machine() -> Iterator[None]:
    """The source points psutil at the fixture; point it back."""
    yield
    psutil.PROCFS_PATH = "/proc"
    psutil.disk_io_counters.cache_clear()  # type: ignore[attr-defined]


@pytest.fixture
def machine(tmp_path: Path) -> Path:
    """A machine with two disks, a loop device and a logical volume."""
    (tmp_path / "proc").mkdir()
    (tmp_path / "proc/diskstats").write_text(STATS)
    for name in ("sda", "nvme0n1"):
        (tmp_path / "block" / name / "device").mkdir(parents=True)
    for name in ("loop0", "dm-0", "ram0", "zram0"):
        (tmp_path / "block" / name).mkdir(parents=True)
    return tmp_path


def reader(machine: Path) -> DiskIoReader:
    source = DiskIoReader(str(machine / "proc"), str(machine / "block"))
    source.open()
    return source


def test_whole_disks_alone_each_byte_once(machine: Path) -> None:
    columns = reader(machine).read(0).columns
    assert columns[DiskIo.device] == ["nvme0n1", "sda"]


def test_counters_are_in_base_units(machine: Path) -> None:
    columns = {f: cells[1] for f, cells in reader(machine).read(0).columns.items()}
    assert columns[DiskIo.read_bytes_total] == 2000 * 512
    assert columns[DiskIo.written_bytes_total] == 4000 * 512
    assert columns[DiskIo.reads_total] == 100
    assert columns[DiskIo.writes_total] == 200
    assert columns[DiskIo.io_time_seconds_total] == 1.5


def test_a_disk_that_comes_later_is_seen(machine: Path) -> None:
    source = reader(machine)
    source.read(0)
    (machine / "block/sdb/device").mkdir(parents=True)
    with (machine / "proc/diskstats").open("a") as file:
        file.write("   8      16 sdb 1 0 2 0 3 0 4 0 0 5 0\n")
    assert source.read(0).columns[DiskIo.device] == ["nvme0n1", "sda", "sdb"]


def test_a_machine_without_disks_is_an_absence(machine: Path) -> None:
    for name in ("sda", "nvme0n1"):
        (machine / "block" / name / "device").rmdir()
    with pytest.raises(Absent):
        reader(machine).read(0)


def test_a_machine_without_sysfs_is_an_absence(machine: Path) -> None:
    source = DiskIoReader(str(machine / "proc"), str(machine / "none"))
    source.open()
    with pytest.raises(Absent, match="none"):
        source.read(0)
