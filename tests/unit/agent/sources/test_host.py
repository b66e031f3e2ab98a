"""The host source over a captured /proc and /sys."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from agent.sources.host import HostReader
from vigie.catalogue import Host
from vigie.errors import SourceFailed
from vigie.shape import Field, Value

FIXTURE = Path(__file__).parents[3] / "fixtures" / "host"


@pytest.fixture(autouse=True)
def psutil_of_this_machine() -> Iterator[None]:
    """The source points psutil at the fixture; point it back."""
    yield
    psutil.PROCFS_PATH = "/proc"
    psutil.net_io_counters.cache_clear()  # type: ignore[attr-defined]


@pytest.fixture
def proc(tmp_path: Path) -> Path:
    """A copy of the captured tree that a test may change."""
    shutil.copytree(FIXTURE / "proc", tmp_path / "proc")
    return tmp_path / "proc"


def reader(proc: Path, net: Path = FIXTURE / "net") -> HostReader:
    source = HostReader(str(proc), str(net))
    source.open()
    return source


def row(source: HostReader) -> dict[Field, Value]:
    return {field: cells[0] for field, cells in source.read(0).columns.items()}


def stat(proc: Path, line: str) -> None:
    """Replace the line of all processors; units are hundredths of a second."""
    lines = (proc / "stat").read_text().splitlines()
    (proc / "stat").write_text("\n".join([line, *lines[1:]]) + "\n")


def test_the_captured_host_in_base_units(proc: Path) -> None:
    read = row(reader(proc))
    assert read[Host.boot_time_seconds] == 1_700_000_000
    assert read[Host.cpu_busy_seconds_total] == pytest.approx(171.0)
    assert read[Host.cpu_iowait_seconds_total] == pytest.approx(5.0)
    assert read[Host.load1] == 1.25
    assert read[Host.memory_total_bytes] == 16_000_000 * 1024
    assert read[Host.memory_available_bytes] == 12_000_000 * 1024
    assert read[Host.swap_used_bytes] == 500_000 * 1024
    assert read[Host.pressure_cpu_seconds_total] == pytest.approx(12.345678)
    assert read[Host.pressure_memory_seconds_total] == 0.0
    assert read[Host.pressure_io_seconds_total] == pytest.approx(2.5)


def test_load_is_the_share_neither_idle_nor_waiting_since_the_reading_before(proc: Path) -> None:
    source = reader(proc)
    stat(proc, "cpu  1000 0 0 1000 1000 0 0 0 0 0")
    assert row(source)[Host.cpu_busy_ratio] is None  # there is no reading before
    stat(proc, "cpu  1050 0 30 1200 1100 5 5 10 0 0")  # 1 s busy, 2 s idle, 1 s waiting
    assert row(source)[Host.cpu_busy_ratio] == pytest.approx(0.25)
    assert row(source)[Host.cpu_busy_ratio] is None  # no time has passed


def test_a_counter_that_the_kernel_rounds_back_is_no_restart(proc: Path) -> None:
    source = reader(proc)
    stat(proc, "cpu  1000 0 0 1000 1000 0 0 0 0 0")
    row(source)
    stat(proc, "cpu  999 0 0 1100 980 0 0 0 0 0")
    read = row(source)
    assert read[Host.cpu_busy_seconds_total] == 10.0
    assert read[Host.cpu_iowait_seconds_total] == 10.0


def test_hardware_interfaces_alone_are_counted(proc: Path, tmp_path: Path) -> None:
    net = tmp_path / "net"
    for name in ("lo", "eth0", "docker0", "veth1"):
        (net / name).mkdir(parents=True)
    (net / "eth0" / "device").mkdir()
    read = row(reader(proc, net))
    assert read[Host.network_receive_bytes_total] == 1_000
    assert read[Host.network_transmit_bytes_total] == 2_000
    assert read[Host.network_errors_total] == 1 + 2 + 3 + 4


def test_without_hardware_all_but_loopback_are(proc: Path, tmp_path: Path) -> None:
    read = row(reader(proc, tmp_path / "none"))
    assert read[Host.network_receive_bytes_total] == 1_000 + 50 + 7


def test_a_kernel_without_psi_leaves_pressure_unknown(proc: Path) -> None:
    shutil.rmtree(proc / "pressure")
    read = row(reader(proc))
    assert Host.pressure_cpu_seconds_total not in read
    assert read[Host.load1] == 1.25


def test_a_pressure_file_that_says_nothing_is_unknown(proc: Path) -> None:
    (proc / "pressure" / "cpu").write_text("")
    assert row(reader(proc))[Host.pressure_cpu_seconds_total] is None


def test_a_proc_that_cannot_be_read_is_a_failure(proc: Path) -> None:
    source = reader(proc)
    (proc / "stat").unlink()
    with pytest.raises(SourceFailed, match="stat"):
        source.read(0)
    source.close()
