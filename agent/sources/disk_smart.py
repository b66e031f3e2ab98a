"""How each disk describes itself (SMART), through smartctl: one disk at a time, one a turn."""

import logging
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from agent import clock, foreign
from agent.disks import smartctl, unit
from agent.disks.drive import Drive, Kernel, part_of, scanned
from agent.disks.health import Health
from agent.disks.history import History, Past
from agent.disks.smartctl import Answer, Problem
from agent.disks.unit import Unit
from agent.pools import zfs
from agent.source import Found, Read, Run, grant
from agent.tool import KILL_SECONDS, Tool
from vigie.catalogue import DISK_RISK, Disk
from vigie.errors import Absent, SourceFailed
from vigie.frame import MAX_DETAIL_BYTES, Happening
from vigie.settings import AgentSettings
from vigie.shape import Field, Value
from vigie.units import MICROSECONDS_PER_SECOND, NANOSECONDS_PER_SECOND

PERIOD_SECONDS: Final = 10.0
"""Between two turns, each of which asks one disk if one is due."""
EVERY_SECONDS: Final = Disk.period_seconds
"""Between two readings of one disk."""
SCAN_SECONDS: Final = 86_400.0
"""How often drives are looked for when the kernel's list stays the same."""
RETRY_SECONDS: Final = 300.0
"""How long after a look for drives that failed, and between two looks at ZFS."""
TOOL_SECONDS: Final = 20.0
"""How long one smartctl may take; killing it may take `KILL_SECONDS` more."""
LIMIT_SECONDS: Final = 25.0
LONGEST_SECONDS: Final = 300.0
INSTALL: Final = "sudo apt install smartmontools"
RIGHT: Final = "root, or CAP_SYS_RAWIO, CAP_SYS_ADMIN and CAP_DAC_READ_SEARCH"
_GRANT: Final = f"{INSTALL}; {grant('smart')}"
_HUNG: Final = ("timeout", "stuck")
_GENERAL: Final = ("denied", "old")
"""Problems that are hardly one disk's alone."""

Row = dict[Field, Value]
log = logging.getLogger(__name__)


