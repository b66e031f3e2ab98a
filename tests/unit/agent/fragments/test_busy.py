"""How busy the disks under a directory are with other people's work."""

import os
from pathlib import Path

import pytest

from agent.fragments import busy
from agent.fragments.busy import Load


def stats(**milliseconds: int) -> str:
    """A /proc/diskstats in which these disks (sda is 8:0, and so on) worked so long."""
    numbers = {"sda": "8 0", "sda1": "8 1", "sdb": "8 16", "md0": "9 0"}
    return "".join(
        f"   {numbers[name]} {name} 100 2 3000 40 500 6 7000 80 0 {time} 900 0 0 0 0 11 12\n"
        for name, time in milliseconds.items()
    )


class Machine:
    """The /proc and /sys of a machine: sda with a partition, sdb, and md0 made of both."""

    def __init__(self, root: Path, directory: Path) -> None:
        self.root, self.directory = root, directory
        for device in ("sda", "sda/sda1", "sdb", "md0"):
            (root / "sys/devices" / device).mkdir(parents=True)
        numbers = {"sda": "8:0", "sda/sda1": "8:1", "sdb": "8:16", "md0": "9:0"}
        (root / "sys/dev/block").mkdir(parents=True)
        for device, number in numbers.items():
            (root / "sys/devices" / device / "dev").write_text(number + "\n")
        (root / "sys/devices/sda/sda1/partition").write_text("1\n")
        for slave in ("sda/sda1", "sdb"):
            slaves = root / "sys/devices/md0/slaves"
            slaves.mkdir(exist_ok=True)
            (slaves / Path(slave).name).symlink_to(root / "sys/devices" / slave)
        (root / "proc").mkdir()

    def mount(self, device: str) -> None:
        """Put the directory on that device."""
        number = self.directory.stat().st_dev
        own = self.root / f"sys/dev/block/{os.major(number)}:{os.minor(number)}"
        own.unlink(missing_ok=True)
        own.symlink_to(self.root / "sys/devices" / device)

    def work(self, **milliseconds: int) -> None:
        """Say how long each disk has worked."""
        (self.root / "proc/diskstats").write_text(stats(**milliseconds))


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    if not os.major(tmp_path.stat().st_dev):
        pytest.skip("this directory is on no block device")
    return Machine(tmp_path / "root", tmp_path)


def test_the_kernels_time_is_the_tenth_number() -> None:
    assert busy.ticks(stats(sda=1500, md0=20)) == {"8:0": 1.5, "9:0": 0.02}
    assert busy.ticks("8 0 sda 1 2 3\n\n") == {}


@pytest.mark.parametrize(
    ("device", "disks"),
    [("sda", {"8:0"}), ("sda/sda1", {"8:0"}), ("md0", {"8:0", "8:16"})],
)
def test_partitions_and_arrays_stand_for_their_disks(
    machine: Machine, device: str, disks: set[str]
) -> None:
    machine.mount(device)
    assert busy.disks(machine.directory, machine.root) == disks


def test_a_directory_on_no_disk_or_none_at_all_has_none(machine: Machine) -> None:
    assert busy.disks(machine.directory, machine.root) == set()
    assert busy.disks(machine.directory / "none", machine.root) == set()
    assert busy.disks(Path("/proc")) == set()


def test_it_is_the_busiest_disks_share_of_the_time_between_two_looks(machine: Machine) -> None:
    machine.mount("md0")
    load = Load(machine.directory, machine.root)
    machine.work(sda=1000, sdb=1000)
    assert load.share(100.0, 0.0) is None
    machine.work(sda=2000, sdb=5000)
    assert load.share(110.0, 0.0) == pytest.approx(0.4)
    assert load.share(120.0, 0.0) == 0


def test_what_we_read_ourselves_is_not_others_work(machine: Machine) -> None:
    machine.mount("sda")
    load = Load(machine.directory, machine.root)
    machine.work(sda=0)
    load.share(0.0, 50.0)
    machine.work(sda=8000)
    assert load.share(10.0, 57.0) == pytest.approx(0.1)
    machine.work(sda=9000)
    assert load.share(20.0, 66.0) == 0, "more than the disk worked: it was waiting for us"


def test_what_is_unknown_is_no_load(machine: Machine) -> None:
    load = Load(machine.directory, machine.root)
    machine.work(sda=1)
    assert load.share(0.0, 0.0) is None
    assert load.share(1.0, 0.0) is None, "no disk is known"
    machine.mount("sda")
    load = Load(machine.directory, machine.root)
    (machine.root / "proc/diskstats").unlink()
    assert load.share(2.0, 0.0) is None, "no figures"


def test_this_machines_own_disks_are_found_or_none() -> None:
    told = busy.ticks(Path("/proc/diskstats").read_text(encoding="ascii"))
    assert busy.disks(Path("/")) <= set(told)
