"""Gives each source its turns: own clock, own thread, a time limit, and no harm to the others.

A turn that does not return in time is given up, never doubled: the source counts as stuck, its
further turns are skipped and counted, and it goes on by itself if the turn ever returns. A thread
in an uninterruptible read cannot be ended by anybody; it only must not be waited for.
"""

import logging
import queue
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, TypeGuard

from agent import clock, health
from agent.health import Health, Vitals
from agent.source import LIMIT_SECONDS, Found, Source, fault
from vigie import catalogue
from vigie.errors import Absent, SourceFailed
from vigie.units import NANOSECONDS_PER_SECOND

GRACE: Final = 0.4
"""Share of the shortest period for which a tick waits for turns that it has started."""
OWN: Final = catalogue.Source.name
"""The readings of the runner itself."""
TIMEOUT, STILL_STUCK = "timeout", "stuck"
"""Codes of failures of what a source asked, a process or program: it did not answer in time and
was ended; it could not be ended, or is not started again yet."""
REOPEN_SECONDS: Final = 30.0
"""How long after an absence or failure of `open` the source is opened again."""

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Moment:
    """One instant on both clocks, in nanoseconds."""

    wall: int
    monotonic: int

    @classmethod
    def now(cls) -> "Moment":
        """This instant."""
        return cls(time.time_ns(), clock.nanoseconds())

    @property
    def seconds(self) -> float:
        """The monotonic clock in seconds."""
        return self.monotonic / NANOSECONDS_PER_SECOND


@dataclass(frozen=True, slots=True)
class Reading:
    """What one turn gave, and when it began (wall clock, ns)."""

    source: str
    time: int
    found: Found


@dataclass(frozen=True, slots=True)
class Change:
    """A source's status became another."""

    source: str
    before: str
    after: str
    detail: str


@dataclass(slots=True)
class Tick:
    """What the turns of one tick gave."""

    readings: list[Reading] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def extend(self, other: "Tick") -> None:
        """Add what another one gave."""
        self.readings += other.readings
        self.changes += other.changes


@dataclass(frozen=True, slots=True)
class _Outcome:
    source: str
    time: int
    duration: float
    found: Found | None = None
    error: Exception | None = None


class _Worker:
    """One source and the one thread that ever touches it."""

    def __init__(self, source: Source, outcomes: "queue.SimpleQueue[_Outcome | None]") -> None:
        self.source = source
        self._outcomes = outcomes
        self._turns: queue.SimpleQueue[bool] = queue.SimpleQueue()
        self._opened = False
        self._retry_at = 0.0
        self._refusal: Exception | None = None
        self._thread = threading.Thread(
            target=self._serve, name=f"source-{source.name}", daemon=True
        )
        self._thread.start()

    def turn(self) -> None:
        """Have the source read once; the outcome arrives in the queue."""
        self._turns.put(True)

    def end(self) -> None:
        """Close the source once its turn is over."""
        self._turns.put(False)

    def join(self, seconds: float) -> None:
        """Wait for the thread, but not for long."""
        self._thread.join(seconds)

    def _serve(self) -> None:
        while self._turns.get():
            began, wall = clock.seconds(), time.time_ns()
            found, error = None, None
            try:
                found = self._read(wall, began)
            except Exception as caught:  # noqa: BLE001 - isolation point: one source
                error = caught
            took = clock.seconds() - began
            self._outcomes.put(_Outcome(self.source.name, wall, took, found, error))
        self._opened = False
        self.source.close()

    def _read(self, wall: int, now: float) -> Found:
        if not self._opened:
            if self._refusal is not None and now < self._retry_at:
                raise self._refusal
            try:
                self.source.open()
            except Exception as refusal:
                self._refusal, self._retry_at = _kept(refusal), now + REOPEN_SECONDS
                raise
            self._opened, self._refusal = True, None
        try:
            found = self.source.read(wall)
        except (Absent, SourceFailed):
            raise
        except Exception:
            self._opened = False  # whatever it held may be broken: begin anew
            raise
        broken = fault(found, self.source.measurements)
        if broken:
            raise SourceFailed("contract", broken)
        return found


