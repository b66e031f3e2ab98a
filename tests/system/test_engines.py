"""Other engines read the tables as they are: with the rows, types and sums that the API tells."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from collector.duties.roll import Roll
from tests.build.engines import ENGINES, read
from tests.build.programs import Sender
from tests.build.served import Served
from tests.build.world import Agent, compressed, gpus

pytestmark = [pytest.mark.system, pytest.mark.slow]

GPUS, PERIOD, NOW = 4, 10.0, 1080
"""The tick of now: three hours after the first."""
TYPES = {
    "polars": {"time": "Datetime(time_unit='us', time_zone='UTC')", "container": "String",
               "power_watts": "Float64", "memory_used_bytes": "Int64", "quality": "Int32"},
    "chdb": {"time": "DateTime64(6, 'UTC')", "container": "String",
             "power_watts": "Nullable(Float64)", "memory_used_bytes": "Nullable(Int64)",
             "quality": "Int32"},
    "pyiceberg": {"time": "timestamp[us, tz=UTC]", "container": "string",
                  "power_watts": "double", "memory_used_bytes": "int64", "quality": "int32"},
    "duckdb": {"time": "TIMESTAMP WITH TIME ZONE", "container": "VARCHAR",
               "power_watts": "DOUBLE", "memory_used_bytes": "BIGINT", "quality": "INTEGER"},
}  # fmt: skip
"""What some columns are to each engine."""


class World:
    """A collector, and one agent that began three hours ago."""

    def __init__(self, served: Served) -> None:
        self.served, self.store = served, served.service._store
        start = time.time_ns() - 3 * 3600 * 10**9
        self._agent = Agent("site/c", name="a", period=PERIOD, start=start, read=gpus(GPUS))
        self._sender: Sender = served.sender("site/c", "a")
        self.tables = served.data / "collector" / "tables"
        self.frames = 0

    def send(self, *ticks: int) -> None:
        for tick in ticks:
            self._sender.held(compressed(self._agent.frame(tick)), self._agent.clock(NOW))
            self.frames += 1

    def flush(self) -> None:
        self.store.flush(time.time_ns())

    def told(self, query: str) -> list[Any]:
        """The first row that the API answers."""
        headers = {
            "Authorization": f"Bearer {self.served.token()}", "Content-Type": "application/json",
        }  # fmt: skip
        body = json.dumps({"query": query}).encode()
        status, _, text = self.served.ask("POST", "/api/v1/sql", headers, body)
        assert status == 200, text
        return [cells[0] for cells in json.loads(text)["columns"].values()]


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with Served(tmp_path) as served:
        yield World(served)


@pytest.mark.parametrize("engine", ENGINES)
def test_rows_types_and_sums_are_those_of_the_api(world: World, engine: str) -> None:
    world.send(*range(10))
    world.flush()
    world.send(*range(400, 420))  # in another hour, and in another file
    world.flush()
    rows, total = world.told("SELECT count(*), sum(power_watts) FROM gpu")
    found = read(engine, world.tables, "gpu", "power_watts")
    assert (found["rows"], found["sum"]) == (rows, pytest.approx(total))
    assert TYPES[engine].items() <= found["types"].items()
    (columns,) = world.told("SELECT count(*) FROM (DESCRIBE gpu)")
    # A file lacks columns that nobody sent; metadata know them, who reads files alone does not.
    assert len(found["types"]) == columns or engine == "duckdb"
    world.send(420)  # not flushed: in memory and in the journal, and not to be seen
    assert world.told("SELECT count(*) FROM gpu") == [rows + GPUS]
    assert read(engine, world.tables, "gpu", "power_watts")["rows"] == rows


@pytest.mark.parametrize("engine", ENGINES)
def test_windows_with_their_lists_are_read_too(world: World, engine: str) -> None:
    world.send(*range(0, 60, 2))
    world.flush()
    Roll(world.store).run(datetime.now(UTC))
    query = "SELECT count(*), sum(power_watts_sum) FROM gpu_1m"
    rows, total = world.told(query)
    found = read(engine, world.tables, "gpu_1m", "power_watts_sum")
    assert rows
    assert (found["rows"], found["sum"]) == (rows, pytest.approx(total))
    (columns,) = world.told("SELECT count(*) FROM (DESCRIBE gpu_1m)")
    assert len(found["types"]) == columns or engine == "duckdb"


@pytest.mark.parametrize("engine", ENGINES)
def test_merge_and_expiry_change_nothing_but_what_has_its_time(world: World, engine: str) -> None:
    for part in range(6):
        world.send(*range(part * 10, part * 10 + 10))
        world.flush()
    world.send(*range(900, 910))
    world.flush()
    before = read(engine, world.tables, "gpu", "power_watts")
    assert before["rows"] == world.frames * GPUS
    assert world.store.merge(time.time_ns())
    files = len(world.store.view("gpu").files)
    merged = read(engine, world.tables, "gpu", "power_watts")
    assert (merged["rows"], merged["sum"]) == (before["rows"], pytest.approx(before["sum"]))
    assert files < 7
    world.store.expire(time.time_ns() + 10**9, grace=0)
    kept = read(engine, world.tables, "gpu", "power_watts")
    assert (kept["rows"], kept["sum"]) == (before["rows"], pytest.approx(before["sum"]))
    # Thirty days on, less the last two hours: the first readings are past their time.
    later = time.time_ns() + (30 * 86_400 - 2 * 3600) * 10**9
    world.store.expire(later, grace=0)
    left = read(engine, world.tables, "gpu", "power_watts")["rows"]
    assert left == world.told("SELECT count(*) FROM gpu")[0] < before["rows"]


@pytest.mark.parametrize("engine", ENGINES)
def test_whoever_reads_while_we_write_sees_whole_commits(world: World, engine: str) -> None:
    world.send(0)
    world.flush()
    over = threading.Event()

    def write() -> None:
        tick = 1
        while not over.is_set() and tick < 1_000:
            world.send(*range(tick, tick + 5))
            world.flush()
            if tick % 4 == 0:
                world.store.merge(time.time_ns())
                world.store.expire(time.time_ns())
            tick += 5

    writer = threading.Thread(target=write)
    writer.start()
    try:
        counts = [read(engine, world.tables, "gpu", "power_watts")["rows"] for _ in range(3)]
    finally:
        over.set()
        writer.join()
    assert counts == sorted(counts)
    assert all(count % GPUS == 0 and (count // GPUS - 1) % 5 == 0 for count in counts)
    assert counts[-1] > counts[0]


def test_a_snapshot_says_up_to_where_it_has_what_came(world: World) -> None:
    world.send(0, 1, 2)
    world.flush()
    first = read("pyiceberg", world.tables, "gpu", "power_watts")["position"]
    world.send(3)
    world.flush()
    assert read("pyiceberg", world.tables, "gpu", "power_watts")["position"] > first > 0
