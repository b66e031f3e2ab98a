"""The fragments of one store in one container: read, damaged, repaired as time goes.

What befalls a fragment hangs on its number and the time alone. In every window of ten days a few
are damaged, and written anew hours later; a scrub reads each once a month.
"""

import math
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

import numpy as np
from numpy.typing import NDArray

from twin.chance import Floats, Whole
from twin.faults import Faults, What
from twin.stores.spread import Spread
from twin.turn import Holding
from vigie.catalogue import FRAGMENTS_DAMAGED
from vigie.fragments import Status
from vigie.frame import Happening

DAY: Final = 86_400.0
WINDOW: Final = 10 * DAY
DAMAGED_SHARE: Final = 4e-4
"""Of all fragments in a window: about 1.5 % a year."""
REPAIR_SECONDS: Final = 6 * 3_600.0
MISSING_SHARE: Final = 0.3
SCRUB_SECONDS: Final = 30 * DAY
ROT_SECONDS: Final = 3_600.0
"""In which rot without an end has done its worst."""
MOST_HOSTS: Final = 8
MICROSECONDS: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Counts:
    """What lies on each host, by status, and what a host has seen since the play began."""

    by_status: Whole
    """[host, status]."""
    errors: Whole
    repaired: Whole
    verified: Whole
    oldest: Floats
    """Seconds since the fragment was read that was read longest ago; NaN where there is none."""
    median: Floats


class Shelf:
    """What a container holds of one store."""

    def __init__(self, spread: Spread, path: str, hosts: list[str], faults: Faults) -> None:
        self.spread, self._faults = spread, faults
        paths = [c.path for c in spread.containers]
        mine = paths.index(path) if path in paths else -2
        objects, self.indexes = np.nonzero(spread.places == mine)
        self.numbers: Whole = objects * spread.placement.n + self.indexes
        self.objects = objects
        self.hosts = hosts[:MOST_HOSTS]
        self.host: Whole = (spread.chance("host")[self.numbers] * len(self.hosts)).astype(np.int64)
        self._phase = spread.chance("phase")[self.numbers] * SCRUB_SECONDS
        self._rot = spread.chance("rot")[self.numbers]
        self._windows: dict[int, tuple[Floats, NDArray[np.bool_]]] = {}
        self._before: NDArray[np.bool_] | None = None
        self._reads: Floats | None = None
        self._errors = np.zeros(len(self.hosts), np.int64)
        self._repaired = np.zeros(len(self.hosts), np.int64)
        self._verified = np.zeros(len(self.hosts), np.int64)

    def status(self, time: float) -> NDArray[np.uint8]:
        """The status of each at that time (Unix seconds)."""
        number = math.floor(time / WINDOW)
        begins, missing = self._window(number)
        hurt = (begins <= time) & (time < begins + REPAIR_SECONDS)
        told = np.where(hurt, np.where(missing, Status.MISSING, Status.CORRUPT), Status.OK)
        store = self.spread.placement.store
        for fault in self._faults.on("fragments_rot", time):
            if fnmatchcase(store, fault.name):
                progress = min(self._faults.since(fault, time) / (fault.lasts or ROT_SECONDS), 1.0)
                rotten = self._rot < (fault.value or 0.0) * progress
                told = np.where(rotten, Status.CORRUPT, told)
        for fault in self._faults.on("fragments_lost", time):
            if fnmatchcase(store, fault.name):
                lost = self._rot < (fault.value or 0.0)
                told = np.where(lost, Status.MISSING, told)
        for fault in self._faults.on("fragments_unreadable", time):
            if fnmatchcase(store, fault.name):
                told = np.where(self._rot < (fault.value or 0.0), Status.UNREADABLE, told)
        return told.astype(np.uint8)

    def verified(self, time: float) -> Floats:
        """When each was read last, in Unix seconds: by the second."""
        told: Floats = np.floor(time - (time + self._phase) % SCRUB_SECONDS)
        stood = self.stood(time)
        return told - stood if stood else told

    def stood(self, time: float, what: What = "scrub_stalls") -> float:
        """Seconds for which nothing was done, as somebody finds out now; 0 while it is."""
        store = self.spread.placement.store
        faults = self._faults.on(what, time)
        return sum(f.value or 0.0 for f in faults if fnmatchcase(store, f.name))

    def step(self, time: float) -> list[Happening]:
        """Count what became damaged, repaired and read up to that time."""
        if not len(self.numbers):
            return []
        damaged, reads = self.status(time) != Status.OK, self.verified(time)
        told: list[Happening] = []
        if self._before is not None and self._reads is not None:
            worse = self._by_host(damaged & ~self._before)
            self._errors += worse
            self._repaired += self._by_host(self._before & ~damaged)
            self._verified += self._by_host(reads > self._reads)
            keys = {"store": self.spread.placement.store}
            for host in np.flatnonzero(worse):
                words = f"{int(worse[host])} found corrupt or missing"
                told.append(Happening(
                    FRAGMENTS_DAMAGED.code, round(time * MICROSECONDS),
                    {"host": self.hosts[host], **keys}, words,
                ))  # fmt: skip
        self._before, self._reads = damaged, reads
        return told

    def counts(self, time: float) -> Counts:
        """What there is now."""
        many, status = len(self.hosts), self.status(time)
        kinds = len(Status)
        cells = np.bincount(
            self.host * kinds + np.minimum(status, kinds - 1), minlength=many * kinds
        )
        ages = time - self.verified(time)
        oldest, median = np.full(many, np.nan), np.full(many, np.nan)
        for host in range(many):
            some = ages[self.host == host]
            if len(some):
                oldest[host], median[host] = some.max(), np.median(some)
        return Counts(
            cells.reshape(many, kinds), self._errors.copy(), self._repaired.copy(),
            self._verified.copy(), oldest, median,
        )  # fmt: skip

    def holdings(self, time: float) -> list[Holding]:
        """What each host holds, as the inventory wants it."""
        placement, spread = self.spread.placement, self.spread
        status, verified = self.status(time), self.verified(time).astype(np.uint32)
        told = []
        for number, host in enumerate(self.hosts):
            on = np.flatnonzero(self.host == number)
            if not len(on):
                continue
            told.append(
                Holding(
                    host,
                    placement.store,
                    placement.k,
                    placement.n,
                    spread.names[self.objects[on]],
                    self.indexes[on].astype(np.uint16),
                    np.full(len(on), spread.fragment_bytes, np.uint64),
                    status[on],
                    verified[on],
                )
            )
        return told

    def _by_host(self, which: NDArray[np.bool_]) -> Whole:
        return np.bincount(self.host[which], minlength=len(self.hosts)).astype(np.int64)

    def _window(self, number: int) -> tuple[Floats, NDArray[np.bool_]]:
        """When each is damaged in a window, infinity where it is not, and whether it is gone."""
        kept = self._windows.get(number)
        if kept is None:
            spread = self.spread
            struck = spread.chance("struck", number)[self.numbers]
            begins = number * WINDOW + struck / DAMAGED_SHARE * (WINDOW - REPAIR_SECONDS)
            begins = np.where(struck < DAMAGED_SHARE, begins, np.inf)
            missing = spread.chance("missing", number)[self.numbers] < MISSING_SHARE
            kept = (begins, missing)
            self._windows = {number: kept}
        return kept
