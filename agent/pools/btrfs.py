"""btrfs file systems that are mounted: /sys/fs/btrfs for nearly all, `btrfs` for the rest.

Since Linux 5.14 the kernel's files tell the errors of each disk to everybody; before that, and
for how scrubs went, the program is asked, which takes rights.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from agent.devices import SECTOR_BYTES
from agent.foreign import at, decimal, each, whole
from agent.pools.state import PoolState

KIND: Final = "btrfs"
ASK_STATS: Final = ("--format", "json", "device", "stats")
ASK_SCRUB: Final = ("scrub", "status", "--raw")

_UUID: Final = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_SPACES: Final = ("data", "metadata", "system")
_READ: Final = ("read_errs", "read_io_errs")
_WRITE: Final = ("write_errs", "write_io_errs", "flush_errs", "flush_io_errs")
_CHECKSUM: Final = ("corruption_errs", "generation_errs")
_FIELD: Final = re.compile(r"^([A-Z][\w ]+?): +(.*)$", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class FileSystem:
    """What the kernel's files tell of one file system; errors by kind, summed over its disks."""

    uuid: str
    label: str
    missing: tuple[bool, ...] = ()
    errors: Mapping[str, int] = field(default_factory=dict)
    operation: str = ""
    size: int | None = None
    allocated: int | None = None
    disks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scrub:
    """What `btrfs scrub status` tells."""

    running: bool = False
    progress: float | None = None
    ended: float | None = None
    """When the last one that came to its end did (s UTC)."""


def file_systems(sys: Path, classes: Path = Path("/sys/class/block")) -> list[FileSystem]:
    """Every mounted file system; `classes` is where sizes of disks are."""
    return [_of(folder, classes) for folder in _folders(sys) if _UUID.fullmatch(folder.name)]


def mounts(mountinfo: str) -> dict[str, tuple[str, bool]]:
    """By device name, where a btrfs is mounted, and whether the kernel has stopped all writing.

    After an error btrfs makes the file system read-only under a mount that still says `rw`.
    """
    found: dict[str, tuple[str, bool]] = {}
    for line in mountinfo.splitlines():
        before, _, after = line.partition(" - ")
        mount, own = before.split(), after.split()
        if len(mount) < 6 or len(own) < 3 or own[0] != "btrfs":
            continue
        stopped = "rw" in mount[5].split(",") and "ro" in own[2].split(",")
        found.setdefault(Path(own[1]).name, (_unescaped(mount[4]), stopped))
    return found


def pool(fs: FileSystem, name: str, scrub: Scrub | None, *, stopped: bool = False) -> PoolState:
    """One file system as a pool."""
    failed = sum(fs.missing)
    activity, progress = _activity(fs.operation, scrub)
    return PoolState(
        name, KIND, "faulted" if stopped else "degraded" if failed else "online",
        len(fs.missing), failed, _sum(fs.errors, _READ), _sum(fs.errors, _WRITE),
        _sum(fs.errors, _CHECKSUM), activity, progress, scrub.ended if scrub else None,
        fs.size, fs.allocated,
    )  # fmt: skip


def names(found: list[FileSystem]) -> dict[str, str]:
    """What each is called, by UUID: its label where only it has that one."""
    labels = [fs.label for fs in found]
    return {
        fs.uuid: fs.label if fs.label and labels.count(fs.label) == 1 else fs.uuid for fs in found
    }


def with_stats(fs: FileSystem, told: object) -> FileSystem:
    """The same with the errors of `btrfs device stats`, for kernels whose files lack them."""
    sums: dict[str, int] = {}
    for disk in each(told, "device-stats"):
        for name in (*_READ, *_WRITE, *_CHECKSUM):
            text = at(disk, name)  # a text or a number, by version
            count = decimal(text) if isinstance(text, str) else whole(disk, name)
            if count is not None:
                sums[name] = sums.get(name, 0) + count
    return replace(fs, errors=sums)


def scrub(text: str) -> Scrub:
    """What `btrfs scrub status --raw` says, in UTC."""
    told = {found[1]: found[2] for found in _FIELD.finditer(text)}
    share = re.search(r"\(([\d.]+)%\)", told.get("Bytes scrubbed", ""))
    if told.get("Status") == "running":
        return Scrub(running=True, progress=min(1.0, float(share[1]) / 100) if share else None)
    if told.get("Status") != "finished":
        return Scrub()
    began = told.get("Scrub resumed") or told.get("Scrub started") or ""
    took = re.fullmatch(r"(\d{1,6}):(\d\d):(\d\d)", told.get("Duration", ""))
    hours, minutes, seconds = (int(part) for part in took.groups()) if took else (0, 0, 0)
    lasted = timedelta(hours=hours, minutes=minutes, seconds=seconds)
    try:
        started = datetime.strptime(f"{began} +0000", "%a %b %d %H:%M:%S %Y %z")
        return Scrub(ended=(started + lasted).timestamp())
    except (ValueError, OverflowError):
        return Scrub()


def _of(folder: Path, classes: Path) -> FileSystem:
    disks = tuple(p.name for p in _folders(folder / "devices"))
    infos = _folders(folder / "devinfo")
    sums: dict[str, int] = {}
    for info in infos:
        for line in _text(info / "error_stats").splitlines():
            name, _, text = line.partition(" ")
            if (count := decimal(text)) is not None:  # or "invalid", where a disk is missing
                sums[name] = sums.get(name, 0) + count
    sectors = [decimal(_text(classes / disk / "size")) for disk in disks]
    used = [decimal(_text(folder / "allocation" / space / "disk_used")) for space in _SPACES]
    return FileSystem(
        folder.name, _text(folder / "label"),
        tuple(_text(info / "missing") == "1" for info in infos), sums,
        _text(folder / "exclusive_operation"),
        _all(sectors, SECTOR_BYTES), _all(used, 1), disks,
    )  # fmt: skip


def _activity(operation: str, scrub: Scrub | None) -> tuple[str | None, float | None]:
    if operation == "device replace":
        return "rebuild", None
    if operation not in {"", "none"} and not operation.endswith("paused"):
        return "reshape", None
    if scrub is None:
        return None, None
    return ("scrub", scrub.progress) if scrub.running else ("idle", None)


def _sum(errors: Mapping[str, int], kinds: tuple[str, ...]) -> int | None:
    known = [errors[kind] for kind in kinds if kind in errors]
    return sum(known) if known else None


def _all(counts: list[int | None], factor: int) -> int | None:
    """The sum when every part is known."""
    known = [count for count in counts if count is not None]
    return sum(known) * factor if counts and len(known) == len(counts) else None


def _unescaped(path: str) -> str:
    return re.sub(r"\\([0-7]{3})", lambda code: chr(int(code[1], 8)), path)


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