class DiskSmart:
    """Asks every disk that smartctl finds; directories and programs are arguments for tests."""

    name = "disk_smart"
    measurements = (Disk,)
    period_seconds = PERIOD_SECONDS
    apart = False
    runs = (
        Run("smartctl", " ".join(smartctl.SCAN), "which drives there are", RIGHT, _GRANT),
        Run("smartctl", " ".join((*smartctl.ASK, "DEVICE")), "what a disk says of itself",
            RIGHT, _GRANT),
        Run("zpool", " ".join(zfs.ASK), "disks that ZFS refuses, where there are ZFS pools",
            grant=zfs.INSTALL),
    )  # fmt: skip

    def __init__(
        self, keep: Path | None = None, *, root: Path = Path("/sys"), spl: Path = zfs.SPL,
        program: str = "smartctl", zpool: str = "zpool", seconds: float = TOOL_SECONDS,
        period: float = PERIOD_SECONDS,
    ) -> None:  # fmt: skip
        """`keep` is the file of the disks' history, `period` what settings ask for.

        A period beyond that of the measurement is also the time between two readings of a disk.
        """
        self.limit_seconds = max(LIMIT_SECONDS, min(period / 2, LONGEST_SECONDS))
        self.reads = _reads(keep, spl)
        self._kernel, self._spl = Kernel(root), spl
        self._program, self._seconds = program, seconds
        self._every, self._period = max(EVERY_SECONDS, period), period
        self._history = History(keep)
        self._zpool = Tool(zpool, limit_seconds=seconds / 4)
        self._scan, self._scan_closed = self._tool(), self._tool()
        self._now: float | None = None
        self._is_open = False
        self._forget()

    def _tool(self) -> Tool:
        return Tool(self._program, limit_seconds=self._seconds, grant=INSTALL)

    def _forget(self) -> None:
        self._units: list[Unit] = []
        self._listing: tuple[tuple[str, ...], ...] | None = None
        self._look_at = self._zfs_at = float("-inf")
        self._failure: SourceFailed | None = None
        self._refused: frozenset[str] | None = None
        self._devices: list[dict[str, str | None]] = []
        self._events: list[Happening] = []

    def open(self) -> None:
        """Find smartctl, and read what disks said before this start."""
        self._scan.find()
        self._forget()
        self._history.load()
        self._is_open = True

    def close(self) -> None:
        """Keep what is known."""
        if self._is_open and self._now is not None:
            self._history.save(self._now, whatever=True)
        self._is_open = False

    def read(self, now: int) -> Found:
        """The rows of the disks that were due; none in most turns."""
        if not self._is_open:
            raise SourceFailed("closed", "disk_smart: read before open")
        began, seconds = clock.seconds(), now / NANOSECONDS_PER_SECOND
        self._now, self._events = seconds, []
        self._look(seconds)
        self._look_at_zfs(seconds)
        rows: list[Row] = []
        # Room for one smartctl that hangs to its end, and is killed.
        until = began + self.limit_seconds - self._seconds - KILL_SECONDS - 1.0
        for due in self._due(seconds):
            if clock.seconds() > until:
                break
            row = self._turn(due, seconds)
            rows += [row] if row else []
        self._history.save(seconds)
        if not self._events:
            self._all_failed()
        return self._found(rows)

    def _due(self, now: float) -> list[Unit]:
        """Whose turn it is: the longest due first, one, or as many as the period must hold."""
        due = sorted((u for u in self._units if u.is_due(now, self._every)), key=lambda u: u.due)
        return due[: max(1, math.ceil(len(self._units) * self._period / self._every))]

    def _turn(self, of: Unit, now: float) -> Row | None:
        """Ask one disk; its row, or None when there is nothing to say of it."""
        of.asked = True
        of.wait(now, self._every)
        past = self._past(of, now)
        if of.problem is None and of.rests(now, past, self._traffic(of)):
            of.rest()
            return self._row(of, past, now)
        answer = self._ask(of)
        if answer.problem is not None:
            return self._silent(of, answer.problem, past, now)
        if of.problem is not None:
            log.info("disk answers again", extra={"disk": of.name})
            of.problem = None
        if answer.asleep:
            of.mode = answer.mode
        else:
            of.learn(answer)
            if self._is_other_path(of) or of.key is None:
                return None
            past = self._history.take(of.key, now, answer.values)
            of.traffic = self._traffic(of)
        return self._row(of, past, now)

    def _traffic(self, of: Unit) -> str:
        return "" if of.disk is None else self._kernel.traffic(of.disk)

    def _ask(self, of: Unit) -> Answer:
        try:
            done = of.tool.run(*smartctl.ASK, *of.drive.arguments)
        except SourceFailed as error:
            return Answer(problem=Problem(error.code, str(error)))
        return smartctl.answer(done.status, done.out, done.complaint)

    def _row(self, of: Unit, past: Past | None, now: float) -> Row | None:
        if of.key is None:
            return None
        if past is None:  # it sleeps, and never spoke
            return unit.row(of, None, Health(None), now)
        score = unit.judge(of, past, now, refused=self._refuses(of))
        before = past.fell(now, score)
        if before is not None and score.ratio is not None:
            self._history.note()
            told = f"{score.reason}, {before:.2f} → {score.ratio:.2f}: {score.why}"
            self._tell(of, "; ".join((told, *of.last.notes)), now)
        return unit.row(of, past, score, now)

    def _silent(self, of: Unit, problem: Problem, past: Past | None, now: float) -> Row | None:
        """Say once that a disk does not answer; how old its values are is all that is known."""
        news = of.problem is None or of.problem.code != problem.code
        of.problem = problem
        of.next_path()
        if news:
            fields = {"disk": of.name, "code": problem.code, "reason": problem.message}
            quiet = problem.code == "unsupported"
            log.log(logging.INFO if quiet else logging.WARNING, "disk gives nothing", extra=fields)
            if problem.code in _HUNG and of.key is not None:
                self._tell(of, f"does not answer: {problem.message}", now)
        return None if past is None else unit.silent_row(of, past, now)

    def _tell(self, of: Unit, words: str, now: float) -> None:
        called = " ".join(filter(None, (of.name, of.last.model)))
        detail = f"{called}: {words}".encode()[:MAX_DETAIL_BYTES].decode(errors="ignore")
        time = int(now * MICROSECONDS_PER_SECOND)
        self._events.append(Happening(DISK_RISK.code, time, {"disk": of.key or ""}, detail))

    def _past(self, of: Unit, now: float) -> Past | None:
        return None if of.key is None else self._history.of(of.key, now)

    def _refuses(self, of: Unit) -> bool | None:
        """Whether a pool that it is in holds it for faulty; None when it is in none."""
        if of.disk is None:
            return None
        by_md = self._kernel.refused(of.disk)
        by_zfs = self._refused and any(part_of(name, of.disk) for name in self._refused)
        return True if by_zfs else by_md

    def _is_other_path(self, of: Unit) -> bool:
        """Whether another unit is the same disk; then this one becomes a path of it."""
        same = next((u for u in self._units if u is not of and u.key == of.key), None)
        if same is None or of.key is None:
            return False
        same.paths += of.paths
        self._units.remove(of)
        return True

    def _all_failed(self) -> None:
        """Say so when no disk answers; for want of rights, before the last one was asked.

        Raises:
            Absent: there is none that could.
            SourceFailed: they could.
        """
        if not self._units:
            raise Absent("smartctl finds no disk here")
        asked = [u for u in self._units if u.asked]
        failed = [(u.name, u.problem) for u in asked if u.problem is not None]
        all_asked = len(asked) == len(self._units)
        if len(failed) < len(asked) or not failed:
            return
        if not all_asked and any(problem.code not in _GENERAL for _, problem in failed):
            return
        loud = [told for told in failed if told[1].code != "unsupported"]
        name, problem = (loud or failed)[0]
        if not loud:
            raise Absent(f"no disk here speaks SMART: {name}: {problem.message}")
        remedy = f"; {grant('smart')}" if problem.code == "denied" else ""
        raise SourceFailed(problem.code, f"{name}: {problem.message}{remedy}")

    def _found(self, rows: Sequence[Row]) -> Found:
        fields = dict.fromkeys(f for row in rows for f in row)
        columns = {f: [row.get(f) for row in rows] for f in fields}
        known = [u for u in self._units if u.key is not None and u.last.values]
        devices = [u.device() for u in known]
        news = devices != self._devices
        self._devices = devices
        return Found(columns, self._events, devices=devices if news else None)

    def _look(self, now: float) -> None:
        """Find the drives when the kernel's list has changed, and once a day.

        Raises:
            SourceFailed: smartctl cannot tell them, and none is known.
        """
        listing = self._kernel.listing()
        if listing != self._listing or not 0 <= self._look_at - now <= SCAN_SECONDS:
            self._listing, self._failure = listing, None
            self._look_at = now + SCAN_SECONDS
            try:
                self._units = self._known(self._drives())
            except SourceFailed as error:
                self._look_at = now + RETRY_SECONDS
                self._failure = error
        if self._failure is not None and not self._units:
            raise self._failure

    def _drives(self) -> list[Drive]:
        closed = False
        try:
            done = self._scan.run(*smartctl.SCAN)
        except SourceFailed as error:
            if error.code not in _HUNG:
                raise
            log.warning("a drive hangs the look for drives", extra={"reason": str(error)})
            closed, done = True, self._scan_closed.run(*smartctl.SCAN_CLOSED)
        told = foreign.parse(done.out)
        if told is None:
            problem = smartctl.unreadable(done.out, done.complaint)
            raise SourceFailed(problem.code, problem.message)
        found = scanned(told)
        # Without opening them, types are guesses by name.
        return [d if d.behind_raid or not closed else Drive(d.name) for d in found]

    def _known(self, drives: Sequence[Drive]) -> list[Unit]:
        """One unit a disk, however many drives lead to it; units that were there go on."""
        units: dict[str, Unit] = {}
        for drive in drives:
            disk = self._kernel.disk(drive)
            key = None if disk is None else self._kernel.identity(disk)
            name = key or str(drive)
            if name in units:
                units[name].paths.append(drive)
                continue
            units[name] = self._before(drive, key) or Unit([], self._tool(), key=key)
            units[name].paths, units[name].disk = [drive], disk
            units[name].named = key is not None
            units[name].rotates = None if disk is None else self._kernel.rotates(disk)
        return list(units.values())

    def _before(self, drive: Drive, key: str | None) -> Unit | None:
        """The unit that was that disk already."""
        same = (u for u in self._units if (u.key == key if key else drive in u.paths))
        return next(same, None)

    def _look_at_zfs(self, now: float) -> None:
        """Ask ZFS, where there are pools, which disks it refuses."""
        if 0 <= self._zfs_at - now <= RETRY_SECONDS:
            return
        self._zfs_at, self._refused = now + RETRY_SECONDS, None
        if not zfs.names(self._spl):
            return
        try:
            done = self._zpool.run(*zfs.ASK)
        except (Absent, SourceFailed) as error:
            log.debug("zpool does not answer", extra={"reason": str(error)})
            return
        told = foreign.parse(done.out)
        self._refused = None if told is None else zfs.refused(told)


def _reads(keep: Path | None, spl: Path) -> tuple[Read, ...]:
    kept = () if keep is None else (
        Read(str(keep), "what disks said before", optional=True),
        Read(f"{keep}.part", "the same, while it is written", optional=True),
        Read(str(keep.parent), "where it is kept", optional=True),
    )  # fmt: skip
    return (
        Read("/sys/block", "which disks there are", optional=True),
        Read("/sys/block/*", "identity, traffic and arrays of a disk", optional=True),
        Read("/sys/class/nvme", "which NVMe controllers there are", optional=True),
        Read("/sys/class/nvme/*", "the disks of a controller", optional=True),
        Read(str(spl), "which ZFS pools there are", optional=True),
        *kept,
    )


def source(settings: AgentSettings) -> DiskSmart:
    """The source; it keeps what disks said in the agent's part of the data directory."""
    period = float(settings.periods.get(DiskSmart.name, PERIOD_SECONDS))
    return DiskSmart(settings.data / "agent" / "disks.json", period=period)
