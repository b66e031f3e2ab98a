"""Which drives there are, and which disk of the kernel each one is."""

import json
from pathlib import Path

import pytest

from agent.disks.drive import Drive, Kernel, part_of, scanned
from tests.house import ROOT

SCAN = json.loads((ROOT / "tests/fixtures/smart/scan.json").read_text())


def put(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text + "\n")


@pytest.fixture
def kernel(tmp_path: Path) -> Kernel:
    """A SATA disk with two partitions, an NVMe disk with two name spaces, an array."""
    block = tmp_path / "block"
    put(block / "sda/device/wwid", "naa.5000c500a1b2c3d4")
    put(block / "sda/queue/rotational", "1")
    put(block / "sda/stat", " 100 5 2000 30 200 6 4000 70 0 1500 100")
    put(block / "sda/sda1/partition", "1")
    (block / "sda/sda2/holders/md0").mkdir(parents=True)
    put(block / "md0/md/dev-sda2/state", "in_sync")
    put(block / "nvme0n1/wwid", "eui.0025388b71000001")
    put(block / "nvme0n1/queue/rotational", "0")
    put(block / "nvme0n2/wwid", "eui.0025388b71000002")
    (tmp_path / "class/nvme/nvme0/nvme0n2").mkdir(parents=True)
    (tmp_path / "class/nvme/nvme0/nvme0n1").mkdir(parents=True)
    (tmp_path / "class/nvme/nvme1/nvme0c1n1").mkdir(parents=True)
    return Kernel(tmp_path)


def test_the_scan_names_each_drive_and_how_to_ask_it() -> None:
    assert [d.arguments for d in scanned(SCAN)] == [
        ("--device", "sat", "/dev/sda"),
        ("--device", "sat", "/dev/sdb"),
        ("--device", "scsi", "/dev/sdd"),
        ("/dev/sdg",),  # could not be opened: its type is a guess
        ("--device", "megaraid,3", "/dev/bus/0"),
        ("--device", "nvme", "/dev/nvme0"),
    ]


def test_a_scan_of_nonsense_finds_nothing() -> None:
    entries = [None, 3, {"name": 4}, {"name": "--help"}, {"type": "sat"}]
    assert scanned({"devices": entries}) == []
    assert scanned({"devices": "sda"}) == []


@pytest.mark.parametrize(
    ("kind", "hidden"),
    [("megaraid,3", True), ("sat+megaraid,12", True), ("aacraid,0,0,1", True), ("3ware,2", True),
     ("cciss,0", True), ("sat", False), ("sat,12", False), ("nvme,0x1", False),
     ("usbjmicron,0", False), ("", False)],
)  # fmt: skip
def test_a_disk_behind_a_controller_is_hidden_from_the_kernel(kind: str, *, hidden: bool) -> None:
    assert Drive("/dev/sda", kind).behind_raid is hidden


def test_a_drive_is_a_disk_of_the_kernel(kernel: Kernel) -> None:
    assert kernel.disk(Drive("/dev/sda", "sat")) == "sda"
    assert kernel.disk(Drive("/dev/nvme0", "nvme")) == "nvme0n1"
    assert kernel.disk(Drive("/dev/nvme1", "nvme")) == "nvme0n1", "another path to the same"
    assert kernel.disk(Drive("/dev/bus/0", "megaraid,3")) is None
    assert kernel.disk(Drive("/dev/sda", "megaraid,3")) is None
    assert kernel.disk(Drive("/dev/sdq", "sat")) is None


def test_its_identity_is_that_of_the_inventory(kernel: Kernel) -> None:
    assert kernel.identity("sda") == "naa.5000c500a1b2c3d4"
    assert kernel.identity("nvme0n1") == "eui.0025388b71000001"


def test_what_turns_and_what_does_not(kernel: Kernel) -> None:
    assert kernel.rotates("sda") is True
    assert kernel.rotates("nvme0n1") is False
    assert kernel.rotates("nvme0n2") is None


def test_traffic_changes_with_reads_and_writes(kernel: Kernel, tmp_path: Path) -> None:
    before = kernel.traffic("sda")
    put(tmp_path / "block/sda/stat", " 100 5 2000 30 201 6 4008 70 0 1500 100")
    assert kernel.traffic("sda") != before
    assert kernel.traffic("nvme0n1") == ""


def test_an_array_may_refuse_a_disk(kernel: Kernel, tmp_path: Path) -> None:
    assert kernel.refused("sda") is False
    put(tmp_path / "block/md0/md/dev-sda2/state", "faulty,blocked")
    assert kernel.refused("sda") is True
    assert kernel.refused("nvme0n1") is None


@pytest.mark.parametrize(
    ("name", "disk", "is_part"),
    [("sda", "sda", True), ("sda12", "sda", True), ("sdaa", "sda", False),
     ("sdaa1", "sda", False), ("nvme0n1p2", "nvme0n1", True), ("nvme0n12", "nvme0n1", False),
     ("nvme0n1", "nvme0n1", True), ("sdb1", "sda", False), ("sdap1", "sda", False)],
)  # fmt: skip
def test_a_partition_belongs_to_one_disk(name: str, disk: str, *, is_part: bool) -> None:
    assert part_of(name, disk) is is_part


def test_another_listing_is_another_machine(kernel: Kernel, tmp_path: Path) -> None:
    before = kernel.listing()
    assert kernel.listing() == before
    (tmp_path / "block/sdb").mkdir()
    assert kernel.listing() != before


def test_a_machine_without_sysfs_has_no_disks(tmp_path: Path) -> None:
    kernel = Kernel(tmp_path / "none")
    assert kernel.listing() == ((), ())
    assert kernel.disk(Drive("/dev/sda")) is None
