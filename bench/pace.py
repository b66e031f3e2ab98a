"""What keeping the tables costs: flush, rollups and merge of a site's GPUs, beside DuckDB.

    python -m bench pace [--containers 200] [--minutes 3] [--period 10] [--no-duckdb]

A real store is fed behind its receive path with readings as NVML tells them: 104 GPUs a container,
18 of the fields of a GPU, noise where hardware has it. Each minute is flushed and rolled up as the
duties do it; files are merged at the end of the hour. Processor time is that of the process, in
seconds per million raw values; memory is the most that was resident in a step, and what still is
after each flush: it must not grow with time. With `ARROW_DEFAULT_MEMORY_POOL=jemalloc` in the
environment Arrow allocates as it does in a collector.
"""

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa

from bench.rollups import sql
from collector import process
from collector.duties.roll import Roll
from collector.store import schema
from collector.store.chunk import Chunk
from collector.store.series import Series
from tests.build.stores import Opened
from vigie.catalogue import Gpu
from vigie.settings import StoreSettings
from vigie.shape import Field
from vigie.units import MICROSECONDS_PER_SECOND

BOARDS: Final = 104
START: Final = 1_760_000_400  # on the hour
CHUNK_ROWS: Final = 2_500
"""Rows of one group commit: about 50 ms of 500,000 GPUs at a reading every 10 s."""
SENT: Final[tuple[Field, ...]] = Gpu.values[:18]
MILLION: Final = 1e6
SLACK: Final = 40
"""Seconds after a minute at which it is rolled up: the grace, and the duty's turn."""


class Site:
    """Readings of many GPUs, tick by tick."""

    def __init__(self, containers: int, seed: int = 7) -> None:
        self._noise = np.random.default_rng(seed)
        self.count = containers * BOARDS
        self._base = self._noise.uniform(0.3, 1.0, self.count)
        self._energy = self._noise.uniform(1e6, 1e9, self.count)
        self._received = self._noise.integers(0, 2**45, self.count)
        self._sent = self._noise.integers(0, 2**45, self.count)
        self.series = Series(Gpu)
        for container in range(containers):
            keys = {
                "container": [f"load/c{container:04d}"] * BOARDS,
                "host": [f"host-{n // 8:02d}" for n in range(BOARDS)],
                "gpu": [f"GPU-{container:04x}-{n:04d}" for n in range(BOARDS)],
            }
            self.series.numbered(pa.table(keys))

    def tick(self, second: float, period: float) -> Iterator[Chunk]:
        """One reading of every GPU, cut as groups are."""
        rows = pa.table(self._columns(second, period))
        times = np.full(self.count, round(second * MICROSECONDS_PER_SECOND))
        for at in range(0, self.count, CHUNK_ROWS):
            part = rows.slice(at, CHUNK_ROWS)
            numbers = np.arange(at, at + len(part), dtype=np.int32)
            whole = pa.Table.from_batches(part.to_batches())
            yield Chunk(self.series, numbers, times[at : at + len(part)], whole, 1, 1)

    def _columns(self, second: float, period: float) -> dict[str, pa.Array]:
        n, noise = self.count, self._noise
        load = np.clip(self._base + noise.normal(0, 0.02, n), 0, 1)
        watts = np.round(100 + 600 * load, 3)
        self._energy += watts * period
        self._received += (self._base * 1e9 * period * noise.uniform(0.99, 1.01, n)).astype("int64")
        self._sent += (self._base * 5e8 * period * noise.uniform(0.99, 1.01, n)).astype("int64")
        values: dict[Field, Any] = {
            Gpu.utilization_ratio: np.round(load, 2),
            Gpu.sm_active_ratio: np.round(np.clip(load * 0.9 + noise.normal(0, 0.01, n), 0, 1), 3),
            Gpu.tensor_active_ratio: np.round(load * 0.5, 3),
            Gpu.dram_active_ratio: np.round(load * 0.4, 3),
            Gpu.memory_used_bytes: (self._base * 80e9).astype("int64") // 2**20 * 2**20,
            Gpu.memory_total_bytes: np.full(n, 80 * 2**30, "int64"),
            Gpu.power_watts: watts,
            Gpu.power_limit_watts: np.full(n, 700.0),
            Gpu.energy_joules_total: np.round(self._energy, 3),
            Gpu.temperature_celsius: np.round(35 + 40 * load),
            Gpu.memory_temperature_celsius: np.round(40 + 45 * load),
            Gpu.sm_clock_hertz: np.round(1.2e9 + 7e8 * load, -6),
            Gpu.throttle_reasons: (load > 0.97).astype("int64") * 4,
            Gpu.throttle_thermal_seconds_total: np.zeros(n),
            Gpu.ecc_corrected_total: np.zeros(n, "int64"),
            Gpu.ecc_uncorrected_total: np.zeros(n, "int64"),
            Gpu.pcie_receive_bytes_total: self._received.copy(),
            Gpu.pcie_transmit_bytes_total: self._sent.copy(),
        }
        moments = np.full(n, round(second * MICROSECONDS_PER_SECOND))
        return {
            "time": pa.array(moments).view(schema.TIME_TYPE),
            **{f.name: pa.array(v).cast(schema.arrow_type(f)) for f, v in values.items()},
            "quality": pa.array(np.zeros(n, np.int32)),
            "suspect": pa.array(np.zeros(n, np.int64)),
        }


