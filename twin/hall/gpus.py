"""GPUs: from the load that jobs ask for to power, heat and what the driver would say of it.

Everything is an array with a number for each GPU. `power` is the truth; the driver's own reading
of it looks at a quarter of the time and each board errs by a few per cent of its own (arXiv
2312.02741), while its counter of energy is exact.
"""

import math
from collections.abc import Mapping
from typing import Final

import numpy as np

from twin.chance import Cells, Floats, Waves, Whole, salt, uniforms
from twin.hall.boards import Board
from twin.hall.struck import Struck
from vigie.catalogue import Gpu
from vigie.shape import Field

WARM_SECONDS: Final = 25.0
"""In which a board takes most of a new temperature."""
SLOW_CELSIUS: Final = 88.0
"""Core temperature at which the driver begins to slow a board, and how steeply it does so."""
SLOW_KELVIN: Final = 8.0
BOARD_ERROR: Final = 0.025
"""How far the power readings of a board are off, one deviation; 5 % is the usual bound."""
SAMPLE_ERROR: Final = 0.02
INSTANT_ERROR: Final = 0.05
LOAD_SECONDS: Final = 45.0
NVLINK_RATE: Final = 2.2e11
PCIE_RATE: Final = 1.1e10
ECC_RATE: Final = 1.2e-6
RESERVED_BYTES: Final = 500_000_000
_IDLE_BIT, _CAP_BIT, _HEAT_BIT, _BRAKE_BIT = (
    1 << Gpu.throttle_reasons.codes.index(word)
    for word in ("idle", "power_cap", "software_thermal", "power_brake")
)
_COMPLETED, _NOT_STARTED = (Gpu.fabric_state.codes.index(w) for w in ("completed", "not_started"))


