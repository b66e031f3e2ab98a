"""Pools of disks: ZFS, md and btrfs, each where this machine has it."""

import logging
from pathlib import Path
from typing import Final

from agent import foreign
from agent.disks import smartctl
from agent.pools import btrfs, md, zfs
from agent.pools.state import PoolState
from agent.source import Found, Read, Run, grant
from agent.tool import Tool
from vigie.catalogue import POOL_CHANGED, Pool
from vigie.errors import Absent, SourceFailed
from vigie.frame import Happening
from vigie.settings import AgentSettings
from vigie.units import MICROSECONDS_PER_SECOND, NANOSECONDS_PER_SECOND

TOOL_SECONDS: Final = 8.0
LIMIT_SECONDS: Final = 40.0
RIGHT: Final = "root, or CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH"

log = logging.getLogger(__name__)


class PoolReader:
    """Reads the pools of this host; directories and programs are arguments for tests."""

    name = "pool"
    measurements = (Pool,)
    period_seconds = Pool.period_seconds
    limit_seconds = LIMIT_SECONDS
    apart = False
    runs = (
        Run("zpool", " | ".join(" ".join(a) for a in (zfs.ASK, zfs.ASK_TEXT, zfs.ASK_SIZES)),
            "ZFS pools and their disks, where the kernel has ZFS", grant=zfs.INSTALL),
        Run("btrfs", " | ".join(" ".join((*a, "PATH")) for a in (btrfs.ASK_SCRUB, btrfs.ASK_STATS)),
            "scrubs of btrfs, and errors before Linux 5.14", RIGHT,
            f"sudo apt install btrfs-progs; {grant('smart')}"),
    )  # fmt: skip

    def __init__(
        self, *, spl: Path = zfs.SPL, mdstat: Path = md.MDSTAT, sys: Path = Path("/sys"),
        mountinfo: Path = Path("/proc/self/mountinfo"), zpool: str = "zpool",
        btrfs_program: str = "btrfs", seconds: float = TOOL_SECONDS,
    ) -> None:  # fmt: skip
        """The programs are names or paths; `seconds` bounds each of them."""
        self._spl, self._mdstat, self._sys, self._mountinfo = spl, mdstat, sys, mountinfo
        self._zpool = Tool(zpool, limit_seconds=seconds)
        self._btrfs = Tool(btrfs_program, limit_seconds=seconds)
        self._is_open = False
        self._writes_json: bool | None = None
        self._refused: set[str] = set()
        self._statuses: dict[tuple[str, str], str | None] = {}
        self.reads = (
            Read(str(spl), "which ZFS pools there are", optional=True),
            Read(f"{spl}/*/state", "the state of a ZFS pool", optional=True),
            Read(str(mdstat), "which md arrays there are", optional=True),
            Read(f"{sys}/block/*/md", "the disks of an array", optional=True),
            Read(f"{sys}/block/*/md/*", "how an array is", optional=True),
            Read(f"{sys}/block/*/size", "the size of an array", optional=True),
            Read(f"{sys}/fs/btrfs", "which btrfs file systems are mounted", optional=True),
            Read(f"{sys}/fs/btrfs/*", "how they are", optional=True),
            Read(f"{sys}/class/block/*/size", "the size of their disks", optional=True),
            Read(str(mountinfo), "where they are mounted"),
        )

    def open(self) -> None:
        """Ask everything anew."""
        self._writes_json, self._refused = None, set()
        self._is_open = True

    def close(self) -> None:
        """Nothing is kept open."""
        self._is_open = False

    def read(self, now: int) -> Found:
        """One row for each pool; Absent where there is none."""
        if not self._is_open:
            raise SourceFailed("closed", "pool: read before open")
        found = [*self._zfs(), *self._md(), *self._btrfs_all()]
        events = self._changes(found, now // (NANOSECONDS_PER_SECOND // MICROSECONDS_PER_SECOND))
        if not found and not events:
            raise Absent("no ZFS pool, md array or btrfs file system here")
        rows = [state.row(now / NANOSECONDS_PER_SECOND) for state in found]
        return Found({f: [row[f] for row in rows] for f in (rows[0] if rows else ())}, events)

    def _changes(self, found: list[PoolState], time: int) -> list[Happening]:
        """Pools whose status became another, or that are not there any more."""
        statuses = {(p.kind, p.name): p.status for p in found}
        events = []
        for pool, before in self._statuses.items():
            after = statuses.get(pool) if pool in statuses else "not there"
            if before is not None and after is not None and before != after:
                keys = {"pool": pool[1]}
                words = f"{pool[0]}: {before} → {after}"
                events.append(Happening(POOL_CHANGED.code, time, keys, words))
        # What is unknown for a while does not hide a change.
        unknown = {p: s for p, s in self._statuses.items() if p in statuses and statuses[p] is None}
        self._statuses = statuses | unknown
        return events

    def _zfs(self) -> list[PoolState]:
        known = zfs.by_kernel(self._spl)
        if not known:
            return []
        try:
            told = {pool.name: pool for pool in self._zpools()}
        except (Absent, SourceFailed) as error:
            self._say("zpool", str(error))
            told = {}
        # The kernel names the pools, and knows a suspended one when the program hangs on it.
        return [told.get(pool.name, pool) for pool in known]

    def _zpools(self) -> list[PoolState]:
        if self._writes_json is not False:
            done = self._zpool.run(*zfs.ASK)
            told = foreign.parse(done.out)
            if told is not None:
                self._writes_json = True
                return zfs.pools(told)
            if self._writes_json or "invalid option" not in done.complaint:
                raise SourceFailed("tool", f"zpool: {done.complaint or 'damaged answer'}")
            self._writes_json = False
        done = self._zpool.run(*zfs.ASK_TEXT)
        if not done.out and done.complaint:
            raise SourceFailed("tool", f"zpool: {done.complaint}")
        sizes = zfs.sizes_of_text(self._zpool.run(*zfs.ASK_SIZES).out.decode(errors="replace"))
        return zfs.pools_of_text(done.out.decode(errors="replace"), sizes)

    def _md(self) -> list[PoolState]:
        try:
            mdstat = self._mdstat.read_text(encoding="ascii", errors="replace")
        except OSError:
            return []
        block = self._sys / "block"
        return [md.pool(mdstat, name, md.attributes(block, name)) for name in md.names(mdstat)]

    def _btrfs_all(self) -> list[PoolState]:
        found = btrfs.file_systems(self._sys / "fs/btrfs", self._sys / "class/block")
        if not found:
            return []
        try:
            mounts = btrfs.mounts(self._mountinfo.read_text(encoding="utf-8", errors="replace"))
        except OSError:
            mounts = {}
        names = btrfs.names(found)
        return [self._btrfs_one(fs, names[fs.uuid], mounts) for fs in found]

    def _btrfs_one(
        self, fs: btrfs.FileSystem, name: str, mounts: dict[str, tuple[str, bool]]
    ) -> PoolState:
        place, stopped = next((mounts[d] for d in fs.disks if d in mounts), ("", False))
        if not fs.errors and (out := self._ask_btrfs(place, btrfs.ASK_STATS)) is not None:
            fs = btrfs.with_stats(fs, foreign.parse(out))
        out = self._ask_btrfs(place, btrfs.ASK_SCRUB)
        scrub = None if out is None else btrfs.scrub(out.decode(errors="replace"))
        return btrfs.pool(fs, name, scrub, stopped=stopped)

    def _ask_btrfs(self, place: str, arguments: tuple[str, ...]) -> bytes | None:
        """What the program answers; None where it is not there, or may not say."""
        if not place or arguments[0] in self._refused:
            return None
        try:
            done = self._btrfs.run(*arguments, place)
        except (Absent, SourceFailed) as error:
            self._say("btrfs", str(error))
            return None
        if done.status == 0:
            return done.out
        if any(word in done.complaint for word in smartctl.REFUSALS):
            self._refused.add(arguments[0])  # nothing but a restart gives more rights
        self._say("btrfs", f"{done.complaint}; {grant('smart')}")
        return None

    def _say(self, program: str, reason: str) -> None:
        log.info("pool program gives nothing", extra={"program": program, "reason": reason})


def source(_: AgentSettings) -> PoolReader:
    """The source; no setting concerns it."""
    return PoolReader()
