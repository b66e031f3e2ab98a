"""What questions cost at 104,000 GPUs, beside DuckDB and Polars on the same files, in one run.

    python -m bench questions [--containers 1000] [--minutes 10] [--rounds 5]

10 s ticks of 104 GPUs a container in one file a minute, as the collector flushes them, their 1 min
rollups, and the newest tick live. Printed are processor seconds and wall time, the least of some
rounds, of the same answer: whoever answers otherwise is called wrong. Peers read the files with two
threads and know nothing of suspect readings, quality or scopes, which the collector looks at too.
"""

import argparse
import importlib
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pyarrow as pa
from starlette.requests import Request

from collector.api import tables
from collector.rollups import over
from collector.rollups.roll import roll
from collector.store import chunk, schema
from collector.store.live import Live
from collector.store.parquet import Commit, TableFile, write
from collector.store.questions.answer import Questions
from collector.store.questions.current import Current
from collector.store.questions.question import Question, Rank
from collector.store.questions.selection import Selection
from collector.store.scan import View
from collector.store.upkeep import ROLLED_UNTIL
from vigie.catalogue import Gpu
from vigie.shape import Kind

BOARDS, TICKS = 104, 6
START: Final = 1_760_000_400
SENT: Final = 18
FIELDS: Final = (Gpu.power_watts, Gpu.temperature_celsius)


