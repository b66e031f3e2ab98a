"""Which drives smartctl can ask, how, and which disk of the kernel each of them is."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from agent.devices import disk_identity
from agent.foreign import Document, each, words

_RAID: Final = re.compile(r"(?:.*\+)?(?:megaraid|aacraid|3ware|areca|cciss|hpt|sssraid|jmb39x)\b.*")
"""Types that name a disk behind a controller, of which the kernel shows only what is built."""
_NVME: Final = re.compile(r"nvme(\d+)(?:c\d+)?n(\d+)")


@dataclass(frozen=True, slots=True)
class Drive:
    """One drive as smartctl addresses it: device file, and type where it must be said."""

    name: str
    kind: str = ""

    @property
    def arguments(self) -> tuple[str, ...]:
        """What smartctl is given to reach it.

        A type that is said spares the disk the commands of guessing, which may wake it.
        """
        return ("--device", self.kind, self.name) if self.kind else (self.name,)

    @property
    def behind_raid(self) -> bool:
        """Whether a controller hides it from the kernel."""
        return _RAID.fullmatch(self.kind) is not None

    def __str__(self) -> str:
        return f"{self.name} ({self.kind})" if self.behind_raid else self.name


def scanned(document: Document) -> list[Drive]:
    """The drives of `smartctl --scan-open`, each once.

    The type of one that could not be opened is a guess from its name: it is left out.
    """
    found: dict[Drive, None] = {}
    for entry in each(document, "devices"):
        name, kind = words(entry, "name"), words(entry, "type") or ""
        if name is None or not name.startswith("/dev/"):
            continue
        drive = Drive(name, kind)
        if words(entry, "open_error") is not None and not drive.behind_raid:
            drive = Drive(name)
        found[drive] = None
    return list(found)


class Kernel:
    """What the kernel knows of disks, from /sys; `root` is where that is."""

    def __init__(self, root: Path = Path("/sys")) -> None:
        self._block, self._nvme = root / "block", root / "class/nvme"

    def listing(self) -> tuple[tuple[str, ...], ...]:
        """Names of block devices and of NVMe controllers: another listing is another machine."""
        return _names(self._block), _names(self._nvme)

    def disk(self, drive: Drive) -> str | None:
        """The block device of a drive, as `sda`; None for one behind a controller."""
        name = drive.name.removeprefix("/dev/")
        if drive.behind_raid or "/" in name:
            return None
        if (self._block / name).is_dir():
            return name
        spaces = [_NVME.fullmatch(entry) for entry in _names(self._nvme / name)]
        first = sorted((int(m[2]), f"nvme{m[1]}n{m[2]}") for m in spaces if m)
        return first[0][1] if first and (self._block / first[0][1]).is_dir() else None

    def identity(self, disk: str) -> str | None:
        """Its world-wide name or serial number, as in the inventory of devices."""
        return disk_identity(self._block / disk)

    def rotates(self, disk: str) -> bool | None:
        """Whether the kernel holds it for one that turns; None when it does not say."""
        return {"0": False, "1": True}.get(_text(self._block / disk / "queue/rotational"))

    def traffic(self, disk: str) -> str:
        """A mark that changes with every read and write; "" where the kernel does not count."""
        told = _text(self._block / disk / "stat").split()
        return f"{told[0]} {told[4]}" if len(told) > 4 else ""

    def refused(self, disk: str) -> bool | None:
        """Whether an md array that it is in holds it for faulty; None when it is in none."""
        folder = self._block / disk
        parts = {disk: folder}
        parts.update({p: folder / p for p in _names(folder) if part_of(p, disk)})
        told = [
            _text(self._block / array / "md" / f"dev-{part}" / "state")
            for part, place in parts.items()
            for array in _names(place / "holders")
        ]
        states = [state.split(",") for state in told if state]
        return any("faulty" in state for state in states) if states else None


def part_of(name: str, disk: str) -> bool:
    """Whether a block device is that disk, or a partition of it: sda1, nvme0n1p2."""
    before, rest = name[: len(disk)], name[len(disk) :]
    number = rest.removeprefix("p") if disk[-1:].isdigit() and rest.startswith("p") else rest
    if before != disk or not rest:
        return name == disk
    return number.isdecimal() and (number != rest or not disk[-1:].isdigit())


def _names(folder: Path) -> tuple[str, ...]:
    try:
        return tuple(sorted(path.name for path in folder.iterdir()))
    except OSError:
        return ()


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
