"""Jobs: who asks for GPUs and when, who gets them, who waits, and what is lost.

Time runs in slots of a minute of the wall clock: what arrives in a slot is drawn of (seed, path,
slot), so that two runs meet the same jobs whatever their steps. A job is held by the first GPUs
that are free. A queue that is full turns jobs away.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from twin.chance import Floats, Whole, generator

SLOT: Final = 60.0
WARM_SLOTS: Final = 720
"""How long jobs have come when the play begins: half a day."""
OFFERED: Final = 0.78
"""GPU time that is asked for, of all there is, in the mean of a week."""
MEDIAN_SECONDS: Final = 4_200.0
SPREAD: Final = 0.9
LONGEST_SECONDS: Final = 172_800.0
SIZE_SHARE: Final = 0.025
QUEUE_SHARE: Final = 2.5
"""GPUs that a tenant may wait for, of those it may hold; what is beyond is turned away."""
LOOK_AHEAD: Final = 20
"""How many jobs of a tenant are looked at when there is no room for its first."""
EAGER: Final = 1.1
"""What a tenant asks at most, of what it may hold."""
FREE: Final = -1


@dataclass(frozen=True, slots=True)
class Demand:
    """A tenant's part of what is asked, and how many GPUs it may hold at once."""

    tenant: str
    share: float
    quota: int


@dataclass(slots=True)
class Job:
    """One job; times in Unix seconds. `load` is how hard it works its GPUs, 0 to 1."""

    tenant: int
    size: int
    seconds: float
    load: float
    asked: float
    started: float = 0.0
    held: Whole = field(default_factory=lambda: np.empty(0, np.int64))


@dataclass(slots=True)
class Told:
    """What one tenant has asked for and got, since the play began."""

    asked: float = 0.0
    served: float = 0.0
    refused: float = 0.0
    lost: float = 0.0
    started: int = 0
    wait: float = 0.0
    running: int = 0
    waiting: int = 0


