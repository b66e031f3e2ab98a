"""Mounted file systems that store bytes on this host, from /proc/self/mountinfo and statvfs.

A remote mount (NFS, CIFS, Lustre …) is left to the host that serves it: here it would be counted
once per client, and a server that does not answer would hang the reading of the local disks.

Whether a file system is read-only is asked of the table: statvfs also says so where only this mount
is, as every one is to a service that may not write (ProtectSystem=strict).
"""

import os
import re
import stat
import zlib
from pathlib import Path
from typing import Final

from agent.source import LIMIT_SECONDS, Found, Read, Run
from vigie.catalogue import Filesystem
from vigie.errors import Absent, SourceFailed
from vigie.frame import MAX_KEY_BYTES
from vigie.settings import AgentSettings
from vigie.shape import Value

IMAGES: Final = frozenset({"cramfs", "erofs", "iso9660", "romfs", "squashfs", "udf"})
"""Read-only images: always full, and nobody can write to them."""
POOLED: Final = frozenset({"bcachefs", "btrfs", "zfs"})
"""Stored on disks of their own, though some kernels list them as having none."""
_ESCAPE: Final = re.compile(r"\\([0-7]{3})")


class FilesystemReader:
    """Reads the mounts of this process's namespace."""

    name = "filesystem"
    measurements = (Filesystem,)
    runs: tuple[Run, ...] = ()
    period_seconds = Filesystem.period_seconds
    limit_seconds = LIMIT_SECONDS
    apart = False
    reads = (
        Read("/proc/self/mountinfo", "what is mounted where"),
        Read("/proc/filesystems", "which kinds of file system have a disk below"),
        Read(
            "statvfs of each mount kept",
            "size and room; opens no file in it",
            right="search permission on the path",
            grant="sudo setfacl -m u:vigie:x DIRECTORY, for each directory above the mount",
            optional=True,
        ),
    )

    def __init__(
        self, mounts: str = "/proc/self/mountinfo", kinds: str = "/proc/filesystems"
    ) -> None:
        self._mounts, self._kinds = mounts, kinds
        self._descriptor = -1
        self._diskless: frozenset[str] = frozenset()
        self._text = b""
        self._kept: dict[str, bool] = {}

    def open(self) -> None:
        """Keep the table of mounts open; raises SourceFailed where /proc does not have it."""
        self.close()
        try:
            self._diskless = diskless(Path(self._kinds).read_text(encoding="ascii"))
            self._descriptor = os.open(self._mounts, os.O_RDONLY)
        except OSError as error:
            raise SourceFailed("open", f"{error.filename}: {error.strerror}") from error

    def close(self) -> None:
        """Close the table of mounts."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor, self._text = -1, b""

    def read(self, now: int) -> Found:
        """One row for each file system, at its shortest mount point."""
        try:
            text = _whole(self._descriptor)
        except OSError as error:
            raise SourceFailed("read", f"{self._mounts}: {error}") from error
        if text != self._text:
            table = text.decode("utf-8", "replace")
            kept = storing(table, self._diskless)
            self._kept = {mount: closed for mount, closed in kept.items() if _is_directory(mount)}
            self._text = text
        if not self._kept:
            raise Absent("no file system on a disk is mounted here")
        rows = [(_key(mount), *_room(mount), closed) for mount, closed in self._kept.items()]
        columns = list(zip(*rows, strict=True))
        fields = (
            Filesystem.mount,
            Filesystem.size_bytes,
            Filesystem.available_bytes,
            Filesystem.inodes_total,
            Filesystem.inodes_available,
            Filesystem.read_only,
        )
        return Found(dict(zip(fields, columns, strict=True)))


def diskless(table: str) -> frozenset[str]:
    """The kinds that /proc/filesystems lists as living on no disk."""
    lines = (line.split() for line in table.splitlines())
    return frozenset(w[1] for w in lines if len(w) == 2 and w[0] == "nodev") - POOLED


def storing(table: str, without_disk: frozenset[str]) -> dict[str, bool]:
    """Mount points of a mountinfo, one for each file system that stores bytes: whether read-only.

    The root is always one of them, whatever it is made of: inside a container it is an overlay.
    A device mounted several times (bind mounts, subvolumes) is told once, at its shortest path.
    Format: proc_pid_mountinfo(5).
    """
    root: str | None = None
    by_device: dict[str, str] = {}
    closed: dict[str, bool] = {}
    for line in table.splitlines():
        of_mount, _, of_disk = line.partition(" - ")
        words, (kind, device, options) = of_mount.split(" "), (*of_disk.split(" "), "", "", "")[:3]
        if len(words) < 6:
            continue
        mount = _plain(words[4])
        closed[mount] = "ro" in options.split(",")
        if mount == "/":
            root = device  # the last one mounted there is the one seen
        elif kind not in without_disk and kind not in IMAGES:
            kept = by_device.get(device)
            if kept is None or (len(mount), mount) < (len(kept), kept):
                by_device[device] = mount
    if root is not None:
        by_device[root] = "/"
    return {mount: closed[mount] for mount in sorted(by_device.values())}


def _plain(mount: str) -> str:
    """The path that the kernel spells with octal escapes."""
    plain = _ESCAPE.sub(lambda found: chr(int(found[1], 8)), mount)
    return plain if plain.isprintable() else mount  # a name with control characters stays escaped


def _key(mount: str) -> str:
    """The mount as a key: a path too long for one ends in its check sum instead."""
    text = mount.encode("utf-8", "replace")
    if len(text) <= MAX_KEY_BYTES:
        return mount
    head = text[: MAX_KEY_BYTES - 12].decode("utf-8", "ignore")
    return f"{head}…{zlib.crc32(text):08x}"


def _whole(descriptor: int) -> bytes:
    text = os.pread(descriptor, 65_536, 0)
    while len(text) % 4096 == 0 or not text.endswith(b"\n"):  # the kernel gives whole lines
        more = os.pread(descriptor, 65_536, len(text))
        if not more:
            break
        text += more
    return text


def _is_directory(mount: str) -> bool:
    try:
        return stat.S_ISDIR(Path(mount).stat().st_mode)
    except OSError:
        return True  # not for us to look at: its row says so with nulls


def _room(mount: str) -> tuple[Value, ...]:
    """Size, bytes available, inodes, inodes available; None where not told."""
    try:
        told = os.statvfs(mount)
    except OSError:
        return (None,) * 4
    inodes = told.f_files or None  # 0 where the kind has no fixed number: unknown
    return (
        told.f_blocks * told.f_frsize,
        told.f_bavail * told.f_frsize,
        inodes,
        told.f_favail if inodes else None,
    )


def source(_: AgentSettings) -> FilesystemReader:
    """The source; no setting concerns it."""
    return FilesystemReader()
