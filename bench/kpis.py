"""All KPIs of the whole network for a day, beside the SQL that a user would write for one of them.

    python -m bench.kpis [--containers 70] [--gpus 17000] [--rounds 3]

The store holds two days of hours and some minutes, as the collector rolls them up: six power
meters a container, two of water and of heat, three tenants, two lines, a store, hosts, and GPUs.
The answer is of the day and of the day before it. DuckDB computes the PUE alone.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa

from collector.duties.facts import Around
from collector.duties.kpis import Indicators, Question
from collector.grid.table import Packaged
from collector.rollups import columns
from collector.rollups.columns import TIME_TYPE
from collector.store.store import Store
from collector.store.upkeep import ROLLED_UNTIL
from tests.build.stores import Opened
from vigie.catalogue import Fragments, Gpu, Heat, Host, Link, Power, Queue, Water
from vigie.network.load import Network
from vigie.network.operators import Operator, Tenant
from vigie.network.places import Container, Site
from vigie.replies import Kpi
from vigie.shape import Field, Kind, Measurement

START = datetime(2026, 5, 1, tzinfo=UTC)
HOURS = 48
NOW = START + timedelta(hours=HOURS, minutes=10)
BOARDS = 8
"""GPUs of one host."""
ROLES = {"site": 135.0, "ups": 110.0, "pdu": 106.0, "it": 104.0, "cooling": 20.0, "lighting": 1.0}

Series = tuple[Mapping[str, str], Mapping[Field, float]]
"""Keys, and what each field grows by a second or stands at."""


def network(containers: int) -> Network:
    """Sites of seven containers each."""
    sites = tuple(
        Site(f"s{n}", f"Site {n}", "self", zone=("FR", "DE")[n % 2], timezone="UTC")
        for n in range(-(-containers // 7))
    )
    placed = tuple(Container(f"c{n}", f"C{n}", f"s{n // 7}") for n in range(containers))
    tenants = tuple(Tenant(f"t{n}", f"T{n}", home="s0") for n in range(3))
    return Network("bench", (Operator("self", "Us"),), sites, placed, tenants=tenants)


def series(declared: Network, gpus: int) -> dict[type[Measurement], list[Series]]:
    """Everything that is metered."""
    found: dict[type[Measurement], list[Series]] = {
        m: [] for m in (Power, Water, Heat, Queue, Link, Fragments, Host, Gpu)
    }
    for c in declared.containers:
        here = {"container": c.path, "host": "none"}
        for role, kilowatts in ROLES.items():
            keys = here | {"meter": role, "role": role, "phase": "all", "method": "meter"}
            watts = kilowatts * 1e3
            found[Power].append(
                (keys, {Power.energy_joules_total: watts, Power.power_watts: watts})
            )
        for role in ("withdrawn", "returned"):
            keys = here | {"meter": role, "role": role}
            found[Water].append((keys, {Water.volume_cubic_meters_total: 1e-4}))
        for role in ("removed", "reused"):
            found[Heat].append(
                (here | {"meter": role, "role": role}, {Heat.energy_joules_total: 9e4})
            )
        for tenant in declared.tenants:
            keys = here | {"scheduler": "slurm", "tenant": tenant.id}
            fields = [f for f in Queue.values if f.kind is Kind.COUNTER]
            found[Queue].append((keys, dict.fromkeys(fields, 30.0)))
        for line in ("a", "b"):
            keys = here | {"link": line, "peer": "s0"}
            found[Link].append((keys, {f: 1e6 for f in Link.values if f.kind is Kind.COUNTER}))
        keys = here | {"host": "h0", "store": "tahoe", "scheme": "10-of-14"}
        found[Fragments].append(
            (keys, {Fragments.fragments_count: 1e6, Fragments.size_bytes: 1e12})
        )
    each = gpus // len(declared.containers)
    for c in declared.containers:
        for n in range(each):
            keys = {"container": c.path, "host": f"h{n // BOARDS}", "gpu": f"GPU-{c.id}-{n:09}"}
            busy = 0.0 if n % 10 == 0 else 0.7
            found[Gpu].append((keys, {Gpu.energy_joules_total: 500.0, Gpu.sm_active_ratio: busy}))
        for n in range(-(-each // BOARDS)):
            keys = {"container": c.path, "host": f"h{n}"}
            found[Host].append((keys, {Host.cpu_busy_seconds_total: 4.0}))
    return found


def windows(
    measurement: type[Measurement], rows: Sequence[Series], start: datetime, seconds: int
) -> pa.Table:
    """One window of each series, as readings every ten seconds would have it."""
    count = len(rows)
    schema = columns.schema(measurement)
    begun = round(start.timestamp() * 1e6)
    first = (start - START).total_seconds()
    length = seconds - 10.0

    def times(after: float) -> pa.Array:
        return pa.array(np.full(count, begun + round(after * 1e6))).view(TIME_TYPE)

    made: dict[str, pa.Array] = {"time": times(0)}
    made |= {
        name: pa.array([keys[name] for keys, _ in rows])
        for name in columns.series_columns(measurement)
    }
    made |= {
        "quality": pa.array(np.zeros(count, np.int32)),
        "suspect": pa.array(np.zeros(count, np.int64)),
    }
    for declared in {f for _, fields in rows for f in fields}:
        value = np.array([fields.get(declared, 0.0) for _, fields in rows])
        counter = declared.kind is Kind.COUNTER
        said = {
            "first": value * first if counter else value,
            "last": value * (first + length) if counter else value,
            "increase": value * length, "resets": np.zeros(count), "gap": np.zeros(count),
            "min": value, "max": value, "sum": value * seconds / 10,
            "count": np.full(count, seconds / 10),
            "integral": value * length, "covered": np.full(count, length),
        }  # fmt: skip
        for column in columns.states(declared):
            suffix = column.name[len(declared.name) + 1 :]
            if suffix in {"first_time", "last_time"}:
                made[column.name] = times(0 if suffix == "first_time" else length)
            else:
                made[column.name] = pa.array(np.round(said[suffix], 6)).cast(
                    column.type, safe=False
                )
    return pa.table(
        [made.get(f.name, pa.nulls(count, f.type)) for f in schema], schema=schema
    )  # fmt: skip


def fill(store: Store, found: Mapping[type[Measurement], Sequence[Series]]) -> None:
    """Two days of hours, and the minutes after them."""
    for measurement, rows in found.items():
        for n in range(HOURS):
            start = START + timedelta(hours=n)
            _write(
                store,
                f"{measurement.name}_1h",
                windows(measurement, rows, start, 3600),
                start,
                3600,
            )
        for n in range(5):
            start = START + timedelta(hours=HOURS, minutes=n)
            _write(
                store, f"{measurement.name}_1m", windows(measurement, rows, start, 60), start, 60
            )


def _write(store: Store, table: str, rows: pa.Table, start: datetime, seconds: int) -> None:
    end = start + timedelta(seconds=seconds)
    store.write_rollup(table, rows, {ROLLED_UNTIL: str(round(end.timestamp() * 1e6))})


def sql(files: Iterable[Path], start: datetime, end: datetime) -> float:
    """The PUE, as a person would ask for it."""
    listed = ", ".join(f"'{file}'" for file in files)
    query = f"""
        SELECT sum(energy_joules_total_increase) FILTER (role = 'site')
             / sum(energy_joules_total_increase) FILTER (role = 'ups')
        FROM read_parquet([{listed}])
        WHERE time >= TIMESTAMPTZ '{start.isoformat()}' AND time < TIMESTAMPTZ '{end.isoformat()}'
    """  # noqa: S608
    with duckdb.connect() as database:
        row: Any = database.execute(query).fetchone()
    return float(row[0])


def main() -> None:
    """Fill a store, and ask both."""
    parser = argparse.ArgumentParser(prog="bench kpis", description=__doc__)
    parser.add_argument("--containers", type=int, default=70)
    parser.add_argument("--gpus", type=int, default=17_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    declared = network(options.containers)
    with tempfile.TemporaryDirectory() as folder, Opened(Path(folder) / "c") as opened:
        fill(opened.store, series(declared, options.gpus))
        question = Question("", "en", "last_day", finance=True)
        ours, theirs = [], []
        kpis: dict[str, Kpi] = {}
        for _ in range(options.rounds):
            indicators = Indicators(opened.store, lambda _: declared, Around(Packaged()))
            began = time.perf_counter()
            kpis = {kpi.indicator: kpi for kpi in indicators.answer(question, NOW).kpis}
            ours.append(time.perf_counter() - began)
            began = time.perf_counter()
            files = (Path(folder) / "c" / "tables").rglob("power_1h/**/*.parquet")
            said = sql(files, START + timedelta(hours=24), START + timedelta(hours=48))
            theirs.append(time.perf_counter() - began)
            pue = kpis["pue"].value
            if pue is None or abs(pue - said) > 1e-3:
                raise SystemExit(f"both must say the same: {pue} and {said}")
        told = sum(kpi.value is not None for kpi in kpis.values())
        a, b = statistics.median(ours), statistics.median(theirs)
        print(f"{options.containers} containers, {options.gpus} GPUs, a day and the day before")
        print(f"  all KPIs ({told} of {len(kpis)} known)   {a:7.3f} s   first {ours[0]:.3f} s")
        print(f"  PUE by SQL                    {b:7.3f} s   ratio {a / b:.1f}")


if __name__ == "__main__":
    main()
