"""btrfs file systems, from the kernel's files and what the program adds."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.pools import btrfs
from agent.pools.btrfs import FileSystem, Scrub
from agent.pools.state import PoolState
from tests.house import ROOT

FIXTURES = ROOT / "tests/fixtures/pools"
UUID = "5f2bd8f7-d133-4223-a40e-9d8713197991"
ERRORS = "write_errs 1\nread_errs 2\nflush_errs 4\ncorruption_errs 8\ngeneration_errs 16\n"


@pytest.fixture
def sys(tmp_path: Path) -> Path:
    """A file system of two disks, each with errors of every kind."""
    folder = tmp_path / "fs/btrfs" / UUID
    files = {
        "label": "vig", "exclusive_operation": "none",
        "allocation/data/disk_used": "3000", "allocation/metadata/disk_used": "200",
        "allocation/system/disk_used": "10",
    }  # fmt: skip
    for number, disk in enumerate(("sda", "sdb"), start=1):
        files |= {f"devinfo/{number}/error_stats": ERRORS, f"devinfo/{number}/missing": "0"}
        files |= {f"devices/{disk}/x": ""}
        place = tmp_path / "class/block" / disk
        place.mkdir(parents=True)
        (place / "size").write_text("409600\n")
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text + "\n")
    (tmp_path / "fs/btrfs/features").mkdir()
    return tmp_path


def read(sys: Path) -> list[FileSystem]:
    return btrfs.file_systems(sys / "fs/btrfs", sys / "class/block")


def test_a_file_system_and_the_errors_of_its_disks(sys: Path) -> None:
    found = read(sys)
    scrub = btrfs.scrub((FIXTURES / "scrub_finished.txt").read_text())
    assert btrfs.pool(found[0], "vig", scrub) == PoolState(
        "vig", "btrfs", "online", devices=2, failed=0, read_errors=4, write_errors=10,
        checksum_errors=48, activity="idle", scrubbed=1_795_330_601 + 3_619,
        size=2 * 409_600 * 512, allocated=3_210,
    )  # fmt: skip


def test_a_missing_disk_degrades_it(sys: Path) -> None:
    (sys / "fs/btrfs" / UUID / "devinfo/2/missing").write_text("1\n")
    (sys / "fs/btrfs" / UUID / "devinfo/2/error_stats").write_text("invalid\n")
    state = btrfs.pool(read(sys)[0], "vig", None)
    assert (state.status, state.devices, state.failed) == ("degraded", 2, 1)
    assert state.read_errors == 2, "of the disk that is there"
    assert state.activity is None, "whether it is scrubbed is not known"


def test_a_file_system_that_stopped_writing_is_faulted(sys: Path) -> None:
    assert btrfs.pool(read(sys)[0], "vig", None, stopped=True).status == "faulted"


@pytest.mark.parametrize(
    ("operation", "activity"),
    [("none", None), ("balance", "reshape"), ("balance paused", None),
     ("device replace", "rebuild"), ("device remove", "reshape")],
)  # fmt: skip
def test_operations_that_exclude_others(sys: Path, operation: str, activity: str | None) -> None:
    (sys / "fs/btrfs" / UUID / "exclusive_operation").write_text(operation)
    assert btrfs.pool(read(sys)[0], "vig", None).activity == activity


def test_a_running_scrub_and_one_that_never_was() -> None:
    running = btrfs.scrub((FIXTURES / "scrub_running.txt").read_text())
    assert running == Scrub(running=True, progress=0.25)
    never = btrfs.scrub(f"UUID:             {UUID}\n\tno stats available\n")
    assert never == Scrub()


def test_where_kernels_tell_no_errors_the_program_does() -> None:
    stats = {"device": "/dev/sda", "devid": "1", "write_io_errs": "1", "read_io_errs": "2",
             "flush_io_errs": "4", "corruption_errs": "8", "generation_errs": 16}  # fmt: skip
    told = json.loads(json.dumps({"device-stats": [stats, stats]}))
    state = btrfs.pool(btrfs.with_stats(FileSystem(UUID, ""), told), "x", None)
    assert (state.read_errors, state.write_errors, state.checksum_errors) == (4, 10, 48)


def test_without_either_errors_are_unknown() -> None:
    state = btrfs.pool(FileSystem(UUID, ""), "x", None)
    assert (state.read_errors, state.write_errors, state.checksum_errors) == (None, None, None)


def test_a_label_names_one_file_system_only() -> None:
    one, two, three = FileSystem("1", "data"), FileSystem("2", "data"), FileSystem("3", "root")
    assert btrfs.names([one, two, three]) == {"1": "1", "2": "2", "3": "root"}


def test_where_it_is_mounted_and_whether_it_still_writes() -> None:
    lines = (
        "43 27 0:39 / /mnt/a\\040b rw,relatime - btrfs /dev/sda rw,space_cache=v2,subvolid=5\n"
        "44 27 0:40 / /srv rw,relatime shared:1 - btrfs /dev/sdb ro,space_cache=v2\n"
        "45 27 0:41 / /old ro,relatime - btrfs /dev/sdc ro\n"
        "46 27 0:42 / /home rw - ext4 /dev/sdd rw\nnonsense\n"
    )
    assert btrfs.mounts(lines) == {
        "sda": ("/mnt/a b", False), "sdb": ("/srv", True), "sdc": ("/old", False),
    }  # fmt: skip


def test_a_machine_without_btrfs(tmp_path: Path) -> None:
    assert btrfs.file_systems(tmp_path / "none") == []


@given(st.text(max_size=200), st.text(max_size=200))
def test_no_text_crashes_the_parser(status: str, mountinfo: str) -> None:
    btrfs.scrub(f"Status: finished\nScrub started: x\nDuration: 1:00:00\n{status}")
    btrfs.mounts(mountinfo)