@dataclass
class Spent:
    """Processor seconds, the longest turn and the most memory of each step."""

    cpu: dict[str, float] = field(default_factory=dict)
    wall: dict[str, float] = field(default_factory=dict)
    peak: dict[str, float] = field(default_factory=dict)
    left: list[float] = field(default_factory=list)
    """MiB that are resident after each flush."""

    def on(self, name: str, work: Callable[[], object]) -> None:
        """Do it and add it up."""
        before, resident = time.process_time(), _resident()
        Path("/proc/self/clear_refs").write_text("5")
        begun = time.perf_counter()
        work()
        self.wall[name] = max(self.wall.get(name, 0), time.perf_counter() - begun)
        self.cpu[name] = self.cpu.get(name, 0) + time.process_time() - before
        self.peak[name] = max(self.peak.get(name, 0), _resident("VmHWM") - resident)


def _resident(name: str = "VmRSS") -> float:
    """MiB of this process."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(name):
            return int(line.split()[1]) / 1024
    raise ValueError(name)


def run(options: argparse.Namespace, directory: Path) -> None:
    """Feed a store, and print what its upkeep took."""
    site = Site(options.containers)
    spent = Spent()
    second = float(START)
    settings = StoreSettings(sync=0, reserve_bytes=0, tail_bytes=2**40)
    values = rows = 0
    sample: list[pa.Table] = []
    with Opened(directory, settings) as opened:
        store = opened.store
        roll = Roll(store, measurements=(Gpu,))
        ticks = round(options.minutes * 60 / options.period)
        each = max(1, round(options.flush / options.period))
        for tick in range(ticks):
            second = START + tick * options.period
            for chunk in site.tick(second, options.period):
                store._memory.tail.add("gpu", chunk)
                rows += len(chunk.times)
                if options.duckdb and tick < 60 / options.period:
                    sample.append(chunk.table(schema.raw(Gpu)))
            if (tick + 1) % each == 0 or tick == ticks - 1:
                now = second + options.period
                spent.on("flush", lambda: store._upkeep.flush(drop=False))
                process.give_back()
                spent.left.append(_resident())
                if now % 60 == SLACK // 2 or options.flush >= 60:
                    moment = datetime.fromtimestamp(now + 1, UTC)
                    spent.on("roll 1 min", partial(roll.run, moment))
                if options.merge_each:
                    spent.on("merge", partial(store.merge, round(now * 1e9)))
        values = rows * len(SENT)
        moment = datetime.fromtimestamp(second + SLACK + 60, UTC)
        spent.on("roll 1 min", lambda: roll.run(moment))
        report("flushed", store, values)
        later = round((START + 2 * 3600 + SLACK) * 1e9)
        spent.on("roll 1 h", lambda: roll.run(datetime.fromtimestamp(later / 1e9, UTC)))
        if options.keep:
            return
        spent.on("merge", lambda: [store.merge(later) for _ in range(4)])
        report("merged", store, values)
    print(f"{site.count} GPUs, {rows} rows, {values / MILLION:.1f} M values")
    for name, cpu in spent.cpu.items():
        print(
            f"  {name:12} {cpu / values * MILLION:7.4f} CPU-s/M values, longest turn "
            f"{spent.wall[name]:6.2f} s, {spent.peak[name]:6.0f} MiB"
        )
    print(f"  resident after each flush, MiB: {' '.join(f'{m:.0f}' for m in spent.left)}")
    print(f"  {'all':12} {sum(spent.cpu.values()) / values * MILLION:7.4f}")
    if options.duckdb:
        beside(pa.concat_tables(sample), directory)


def report(when: str, store: Any, values: int) -> None:
    """Files and bytes of each table."""
    for table in ("gpu", "gpu_1m", "gpu_1h"):
        files = store._tables.files(table)
        size, rows = sum(f.size for f in files), sum(f.rows for f in files)
        if rows:
            print(
                f"  {when} {table:7} {len(files):4} files {rows:9} rows {size / rows:7.2f} B/row "
                f"{size / values:6.3f} B a raw value"
            )


def beside(rows: pa.Table, directory: Path) -> None:
    """The same minute by DuckDB, on one thread."""
    values = rows.num_rows * len(SENT)
    spent = Spent()
    database = duckdb.connect(config={"threads": 1})
    database.execute("SET TimeZone = 'UTC'")
    sent = rows.select(["time", "container", "host", "gpu", *(f.name for f in SENT)])
    database.register("rows", sent)
    path = directory / "beside.parquet"
    copy = (
        "COPY (SELECT * FROM rows ORDER BY container, host, gpu, time) TO "  # noqa: S608
        f"'{path}' (FORMAT parquet, PARQUET_VERSION v2, COMPRESSION zstd)"
    )
    spent.on("DuckDB COPY", lambda: database.execute(copy))
    spent.on("DuckDB 1 min", lambda: database.sql(sql(SENT)).to_arrow_table())
    for name, cpu in spent.cpu.items():
        print(f"  {name:12} {cpu / values * MILLION:7.4f} CPU-s/M values")
    print(f"  {'':12} {path.stat().st_size / values:7.3f} B/value of a minute")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="bench pace", description=__doc__)
    parser.add_argument("--containers", type=int, default=200)
    parser.add_argument("--minutes", type=float, default=3)
    parser.add_argument("--period", type=float, default=10)
    parser.add_argument("--flush", type=float, default=60, help="seconds of readings in a flush")
    parser.add_argument("--merge-each", action="store_true", help="merge after every flush")
    parser.add_argument("--duckdb", action=argparse.BooleanOptionalAction, default=True)
    parser.add_argument("--keep", action="store_true", help="leave the store there")
    parser.add_argument("--directory", type=Path)
    options = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="pace-", dir=options.directory))
    process.allocate()
    try:
        run(options, directory)
    finally:
        if not options.keep:
            shutil.rmtree(directory)


if __name__ == "__main__":
    main()