class Runner:
    """Starts due turns and gathers what they give."""

    def __init__(
        self,
        sources: Sequence[Source],
        periods: Mapping[str, float],
        *,
        limit: float | None = None,
        off: Sequence[str] = (),
        vitals: Callable[[], Vitals] | None = None,
    ) -> None:
        """`periods` in seconds by source name; a source named in `off` never gets a turn.

        `limit` bounds every turn, in seconds, instead of each source's own limit.

        With `vitals` there is one more source, `source`: how all of them and the agent are.
        """
        self.healths = {s.name: Health(s.name) for s in sources}
        self._vitals = vitals
        self._limits = {s.name: s.limit_seconds if limit is None else limit for s in sources}
        self._periods = {
            s.name: round(periods[s.name] * NANOSECONDS_PER_SECOND)
            for s in sources
            if s.name not in off
        }
        if vitals is not None:
            self._periods[OWN] = round(periods[OWN] * NANOSECONDS_PER_SECOND)
        self._slots = dict.fromkeys(self._periods, -1)
        self._outcomes: queue.SimpleQueue[_Outcome | None] = queue.SimpleQueue()
        self._workers = {s.name: _Worker(s, self._outcomes) for s in sources if s.name not in off}
        for name in off:
            if name in self.healths:
                self.healths[name].status = health.OFF

    @property
    def shortest(self) -> float:
        """Seconds of the shortest period: `next_tick` is never further away."""
        every = min(self._periods.values(), default=NANOSECONDS_PER_SECOND)
        return every / NANOSECONDS_PER_SECOND

    def next_tick(self, wall: int) -> int:
        """The wall clock (ns) of the first turn due after `wall`: multiples of each period."""
        periods = self._periods.values() or [NANOSECONDS_PER_SECOND]
        return min((wall // p + 1) * p for p in periods)

    def tick(self, at: Moment) -> Tick:
        """Start the turns that are due, wait a little for them, and return what there is."""
        tick, waiting = Tick(), set[str]()
        for name, worker in self._workers.items():
            if not self._due(name, at.wall):
                continue
            if self.healths[name].started is None:
                self.healths[name].begin(at.seconds)
                worker.turn()
                waiting.add(name)
            else:
                self.healths[name].skip()
        until = at.seconds + GRACE * self.shortest
        self._gather(tick, waiting, until)
        self._give_up(tick)
        if self._vitals is not None and self._due(OWN, at.wall):
            columns = health.rows(list(self.healths.values()), self._vitals(), clock.seconds())
            tick.readings.append(Reading(OWN, at.wall, Found(columns)))
        return tick

    def sleep(self, seconds: float) -> Tick:
        """Wait, unless `wake` is called; what late turns give meanwhile is returned."""
        tick = Tick()
        self._gather(tick, None, clock.seconds() + seconds)
        return tick

    def wake(self) -> None:
        """End `sleep` at once; may be called from a signal handler."""
        self._outcomes.put(None)

    def close(self, seconds: float = 0.5) -> None:
        """End the threads that can be ended; a stuck one is left behind."""
        for worker in self._workers.values():
            worker.end()
        until = clock.seconds() + seconds
        for name, worker in self._workers.items():
            if self.healths[name].started is None:
                worker.join(max(0.0, until - clock.seconds()))

    def _due(self, name: str, wall: int) -> bool:
        """Whether a new period of that source has begun, or the clock was set back."""
        slot = wall // self._periods[name]
        if slot == self._slots[name]:
            return False
        self._slots[name] = slot
        return True

    def _gather(self, tick: Tick, waiting: set[str] | None, until: float) -> None:
        """Take outcomes until those of `waiting` are there, or the time is over."""
        while waiting is None or waiting:
            left = until - clock.seconds()
            try:
                outcome = self._outcomes.get(left > 0, max(0.0, left))
            except queue.Empty:
                return
            if outcome is None:
                return
            self._take(outcome, tick)
            if waiting:
                waiting.discard(outcome.source)

    def _take(self, outcome: _Outcome, tick: Tick) -> None:
        of = self.healths[outcome.source]
        before, was = of.word, of.status
        if of.given_up:
            of.came_back(outcome.duration)
            log.info("source returned", extra={"source": of.source, "after": outcome.duration})
            return
        if isinstance(outcome.error, Absent):
            of.absent(str(outcome.error), outcome.duration)
        elif _hung(outcome.error):
            again = outcome.error.code == STILL_STUCK
            of.hung(_words(outcome.error), outcome.duration, again=again)
        elif outcome.error is not None:
            of.failed(_words(outcome.error), outcome.duration)
        elif outcome.found is not None:
            columns = outcome.found.columns
            known = sum(c is not None for cells in columns.values() for c in cells)
            of.gave(known, outcome.duration, clock.seconds())
            tick.readings.append(Reading(of.source, outcome.time, outcome.found))
        self._changed(tick, of, before, was)

    def _give_up(self, tick: Tick) -> None:
        now = clock.seconds()
        for of in self.healths.values():
            before, was = of.word, of.status
            if of.overdue(now, self._limits.get(of.source, LIMIT_SECONDS)):
                self._changed(tick, of, before, was)

    def _changed(self, tick: Tick, of: Health, before: str, was: int | None) -> None:
        """Log and tell a change of status, once; quietly where there is just nothing to read."""
        first_and_fine = was is None and of.status in {health.OK, health.ABSENT}
        if of.status == was:
            return
        loud = of.status in {health.FAILED, health.STUCK}
        level = logging.WARNING if loud else logging.INFO
        fields = {"source": of.source, "status": of.word, "detail": of.detail}
        log.log(level, "source status", extra=fields)
        if not first_and_fine:
            tick.changes.append(Change(of.source, before, of.word, of.detail))


def _hung(error: Exception | None) -> TypeGuard[SourceFailed]:
    return isinstance(error, SourceFailed) and error.code in {TIMEOUT, STILL_STUCK}


def _kept(refusal: Exception) -> Exception:
    """The same for the turns until it is tried again; a timeout happened once."""
    return SourceFailed(STILL_STUCK, str(refusal)) if _hung(refusal) else refusal


def _words(error: Exception) -> str:
    """What failed, in one line: our own errors speak, others are named."""
    if isinstance(error, SourceFailed):
        return f"{error.code}: {error}"
    return f"{type(error).__name__}: {error}"
