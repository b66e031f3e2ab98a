"""The content scrub: everything below one root is read, slowly and again and again, and judged.

It works off the files in the order of their paths, notes how far it is, and goes on from there
after a restart. It keeps below a rate, lets other work on its disk go first, and believes in rot
only what it has read twice from the disk.
"""

import ctypes
import json
import logging
import os
import platform
import random
import threading
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final, NamedTuple

from agent.fragments import order
from agent.fragments.busy import Load
from agent.fragments.inventory import Inventory
from agent.fragments.pace import Bucket
from agent.fragments.reader import Check, Piece, Reader
from agent.fragments.stride import STRIDE_BYTES
from vigie.errors import StoreError
from vigie.fragments import Status
from vigie.settings import FragmentStore
from vigie.units import NANOSECONDS_PER_SECOND

log = logging.getLogger(__name__)

RETRY_SECONDS: Final = 60.0
"""Between two tries where something is in the way, and between two looks at the calendar."""
EMPTY_SECONDS: Final = 3600.0
"""Until a root in which there was no fragment is looked at again: its disk may not be mounted."""
LOOK_SECONDS: Final = 5.0
"""Between two looks at how busy the disk is."""
KEEP_SECONDS: Final = 30.0
"""How often what was found is written down, and what a restart reads again at most."""
URGENT_SECONDS: Final = 1.0
"""How often damage is, of which a bad disk may give thousands at once."""
MOST: Final = 1_000
"""Results that are not yet written down."""
EARLIEST: Final = 0.8
"""The next pass begins by chance between this share of the period, and its end."""
PAUSE: Final = 0.01
"""Share of the period that lies between two passes at least, however long they take."""
_IOPRIO_SET: Final = {"x86_64": 251, "aarch64": 30, "riscv64": 30}
_IOPRIO_IDLE: Final = 3 << 13
_NICE: Final = 10


class Stopped(Exception):
    """The scrub was told to end."""


class Standing(NamedTuple):
    """How a scrub is: a `scrub_state` of the catalogue, and the share of this pass it has done."""

    state: str
    progress: float


@dataclass(slots=True)
class Place:
    """Where a scrub is, in Unix seconds: kept over restarts.

    `cursor` is the last path of this pass that is done with, `done` the share of the whole up to
    there, and `found` how many fragments there were.
    """

    due: float = 0.0
    began: float = 0.0
    cursor: str = ""
    done: float = 0.0
    found: int = 0

    @classmethod
    def parse(cls, text: str) -> "Place":
        """What `pack` wrote; a new one where it is not to be understood."""
        try:
            return cls(**json.loads(text)) if text else cls()
        except (ValueError, TypeError):
            return cls()

    def pack(self) -> str:
        """As text; a path that is no UTF-8 is escaped."""
        return json.dumps(asdict(self))


@dataclass(frozen=True, slots=True)
class Clock:
    """Time, as a scrub needs it: `steady` never steps, `wait` is True once it is to end."""

    wait: Callable[[float], bool]
    wall: Callable[[], float] = time.time
    steady: Callable[[], float] = time.monotonic


