"""Plays one container: goes on in small steps, and tells what is due."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from twin.around.clock import NANOSECONDS, Clock
from twin.hall.container import Model
from twin.stores.shelves import Shelves
from twin.tellers.disks import Disks
from twin.tellers.incidents import Incidents
from twin.tellers.inventory import Row
from twin.tellers.links import LinkTeller
from twin.tellers.meters import Register
from twin.tellers.pools import Pools
from twin.tellers.teller import Teller
from twin.turn import Columns, Holding, Turn
from vigie.catalogue import Disk, Filesystem, Fragments, Gpu, GpuXid, Host, Pool, Source
from vigie.frame import Happening
from vigie.shape import Measurement

STEP_SECONDS: Final = 60.0
"""The longest step of the model; steps end on whole multiples of it."""
HISTORY_SECONDS: Final = 300.0
PERIODS: Final[Mapping[type[Measurement], float]] = {Gpu: 20.0, GpuXid: 20.0, Filesystem: 20.0}
"""What is told more seldom than by an agent: as seldom as readings of GPUs are still joined, since
ten thousand boards every ten seconds are only more to keep."""
FAST: Final[frozenset[type[Measurement]]] = frozenset({Gpu, GpuXid, Host, Filesystem, Source})
"""What a history leaves out."""
HISTORY_PERIODS: Final[Mapping[type[Measurement], float]] = {
    Disk: 3_600.0, Pool: 3_600.0, Fragments: 600.0,
}  # fmt: skip
"""How often a history tells what costs much and changes little."""


class ContainerPlayer:
    """One simulated container, as `turn.Player` asks.

    Flags and whole numbers are arrays of floats where one of them may be unknown.
    """

    def __init__(
        self, model: Model, tellers: Sequence[Teller], registers: Mapping[str, Register], *,
        incidents: Incidents, disks: Disks, pools: Pools, links: LinkTeller, shelves: Shelves,
        devices: Sequence[Row], clock: Clock,
    ) -> None:  # fmt: skip
        self.model, self.incidents = model, incidents
        self._disks, self._pools, self._links, self._shelves = disks, pools, links, shelves
        own: tuple[Teller, ...] = (incidents, disks, pools, links, shelves)
        self._tellers, self._registers = (*tellers, *own), registers
        self._devices: Sequence[Row] | None = devices
        self._clock = clock
        self._time: float | None = None
        self._told: dict[type[Measurement], float] = {}

    @property
    def path(self) -> str:
        """Path of the container that it plays."""
        return self.model.build.path

    @property
    def connected(self) -> bool:
        """Whether a line to the collector is up."""
        return self._time is None or any(self._links.up(self._time))

    def step(self, now: int, seconds: float, *, history: bool = False) -> Turn:
        """Go on by so many seconds, up to `now` (ns UTC), and tell what is due.

        A scenario starts with the first step that is no history; a history tells no event.
        """
        end = now / NANOSECONDS
        if self._time is None:
            seconds = max(seconds, 1.0)  # something must have happened before anything is told
        before, happened = end - seconds, list[Happening]()
        if not history:
            self.model.faults.begin(before)
        for time in moments(before, end, HISTORY_SECONDS if history else STEP_SECONDS):
            happened += self._advance(before, time)
            before = time
        self._time = end
        shown = self._clock.reads(now, off=self.model.faults.total("clock_off", end))
        if self.model.dark:  # who would tell has no power either
            return Turn(shown, {})
        devices, self._devices = self._devices, None
        rows = self._tell(end, history=history)
        return Turn(shown, rows, () if history else tuple(happened), devices)

    def holdings(self) -> Sequence[Holding]:
        """The fragments of its hosts, once it has been played."""
        return () if self._time is None else self._shelves.holdings(self._time)

    def _advance(self, before: float, time: float) -> list[Happening]:
        model, seconds = self.model, time - before
        happened = self.incidents.step(before, time)
        happened += self._disks.step(before, time)
        happened += self._pools.step(time)
        happened += self._shelves.step(time)
        self._links.step(time, seconds)
        model.step(time, seconds)
        totals: Mapping[str, Mapping[str, float]] = {
            "electricity": model.supply.books.joules,
            "water": model.flows.water,
            "heat": model.flows.heat,
        }
        for medium, register in self._registers.items():
            register.step(totals[medium], model.faults, before, time)
        return happened

    def _tell(self, time: float, *, history: bool) -> dict[type[Measurement], Columns]:
        rows: dict[type[Measurement], Columns] = {}
        for teller in self._tellers:
            kind = teller.measurement
            if (history and kind in FAST) or not self._due(kind, time, history=history):
                continue
            self._told[kind] = time
            columns = teller.tell(time)
            if columns:
                rows[kind] = columns
        return rows

    def _due(self, kind: type[Measurement], time: float, *, history: bool) -> bool:
        periods = HISTORY_PERIODS if history else PERIODS
        last, period = self._told.get(kind), periods.get(kind, kind.period_seconds)
        return last is None or math.floor(time / period) > math.floor(last / period)


def moments(before: float, end: float, longest: float) -> list[float]:
    """Ends of the steps that lead from one time to another, at whole multiples of the longest."""
    first = math.floor(before / longest) + 1
    last = math.ceil(end / longest)
    return [*(n * longest for n in range(first, last)), end] if end > before else []
