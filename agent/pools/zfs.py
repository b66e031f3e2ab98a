"""ZFS pools: /proc/spl/kstat/zfs for their names and states, `zpool` for the rest.

`zpool status` writes JSON from OpenZFS 2.3 on, and a text for people before; both give the same
fields but for sizes, which the text leaves to `zpool list`.
"""

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from agent.foreign import Document, at, decimal, number, whole, words
from agent.pools.state import PoolState

KIND: Final = "zfs"
SPL: Final = Path("/proc/spl/kstat/zfs")
INSTALL: Final = "sudo apt install zfsutils-linux"
ASK: Final = ("status", "-j", "--json-int", "-L", "-P")
ASK_TEXT: Final = ("status", "-p", "-L", "-P")
ASK_SIZES: Final = ("list", "-H", "-p", "-o", "name,size,allocated")

_STATUS: Final = {
    "ONLINE": "online", "DEGRADED": "degraded", "FAULTED": "faulted", "OFFLINE": "offline",
    "UNAVAIL": "unavailable", "REMOVED": "removed", "SUSPENDED": "suspended",
}  # fmt: skip
_LOST: Final = frozenset({"FAULTED", "UNAVAIL", "REMOVED", "OFFLINE"})
_BESIDE: Final = ("logs", "special", "dedup")
"""Classes of disks of a pool that stand beside its tree; caches and spares hold no data."""
_DONE: Final = re.compile(r"(\d+(?:\.\d+)?)% done")
_ENDED: Final = re.compile(r"scrub repaired .* on (.*)")


def names(spl: Path) -> list[str]:
    """The pools that this kernel has imported; none where there is no ZFS."""
    try:
        return sorted(folder.name for folder in spl.iterdir() if (folder / "state").exists())
    except OSError:
        return []


def by_kernel(spl: Path) -> list[PoolState]:
    """What the kernel alone tells of each pool: its status."""
    return [PoolState(name, KIND, _STATUS.get(_text(spl / name / "state"))) for name in names(spl)]


def pools(told: Document) -> list[PoolState]:
    """Every pool of `zpool status -j --json-int`."""
    found = at(told, "pools")
    return [_pool(pool) for pool in found.values()] if isinstance(found, dict) else []


def refused(told: Document) -> frozenset[str]:
    """Kernel names of the disks and partitions that ZFS holds for faulty."""
    found = at(told, "pools")
    trees = found.values() if isinstance(found, dict) else ()
    faulty = [leaf for pool in trees for leaf in _leaves(pool) if _state(leaf) == "FAULTED"]
    paths = [words(leaf, "name") or "" for leaf in faulty] + [
        words(leaf, "path") or "" for leaf in faulty
    ]
    return frozenset(Path(path).resolve().name for path in paths if path.startswith("/dev/"))


def _pool(pool: Any) -> PoolState:
    name = words(pool, "name") or "unknown"
    root = at(pool, "vdevs", name)
    leaves = list(_leaves(pool))
    activity, progress, scrubbed = _scan(at(pool, "scan_stats"))
    return PoolState(
        name, KIND, _STATUS.get(words(pool, "state") or ""),
        devices=len(leaves), failed=sum(_state(leaf) in _LOST for leaf in leaves),
        read_errors=_errors(root, leaves, "read_errors"),
        write_errors=_errors(root, leaves, "write_errors"),
        checksum_errors=_errors(root, leaves, "checksum_errors"),
        activity=_rebuilding(pool) or activity, progress=progress, scrubbed=scrubbed,
        size=whole(root, "total_space"), allocated=whole(root, "alloc_space"),
    )  # fmt: skip


def _state(vdev: Any) -> str:
    return words(vdev, "state") or ""


def _leaves(pool: Any) -> Iterator[Any]:
    """The disks that hold data: those without a tree of their own."""
    waiting = [at(pool, "vdevs"), *(at(pool, beside) for beside in _BESIDE)]
    while waiting:
        level = waiting.pop(0)
        for vdev in level.values() if isinstance(level, dict) else ():
            below = at(vdev, "vdevs")
            if isinstance(below, dict) and below:
                waiting.append(below)
            elif isinstance(vdev, dict):
                yield vdev


def _errors(root: Any, leaves: list[Any], name: str) -> int | None:
    """Errors of the disks, or of the pool: what a disk could not mend counts at both."""
    counts = [n for leaf in leaves if (n := whole(leaf, name)) is not None]
    top = whole(root, name)
    if not counts:
        return top
    return max(sum(counts), top or 0)


