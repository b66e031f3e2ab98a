"""How each source is doing, and the `source` measurement that says so.

Pure: times are seconds of the monotonic clock, passed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from vigie import catalogue
from vigie.shape import Columns, Field, Value

OK, ABSENT, FAILED, STUCK, OFF = range(5)
"""Codes of `catalogue.Source.status`."""
AGENT_ROW: Final = "agent"


@dataclass(slots=True)
class Health:
    """What is known of one source since the agent started.

    `detail` is the last error in words; `started` when the turn that now runs began, or None;
    `given_up` says that nobody waits for that turn any more.
    """

    source: str
    status: int | None = None
    detail: str = ""
    started: float | None = None
    given_up: bool = False
    duration: float | None = None
    last_good: float | None = None
    values: int = 0
    failures: int = 0
    timeouts: int = 0
    skipped: int = 0

    @property
    def word(self) -> str:
        """The status as a word; "unknown" before the first turn."""
        return "unknown" if self.status is None else catalogue.Source.status.codes[self.status]

    def begin(self, now: float) -> None:
        """A turn starts."""
        self.started = now

    def gave(self, values: int, duration: float, now: float) -> None:
        """The turn ended with that many values that are not null."""
        self._end(OK, "", duration)
        self.values += values
        self.last_good = now

    def failed(self, detail: str, duration: float) -> None:
        """The turn ended with an error."""
        self._end(FAILED, detail, duration)
        self.failures += 1

    def hung(self, detail: str, duration: float, *, again: bool) -> None:
        """The turn came back without an answer: what it asked was ended, or hangs still."""
        self._end(STUCK, detail, duration)
        self.timeouts += not again
        self.skipped += again

    def absent(self, detail: str, duration: float) -> None:
        """The turn found that the machine does not have this."""
        self._end(ABSENT, detail, duration)

    def came_back(self, duration: float) -> None:
        """A turn that had been given up has returned; what it read is too old to tell."""
        self.started, self.given_up, self.duration = None, False, duration

    def overdue(self, now: float, limit: float) -> bool:
        """Whether the running turn has just become too long; counts it, once."""
        if self.started is None or self.given_up or now - self.started < limit:
            return False
        self.status, self.given_up = STUCK, True
        self.detail = f"no return after {limit:g} s"
        self.timeouts += 1
        return True

    def skip(self) -> None:
        """A turn was due while the one before still ran."""
        self.skipped += 1

    def _end(self, status: int, detail: str, duration: float) -> None:
        self.status, self.detail, self.duration, self.started = status, detail, duration, None


@dataclass(frozen=True, slots=True)
class Vitals:
    """The agent's own figures, for its row."""

    spool_bytes: int
    spool_frames: int
    dropped_frames: int
    refused_frames: int
    cpu_seconds: float
    memory_bytes: int | None


def rows(healths: Sequence[Health], vitals: Vitals, now: float) -> Columns:
    """One row for each source and one for the agent; rows that had no turn yet are left out."""
    told = [h for h in healths if h.status is not None]
    nothing: list[Value] = [None] * len(told)
    source = catalogue.Source
    of_sources: dict[Field, list[Value]] = {
        source.source: [h.source for h in told],
        source.status: [h.status for h in told],
        source.duration_seconds: [h.duration for h in told],
        source.age_seconds: [_age(h, now) for h in told],
        source.values_total: [h.values for h in told],
        source.failures_total: [h.failures for h in told],
        source.timeouts_total: [h.timeouts for h in told],
        source.skipped_total: [h.skipped for h in told],
    }
    of_agent: dict[Field, Value] = {
        source.source: AGENT_ROW,
        source.status: OK,
        source.spool_bytes: vitals.spool_bytes,
        source.spool_frames: vitals.spool_frames,
        source.dropped_frames_total: vitals.dropped_frames,
        source.refused_frames_total: vitals.refused_frames,
        source.agent_cpu_seconds_total: vitals.cpu_seconds,
        source.agent_memory_bytes: vitals.memory_bytes,
    }
    fields = dict.fromkeys([*of_sources, *of_agent])
    return {f: [*of_sources.get(f, nothing), of_agent.get(f)] for f in fields}


def _age(health: Health, now: float) -> float | None:
    return None if health.last_good is None else max(0.0, now - health.last_good)
