"""How the collector says it is; what it does not know stays unknown."""

import math
from datetime import UTC, datetime, timedelta
from typing import Any

import pyarrow as pa
import pytest

from collector.counters import Counters
from collector.duties.health import MOST_SECONDS, Health, Post
from collector.duties.own import Own
from collector.store import schema
from vigie.catalogue import Source

NOW = datetime(2027, 1, 15, 8, tzinfo=UTC)


class World:
    """The duty, and all that it looks at."""

    def __init__(self) -> None:
        self.own, self.counters, self.post = Own(), Counters(), Post()
        self.sources: list[dict[str, Any]] = []
        self.until: datetime | None = None
        self.duty = Health(self.own, self, self.counters, lambda: self.post)

    @property
    def live(self) -> "World":
        return self

    def table(self, measurement: str) -> pa.Table:
        assert measurement == "source"
        return pa.Table.from_pylist(
            [{"container": "s/c", "source": "agent", "time": NOW, "quality": 0, "suspect": 0, **row}
             for row in self.sources], schema=schema.raw(Source),
        )  # fmt: skip

    def rolled_until(self, _: str) -> datetime | None:
        return self.until

    def says(self) -> dict[str, Any]:
        self.duty.run(NOW)
        table = self.own.table("collector")
        assert table is not None
        [row] = table.to_pylist()
        return dict(row)


@pytest.fixture
def world() -> World:
    return World()


def test_a_collector_that_just_started_knows_little_and_says_so(world: World) -> None:
    row = world.says()
    assert row["container"] == ""
    assert (row["disk_left_seconds"], row["rollup_lag_seconds"]) == (None, None)
    assert row["clock_offset_seconds"] is None
    assert (row["files_broken"], row["messages_dead"], row["duties_failing"]) == (0, 0, 0)
    assert row["messages_wait_seconds"] == 0


@pytest.mark.parametrize(
    ("days", "seconds"), [(2.0, 172_800.0), (math.inf, MOST_SECONDS), (math.nan, None)],
)  # fmt: skip
def test_the_forecast_of_the_disk(world: World, days: float, seconds: float | None) -> None:
    for bound in ("expected", "earliest"):
        world.counters.set("disk_days_left", days, bound=bound)
    row = world.says()
    assert row["disk_left_seconds"] == row["disk_left_least_seconds"] == seconds


def test_rollups_lag_behind_the_newest_reading_and_not_behind_the_clock(world: World) -> None:
    world.until = NOW - timedelta(hours=1)
    world.sources = [{"host": "h", "time": NOW - timedelta(minutes=30)}]
    assert world.says()["rollup_lag_seconds"] == 1800


def test_broken_files_are_counted_together(world: World) -> None:
    world.counters.set("rule_files_broken", 2)
    world.counters.set("network_broken", 1)
    world.counters.set("roster_faults", 1)
    assert world.says()["files_broken"] == 4


def test_messages_that_died_and_that_wait(world: World) -> None:
    world.post = Post(3, NOW.timestamp() - 90)
    row = world.says()
    assert (row["messages_dead"], row["messages_wait_seconds"]) == (3, 90)


def test_a_duty_fails_until_it_succeeds(world: World) -> None:
    world.counters.set("duty_last_success_timestamp_seconds", 5.0, duty="merge")
    world.counters.add("duty_failures_total", duty="merge")
    assert world.says()["duties_failing"] == 1
    assert world.says()["duties_failing"] == 1
    world.counters.set("duty_last_success_timestamp_seconds", 6.0, duty="merge")
    assert world.says()["duties_failing"] == 0


def test_three_agents_outvote_the_clock_and_two_do_not(world: World) -> None:
    world.sources = [{"host": h, "clock_offset_seconds": 9.0} for h in "ab"]
    assert world.says()["clock_offset_seconds"] is None
    world.sources += [{"host": "c", "clock_offset_seconds": -1.0}]
    world.sources += [{"host": "c", "source": "gpu", "clock_offset_seconds": None}]
    assert world.says()["clock_offset_seconds"] == -9.0
