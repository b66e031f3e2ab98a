"""What befalls GPUs and hosts: XIDs, boards that fall off the bus, hosts that go down.

Beside what a scenario says, they fail as often as those of a large fleet did: 220 stops by GPUs
and their memory among 16,384 boards in 54 days (Llama 3, arXiv 2407.21783). Programs err oftener.
"""

import math
from collections import Counter
from typing import Final

import numpy as np

from agent.gpu.xid import APPLICATION, HARDWARE, event
from twin.chance import Whole, generator
from twin.faults import Fault
from twin.hall.container import Model
from twin.tellers.names import Names
from twin.tellers.teller import cells
from twin.turn import Columns
from vigie.catalogue import GPU_BACK, GPU_LOST, Gpu, GpuXid
from vigie.frame import Happening
from vigie.shape import Measurement

SLOT: Final = 600.0
HARDWARE_RATE: Final = 220 / 16_384 / 54 / 86_400
"""Per board and second."""
APPLICATION_TIMES: Final = 6.0
CODES: Final = ((48, 0.10), (63, 0.15), (74, 0.15), (79, 0.20), (94, 0.20), (95, 0.08), (119, 0.12))
PROGRAM_CODES: Final = ((13, 0.35), (31, 0.45), (43, 0.20))
PROGRAM: Final = 31
OFF_THE_BUS, REMAPPING, UNCORRECTED = 79, 63, (48, 95)
LOST_SECONDS: Final = (7_200.0, 28_800.0)
RESET_SECONDS: Final = (1_200.0, 5_400.0)
_RESET: Final = Gpu.recovery_action.codes.index("gpu_reset")
MICROSECONDS: Final = 1_000_000
MOST_TOLD: Final = 500
"""Happenings of one turn: a frame has room for no more than twice that."""


