"""One GPU: everything that is read of it at a turn, with what it takes kept between turns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pynvml

from agent.gpu import inventory, probe
from agent.gpu.batch import Batch, asked
from agent.gpu.fields import ECC_MODE, LINK_COUNT, NVLINK, NVLINK_5, QUANTITIES, Quantity, of_links
from agent.gpu.gpm import Activity, Meter
from agent.gpu.library import Handle, Library
from agent.gpu.memory import MemoryOf
from agent.gpu.mig import Instances, Part
from agent.gpu.processes import Jobs, Process, Running, Use, Utilised
from vigie.catalogue import Gpu
from vigie.shape import Field, Value

_ECC: Final = frozenset({
    Gpu.ecc_corrected_total, Gpu.ecc_uncorrected_total,
    Gpu.ecc_corrected_lifetime_total, Gpu.ecc_uncorrected_lifetime_total,
})  # fmt: skip
_ACTIVITY: Final[Mapping[str, Field]] = {
    "sm_active_ratio": Gpu.sm_active_ratio,
    "sm_occupancy_ratio": Gpu.sm_occupancy_ratio,
    "tensor_active_ratio": Gpu.tensor_active_ratio,
    "dram_active_ratio": Gpu.dram_active_ratio,
}


@dataclass(slots=True)
class Seen:
    """What a turn saw of one GPU; uses are by UUID of the GPU or instance."""

    row: dict[Field, Value]
    parts: list[Part] = field(default_factory=list)
    uses: list[tuple[str, Use]] = field(default_factory=list)
    pids: list[int] = field(default_factory=list)


class Board:
    """One GPU with its handle, good until the library ends."""

    def __init__(self, library: Library, uuid: str, handle: Handle, meter: Meter) -> None:
        """Ask once what does not change; raises as `fine`."""
        self.uuid, self.handle, self._library = uuid, handle, library
        self.fresh = True
        values = library.function("nvmlDeviceGetFieldValues")
        known = asked(values, handle, (LINK_COUNT, ECC_MODE))
        links = known.get(LINK_COUNT)
        ecc = known.get(ECC_MODE) != 0
        nvlink = NVLINK if links is None else of_links(int(links)) if links else ()
        general = tuple(q for q in QUANTITIES if ecc or q.field not in _ECC)
        self._batch = Batch(values, handle, (*general, *nvlink))
        self._newer: Batch | None = None
        self._newer_for: frozenset[Field] | None = frozenset() if nvlink else None
        self._memory, self._running = MemoryOf(library, handle), Running(library, handle)
        self._utilised = Utilised(library, handle)
        self._activity = Activity(meter, handle) if meter.supports(handle) else None
        self._instances = Instances(library, handle, meter)
        self._mean = probe.is_mean(capability(library, handle))
        self._mig = probe.mig(library, handle)
        self._utilization = probe.utilization(library, handle)
        self._probes = (
            (Gpu.temperature_celsius, probe.temperature(library, handle)),
            (Gpu.temperature_margin_celsius, probe.margin(library, handle)),
            (Gpu.sm_clock_hertz, probe.clock(library, handle, pynvml.NVML_CLOCK_SM)),
            (Gpu.memory_clock_hertz, probe.clock(library, handle, pynvml.NVML_CLOCK_MEM)),
            (Gpu.throttle_reasons, probe.reasons(library, handle)),
            (Gpu.fabric_state, probe.fabric(library, handle)),
        )
        self._energy, self._limit = probe.energy(library, handle), probe.limit(library, handle)
        self._power = probe.power(library, handle)

    def read(self, now: int, jobs: Jobs | None, *, active: bool) -> Seen:
        """One turn; raises as `fine`.

        `jobs` is None where the driver's process numbers are not ours; `active` is whether GPM
        may be read.
        """
        row = self._batch.read(now)
        if self._newer_for is not None:
            row |= self._newer_links(now)
        for of, one in self._probes:
            row[of] = one.read(now)
        self._fall_back(row, now)
        memory = self._memory.read(now)
        row[Gpu.memory_total_bytes] = memory.total
        row[Gpu.memory_used_bytes] = memory.used
        row[Gpu.memory_reserved_bytes] = memory.reserved
        cut = row[Gpu.mig_enabled] = self._mig.read(now)
        seen = Seen(row)
        if cut:
            self._read_parts(seen, now, jobs, active=active)
        else:
            self._read_whole(seen, now, jobs, active=active)
        row[Gpu.up] = True
        return seen

    def devices(self, now: int) -> list[inventory.Row]:
        """Its rows in the inventory, instances after it; raises as `fine`."""
        row = inventory.board(self._library, self.uuid, self.handle, now)
        return [row, *inventory.parts(self._library, row, self._instances, now)]

    def drop(self) -> None:
        """Give back what the driver keeps for us."""
        if self._activity is not None:
            self._activity.drop()
        self._instances.drop()

    def _read_whole(self, seen: Seen, now: int, jobs: Jobs | None, *, active: bool) -> None:
        row = seen.row
        row[Gpu.utilization_ratio] = self._utilization.read(now)
        if self._activity is not None and active:
            for name, share in self._activity.read(now).items():
                row[_ACTIVITY[name]] = share
        elif self._activity is not None:
            self._activity.drop()
        self._instances.drop()
        if jobs is not None and (listed := self._running.read(now)) is not None:
            row[Gpu.processes_count] = len(listed)
            if listed:
                self._use(seen, self.uuid, listed, jobs, self._utilised.read(now))

    def _read_parts(self, seen: Seen, now: int, jobs: Jobs | None, *, active: bool) -> None:
        """Utilisation and activity are of instances; the board's processes are all of theirs."""
        seen.parts = self._instances.read(now, active=active)
        lists = [part.processes for part in seen.parts]
        if jobs is None or None in lists:
            return
        seen.row[Gpu.processes_count] = sum(len(listed or ()) for listed in lists)
        for part in seen.parts:
            self._use(seen, part.uuid, part.processes or [], jobs, {})

    def _use(
        self, seen: Seen, uuid: str, listed: list[Process], jobs: Jobs, busy: Mapping[int, float]
    ) -> None:
        seen.pids += [process.pid for process in listed]
        seen.uses += [(uuid, use) for use in jobs.uses(listed, busy)]

    def _newer_links(self, now: int) -> dict[Field, Value]:
        """NVLink 5, for what the older fields do not answer."""
        answered = self._batch.answered
        if answered != self._newer_for:
            self._newer_for = answered
            left: tuple[Quantity, ...] = tuple(q for q in NVLINK_5 if q.field not in answered)
            function = self._library.function("nvmlDeviceGetFieldValues")
            self._newer = Batch(function, self.handle, left) if left else None
        return self._newer.read(now) if self._newer is not None else {}

    def _fall_back(self, row: dict[Field, Value], now: int) -> None:
        """Older calls, for what this driver's fields do not answer."""
        if row.get(Gpu.energy_joules_total) is None:
            row[Gpu.energy_joules_total] = self._energy.read(now)
        if row.get(Gpu.power_limit_watts) is None:
            row[Gpu.power_limit_watts] = self._limit.read(now)
        of = Gpu.power_watts if self._mean else Gpu.power_instant_watts
        if self._mean is not None and row.get(of) is None:
            row[of] = self._power.read(now) or None


def capability(library: Library, handle: Handle) -> tuple[int, int] | None:
    """Compute capability of a GPU, which tells its chip; raises as `fine`."""
    major, minor = pynvml.c_int(), pynvml.c_int()
    name = "nvmlDeviceGetCudaComputeCapability"
    told = library.ask(name, handle, major, minor)
    return (major.value, minor.value) if told else None
