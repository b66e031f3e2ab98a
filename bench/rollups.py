"""What a rollup costs per value, beside the same with SQL in DuckDB, in one run.

    python -m bench.rollups [--rows 1000000] [--rounds 5]

Both make one-minute windows of the same readings of 104 GPUs. DuckDB computes less: min, max,
mean, count and last of gauges, and the increase of counters with resets; no integral, no covered
time, no gaps, no seconds by bit. It runs on all cores, `roll` on one.
"""

import argparse
import statistics
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from collector.rollups.roll import merge, roll
from collector.store import schema
from vigie.catalogue import Gpu
from vigie.shape import Field, Kind
from vigie.units import MICROSECONDS_PER_SECOND, NANOSECONDS_PER_SECOND

BOARDS = 104
START = 1_760_000_400


def readings(rows: int, *, by_series: bool) -> pa.Table:
    """One reading per second and board, in order of time or of series."""
    ticks = rows // BOARDS
    second, board = np.arange(ticks), np.arange(BOARDS)
    t = np.tile(second, BOARDS) if by_series else np.repeat(second, BOARDS)
    b = np.repeat(board, ticks) if by_series else np.tile(board, ticks)
    noise = np.random.default_rng(1)
    columns: dict[str, pa.Array] = {
        "time": pa.array((START + t) * MICROSECONDS_PER_SECOND).view(schema.TIME_TYPE),
        "container": pa.array(["cannes/c1"] * len(t)),
        "host": pa.array(np.char.add("node-", (b // 8).astype(str))),
        "gpu": pa.array(np.char.add("GPU-8c2f0d6e-1d3b-4b52-9c55-", b.astype(str))),
        "quality": pa.array(np.zeros(len(t), np.int32)),
        "suspect": pa.array(np.zeros(len(t), np.int64)),
    }
    for field in Gpu.values:
        values: np.ndarray[Any, Any]
        if field.kind is Kind.COUNTER:
            values = t * 700 % 500_000
        elif field.kind is Kind.BITS:
            values = noise.choice([0, 0, 0, 1, 4, 36], len(t))
        elif field.kind is Kind.STATE:
            values = noise.integers(0, len(field.codes), len(t))
        elif field.kind is Kind.FLAG:
            values = np.ones(len(t), bool)
        else:
            values = noise.random(len(t)) * 100
        columns[field.name] = pa.array(values).cast(schema.arrow_type(field), safe=False)
    return pa.table(columns, schema=schema.raw(Gpu))


def sql(fields: Sequence[Field] = Gpu.values) -> str:
    """What a person would write."""
    keys = ", ".join(schema.series_columns(Gpu))
    deltas, chosen = [], []
    for field in fields:
        name = field.name
        if field.kind is Kind.COUNTER:
            before = f"lag({name}) OVER series"
            deltas.append(
                f"CASE WHEN {name} >= {before} THEN {name} - {before} "
                f"WHEN {before} IS NOT NULL THEN {name} END AS {name}_increase"
            )
            chosen.append(f"sum({name}_increase), max_by({name}, time)")
        elif field.kind is Kind.BITS:
            chosen.append(f"bit_or({name})")
        elif field.kind is not Kind.GAUGE:
            chosen.append(f"count({name}), max_by({name}, time)")
        else:
            chosen.append(f"min({name}), max({name}), avg({name}), count({name})")
            chosen.append(f"max_by({name}, time)")
    return f"""
        WITH grown AS (
            SELECT *, time_bucket(INTERVAL 1 MINUTE, time) AS bucket, {", ".join(deltas)}
            FROM rows
            WINDOW series AS (
                PARTITION BY {keys}, time_bucket(INTERVAL 1 MINUTE, time) ORDER BY time
            )
        )
        SELECT bucket, {keys}, {", ".join(chosen)} FROM grown GROUP BY ALL
    """  # noqa: S608


def answer(database: duckdb.DuckDBPyConnection, query: str) -> pa.Table:
    """All of a query's answer."""
    return database.sql(query).to_arrow_table()


def seconds(work: Callable[[], object]) -> float:
    """How long it takes."""
    before = time.perf_counter()
    work()
    return time.perf_counter() - before


def main() -> None:
    """Alternate between both, so that a busy machine is busy for both."""
    parser = argparse.ArgumentParser(prog="bench rollups", description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    query = sql()
    for by_series in (False, True):
        table = readings(options.rows, by_series=by_series)
        values = table.num_rows * len(Gpu.values)
        database = duckdb.connect()
        database.execute("SET TimeZone = 'UTC'")
        database.register("rows", table)
        minutes = roll(Gpu, table, 60)
        if answer(database, query).num_rows != minutes.num_rows:
            raise SystemExit("both must make the same windows")
        works: dict[str, Callable[[], object]] = {
            "roll, one minute": partial(roll, Gpu, table, 60),
            "DuckDB, one minute": partial(answer, database, query),
            "merge, minutes to hours": partial(merge, Gpu, minutes, 3600),
        }
        times: dict[str, list[float]] = {name: [] for name in works}
        for _ in range(options.rounds):
            for name, work in works.items():
                times[name].append(seconds(work))
        order = "series" if by_series else "time"
        print(f"{table.num_rows} rows x {len(Gpu.values)} fields, in order of {order}")
        median = {name: statistics.median(took) for name, took in times.items()}
        for name, took in median.items():
            each = took / values * NANOSECONDS_PER_SECOND
            print(f"  {name:24} {took:7.3f} s  {each:6.1f} ns/value")
        ratio = median["DuckDB, one minute"] / median["roll, one minute"]
        print(f"  DuckDB / roll            {ratio:7.2f}")


if __name__ == "__main__":
    main()
