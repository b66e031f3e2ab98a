"""The duty that says how the collector itself is: its disk, rollups, files, messages and clock."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from collector.counters import Counters
from collector.duties import own, reload, roster
from collector.keeping.status import METRIC
from vigie.catalogue import Collector, Source
from vigie.frame import TIME_COLUMN
from vigie.units import SECONDS_PER_DAY

MOST_SECONDS: Final = 1e10
"""Stands for a disk that is not full within ten years."""
AGENT: Final = "agent"
LEAST_AGENTS: Final = 3
"""Fewer agents cannot outvote the collector's clock."""
BROKEN: Final = ("rule_files_broken", reload.BROKEN, roster.BROKEN)
FAILED: Final = "duty_failures_total"
SUCCEEDED: Final = "duty_last_success_timestamp_seconds"


class Newest(Protocol):
    """The newest reading of every series."""

    def table(self, measurement: str) -> pa.Table:
        """One row per series."""


class Shelf(Protocol):
    """What this needs of the store."""

    @property
    def live(self) -> Newest:
        """The newest readings."""

    def rolled_until(self, table: str) -> datetime | None:
        """The end of the newest window of a rollup table."""


@dataclass(frozen=True, slots=True)
class Post:
    """Messages that wait: how many are dead, and when the oldest that is not was written."""

    dead: int = 0
    oldest: float | None = None


class Health:
    """The duty."""

    def __init__(
        self, shelf: own.Shelf, store: Shelf, counters: Counters, post: Callable[[], Post]
    ) -> None:
        self._shelf, self._store, self._counters, self._post = shelf, store, counters, post
        self._failures: Mapping[str, float] = {}
        self._failing: dict[str, float] = {}

    def run(self, now: datetime) -> None:
        """One turn."""
        post, at = self._post(), now.timestamp()
        gauges = self._gauges()
        sources = self._store.live.table(Source.name)
        self._shelf.tell(Collector, [own.Row("", {
            Collector.disk_left_seconds: left(gauges.get((METRIC, "expected"))),
            Collector.disk_left_least_seconds: left(gauges.get((METRIC, "earliest"))),
            Collector.rollup_lag_seconds: self._lag(sources),
            Collector.files_broken: int(sum(gauges.get((name, ""), 0.0) for name in BROKEN)),
            Collector.messages_dead: post.dead,
            Collector.messages_wait_seconds: max(0.0, at - post.oldest) if post.oldest else 0.0,
            Collector.duties_failing: self._failed(gauges),
            Collector.clock_offset_seconds: offset(sources),
        })], now)  # fmt: skip

    def _gauges(self) -> dict[tuple[str, str], float]:
        """What is asked of the counters: by name, and by its one label where it has one."""
        wanted = {METRIC, FAILED, SUCCEEDED, *BROKEN}
        return {
            (s.name, s.labels[0][1] if s.labels else ""): s.value
            for s in self._counters.samples() if s.name in wanted
        }  # fmt: skip

    def _lag(self, sources: pa.Table) -> float | None:
        """How far the newest reading is ahead of the rollups; None before there is any."""
        until = self._store.rolled_until(f"{Source.name}_1m")
        if until is None or not sources.num_rows:
            return None
        newest: datetime = pc.max(sources[TIME_COLUMN]).as_py()
        return max(0.0, (newest - until).total_seconds())

    def _failed(self, gauges: Mapping[tuple[str, str], float]) -> int:
        """Duties that failed since the last look, or before, and have not succeeded since."""
        failures = {duty: value for (name, duty), value in gauges.items() if name == FAILED}
        for duty, value in failures.items():
            succeeded = gauges.get((SUCCEEDED, duty), 0.0)
            if value > self._failures.get(duty, 0.0):
                self._failing[duty] = succeeded
            elif succeeded > self._failing.get(duty, math.inf):
                del self._failing[duty]
        self._failures = failures
        return len(self._failing)


def left(days: float | None) -> float | None:
    """Seconds until the disk is full; `days` is infinite where that is too far, NaN if unknown."""
    if days is None or math.isnan(days):
        return None
    return MOST_SECONDS if math.isinf(days) else min(days * SECONDS_PER_DAY, MOST_SECONDS)


def offset(sources: pa.Table) -> float | None:
    """The collector's clock less that of most agents: the median; None of too few agents."""
    if not sources.num_rows:
        return None
    mine = sources.filter(pc.equal(sources[Source.source.name], AGENT))
    told = mine[Source.clock_offset_seconds.name].drop_null().to_numpy()
    return -float(np.median(told)) if len(told) >= LEAST_AGENTS else None
