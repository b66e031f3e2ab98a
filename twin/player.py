"""Plays one container: goes on in small steps, and tells what is due."""

import math
from collections.abc import Mapping, Sequence
from typing import Final

from twin.clock import NANOSECONDS, Clock
from twin.container import Model
from twin.facility import Columns, Teller
from twin.hosts import Names
from twin.meters import Register
from twin.turn import Holding, Turn
from vigie.catalogue import Gpu, Host
from vigie.shape import Measurement

STEP_SECONDS: Final = 60.0
"""The longest step of the model; steps end on whole multiples of it."""
HISTORY_SECONDS: Final = 300.0
FAST: Final[frozenset[type[Measurement]]] = frozenset({Gpu, Host})
"""What a history leaves out."""


class ContainerPlayer:
    """One simulated container, as `turn.Player` asks."""

    def __init__(
        self, model: Model, tellers: Sequence[Teller], registers: Mapping[str, Register],
        names: Names, seed: int,
    ) -> None:  # fmt: skip
        self.model, self.names = model, names
        self._tellers, self._registers = tuple(tellers), registers
        self._clock = Clock(seed, model.build.path)
        self._time: float | None = None
        self._told: dict[type[Measurement], float] = {}

    @property
    def path(self) -> str:
        """Path of the container that it plays."""
        return self.model.build.path

    @property
    def connected(self) -> bool:
        """Whether a line to the collector is up."""
        return self._time is None or not self.model.faults.on("link_down", self._time)

    def step(self, now: int, seconds: float, *, history: bool = False) -> Turn:
        """Go on by so many seconds, up to `now` (ns UTC), and tell what is due.

        A scenario starts with the first step that is no history.
        """
        end = now / NANOSECONDS
        if not history:
            self.model.faults.begin(end - seconds)
        before = end - seconds
        for time in moments(before, end, HISTORY_SECONDS if history else STEP_SECONDS):
            self._advance(before, time)
            before = time
        self._time = end
        off = self.model.faults.total("clock_off", end)
        rows: dict[type[Measurement], Columns] = {}
        if not self.model.dark:
            rows = self._tell(end, history=history)
        return Turn(self._clock.reads(now, off=off), rows, ())

    def holdings(self) -> Sequence[Holding]:
        """The fragments of its hosts."""
        return ()

    def _advance(self, before: float, time: float) -> None:
        model = self.model
        model.step(time, time - before)
        totals: Mapping[str, Mapping[str, float]] = {
            "electricity": model.supply.books.joules,
            "water": model.flows.water,
            "heat": model.flows.heat,
        }
        for medium, register in self._registers.items():
            register.step(totals[medium], model.faults, before, time)

    def _tell(self, time: float, *, history: bool) -> dict[type[Measurement], Columns]:
        rows: dict[type[Measurement], Columns] = {}
        for teller in self._tellers:
            kind = teller.measurement
            if (history and kind in FAST) or not self._due(kind, time):
                continue
            self._told[kind] = time
            columns = teller.tell(time)
            if columns:
                rows[kind] = columns
        return rows

    def _due(self, kind: type[Measurement], time: float) -> bool:
        last = self._told.get(kind)
        period = kind.period_seconds
        return last is None or math.floor(time / period) > math.floor(last / period)


def moments(before: float, end: float, longest: float) -> list[float]:
    """Ends of the steps that lead from one time to another, at whole multiples of the longest."""
    first = math.floor(before / longest) + 1
    last = math.ceil(end / longest)
    return [*(n * longest for n in range(first, last)), end] if end > before else []