@dataclass
class Fleet:
    """A shelf with so many containers and minutes of readings."""

    directory: Path
    containers: int
    minutes: int

    def __post_init__(self) -> None:
        """Write the files."""
        noise = np.random.default_rng(7)
        self._views: dict[str, View] = {}
        raw, rolled, wide = [], [], []
        rows = windows = made = pa.table({})
        for minute in range(self.minutes):
            rows = self.readings(noise, minute)
            raw.append(self._file(f"raw{minute}", rows, schema.raw(Gpu)))
            windows = roll(Gpu, _plain(rows), 60, FIELDS)
            rolled.append(self._file(f"1m{minute}", windows, windows.schema))
            made = over.over(Gpu, windows, 60, None, FIELDS).rows
            wide.append(self._file(f"over{minute}", made, made.schema))
        self.last = rows.filter(pa.compute.equal(rows["time"], pa.compute.max(rows["time"])))
        self._views["gpu"] = View(schema.raw(Gpu), raw, [])
        self._views["gpu_1m"] = View(windows.schema, rolled, [])
        self._views[over.table(Gpu, "1m")] = View(made.schema, wide, [])

    def readings(self, noise: np.random.Generator, minute: int) -> pa.Table:
        """A minute of all GPUs, sorted by series and time, key columns as dictionaries."""
        series = np.repeat(np.arange(self.containers * BOARDS), TICKS)
        times = START + minute * 60 + np.tile(np.arange(TICKS) * 10, self.containers * BOARDS)
        at, count = series // BOARDS, len(series)
        words = {
            "container": (at, [f"s{n // 50:02}/c{n:04}" for n in range(self.containers)]),
            "host": (series % BOARDS // 8, [f"n{n:02}" for n in range(BOARDS // 8)]),
            "gpu": (series, [f"GPU-{n * 2654435761 % 2**64:032x}" for n in range(series[-1] + 1)]),
        }
        columns: dict[str, Any] = {"time": pa.array(times * 1_000_000).view(schema.TIME_TYPE)}
        for name, (codes, known) in words.items():
            indices = pa.array(codes.astype(np.int32))
            columns[name] = pa.DictionaryArray.from_arrays(indices, pa.array(known))
        level = np.repeat(noise.integers(200, 700, self.containers * BOARDS), TICKS)
        for field in Gpu.values[:SENT]:
            values: Any = level + noise.integers(0, 9_000, count) / 1_000
            if field.kind is Kind.COUNTER:
                values = START + minute * 1_000 + level + times
            elif field.kind is not Kind.GAUGE:
                values = noise.choice([0, 0, 0, 1], count)
            elif field is Gpu.temperature_celsius:
                values = level // 10 + noise.integers(0, 3, count)
            columns[field.name] = pa.array(values).cast(schema.arrow_type(field), safe=False)
        columns["quality"] = pa.array(np.zeros(count, np.int32))
        columns["suspect"] = pa.array(np.zeros(count, np.int64))
        return pa.table(columns)

    def _file(self, name: str, rows: pa.Table, columns: pa.Schema) -> TableFile:
        return write(self.directory, rows, columns, Commit(name, 1, {}), number=0, files=1)

    def view(self, table: str) -> View:
        """The files of a table."""
        return self._views.get(table) or View(schema.rollup(Gpu), [], [])

    def check(self, table: str, view: View) -> None:
        """Nothing is ever damaged."""
        raise SystemExit(f"{table}: a file cannot be read")

    def rolled_until(self, table: str, said: str = ROLLED_UNTIL) -> datetime | None:
        """All minutes are rolled up."""
        return (self.end if said == ROLLED_UNTIL else self.start) if "1m" in table else None

    @property
    def start(self) -> datetime:
        """Of the first reading."""
        return datetime.fromtimestamp(START, UTC)

    @property
    def end(self) -> datetime:
        """Of the last minute."""
        return datetime.fromtimestamp(START + 60 * self.minutes, UTC)

    def source(self) -> str:
        """The files of readings, as DuckDB names them."""
        return f"read_parquet({[str(f.path) for f in self.view('gpu').files]})"


def vigie(fleet: Fleet) -> dict[str, Callable[[], Any]]:
    """The collector's answers, as a route has them before it writes them."""
    asked = Questions(fleet)

    def ask(fields: str, agg: str, by: tuple[str, ...], **more: Any) -> Callable[[], pa.Table]:
        question = Question(
            "gpu", tuple(fields.split()), fleet.start, fleet.end, agg, by=by, **more
        )
        return lambda: asked.ask(question).rows

    keys, both = ("container", "gpu"), "power_watts temperature_celsius"
    found: dict[str, Callable[[], Any]] = {}
    for tier, name in (("raw", "raw"), ("1m", "from 1 min rollups")):
        found |= {
            f"b mean power by container, {name}": ask(
                "power_watts", "mean", ("container",), tier=tier
            ),
            f"c power and p95 a minute, {name}": ask(both, "sum,p95", (), step=60.0, tier=tier),
            f"d 20 hottest of the span, {name}": ask(
                "temperature_celsius", "max", keys, rank=Rank(20), tier=tier
            ),
        }
    return found | now(fleet)


def now(fleet: Fleet) -> dict[str, Callable[[], Any]]:
    """What live answers, JSON and all."""
    live = Live()
    newest = live.newest(Gpu)
    live.update([(newest, chunk.known(newest.series, _plain(fleet.last)))])
    current, keys = Current(live), schema.series_columns(Gpu)
    request = Request({"type": "http", "headers": []})
    names = ["time", *keys, *(f.name for f in Gpu.values[:SENT]), "quality"]
    hot = ["time", *keys, "temperature_celsius"]

    def latest(scope: str, columns: Sequence[str], rank: Rank | None) -> Any:
        rows = current.rows(Gpu, Selection(keys, (scope,)), columns, rank)
        return tables.answer(request, rows, tables.Trust("now", "live"))

    return {
        "a newest of a container, as JSON": lambda: latest("s00/c0003", names, None),
        "d 20 hottest now, as JSON": lambda: latest("", hot, Rank(20)),
    }


def engine(fleet: Fleet) -> dict[str, Callable[[], Any]]:
    """The same of readings with SQL in DuckDB, one warm connection with two threads."""
    database = duckdb.connect()
    database.execute("SET threads = 2")
    database.execute(f"CREATE VIEW readings AS FROM {fleet.source()}")
    each = (
        "WITH each AS (SELECT epoch_us(time) // 60000000 AS minute, container, host, gpu, "
        "avg(power_watts) AS power, avg(temperature_celsius) AS heat FROM readings GROUP BY ALL) "
    )
    asked = {
        "b mean power by container, raw": (
            "SELECT container, avg(power_watts) FROM readings GROUP BY container ORDER BY container"
        ),
        "c power and p95 a minute, raw": each  # noqa: S608
        + (
            "SELECT minute, sum(power), quantile_cont(heat, 0.95) FROM each "
            "GROUP BY minute ORDER BY minute"
        ),
        "d 20 hottest of the span, raw": (
            "SELECT container, gpu, max(temperature_celsius) AS heat FROM readings GROUP BY ALL "
            "ORDER BY heat DESC LIMIT 20"
        ),
    }
    return {
        name: _bound(lambda q: database.sql(q).to_arrow_table(), q) for name, q in asked.items()
    }


def frames(fleet: Fleet) -> dict[str, Callable[[], Any]]:
    """The same with Polars, where it is installed."""
    try:
        pl = importlib.import_module("polars")
    except ImportError:
        return {}
    lazy = pl.scan_parquet([str(f.path) for f in fleet.view("gpu").files])
    power, heat = pl.col("power_watts"), pl.col("temperature_celsius")
    each = lazy.group_by(
        pl.col("time").dt.truncate("1m").alias("minute"), "container", "host", "gpu"
    ).agg(power.mean(), heat.mean())
    made = {
        "b mean power by container, raw": lazy.group_by("container")
        .agg(power.mean())
        .sort("container"),
        "c power and p95 a minute, raw": each.group_by("minute")
        .agg(power.sum(), heat.quantile(0.95, "linear"))
        .sort("minute"),
        "d 20 hottest of the span, raw": lazy.group_by("container", "gpu")
        .agg(heat.max())
        .top_k(20, by="temperature_celsius"),
    }
    return {name: _bound(lambda q: q.collect().to_arrow(), q) for name, q in made.items()}


def _bound(work: Callable[[Any], Any], query: Any) -> Callable[[], Any]:
    return lambda: work(query)


def _plain(rows: pa.Table) -> pa.Table:
    """Whole rows, words in place of dictionaries."""
    whole = schema.raw(Gpu)
    columns = [
        rows[f.name].cast(f.type) if f.name in rows.column_names else pa.nulls(len(rows), f.type)
        for f in whole
    ]
    return pa.table(columns, schema=whole)


def same(one: Any, other: Any) -> bool:
    """Whether two answers have the same numbers in their last column."""
    if not isinstance(one, pa.Table):
        return True
    mine, theirs = (np.sort(t.columns[-1].to_numpy().astype(float)) for t in (one, other))
    return bool(np.allclose(mine, theirs))


def measured(works: Iterable[Callable[[], Any]], rounds: int) -> list[tuple[float, float]]:
    """Least processor and wall seconds of each, taking turns."""
    best: dict[int, tuple[float, float]] = {}
    for _ in range(rounds):
        for number, work in enumerate(works):
            cpu, wall = time.process_time(), time.perf_counter()
            work()
            took = time.process_time() - cpu, time.perf_counter() - wall
            known = best.get(number, took)
            best[number] = min(known[0], took[0]), min(known[1], took[1])
    return [best[number] for number in sorted(best)]


def main() -> None:
    """Ask all of them, taking turns."""
    parser = argparse.ArgumentParser(prog="bench questions", description=__doc__)
    parser.add_argument("--containers", type=int, default=1_000)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        fleet = Fleet(Path(directory), options.containers, options.minutes)
        size = sum(f.size for f in fleet.view("gpu").files) / 1e6
        print(
            f"{options.containers * BOARDS} GPUs, {options.minutes} min, {size:.0f} MB of readings"
        )
        print(f"{'':42}{'cpu ms':>10}{'wall ms':>10}")
        others: Mapping[str, Mapping[str, Callable[[], Any]]] = {
            "DuckDB": engine(fleet), "Polars": frames(fleet),
        }  # fmt: skip
        for name, work in vigie(fleet).items():
            rivals = {who: asked[name] for who, asked in others.items() if name in asked}
            took = measured([work, *rivals.values()], options.rounds)
            print(f"{name:42}{took[0][0] * 1e3:10.1f}{took[0][1] * 1e3:10.1f}")
            for (who, rival), (cpu, wall) in zip(rivals.items(), took[1:], strict=True):
                verdict = "" if same(work(), rival()) else "  WRONG"
                ratio = f"{cpu / took[0][0]:8.1f}x cpu{wall / took[0][1]:8.1f}x wall"
                print(f"  {who:40}{cpu * 1e3:10.1f}{wall * 1e3:10.1f}{ratio}{verdict}")


if __name__ == "__main__":
    main()
