"""One GPU: everything that is read of it at a turn, with what it takes kept between turns."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import pynvml

from agent.gpu import inventory
from agent.gpu.batch import Batch
from agent.gpu.fields import NVLINK, NVLINK_5, QUANTITIES, Quantity, of_links
from agent.gpu.gpm import Activity
from agent.gpu.instruments import Instruments
from agent.gpu.library import Handle, Library
from agent.gpu.mig import Instances, Part
from agent.gpu.probe import Refusals, is_mean
from agent.gpu.processes import Jobs, Process, Use
from vigie.catalogue import Gpu
from vigie.shape import Field, Value

_ECC: Final = frozenset({
    Gpu.ecc_corrected_total, Gpu.ecc_uncorrected_total,
    Gpu.ecc_corrected_lifetime_total, Gpu.ecc_uncorrected_lifetime_total,
})  # fmt: skip


@dataclass(slots=True)
class Seen:
    """What a turn saw of one GPU; uses are by UUID of the GPU or instance."""

    row: dict[Field, Value]
    parts: list[Part] = field(default_factory=list)
    uses: list[tuple[str, Use]] = field(default_factory=list)
    pids: list[int] = field(default_factory=list)


class Board:
    """One GPU with its handle, good until the library ends; `gone` says why it is lost.

    A turn of all GPUs goes through its steps one by one, each for all GPUs (`agent/gpu/turn.py`);
    what they found is in `seen`.
    """

    def __init__(self, instruments: Instruments, uuid: str, handle: Handle) -> None:
        """Ask once what does not change; raises as `fine`."""
        self.uuid, self.handle, self.fresh = uuid, handle, True
        self.seen, self.gone = Seen({}), ""
        self.refusals: Refusals = {}
        self._instruments = instruments
        links, ecc = instruments.plans.links(handle), instruments.plans.ecc(handle)
        nvlink = NVLINK if links is None else of_links(links) if links else ()
        general = tuple(q for q in QUANTITIES if ecc is not False or q.field not in _ECC)
        self._batch = Batch(instruments.plans, handle, (*general, *nvlink))
        self._newer: Batch | None = None
        self._newer_for: frozenset[Field] | None = frozenset() if nvlink else None
        meter = instruments.meter
        self._activity = Activity(meter, handle) if meter.supports(handle) else None
        self._instances = Instances(instruments, handle)
        self._mean = is_mean(capability(instruments.library, handle))
        self._cut: bool | None = None
        self._utilised: int | None = None

    def read_fields(self, now: int) -> None:
        """First step: field values; raises as `fine`."""
        row = self._batch.read(now)
        if self._newer_for is not None:
            row |= self._newer_links(now)
        self.seen = Seen(row, [], [], [])

    def read_rest(self, now: int) -> None:
        """Memory, and older calls for what this driver's fields do not answer; raises as `fine`.

        After the probes of `agent/gpu/turn.py`, whose answers it makes sense of.
        """
        row, handle, refusals = self.seen.row, self.handle, self.refusals
        row[Gpu.fabric_state] = row.get(Gpu.fabric_state) or None  # 0 is a board without a fabric
        cut = row.get(Gpu.mig_enabled)
        row[Gpu.mig_enabled] = cut = None if cut is None else bool(cut)
        if cut:
            row[Gpu.utilization_ratio] = None
        if cut != self._cut:
            if self._cut is not None:
                refusals.clear()  # what is refused under MIG is not what is refused without
            self._cut, self.fresh = cut, True
        (
            row[Gpu.memory_total_bytes],
            row[Gpu.memory_used_bytes],
            row[Gpu.memory_reserved_bytes],
        ) = self._instruments.memories.read(handle, now, refusals)
        probes = self._instruments.probes
        if row.get(Gpu.energy_joules_total) is None:
            row[Gpu.energy_joules_total] = probes.energy.read(handle, now, refusals) or None
        if row.get(Gpu.power_limit_watts) is None:
            row[Gpu.power_limit_watts] = probes.limit.read(handle, now, refusals) or None
        of = Gpu.power_watts if self._mean else Gpu.power_instant_watts
        if self._mean is not None and row.get(of) is None:
            row[of] = probes.power.read(handle, now, refusals) or None

    def read_activity(self, now: int, *, active: bool) -> None:
        """Activity counters, if they may be read, and instances; raises as `fine`."""
        if self._cut:
            if self._activity is not None:
                self._activity.drop()
            self.seen.parts = self._instances.read(now, active=active)
            return
        self._instances.drop()
        if self._activity is not None and active:
            self.seen.row |= self._activity.read(now)
        elif self._activity is not None:
            self._activity.drop()

    def read_processes(self, now: int, jobs: Jobs) -> None:
        """Processes and their jobs; raises as `fine`."""
        if self._cut:
            lists = [part.processes for part in self.seen.parts]
            if None not in lists:
                self.seen.row[Gpu.processes_count] = sum(len(listed or ()) for listed in lists)
            for part in self.seen.parts:
                self._use(part.uuid, part.processes or [], jobs, {})
            return
        using, handle, refusals = self._instruments, self.handle, self.refusals
        listed = using.running.read(handle, now, refusals)
        if listed is None:
            return
        self.seen.row[Gpu.processes_count] = len(listed)
        if listed:
            busy, self._utilised = using.utilised.read(handle, now, refusals, self._utilised)
            self._use(self.uuid, listed, jobs, busy)

    def devices(self, now: int) -> list[inventory.Row]:
        """Its rows in the inventory, instances after it; raises as `fine`."""
        row = inventory.board(self._instruments, self.uuid, self.handle, now)
        return [row, *inventory.parts(self._instruments, row, self._instances, now)]

    def drop(self) -> None:
        """Give back what the driver keeps for us."""
        if self._activity is not None:
            self._activity.drop()
        self._instances.drop()

    def _use(self, uuid: str, listed: list[Process], jobs: Jobs, busy: Mapping[int, float]) -> None:
        self.seen.pids += [process.pid for process in listed]
        self.seen.uses += [(uuid, use) for use in jobs.uses(listed, busy)]

    def _newer_links(self, now: int) -> dict[Field, Value]:
        """NVLink 5, for what the older fields do not answer."""
        answered = self._batch.answered
        if answered != self._newer_for:
            self._newer_for = answered
            left: tuple[Quantity, ...] = tuple(q for q in NVLINK_5 if q.field not in answered)
            plans = self._instruments.plans
            self._newer = Batch(plans, self.handle, left) if left else None
        return self._newer.read(now) if self._newer is not None else {}


def capability(library: Library, handle: Handle) -> tuple[int, int] | None:
    """Compute capability of a GPU, which tells its chip; raises as `fine`."""
    major, minor = pynvml.c_int(), pynvml.c_int()
    name = "nvmlDeviceGetCudaComputeCapability"
    told = library.ask(name, handle, major, minor)
    return (major.value, minor.value) if told else None
