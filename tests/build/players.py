"""A model of a container that is no physics: a meter, a few GPUs, and fragments if wished."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from twin.turn import Column, Holding, Turn
from vigie.catalogue import Gpu, Power
from vigie.fragments import OBJECT_BYTES, Status
from vigie.frame import Happening
from vigie.shape import Field, Measurement
from vigie.units import NANOSECONDS_PER_SECOND

WATTS = 1_000.0


@dataclass
class Steady:
    """Draws the same all the time; its meter counts. `skew` is how far its clock is ahead (s)."""

    path: str
    gpus: int = 0
    objects: int = 0
    skew: float = 0.0
    connected: bool = True
    devices: list[dict[str, str | None]] = field(default_factory=list)
    joules: float = 0.0
    steps: list[tuple[int, float, bool]] = field(default_factory=list)
    breaks: int = 0
    """How many steps from now on fail."""

    def step(self, now: int, seconds: float, *, history: bool = False) -> Turn:
        """One more."""
        if self.breaks:
            self.breaks -= 1
            raise ArithmeticError("a model that does not converge")
        first = not self.steps
        self.steps.append((now, seconds, history))
        self.joules += WATTS * seconds
        power: dict[Field, Column] = {
            Power.meter: ["m1"], Power.role: ["it"], Power.phase: ["all"],
            Power.method: ["meter"], Power.power_watts: np.array([WATTS]),
            Power.energy_joules_total: np.array([self.joules]),
        }  # fmt: skip
        rows: dict[type[Measurement], dict[Field, Column]] = {Power: power}
        if self.gpus and not history:
            rows[Gpu] = self._gpus()
        time = now + round(self.skew * NANOSECONDS_PER_SECOND)
        happened: Sequence[Happening] = ()
        return Turn(time, rows, happened, self.devices if first else None)

    def _gpus(self) -> dict[Field, Column]:
        return {
            Gpu.host: [f"host-{n // 8}" for n in range(self.gpus)],
            Gpu.gpu: [f"GPU-{n:04d}" for n in range(self.gpus)],
            Gpu.power_watts: np.full(self.gpus, 500.0),
            Gpu.temperature_celsius: np.where(np.arange(self.gpus) % 7, 60.0, np.nan),
        }

    def holdings(self) -> Sequence[Holding]:
        """Of one store, 10 of 14."""
        if not self.objects:
            return ()
        ids = np.random.default_rng(5).bytes(self.objects * OBJECT_BYTES)
        return [Holding(
            "host-0", "store", 10, 14,
            np.frombuffer(ids, f"V{OBJECT_BYTES}"),
            (np.arange(self.objects) % 14).astype(np.uint16),
            np.full(self.objects, 2**20, np.uint64),
            np.full(self.objects, Status.OK, np.uint8),
            np.full(self.objects, 1_700_000_000, np.uint32),
        )]  # fmt: skip
