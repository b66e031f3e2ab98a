"""Which jobs to take where: what must go first, then what is hot, what may rest, what saves carbon.

A job goes to the container that suits it best of those that may take it by then, and what it takes
there is counted at once. For carbon only a gain beyond doubt moves it. A job that nothing can be
done for says why it stays.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from collector.plans.migrate.gain import Gain, cost_joules, gain
from collector.plans.migrate.job import Job
from collector.plans.migrate.room import Room
from collector.plans.migrate.targets import closed, forbidden
from collector.plans.why import Why
from vigie.units import SECONDS_PER_HOUR

MOVES_A_DAY: Final = 2
"""Of one job: then it stays for a person to look at."""
RESTED: Final = 0.25
"""A container of which less is used may be put to rest, if others take all of it."""
TOLD: Final = 4
WHYS: Final = tuple(Why)
CODE: Final = {why: code for code, why in enumerate(WHYS, 1)}
Codes = NDArray[np.int64]
Bits = NDArray[np.bool_]


class Motive(StrEnum):
    """Why a job is taken elsewhere, the most urgent first."""

    EVACUATE = "evacuate"
    COOL = "cool"
    CONSOLIDATE = "consolidate"
    CARBON = "carbon"


@dataclass(frozen=True, slots=True)
class Refused:
    """Containers that were not chosen for a job, for one reason: how many, and one of them."""

    why: Why
    count: int
    path: str


@dataclass(frozen=True, slots=True)
class Migration:
    """A job to take elsewhere, what that saves, and why not to another container."""

    motive: Motive
    job: str
    source: str
    target: str
    gpus: int
    gain: Gain
    refused: tuple[Refused, ...]


@dataclass(frozen=True, slots=True)
class Stays:
    """A job that should go and cannot, and why."""

    motive: Motive
    job: str
    source: str
    refused: tuple[Refused, ...]


@dataclass(frozen=True, slots=True)
class Migrate:
    """All of it, in the order in which it is to be done."""

    moves: tuple[Migration, ...]
    stays: tuple[Stays, ...]


def migrate(rooms: Sequence[Room], jobs: Iterable[Job], now: float) -> Migrate:
    """What to do; equal input gives the same. `now` in Unix seconds."""
    draft = _Draft(sorted(rooms, key=lambda room: room.path), now)
    ordered = sorted(
        (job for job in jobs if job.place in draft.number), key=lambda job: (-job.gpus, job.id)
    )
    for motive in (Motive.EVACUATE, Motive.COOL):
        for job in ordered:
            draft.consider(motive, job)
    for place in draft.little_used:
        draft.empty([job for job in ordered if job.place == place])
    for job in ordered:
        draft.consider(Motive.CARBON, job)
    return Migrate(tuple(draft.moves), tuple(draft.stays))


class _Draft:
    """Free GPUs and headroom as the plan goes on."""

    def __init__(self, rooms: Sequence[Room], now: float) -> None:
        self.rooms, self.now = rooms, now
        self.number = {room.path: number for number, room in enumerate(rooms)}
        self.free = np.array([room.free for room in rooms], np.int64)
        self.watts = np.array([room.headroom_watts or 0.0 for room in rooms])
        self.closed = _coded(closed(room, now) for room in rooms)
        self.done: set[str] = set()
        self.moves: list[Migration] = []
        self.stays: list[Stays] = []
        self._forbidden: dict[object, Codes] = {}
        kinds: dict[object, int] = {}
        self.kind = np.array([kinds.setdefault((r.pue, r.carbon), len(kinds)) for r in rooms])
        self.resting = np.array([_may_rest(room) for room in rooms], bool)

    @property
    def little_used(self) -> list[str]:
        """The containers that could be put to rest."""
        return [room.path for room, may in zip(self.rooms, self.resting, strict=True) if may]

    def consider(self, motive: Motive, job: Job) -> bool:
        """Move a job if this motive asks for it; whether it moves."""
        here = self.rooms[self.number[job.place]]
        if job.id in self.done or not self._asked(motive, job, here):
            return False
        forced = motive in {Motive.EVACUATE, Motive.COOL}
        found = [
            (number, gain(job, here, self.rooms[number], self.now))
            for number in self._likely(np.flatnonzero(self._may(job)), forced=forced)
        ]
        if motive is Motive.CARBON:
            found = [one for one in found if one[1].sure]
        if found:
            self._move(motive, job, *max(found, key=lambda one: (_worth(one[1]), -one[0])))
            return True
        if forced:
            self.done.add(job.id)
            self.stays.append(Stays(motive, job.id, job.place, self._refused(job)))
        return False

    def empty(self, jobs: Sequence[Job]) -> None:
        """Take all jobs of a container elsewhere, so that it rests; none, if one has to stay.

        Only where what it draws by itself in an hour is more than the moves cost.
        """
        here = self.rooms[self.number[jobs[0].place]] if jobs else None
        costs = [cost_joules(job) for job in jobs]
        known = sum(cost for cost in costs if cost is not None)
        if here is None or None in costs or known >= here.idle_watts * SECONDS_PER_HOUR:
            return
        before = self.free.copy(), self.watts.copy(), len(self.moves)
        if not all(self.consider(Motive.CONSOLIDATE, job) for job in jobs):
            self.free, self.watts = before[:2]
            self.done -= {move.job for move in self.moves[before[2] :]}
            del self.moves[before[2] :]

    def _asked(self, motive: Motive, job: Job, here: Room) -> bool:
        if job.restarts >= MOVES_A_DAY and motive is not Motive.EVACUATE:
            return False
        if motive is Motive.EVACUATE:
            return here.failing or here.leaves is not None
        if not job.checkpoints:
            return False
        if motive is Motive.COOL:
            return bool(here.hot) and self.watts[self.number[here.path]] < 0
        return motive is Motive.CONSOLIDATE or here.carbon.known(self.now)

    def _may(self, job: Job) -> Bits:
        need = job.watts or 0.0
        may: Bits = (self._policy(job) == 0) & (self.closed == 0)
        may &= (self.free >= job.gpus) & (self.watts >= need)
        may[self.number[job.place]] = False
        return may

    def _policy(self, job: Job) -> Codes:
        """By container, why its policy and its GPUs keep a job from it."""
        key = (job.within, job.sites, job.model, job.simulated)
        if key not in self._forbidden:
            self._forbidden[key] = _coded(forbidden(job, room) for room in self.rooms)
        return self._forbidden[key]

    def _likely(self, tried: Codes, *, forced: bool) -> list[int]:
        """Of the containers that may take a job, one of each kind: those alike are worth the same.

        Of these the fullest that still has room, so that what is empty stays so; when a job must
        go, the one with most headroom.
        """
        if not forced:
            tried = tried[~self.resting[tried]]
        rank = -self.watts[tried] if forced else self.free[tried]
        order = tried[np.lexsort((tried, rank, self.kind[tried]))]
        _, firsts = np.unique(self.kind[order], return_index=True)
        found: list[int] = order[firsts].tolist()
        return found

    def _move(self, motive: Motive, job: Job, number: int, found: Gain) -> None:
        here = self.number[job.place]
        self.free[number] -= job.gpus
        self.free[here] += job.gpus
        self.watts[number] -= job.watts or 0.0
        self.watts[here] += job.watts or 0.0
        self.done.add(job.id)
        self.moves.append(
            Migration(motive, job.id, job.place, self.rooms[number].path, job.gpus, found,
                      self._refused(job, number))
        )  # fmt: skip

    def _refused(self, job: Job, chosen: int = -1) -> tuple[Refused, ...]:
        """Why other containers were not chosen, by reason, the most frequent first."""
        full = np.where(self.free < job.gpus, CODE[Why.TOO_FEW_GPUS], CODE[Why.NO_GAIN])
        full = np.where(self.watts < (job.watts or 0.0), CODE[Why.NO_HEADROOM], full)
        policy = self._policy(job)
        codes = np.where(policy != 0, policy, np.where(self.closed != 0, self.closed, full))
        others = [number for number in (self.number[job.place], chosen) if number >= 0]
        codes[others] = 0
        found, firsts, counts = np.unique(codes, return_index=True, return_counts=True)
        listed = sorted(
            (-count, code, first)
            for code, first, count in zip(
                found.tolist(), firsts.tolist(), counts.tolist(), strict=True
            )
            if code
        )
        return tuple(
            Refused(WHYS[code - 1], -count, self.rooms[first].path)
            for count, code, first in listed[:TOLD]
        )


def _coded(whys: Iterable[Why | None]) -> Codes:
    """Reasons as numbers, 0 for none."""
    return np.array([0 if why is None else CODE[why] for why in whys], np.int64)


def _worth(gain: Gain) -> tuple[bool, float]:
    """What one target is better than another by: grams where they are known, else less lost."""
    return gain.grams is not None, gain.grams if gain.grams is not None else -gain.lost_seconds


def _may_rest(room: Room) -> bool:
    return (
        room.in_service and room.idle_watts > 0 and 0 < room.gpus - room.free <= RESTED * room.gpus
    )