class Gpus:
    """The boards of one container, all of one model."""

    def __init__(self, seed: int, path: str, count: int, model: Board, limit: float) -> None:
        self.count, self.board, self.limit = count, model, limit
        name = salt(seed, path, "gpus")
        self._salt = name
        self._better = 1.0 + 0.04 * (uniforms(name + 1, count) - 0.5)
        self._error = 1.0 + BOARD_ERROR * math.sqrt(12) * (uniforms(name + 2, count) - 0.5)
        self._warmer = model.kelvin_per_watt * (0.9 + 0.2 * uniforms(name + 3, count))
        self._frail = (8.0 * uniforms(name + 4, count)) ** 3
        self._waves = Waves(name + 5, count, LOAD_SECONDS)
        self._shape = uniforms(name + 6, count)
        self.up = np.ones(count, np.bool_)
        self.power: Floats = np.full(count, model.idle_watts)
        self.load: Floats = np.zeros(count)
        self.temperature: Floats = np.full(count, 35.0)
        self.energy: Floats = np.floor(3e9 * uniforms(name + 7, count))
        self.xids: Floats = np.zeros(count)
        self.uncorrected: Floats = np.zeros(count)
        self.recovery: Floats = np.zeros(count)
        self.pending: Floats = np.zeros(count)
        self._sent: Floats = np.zeros(count)
        self._corrected: Floats = np.floor(self._frail * 3)
        self._hot: Floats = np.zeros(count)
        self._capped: Floats = np.zeros(count)
        self._slowed: Floats = np.zeros(count)
        self._cap = 1.0
        self._nvlink: Floats = np.zeros(count)
        self._replays: Floats = np.zeros(count)
        self._worn: Floats = np.zeros(count)
        self._braked: Floats = np.zeros(count)
        self._fabric: Floats = np.full(count, float(_COMPLETED))
        self._hotter: Floats | float = 0.0
        self._fixed = self._unchanging()

    def step(self, time: float, seconds: float, asked: Floats, coolant: float, cap: float) -> None:
        """Go on by so many seconds: load, power and warmth with what jobs ask.

        `coolant` is °C of what reaches the boards; `cap` is the share of their power above rest
        that the place allows.
        """
        if not self.count:
            return
        load = asked * (1.0 + 0.05 * self._waves.at(time))
        np.clip(load, 0.0, 1.0, out=load)
        self._slowed = np.clip((self.temperature - SLOW_CELSIUS) / SLOW_KELVIN, 0.0, 0.9)
        reach = (self.limit - self.board.idle_watts) * np.minimum(cap, 1.0 - self._slowed)
        power = self.board.idle_watts * self._better
        power += reach * self._better * load * (1.22 - 0.22 * load)
        np.minimum(power, self.limit, out=power)
        power *= self.up
        self.load, self.power, self._cap = load * self.up, power, cap
        self.energy = self.energy + power * seconds
        goal = coolant + self._hotter + self._warmer * power
        self.temperature = goal + (self.temperature - goal) * math.exp(-seconds / WARM_SECONDS)
        self._sent = self._sent + self.load * seconds
        self._corrected = self._corrected + ECC_RATE * seconds * self._frail
        self._hot = self._hot + seconds * (self._slowed > 0)
        if cap < 1.0:
            self._capped = self._capped + seconds * (load > 0.05)

    def suffer(self, struck: Struck, time: float, seconds: float) -> None:
        """What lasting faults do to some of them in so many seconds up to `time`."""
        hot = struck.values("gpu_hot", time)
        self._hotter = 0.0 if hot is None else hot
        if (ecc := struck.values("gpu_ecc", time)) is not None:
            self._corrected = self._corrected + ecc * seconds
        if (errors := struck.values("gpu_nvlink", time)) is not None:
            self._nvlink = self._nvlink + errors * seconds
        if (replays := struck.values("gpu_pcie", time)) is not None:
            self._replays = self._replays + replays * seconds
        self._worn = struck.flags("gpu_worn", time)
        self._braked = struck.flags("gpu_brake", time)
        unready = struck.flags("gpu_fabric", time) > 0
        self._fabric = np.where(unready, float(_NOT_STARTED), float(_COMPLETED))

    @property
    def active_watts(self) -> float:
        """The most that they would draw above rest with what they are asked now."""
        shape = self.load * (1.22 - 0.22 * self.load)
        return float(shape.sum()) * (self.limit - self.board.idle_watts)

    def lose(self, which: Whole) -> None:
        """They answer no more, and draw nothing."""
        self.up[which] = False

    def restore(self, which: Whole) -> None:
        """They answer again, reset."""
        self.up[which] = True
        for told in (self.xids, self.uncorrected, self.recovery, self.pending):
            told[which] = 0.0

    def columns(self, number: int) -> dict[Field, Cells]:
        """What the driver says, the keys left out; `number` makes the noise of this reading.

        Whole numbers are in arrays of floats where a GPU does not answer: all of its row but `up`
        is unknown then.
        """
        told: dict[Field, Cells] = {
            **self._activity(),
            **self._drawn(number),
            **self._warmth(),
            **self._counters(),
            **self._fixed,
        }
        if not self.up.all():
            told = {name: self._known(cells) for name, cells in told.items()}
        told[Gpu.up] = self.up.copy()
        return told

    def _activity(self) -> Mapping[Field, Cells]:
        """What programs make of the boards."""
        load, model = self.load, self.board
        busy = (load > 0.02).astype(np.float64)
        slower = 0.28 * load * (1.0 - 0.7 * self._cap) + 0.5 * self._slowed
        clock = np.round(model.high_hertz * (1.0 - slower), -6)
        filled = busy * (0.45 + 0.5 * self._shape)
        return {
            Gpu.utilization_ratio: np.minimum(np.round(load * 1.25, 2), 1.0),
            Gpu.sm_active_ratio: load * (0.80 + 0.15 * self._shape),
            Gpu.tensor_active_ratio: load * (0.25 + 0.40 * self._shape),
            Gpu.dram_active_ratio: load * (0.60 - 0.25 * self._shape),
            Gpu.sm_occupancy_ratio: load * (0.25 + 0.25 * self._shape),
            Gpu.memory_used_bytes: np.floor((model.memory_bytes - RESERVED_BYTES) * filled),
            Gpu.sm_clock_hertz: np.where(busy > 0, clock, model.low_hertz),
            Gpu.processes_count: busy,
        }

    def _drawn(self, number: int) -> Mapping[Field, Cells]:
        """Power as the driver samples it, and energy as it counts it."""
        noise = uniforms(self._salt ^ number, self.count) - 0.5
        finer = noise * 1024.0
        finer -= np.floor(finer)
        finer -= 0.5
        seen = self.power * self._error
        return {
            Gpu.power_watts: np.round(seen * (1.0 + SAMPLE_ERROR * 3.46 * noise), 3),
            Gpu.power_instant_watts: np.round(seen * (1.0 + INSTANT_ERROR * 3.46 * finer), 3),
            Gpu.energy_joules_total: np.round(self.energy, 3),
        }

    def _warmth(self) -> Mapping[Field, Cells]:
        core, memory = self.temperature, self.temperature + 9 * self.load
        return {
            Gpu.temperature_celsius: np.clip(np.round(core), 0.0, 110.0),
            Gpu.memory_temperature_celsius: np.clip(np.round(memory), 1, 120),
            Gpu.temperature_margin_celsius: np.round(SLOW_CELSIUS - core),
        }

    def _counters(self) -> Mapping[Field, Cells]:
        """What adds up: throttling, errors, traffic."""
        return {
            Gpu.throttle_reasons: self._reasons(),
            Gpu.throttle_thermal_seconds_total: self._hot,
            Gpu.throttle_power_seconds_total: self._capped,
            Gpu.ecc_corrected_total: np.floor(self._corrected),
            Gpu.ecc_corrected_lifetime_total: np.floor(self._corrected * 1.5 + self._frail * 40),
            Gpu.ecc_uncorrected_total: self.uncorrected.copy(),
            Gpu.xid_total: self.xids.copy(),
            Gpu.recovery_action: self.recovery.copy(),
            Gpu.row_remap_pending: self.pending.copy(),
            Gpu.row_remap_failed: self._worn,
            Gpu.fabric_state: self._fabric,
            Gpu.nvlink_errors_total: np.floor(self._nvlink),
            Gpu.pcie_replays_total: np.floor(self._replays),
            Gpu.pcie_receive_bytes_total: np.floor(self._sent * PCIE_RATE),
            Gpu.pcie_transmit_bytes_total: np.floor(self._sent * (PCIE_RATE / 3)),
            Gpu.nvlink_receive_bytes_total: np.floor(self._sent * NVLINK_RATE),
            Gpu.nvlink_transmit_bytes_total: np.floor(self._sent * NVLINK_RATE),
        }

    def _known(self, cells: Cells) -> Cells:
        kept = cells.astype(np.float64)
        kept[~self.up] = np.nan
        return kept

    def _reasons(self) -> Floats:
        reasons = np.where(self.load <= 0.02, float(_IDLE_BIT), 0.0)
        at_limit = (self.power >= self.limit * 0.995) | ((self._cap < 1.0) & (self.load > 0.02))
        reasons += _CAP_BIT * at_limit
        reasons += _HEAT_BIT * (self._slowed > 0)
        reasons += _BRAKE_BIT * self._braked
        return reasons

    def _unchanging(self) -> Mapping[Field, Floats]:
        nothing = np.zeros(self.count)
        worn = np.floor(self._frail / 200)
        return {
            Gpu.memory_total_bytes: np.full(self.count, float(self.board.memory_bytes)),
            Gpu.memory_reserved_bytes: np.full(self.count, float(RESERVED_BYTES)),
            Gpu.power_limit_watts: np.full(self.count, round(self.limit)),
            Gpu.memory_clock_hertz: np.full(self.count, self.board.memory_hertz),
            Gpu.throttle_hardware_seconds_total: nothing,
            Gpu.ecc_uncorrected_lifetime_total: np.floor(worn / 2),
            Gpu.rows_remapped_corrected_total: worn,
            Gpu.rows_remapped_uncorrected_total: nothing,
            Gpu.mig_enabled: nothing,
        }