class Incidents:
    """GPUs and hosts that fail and come back, and the events of it."""

    measurement: type[Measurement] = GpuXid

    def __init__(self, model: Model, names: Names, seed: int) -> None:
        self._model, self._names = model, names
        self._seeds = (seed, model.build.path, "incidents")
        self._hosts = {host: n for n, host in enumerate(names.hosts)}
        self.counts: Counter[tuple[int, int]] = Counter()
        """Of (GPU, code)."""
        self._lost: dict[int, float] = {}
        """When a GPU is back, in Unix seconds."""
        self._resets: dict[int, float] = {}
        self._down: dict[int, float] = {}
        """When a host is back."""
        self._keys: tuple[tuple[tuple[int, int], ...], Columns] = ((), {})

    @property
    def down(self) -> frozenset[int]:
        """Hosts that are down."""
        return frozenset(self._down)

    def number(self, host: str) -> int:
        """The position of a host among all."""
        return self._hosts[host]

    def step(self, before: float, now: float) -> list[Happening]:
        """What happened up to `now` (Unix seconds)."""
        told = self._return(now)
        faults = self._model.faults
        for fault in faults.begun("host_down", before, now):
            self._fall(fault, now)
        for fault in faults.begun("gpu_lost", before, now):
            until = now + math.inf if fault.lasts is None else now + fault.lasts
            for gpu in self._chosen(fault, self._model.build.gpus):
                told += self._lose(int(gpu), until, now)
        for fault in faults.begun("gpu_xid", before, now):
            for gpu in self._chosen(fault, self._model.build.gpus):
                told += self._err(int(gpu), int(fault.value or 0), now, 3_600.0)
        for fault in faults.on("gpu_errs", now):
            since = faults.since(fault, now)
            rate, earlier = fault.value or 0.0, max(since - (now - before), 0.0)
            for gpu in self._chosen(fault, self._model.build.gpus):
                for _ in range(math.floor(rate * since) - math.floor(rate * earlier)):
                    told += self._err(int(gpu), PROGRAM, now, 0.0)
        told += self._by_chance(before, now)
        return told[:MOST_TOLD]

    def tell(self, time: float) -> Columns:
        """A row for every code that a GPU has had."""
        rows = tuple(sorted(self.counts))
        if not rows:
            return {}
        if rows != self._keys[0]:
            names = self._names
            made: Columns = {
                GpuXid.host: [names.gpu_hosts[gpu] for gpu, _ in rows],
                GpuXid.gpu: [names.gpus[gpu] for gpu, _ in rows],
                GpuXid.xid: [str(code) for _, code in rows],
            }
            self._keys = (rows, made)
        return {**self._keys[1], GpuXid.errors_total: cells([self.counts[row] for row in rows])}

    def _by_chance(self, before: float, now: float) -> list[Happening]:
        told: list[Happening] = []
        gpus = self._model.build.gpus
        for slot in range(math.floor(before / SLOT) + 1, math.floor(now / SLOT) + 1):
            if not gpus:
                break
            draw = generator(*self._seeds, slot)
            for rate, codes in (
                (HARDWARE_RATE, CODES),
                (HARDWARE_RATE * APPLICATION_TIMES, PROGRAM_CODES),
            ):
                for _ in range(int(draw.poisson(rate * gpus * SLOT))):
                    weights = np.array([w for _, w in codes])
                    code = int(draw.choice([c for c, _ in codes], p=weights / weights.sum()))
                    gpu, seconds = int(draw.integers(gpus)), float(draw.uniform(*LOST_SECONDS))
                    told += self._err(gpu, code, now, seconds)
        return told

    def _err(self, gpu: int, code: int, now: float, seconds: float) -> list[Happening]:
        """One XID, and what it does to the board and its job."""
        if not self._model.gpus.up[gpu]:
            return []
        self.counts[gpu, code] += 1
        gpus = self._model.gpus
        gpus.xids[gpu] += 1
        words = APPLICATION.get(code) or HARDWARE.get(code) or "see NVIDIA's XID catalogue"
        keys = {**self._keys_of(gpu), "xid": str(code)}
        told = [Happening(event(code).code, _time(now), keys, f"XID {code}: {words}")]
        if code == OFF_THE_BUS:
            return told + self._lose(gpu, now + seconds, now)
        if code in HARDWARE:
            gpus.uncorrected[gpu] += code in UNCORRECTED
            gpus.pending[gpu] = float(code == REMAPPING or gpus.pending[gpu])
            gpus.recovery[gpu] = _RESET
            self._resets[gpu] = now + min(max(seconds / 4, RESET_SECONDS[0]), RESET_SECONDS[1])
        only = np.array([gpu])
        self._model.workload.fail(only, now)
        self._model.workload.restore(only)
        return told

    def _lose(self, gpu: int, until: float, now: float) -> list[Happening]:
        if gpu in self._lost:
            self._lost[gpu] = max(self._lost[gpu], until)
            return []
        self._lost[gpu] = until
        self._model.lose(np.array([gpu]), now)
        return [Happening(GPU_LOST.code, _time(now), self._keys_of(gpu), "GPU is lost")]

    def _fall(self, fault: Fault, now: float) -> None:
        chosen = self._chosen(fault, self._model.build.hosts)
        until = math.inf if fault.lasts is None else now + fault.lasts
        self._down.update({int(host): until for host in chosen})
        self._model.fail_hosts(chosen, now)

    def _return(self, now: float) -> list[Happening]:
        """What is back, or reset, by now."""
        for host in [h for h, until in self._down.items() if until <= now]:
            del self._down[host]
            back = self._model.of_hosts(np.array([host]))
            self._model.restore(back[[int(g) not in self._lost for g in back]])
        told = []
        for gpu in [g for g, until in self._lost.items() if until <= now]:
            del self._lost[gpu]
            if gpu // self._model.build.per_host not in self._down:
                self._model.restore(np.array([gpu]))
            told.append(Happening(GPU_BACK.code, _time(now), self._keys_of(gpu)))
        for gpu in [g for g, until in self._resets.items() if until <= now]:
            del self._resets[gpu]
            self._model.gpus.recovery[gpu] = self._model.gpus.pending[gpu] = 0.0
        return told

    def _chosen(self, fault: Fault, many: int) -> Whole:
        """Whom a fault strikes: the same in every run."""
        draw = generator(*self._seeds, fault.what, fault.at, fault.where)
        chosen: Whole = draw.choice(many, size=min(fault.count, many), replace=False)
        return np.sort(chosen)

    def _keys_of(self, gpu: int) -> dict[str, str]:
        return {"host": self._names.gpu_hosts[gpu], "gpu": self._names.gpus[gpu]}


def _time(now: float) -> int:
    return round(now * MICROSECONDS)