class Workload:
    """The scheduler of one container: its GPUs, its queue, and who holds what."""

    def __init__(self, seed: int, path: str, gpus: int, demands: Sequence[Demand]) -> None:
        self._names = (seed, path, "jobs")
        self.demands = tuple(demands)
        self.gpus = gpus
        self.load: Floats = np.zeros(gpus)
        """What each GPU is asked to do; 0 of one that is free."""
        self.told = [Told() for _ in self.demands]
        self._running: list[Job] = []
        self._waiting: list[Job] = []
        self._owner: Whole = np.full(gpus, FREE, np.int64)
        self._down = np.zeros(gpus, np.bool_)
        self._free = gpus
        self._slot: int | None = None
        self._stopped = False
        self._mean_size = max(gpus * SIZE_SHARE, 1.0)
        self._shares = self._asking()

    def stop(self, *, stopped: bool, now: float) -> None:
        """The scheduler stops: what runs is lost and waits, and nothing begins; or it goes on."""
        if stopped and not self._stopped:
            everything = np.arange(self.gpus)
            self.fail(everything, now)
            self.restore(everything)
        self._stopped = stopped

    def advance(self, now: float, *, demand: float = 1.0) -> None:
        """Go on up to `now`; `demand` is how much more is asked than usual."""
        slot = math.floor(now / SLOT)
        if not self.gpus or not self.demands:
            return
        if self._slot is None:
            self._slot = slot - WARM_SLOTS
        while self._slot < slot:
            self._slot += 1
            self._play(self._slot, demand)

    def fail(self, gpus: Whole, now: float) -> None:
        """These GPUs are gone: the jobs that held them are lost, and wait to begin anew."""
        struck = np.zeros(self.gpus, np.bool_)
        struck[gpus] = True
        for job in [j for j in self._running if struck[j.held].any()]:
            told = self.told[job.tenant]
            told.lost += job.size * max(now - job.started, 0.0)
            self._release(job)
            self._waiting.insert(0, job)
            told.waiting += job.size
        self._free -= int((struck & ~self._down).sum())
        self._down |= struck

    def restore(self, gpus: Whole) -> None:
        """These GPUs are back."""
        back = np.zeros(self.gpus, np.bool_)
        back[gpus] = True
        self._free += int((back & self._down).sum())
        self._down &= ~back

    def _play(self, slot: int, demand: float) -> None:
        now = slot * SLOT
        for job in [j for j in self._running if j.started + j.seconds <= now]:
            self._release(job)
        self._arrive(slot, now, demand)
        if not self._stopped:
            self._begin(now)
        for told in self.told:
            told.served += told.running * SLOT

    def _arrive(self, slot: int, now: float, demand: float) -> None:
        draw = generator(*self._names, slot)
        mean_seconds = MEDIAN_SECONDS * math.exp(SPREAD**2 / 2)
        rate = OFFERED * demand * rhythm(now) * self.gpus / self._mean_size / mean_seconds
        rate *= float(self._shares[-1])
        for _ in range(int(draw.poisson(rate * SLOT))):
            point = draw.random() * self._shares[-1]
            tenant = min(int(np.searchsorted(self._shares, point)), len(self.demands) - 1)
            quota = min(self.demands[tenant].quota, self.gpus)
            size = round(self._mean_size * draw.lognormal(-0.32, 0.8))
            seconds = MEDIAN_SECONDS * draw.lognormal(0.0, SPREAD)
            load = float(draw.choice((0.96, 0.85, 0.45, 0.12), p=(0.5, 0.2, 0.2, 0.1)))
            seconds = math.ceil(min(max(seconds, 300.0), LONGEST_SECONDS) / SLOT) * SLOT
            size = min(max(size, 1), max(quota // 2, 1))
            self._ask(Job(tenant, size, seconds, load, now), quota)

    def _ask(self, job: Job, quota: int) -> None:
        told = self.told[job.tenant]
        told.asked += job.size * job.seconds
        if told.waiting + job.size > max(QUEUE_SHARE * quota, 1):
            told.refused += job.size * job.seconds
            return
        told.waiting += job.size
        self._waiting.append(job)

    def _begin(self, now: float) -> None:
        looked = [0] * len(self.demands)
        for job in tuple(self._waiting):
            told = self.told[job.tenant]
            looked[job.tenant] += 1
            room = told.running + job.size <= self.demands[job.tenant].quota
            if job.size > self._free or not room or looked[job.tenant] > LOOK_AHEAD:
                continue
            self._waiting.remove(job)
            open_ = np.flatnonzero((self._owner == FREE) & ~self._down)
            job.held, job.started = open_[: job.size], now
            self._owner[job.held] = job.tenant
            self.load[job.held] = job.load
            self._free -= job.size
            self._running.append(job)
            told.waiting -= job.size
            told.running += job.size
            told.started += 1
            told.wait += now - job.asked

    def _release(self, job: Job) -> None:
        self._running.remove(job)
        self._owner[job.held] = FREE
        self.load[job.held] = 0.0
        self._free += job.size
        self.told[job.tenant].running -= job.size

    def _asking(self) -> Floats:
        """What each tenant asks of all there is, added up one after the other."""
        whole = sum(d.share for d in self.demands)
        most = EAGER / OFFERED / max(self.gpus, 1)
        told: Floats = np.cumsum([min(d.share / whole, d.quota * most) for d in self.demands])
        return told

    @property
    def busy(self) -> Floats:
        """1 for each GPU that a job holds, else 0."""
        told: Floats = (self._owner != FREE).astype(np.float64)
        return told


def rhythm(time: float) -> float:
    """How much is asked at that hour of the week, 1 in the mean: days of work, less at night."""
    day = math.floor(time / 86_400) + 4  # 1 January 1970 was a Thursday
    hour = time % 86_400 / 3_600
    weekend = day % 7 in {0, 6}
    return (0.8 if weekend else 1.08) * (1.0 + 0.3 * math.cos(2 * math.pi * (hour - 14.0) / 24))