@dataclass(slots=True)
class Scrub:
    """The scrub of one root; `run` belongs in a thread of its own, `standing` to anybody.

    `oid` gives the identity of an object by its name; `ready` says whether the root has been walked
    to its end once, before which there is nothing to write results to; `chance` is from 0 to 1.
    """

    store: FragmentStore
    root: Path
    reader: Reader
    inventory: Inventory
    oid: Callable[[str], bytes]
    clock: Clock
    load: Load
    ready: Callable[[], bool] = lambda: True
    chance: Callable[[], float] = random.random
    standing: Standing = field(init=False, default=Standing("waiting", 0.0))
    _place: Place = field(init=False)
    _bucket: Bucket = field(init=False)
    _results: list[tuple[Piece, Check, float]] = field(init=False, default_factory=list)
    _urgent: bool = field(init=False, default=False)
    _kept: float = field(init=False)
    _looked: float = field(init=False)
    _own: float = field(init=False, default=0.0)
    _reading: float | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        now = self.clock.steady()
        self._kept = self._looked = now
        self._bucket = Bucket(float(self.store.scrub_rate), STRIDE_BYTES, now)
        self._resume()

    def _resume(self) -> None:
        """Be where it was written down to be."""
        self._place = Place.parse(self.inventory.cursor(self._name))
        self._results.clear()
        self._stands("waiting")

    def _stands(self, state: str) -> None:
        self.standing = Standing(state, self._place.done)

    @property
    def _name(self) -> str:
        return f"scrub {os.fsencode(self.root).hex()}"

    def run(self) -> None:
        """Pass after pass, until the clock says that it is enough."""
        if not self.store.scrub_rate:
            self._stands("off")
            return
        _stand_back()
        while not self.clock.wait(self.turn()):
            pass

    def turn(self) -> float:
        """What there is to do now; seconds until there may be more."""
        now = self.clock.wall()
        left = self._place.due - now
        if 0 < left <= max(self.store.scrub, EMPTY_SECONDS):  # else the clock was set back
            return min(left, RETRY_SECONDS)
        if not self.ready():
            return RETRY_SECONDS
        if not self._place.cursor:
            self._place = Place(began=now)
        try:
            self._pass()
        except (OSError, StoreError) as error:
            log.warning("scrub interrupted", extra={"root": self.root, "error": error})
            self._resume()
        self._stands("waiting")
        return RETRY_SECONDS

    def _pass(self) -> None:
        """What is left of this pass, or until it is told to end.

        Raises:
            OSError: the root cannot be read, or this process lacks memory or descriptors.
            StoreError: the results cannot be written down.
        """
        device = self.root.stat().st_dev
        with os.scandir(self.root):
            self._stands("running")
        for entry in order.after(os.fspath(self.root), self._place.cursor):
            try:
                self._file(entry.path)
            except Stopped:
                self._keep()
                return
            self._place.cursor, self._place.done = entry
            self._stands("running")
            patience = URGENT_SECONDS if self._urgent else KEEP_SECONDS
            if self.clock.steady() - self._kept >= patience or len(self._results) >= MOST:
                self._keep()
        if self.root.stat().st_dev != device:
            raise OSError(f"{self.root}: another file system is mounted there now")
        now, period = self.clock.wall(), self.store.scrub
        due = self._place.began + period * (EARLIEST + (1 - EARLIEST) * self.chance())
        due = max(due, now + period * PAUSE) if self._place.found else now + EMPTY_SECONDS
        self._place = Place(due=due, done=1.0)
        self._keep()

    def _file(self, path: str) -> None:
        """Judge one file; what is not settled, changes meanwhile or is not known yet is left."""
        if self.clock.wait(0.0):
            raise Stopped
        piece = self.reader.piece(path)
        file = self.root / path
        before = _look(file)
        if piece is None or before is None or not self._settled(before):
            return
        self._place.found += 1
        if self.inventory.record(self.oid(piece.name), piece.idx) is None:
            return
        check = self._read(os.fspath(file))
        if check is None or _look(file) != before:
            return
        # The inventory compares with the size of the file, of which a reader may leave out parts.
        sound = check.status in {Status.OK, Status.UNVERIFIED}
        size = before.size if sound else check.size
        self._results.append((piece, Check(check.status, size), self.clock.wall()))
        if not sound:
            told = {"file": file, "status": check.status.name, "detail": check.detail}
            log.warning("fragment damaged", extra=told)
            self._urgent = True

    def _settled(self, look: "_Look") -> bool:
        """Whether a file was last changed long enough ago; a time to come tells nothing."""
        age = self.clock.wall() - look.changed / NANOSECONDS_PER_SECOND
        return not -self.store.settle < age < self.store.settle

    def _read(self, path: str) -> Check | None:
        """How the content is, None where that was not to be learnt; rot is read twice.

        A reader drops what it has read from the cache: the second time is from the disk again.
        """
        try:
            first = self.reader.check(path, self._pace)
            if first.status != Status.CORRUPT:
                return first
            second = self.reader.check(path, self._pace)
        except (FileNotFoundError, NotADirectoryError):
            return None
        except (OSError, Stopped):
            raise
        except Exception:  # a file that a reader stumbles over must not end the scrub
            log.exception("fragment cannot be judged", extra={"file": path})
            return None
        finally:
            self._rest()
        if second.status != Status.CORRUPT:
            log.warning("read wrong once", extra={"file": path, "detail": first.detail})
        return second

    def _pace(self, amount: int) -> None:
        """Wait until so much may be read."""
        self._rest()
        self._sleep(self._bucket.take(amount, self.clock.steady()))
        if self.clock.steady() - self._looked >= LOOK_SECONDS:
            while self._busy():
                self._stands("disk_busy")
                self._sleep(LOOK_SECONDS)
            self._stands("running")
        self._reading = self.clock.steady()

    def _busy(self) -> bool:
        """Whether the disk has worked too much for others since the last look."""
        self._looked = self.clock.steady()
        share = self.load.share(self._looked, self._own)
        return share is not None and share > self.store.busy

    def _rest(self) -> None:
        """Nothing is being read here any more: what goes on now is others' work."""
        if self._reading is not None:
            self._own += self.clock.steady() - self._reading
            self._reading = None

    def _sleep(self, seconds: float) -> None:
        if seconds > 0 and self.clock.wait(seconds):
            raise Stopped

    def _keep(self) -> None:
        """Write down what was found, and how far it is."""
        with self.inventory.change():
            for piece, check, at in self._results:
                self.inventory.checked(
                    self.oid(piece.name), piece.idx, check.status, int(at), check.size
                )
            self.inventory.set_cursor(self._name, self._place.pack())
        self._results.clear()
        self._urgent = False
        self._kept = self.clock.steady()


class _Look(NamedTuple):
    """What changes when someone else writes a file."""

    device: int
    inode: int
    size: int
    changed: int
    """In nanoseconds."""


def _look(file: Path) -> _Look | None:
    """How a file looks; None where it is gone or its directory does not let it be seen."""
    try:
        status = file.stat()
    except OSError:
        return None
    return _Look(status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)


def _stand_back() -> None:
    """Let the disk and the processor serve everybody else before this thread, where possible."""
    number = _IOPRIO_SET.get(platform.machine())
    if number is not None:
        ctypes.CDLL(None).syscall(number, 1, 0, _IOPRIO_IDLE)
    os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), _NICE)