def _scan(scan: Any) -> tuple[str | None, float | None, float | None]:
    """Activity, progress, and the end of the last scrub (s UTC) of `scan_stats`."""
    if not isinstance(scan, dict):
        return "idle", None, None
    function, state = words(scan, "function"), words(scan, "state")
    if state == "FINISHED":
        return "idle", None, number(scan, "end_time") if function == "SCRUB" else None
    if state not in {"SCANNING", "ERRORSCRUBBING"}:
        return "idle", None, None
    total = (whole(scan, "to_examine") or 0) - (whole(scan, "skipped") or 0)
    done = whole(scan, "issued")
    progress = min(1.0, done / total) if done is not None and total > 0 else None
    return "rebuild" if function == "RESILVER" else "scrub", progress, None


def _rebuilding(pool: Any) -> str | None:
    """What goes on beside scans: the widening of a raidz, the removal of a disk."""
    expanding = words(pool, "raidz_expand_stats", "state")
    removing = words(pool, "removal_stats", "state")
    return "reshape" if "SCANNING" in {expanding, removing} else None


def pools_of_text(text: str, sizes: Mapping[str, tuple[int, int]]) -> list[PoolState]:
    """Every pool of `zpool status -p`, with the sizes of `sizes_of_text`."""
    found = []
    for part in re.split(r"^ +pool: ", text, flags=re.MULTILINE)[1:]:
        name = part.partition("\n")[0].strip()
        found.append(_of_text(name, part, sizes.get(name)))
    return found


def sizes_of_text(text: str) -> dict[str, tuple[int, int]]:
    """Size and allocated bytes by pool, of `zpool list -H -p -o name,size,allocated`."""
    found = {}
    for line in text.splitlines():
        name, *counts = line.split("\t")
        known = [n for count in counts if (n := decimal(count)) is not None]
        if len(counts) == 2 == len(known):
            found[name] = (known[0], known[1])
    return found


def _of_text(name: str, part: str, sizes: tuple[int, int] | None) -> PoolState:
    state = re.search(r"^ *state: (\w+)", part, re.MULTILINE)
    vdevs = _table(part)
    ended = [*vdevs, _Vdev(0, "", ())]
    leaves = [v for v, after in itertools.pairwise(ended) if after.depth <= v.depth]
    scan = re.search(r"^ *scan: (.*(?:\n\t.*)*)", part, re.MULTILINE)
    activity, progress, scrubbed = _scan_of_text(scan[1] if scan else "")
    size, allocated = sizes or (None, None)
    return PoolState(
        name, KIND, _STATUS.get(state[1]) if state else None,
        devices=len(leaves), failed=sum(v.state in _LOST for v in leaves),
        read_errors=_counted(vdevs, leaves, 0), write_errors=_counted(vdevs, leaves, 1),
        checksum_errors=_counted(vdevs, leaves, 2),
        activity=activity, progress=progress, scrubbed=scrubbed, size=size, allocated=allocated,
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Vdev:
    """A row of the table of disks; errors are of reads, of writes and of checksums."""

    depth: int
    state: str
    errors: tuple[int | None, ...]


def _table(part: str) -> list[_Vdev]:
    """The pool itself, then its disks; caches and spares hold no data and are left out."""
    rows: list[_Vdev] = []
    wanted = False
    for line in part.partition("\nconfig:")[2].splitlines():
        cells, depth = line.split(), len(line) - len(line.lstrip())
        if line.startswith("errors:"):
            break
        if cells[:2] == ["NAME", "STATE"]:
            wanted = True
        elif len(cells) == 1 and depth == 1:
            wanted = cells[0] in _BESIDE  # the title of another class
        elif wanted and len(cells) >= 2:
            counts = [decimal(cell) for cell in cells[2:5]]
            rows.append(_Vdev(depth, cells[1], (*counts, None, None, None)[:3]))
    return rows


def _counted(vdevs: list[_Vdev], leaves: list[_Vdev], which: int) -> int | None:
    """As `_errors`, of the table."""
    counts = [count for v in leaves if (count := v.errors[which]) is not None]
    top = vdevs[0].errors[which] if vdevs else None
    return max(sum(counts), top or 0) if counts else top


def _scan_of_text(scan: str) -> tuple[str | None, float | None, float | None]:
    done = _DONE.search(scan)
    progress = min(1.0, float(done[1]) / 100) if done else None
    if "resilver" in scan and "in progress" in scan:
        return "rebuild", progress, None
    if "scrub in progress" in scan or "scrub paused" in scan:
        return "scrub", progress, None
    ended = _ENDED.search(scan)
    return "idle", None, _time(ended[1]) if ended else None


def _time(text: str) -> float | None:
    """Seconds UTC of ctime(3), whose zone we set ourselves."""
    try:
        return datetime.strptime(f"{text.strip()} +0000", "%a %b %d %H:%M:%S %Y %z").timestamp()
    except ValueError:
        return None


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace").strip()
    except OSError:
        return ""
