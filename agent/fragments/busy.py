"""How busy the disks under a directory are with other people's work.

The kernel counts, for each disk, the time during which it had anything to do (`io_ticks`, field 10
of Documentation/admin-guide/iostats.rst). What a scrub itself waited for is taken off.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

_TICKS_FIELD: Final = 12
"""Position of `io_ticks`, in ms, in a line of /proc/diskstats."""


def ticks(diskstats: str) -> dict[str, float]:
    """Seconds that each disk, by major:minor, ever had work."""
    found = {}
    for line in diskstats.splitlines():
        fields = line.split()
        if len(fields) > _TICKS_FIELD:
            found[f"{fields[0]}:{fields[1]}"] = int(fields[_TICKS_FIELD]) / 1000
    return found


def disks(directory: Path, root: Path = Path("/")) -> frozenset[str]:
    """The disks, by major:minor, that hold a directory; none where its file system hides them.

    `root` is where /proc and /sys are. A partition stands for its disk, and what is built of disks
    (dm, md) for those; of a btrfs of several disks the mounted one is known.
    """
    try:
        number = directory.stat().st_dev
        device = f"{os.major(number)}:{os.minor(number)}"
        if not os.major(number):
            device = _mounted(device, (root / "proc/self/mountinfo").read_text(errors="replace"))
        return frozenset(_below(root / "sys/dev/block" / device)) if device else frozenset()
    except OSError:
        return frozenset()


def _mounted(device: str, mountinfo: str) -> str:
    """The block device of a file system that has a number of its own; "" where it has none."""
    for line in mountinfo.splitlines():
        head, _, tail = line.partition(" - ")
        fields, source = head.split(), tail.split()
        if len(fields) > 2 and fields[2] == device and len(source) > 1:
            path = Path(source[1])
            if path.is_block_device():
                number = path.stat().st_rdev
                return f"{os.major(number)}:{os.minor(number)}"
    return ""


def _below(device: Path) -> Iterator[str]:
    """Numbers of the disks that a block device, by its directory in sysfs, is made of."""
    own = device.resolve()
    if (own / "partition").exists():
        own = own.parent
    slaves = sorted((own / "slaves").iterdir()) if (own / "slaves").is_dir() else []
    for slave in slaves:
        yield from _below(slave)
    if not slaves:
        yield (own / "dev").read_text(encoding="ascii").strip()


class Load:
    """Looks at the disks of one directory again and again."""

    def __init__(self, directory: Path, root: Path = Path("/")) -> None:
        """`root` is where /proc and /sys are."""
        self._file = root / "proc/diskstats"
        self._disks = disks(directory, root)
        self._seen: tuple[float, float, dict[str, float]] | None = None

    def share(self, now: float, own: float) -> float | None:
        """Share of the time since the last look that the busiest disk worked for others.

        `now` and `own`, the time spent on reading from it here, are seconds that only grow. None
        the first time, and where nothing is known of the disks.
        """
        try:
            told = ticks(self._file.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return None
        before, self._seen = self._seen, (now, own, told)
        if before is None or now <= before[0]:
            return None
        worked = [
            told[disk] - before[2][disk]
            for disk in self._disks
            if disk in told and disk in before[2]
        ]
        if not worked:
            return None
        return min(max((max(worked) - (own - before[1])) / (now - before[0]), 0.0), 1.0)
