"""All GPUs of this host, by UUID, through losses, new beginnings and changes of driver.

A GPU is known from the first time it answers. When one stops answering, everything is ended and
begun again, at most once a minute and less often the longer it lasts; until it is back it has a
row that says so, and the others are read as before.
"""

import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from agent.gpu import gpm
from agent.gpu.board import Board, Seen
from agent.gpu.instruments import Instruments
from agent.gpu.inventory import Row
from agent.gpu.library import Library, Lost, Over, within
from agent.gpu.processes import Jobs
from agent.gpu.turn import read
from agent.gpu.xid import Tally, Watch
from vigie.catalogue import DRIVER_CHANGED, GPU_BACK, GPU_LOST, Gpu
from vigie.errors import Absent, SourceFailed
from vigie.frame import Happening
from vigie.shape import Event

RETRY_SECONDS: Final = 60.0
"""The shortest time between two beginnings."""
MOST_SECONDS: Final = 900.0
"""The longest."""

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Turn:
    """What one turn gave: by UUID what was seen, what happened, and the inventory if it is new."""

    seen: dict[str, Seen] = field(default_factory=dict)
    happenings: list[Happening] = field(default_factory=list)
    devices: list[Row] | None = None


class Fleet:
    """The GPUs of one host."""

    def __init__(self, library: Library, proc: Path, *, activity: bool) -> None:
        """`proc` is /proc; `activity` is whether GPM may be read where nobody else does."""
        self._library, self._proc, self._wanted = library, proc, activity
        self._boards: dict[str, Board] = {}
        self._down: dict[str, str] = {}
        self._told: set[str] = set()
        self._nameless: set[str] = set()
        self._news: list[Happening] = []
        self._rows: dict[str, list[Row]] = {}
        self._jobs, self.tally = Jobs(proc), Tally()
        self._watch: Watch | None = None
        self._watched: frozenset[str] = frozenset()
        self._instruments: Instruments | None = None
        self._driver: str | None = None
        self._began: int | None = None
        self._wait = RETRY_SECONDS
        self._failure: SourceFailed | None = None
        self._rival: str | None = None
        self._looked: int | None = None

    def begin(self) -> None:
        """Load the driver's library and take hold of every GPU.

        Raises:
            Absent: there is none.
            SourceFailed: there is, and the driver does not work or does not let us.
        """
        self._library.begin()
        try:
            self._driver = self._library.driver()
            expected = self._library.number("nvmlDeviceGetCount_v2")
            handles, silent = self._library.handles()
            instruments = self._instruments = Instruments(self._library)
            for uuid, handle in handles:
                try:
                    self._boards[uuid] = Board(instruments, uuid, handle)
                except Lost as lost:
                    self._down.setdefault(uuid, str(lost))
            self._watch = Watch(self._library, [(u, b.handle) for u, b in self._boards.items()])
        except Over as over:
            self.end()
            raise SourceFailed("driver", f"NVML ended at once: {over}; look at dmesg") from over
        if not self._boards and not self._down:
            self.end()
            if expected:
                raise SourceFailed("lost", f"none of {expected} GPUs answers; look at dmesg")
            raise Absent("the driver knows no GPU")
        self._unnamed(silent, {uuid for uuid, _ in handles})

    def _unnamed(self, silent: Sequence[int], listed: set[str]) -> None:
        """Stand-ins for GPUs that were lost before anybody asked their UUID, as after a restart."""
        for name in self._nameless:
            self._down.pop(name, None)
        missed = (self._rows.keys() | self._down.keys()) - listed
        before, self._nameless = self._nameless, {f"index-{at}" for at in silent[len(missed) :]}
        self._told -= before - self._nameless
        for name in self._nameless:
            self._down[name] = "it does not answer, and its UUID is not known; look at dmesg"

    def end(self) -> None:
        """Give everything back; what is known of GPUs and errors stays."""
        if self._watch is not None:
            self._watch.end()
            self._watch = None
        for board in self._boards.values():
            board.drop()
        self._boards, self._instruments = {}, None
        self._library.end()

    def read(self, now: int) -> Turn:
        """One turn of all GPUs.

        Raises:
            SourceFailed: the driver does not begin again.
        """
        turn = Turn()
        if self._began is None:
            self._began = now
        if self._watch is not None:
            self._news += self.tally.add(self._watch.take())
        self._mend(now)
        if self._watch is not None:
            self._watched |= self._watch.watched
        active, jobs = self._active(now), self._jobs if self._jobs.visible() else None
        if self._instruments is not None:
            read(self._boards.values(), self._instruments, now, jobs, active=active)
        for uuid, board in list(self._boards.items()):
            self._look(turn, uuid, board, now)
        for uuid, why in self._down.items():
            turn.seen[uuid] = Seen({Gpu.up: False})
            if uuid not in self._told:
                self._told.add(uuid)
                self._news.append(_of(GPU_LOST, now, {"gpu": uuid}, why))
        totals = self.tally.totals()
        for uuid, seen in turn.seen.items():
            if uuid in self._watched:
                seen.row[Gpu.xid_total] = totals[uuid]
        self._jobs.keep(pid for seen in turn.seen.values() for pid in seen.pids)
        self._inventory(turn, now)
        turn.happenings, self._news = self._news, []
        return turn

    def _look(self, turn: Turn, uuid: str, board: Board, now: int) -> None:
        """What one GPU gave; one that is lost is not touched again before a new beginning."""
        if board.gone:
            board.drop()
            del self._boards[uuid]
            self._down.setdefault(uuid, board.gone)
            return
        turn.seen[uuid] = board.seen
        if self._down.pop(uuid, None) is not None:
            self._told.discard(uuid)
            self._news.append(_of(GPU_BACK, now, {"gpu": uuid}))
            if not self._down:
                self._wait = RETRY_SECONDS

    def _mend(self, now: int) -> None:
        """Begin again where a GPU is down or the driver another, when it is time to."""
        before, driver = self._driver, self._version()
        changed = bool(driver and before and driver != before)
        if not changed and not self._down and self._failure is None:
            return
        if within(now, self._began, RETRY_SECONDS if changed else self._wait):
            if self._failure is not None:
                raise SourceFailed(self._failure.code, str(self._failure))
            return
        log.info("gpu driver begins again", extra={"down": len(self._down), "driver": driver})
        if self._down or self._failure is not None:
            self._wait = min(2 * self._wait, MOST_SECONDS)
        self._began = now
        known = {*self._boards, *self._down} - self._nameless
        self.end()
        try:
            self.begin()
        except (Absent, SourceFailed) as error:
            code = error.code if isinstance(error, SourceFailed) else "driver"
            self._failure = SourceFailed(code, str(error))
            raise self._failure from error
        self._failure = None
        for uuid in known - self._boards.keys():
            self._down.setdefault(uuid, "not listed after a new beginning")
        if before and self._driver and self._driver != before:
            detail = f"{before} -> {self._driver}"
            self._news.append(_of(DRIVER_CHANGED, now, {}, detail))

    def _version(self) -> str | None:
        try:
            return self._library.driver()
        except (Lost, Over):
            return None  # the GPUs say the same themselves

    def _active(self, now: int) -> bool:
        """Whether GPM may be read: wanted, and nobody else reads it."""
        if not self._wanted:
            return False
        if not within(now, self._looked, gpm.RIVAL_SECONDS):
            before, self._looked = self._rival, now
            self._rival = gpm.rival(self._proc)
            if before != self._rival:
                log.info("gpu activity is read by", extra={"program": self._rival or "us"})
        return self._rival is None

    def _inventory(self, turn: Turn, now: int) -> None:
        """Rows of GPUs that are new or cut anew; those that are down stay as they were."""
        news = False
        for uuid, board in self._boards.items():
            if not board.fresh and uuid in turn.seen:
                parts, rows = turn.seen[uuid].parts, self._rows[uuid]
                if len(rows) == 1 + len(parts) and (
                    not parts or {part.uuid for part in parts} <= {row["device"] for row in rows}
                ):
                    continue
            try:
                self._rows[uuid] = board.devices(now)
            except (Lost, Over):
                continue  # the next turn will say so
            board.fresh, news = False, True
        if news:
            turn.devices = [row for rows in self._rows.values() for row in rows]


def _of(event: Event, now: int, keys: Mapping[str, str], detail: str = "") -> Happening:
    return Happening(event.code, now // 1000, keys, detail)
