"""The telemetry that every system is given: GPUs of many containers, tick by tick, and the truth.

The same seed gives the same values. They move as real ones do (load that wanders, counters that
integrate, clocks in steps) and are rounded as NVML rounds them, so that no store gets an easier
series than a site would give it. What the four questions must answer is added up on the way.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from vigie.catalogue import Gpu
from vigie.shape import Field

Values = NDArray[Any]
FIELDS: Final[tuple[Field, ...]] = tuple(Gpu.values)[:18]
GPUS: Final = 104
"""Of one container."""
STEP: Final = 10
"""Seconds from tick to tick."""
OFFSET: Final = 5
"""Seconds into its step at which a reading is taken: no window's edge ever meets one."""
MINUTE: Final = 60
HOTTEST: Final = 20


@dataclass(frozen=True, slots=True)
class Workload:
    """How much there is; `start` is Unix time, a whole minute."""

    containers: int
    ticks: int
    start: int
    seed: int = 7

    @property
    def gpus(self) -> int:
        """All of them."""
        return self.containers * GPUS

    @property
    def values(self) -> int:
        """All of them, of all ticks."""
        return self.gpus * len(FIELDS) * self.ticks

    @property
    def end(self) -> int:
        """The end of the last tick's step."""
        return self.start + self.ticks * STEP

    def time(self, tick: int) -> int:
        """When a tick is read."""
        return self.start + tick * STEP + OFFSET


@dataclass(frozen=True, slots=True)
class Tick:
    """One reading of every GPU: (container, GPU) by field, in the field's own number type."""

    number: int
    time: int
    values: Mapping[Field, Values]


@dataclass(slots=True)
class Truth:
    """What the four questions must answer: added up from what was sent, not from any system."""

    latest: Values = field(default_factory=lambda: np.zeros(0))
    """Sum over its GPUs in the last tick, by field and container."""
    power: Values = field(default_factory=lambda: np.zeros(0))
    """Mean power of the last 10 min (or what there is), by container."""
    fleet: list[tuple[float, float]] = field(default_factory=list)
    """Total power and p95 temperature by minute, of each GPU's minute mean."""
    hottest: float = 0.0
    """Sum of the highest temperatures of the last tick."""


class Telemetry:
    """Makes the ticks of a workload; `truth` is whole once they are all made."""

    def __init__(self, workload: Workload) -> None:
        self.workload, self.truth = workload, Truth()
        self._noise = np.random.default_rng(workload.seed)
        shape = (workload.containers, GPUS)
        self._base = self._noise.uniform(0.3, 0.95, shape)
        self._load = self._base.copy()
        self._memory = (self._base * 80e9).astype(np.int64) >> 21 << 21
        self._counters: dict[Field, Values] = {
            f: np.zeros(shape, np.int64 if f.integer else np.float64)
            for f in (
                Gpu.energy_joules_total, Gpu.throttle_thermal_seconds_total,
                Gpu.ecc_corrected_total, Gpu.ecc_uncorrected_total,
                Gpu.pcie_receive_bytes_total, Gpu.pcie_transmit_bytes_total,
            )
        }  # fmt: skip

    def ticks(self) -> Iterator[Tick]:
        """Each tick in turn."""
        work, truth = self.workload, self.truth
        first = max(0, work.ticks - 10 * MINUTE // STEP)
        powers: list[Values] = []
        minute: list[tuple[Values, Values]] = []
        values: Mapping[Field, Values] = {}
        for number in range(work.ticks):
            values = self._read()
            power = values[Gpu.power_watts]
            minute.append((power, values[Gpu.temperature_celsius]))
            if number >= first:
                powers.append(power.mean(axis=1))
            if (number + 1) % (MINUTE // STEP) == 0:
                watts, heat = (np.mean([pair[i] for pair in minute], axis=0) for i in (0, 1))
                truth.fleet.append((float(watts.sum()), float(np.percentile(heat, 95))))
                minute.clear()
            yield Tick(number, work.time(number), values)
        truth.power = np.mean(powers, axis=0)
        truth.latest = np.array([values[f].sum(axis=1).astype(float) for f in FIELDS])
        truth.hottest = float(np.sort(values[Gpu.temperature_celsius], axis=None)[-HOTTEST:].sum())

    def _read(self) -> Mapping[Field, Values]:
        noise, base, shape = self._noise, self._base, self._base.shape
        wander = noise.normal(0, 0.02, shape)
        self._load = load = np.clip(base + 0.9 * (self._load - base) + wander, 0.0, 1.0)
        jitter = noise.normal(0, 0.01, shape)
        watts = np.round(90 + 590 * load + 100 * jitter, 3)
        grown, hot = self._counters, load > 0.97
        energy = grown[Gpu.energy_joules_total] + watts * STEP
        grown[Gpu.throttle_thermal_seconds_total] += np.where(hot, 0.5, 0.0)
        grown[Gpu.ecc_corrected_total] += noise.random(shape) < 1e-5
        received = (load + jitter).clip(0) * STEP * 1e9
        grown[Gpu.pcie_receive_bytes_total] += received.astype(np.int64)
        grown[Gpu.pcie_transmit_bytes_total] += (received * (0.5 + jitter)).astype(np.int64)
        grown[Gpu.energy_joules_total] = np.round(energy, 3)
        return {
            Gpu.utilization_ratio: np.round(load, 2),
            Gpu.sm_active_ratio: np.round(load * 0.9, 3),
            Gpu.tensor_active_ratio: np.round(load * (0.5 + jitter), 3),
            Gpu.dram_active_ratio: np.round(load * (0.4 - jitter), 3),
            Gpu.memory_used_bytes: self._memory,
            Gpu.memory_total_bytes: np.full(shape, 80 * 2**30, np.int64),
            Gpu.power_watts: watts,
            Gpu.power_limit_watts: np.full(shape, 700.0),
            Gpu.temperature_celsius: np.round(33 + 42 * load),
            Gpu.memory_temperature_celsius: np.round(38 + 46 * load + 20 * jitter),
            Gpu.sm_clock_hertz: np.round((1.2e9 + 7.8e8 * load) / 15e6) * 15e6,
            Gpu.throttle_reasons: hot.astype(np.int64) * 4,
            **{f: counter.copy() for f, counter in grown.items()},
        }
