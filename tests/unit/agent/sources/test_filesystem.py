"""Which mounts store bytes, and how much room each has."""

import os
from pathlib import Path

import pytest

from agent.source import fault
from agent.sources.filesystem import FilesystemReader, diskless, storing
from vigie.catalogue import Filesystem
from vigie.errors import Absent, SourceFailed
from vigie.frame import MAX_KEY_BYTES

DISKLESS = ("sysfs", "proc", "tmpfs", "overlay", "nfs")
KINDS = "".join(f"nodev\t{kind}\n" for kind in (*DISKLESS, "zfs")) + "\text4\n\txfs\n"


def line(device: str, mount: str, kind: str, options: str = "rw") -> str:
    """A line of mountinfo; `options` are those of the file system, all mounts are read-only."""
    return f"36 35 8:1 / {mount} ro,relatime shared:1 - {kind} {device} {options}\n"


HOST = "".join([
    line("sysfs", "/sys", "sysfs"),
    line("tmpfs", "/run", "tmpfs"),
    line("rootfs", "/", "rootfs"),
    line("/dev/sda1", "/", "ext4", "rw,errors=remount-ro"),
    line("/dev/sda2", "/home", "ext4"),
    line("/dev/sda2", "/mnt/bind", "ext4"),
    line("/dev/sdb1", "/data\\040one", "xfs", "ro,attr2"),
    line("server:/export", "/nfs", "nfs"),
    line("tank/vm", "/tank", "zfs"),
    line("/dev/loop0", "/snap/core", "squashfs", "ro"),
    line("overlay", "/var/lib/docker/overlay2/x/merged", "overlay"),
    "short line\n",
])  # fmt: skip
CONTAINER = "".join([
    line("overlay", "/", "overlay"),
    line("/dev/sda1", "/etc/hosts", "ext4"),
    line("tmpfs", "/dev", "tmpfs"),
])  # fmt: skip


def test_kinds_without_a_disk() -> None:
    assert diskless(KINDS) == set(DISKLESS)


def test_a_host_has_its_disks_each_once() -> None:
    assert storing(HOST, diskless(KINDS)) == {
        "/": False, "/data one": True, "/home": False, "/tank": False,
    }  # fmt: skip


def test_a_mount_that_only_we_may_not_write_is_not_read_only() -> None:
    table = line("/dev/sda1", "/", "ext4", "rw") + line("/dev/sdb1", "/data", "xfs", "ro,attr2")
    assert storing(table, frozenset()) == {"/": False, "/data": True}


def test_a_container_has_at_least_its_root() -> None:
    assert "/" in storing(CONTAINER, diskless(KINDS))


def made(tmp_path: Path, mounts: str) -> FilesystemReader:
    (tmp_path / "mounts").write_text(mounts)
    (tmp_path / "filesystems").write_text(KINDS)
    source = FilesystemReader(str(tmp_path / "mounts"), str(tmp_path / "filesystems"))
    source.open()
    return source


def test_room_is_what_statvfs_says(tmp_path: Path) -> None:
    source = made(tmp_path, line("/dev/x", str(tmp_path), "ext4"))
    columns = {f: cells[0] for f, cells in source.read(0).columns.items()}
    told = os.statvfs(tmp_path)
    assert columns[Filesystem.mount] == str(tmp_path)
    assert columns[Filesystem.size_bytes] == told.f_blocks * told.f_frsize
    assert columns[Filesystem.inodes_total] == (told.f_files or None)
    assert columns[Filesystem.read_only] is False
    source.close()


def test_a_mount_that_cannot_be_asked_is_a_row_of_unknowns(tmp_path: Path) -> None:
    source = made(tmp_path, line("/dev/x", "/no/such/place", "ext4"))
    columns = source.read(0).columns
    assert columns[Filesystem.mount] == ("/no/such/place",)
    assert columns[Filesystem.size_bytes] == (None,)
    source.close()


def test_a_file_mounted_over_another_is_no_file_system(tmp_path: Path) -> None:
    (tmp_path / "hosts").touch()
    source = made(
        tmp_path, line("/dev/x", f"{tmp_path}/hosts", "ext4") + line("/dev/y", str(tmp_path), "xfs")
    )
    assert source.read(0).columns[Filesystem.mount] == (str(tmp_path),)
    source.close()


def test_a_mount_is_seen_when_it_comes(tmp_path: Path) -> None:
    source = made(tmp_path, line("/dev/x", "/", "ext4"))
    assert source.read(0).columns[Filesystem.mount] == ("/",)
    (tmp_path / "mounts").write_text(
        line("/dev/x", "/", "ext4") + line("/dev/y", str(tmp_path), "ext4")
    )
    assert source.read(0).columns[Filesystem.mount] == ("/", str(tmp_path))
    source.close()


def test_a_long_path_is_still_a_key(tmp_path: Path) -> None:
    paths = [f"/var/{'é' * 70}/{n}" for n in range(2)]
    source = made(tmp_path, "".join(line(f"/dev/x{n}", p, "ext4") for n, p in enumerate(paths)))
    found = source.read(0)
    assert fault(found, (Filesystem,)) is None
    mounts = found.columns[Filesystem.mount]
    assert all(len(str(m).encode()) <= MAX_KEY_BYTES for m in mounts)
    source.close()


def test_nothing_on_a_disk_is_an_absence(tmp_path: Path) -> None:
    source = made(tmp_path, line("tmpfs", "/run", "tmpfs"))
    with pytest.raises(Absent):
        source.read(0)
    source.close()


def test_no_table_of_mounts_is_a_failure(tmp_path: Path) -> None:
    with pytest.raises(SourceFailed, match="mounts"):
        FilesystemReader(str(tmp_path / "mounts")).open()
