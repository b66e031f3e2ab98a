"""The store's part in rollups and indicators, in memory, with a meter to fill it."""

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pyarrow as pa
import pyarrow.compute as pc

from collector.store import flush, schema
from collector.store.late import Dirty
from collector.store.order import Rows
from collector.store.parquet import encoded
from collector.store.scope import condition
from collector.store.sweep import some
from collector.store.upkeep import ROLLED_UNTIL
from vigie.catalogue import Host, Power
from vigie.shape import Measurement

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def at(minutes: float) -> datetime:
    """Minutes after noon."""
    return NOON + timedelta(minutes=minutes)


class Shelf:
    """The store's part in this, in memory; `fault` is called before and after each commit."""

    def __init__(self) -> None:
        self.raw = schema.raw(Power).empty_table()
        self.tables: dict[str, pa.Table] = {}
        self.properties: dict[str, dict[str, str]] = {}
        self.sealed: datetime | None = None
        self.late: list[Dirty] = []
        self.commits = 0
        self.scanned: list[str] = []
        self.fault: Callable[[str], None] = lambda _: None
        self.after_scan: Callable[[], None] = lambda: None
        self.hosts = schema.raw(Host).empty_table()
        self.other: dict[str, pa.Table] = {}
        self.sizes: dict[str, int] = {}

    @property
    def live(self) -> "Shelf":
        return self

    def table(self, measurement: str) -> pa.Table:
        if measurement == Host.name:
            return self.hosts if self.hosts.num_rows else pa.table({})
        series = schema.series_columns(Power)
        newest = self.raw.group_by(series).aggregate([("time", "max")])
        newest = newest.rename_columns([*series, "time"])
        return newest.join(self.raw, [*series, "time"]).select(self.raw.column_names)

    def arrive(self, rows: pa.Table) -> None:
        self.raw = pa.concat_tables([self.raw, rows])
        for time, container in zip(
            rows["time"].to_pylist(), rows["container"].to_pylist(), strict=True
        ):
            late = Dirty(container, "power", time.replace(minute=0, second=0, microsecond=0), 0)
            if self.sealed and time < self.sealed and late not in self.late:
                self.late.append(late)

    def put(self, measurement: type[Measurement], *rows: Mapping[str, object]) -> None:
        """Readings of any measurement but power; a cell that is not given is null."""
        made = pa.Table.from_pylist(
            [{"quality": 0, "suspect": 0, "host": "none", **row} for row in rows],
            schema=schema.raw(measurement),
        )
        known = self.other.get(measurement.name, made.slice(0, 0))
        self.other[measurement.name] = pa.concat_tables([known, made]).combine_chunks()

    def scan(  # noqa: PLR0917
        self, table: str, columns: Sequence[str] | None, start: datetime, end: datetime,
        scopes: Sequence[str], where: Mapping[str, Sequence[str]],
    ) -> pa.Table:  # fmt: skip
        self.scanned.append(table)
        rows = self.raw if table == "power" else self.other.get(table, self.tables.get(table))
        if rows is None:
            rows = _empty(table)
        first, last = (round(t.timestamp() * 1e6) for t in (start, end))
        found = rows.filter(condition(rows.schema, first, last, scopes, where))
        if table == "power" and columns is None:
            self.after_scan()
        return found if columns is None else found.select(list(columns))

    def size(self, table: str, start: datetime, end: datetime) -> int:
        return self.sizes.get(table, 0)

    def rolling(self, measurement: str, until: datetime) -> None:
        self.sealed = until

    def rolled_until(self, table: str, said: str = ROLLED_UNTIL) -> datetime | None:
        when = self.properties.get(table, {}).get(said)
        return None if when is None else datetime.fromtimestamp(int(when) / 1e6, UTC)

    def sweep(
        self, table: str, start: datetime, end: datetime, containers: Sequence[str] | None = None
    ) -> Rows:
        rows = self.scan(table, None, start, end, containers or [""], {})
        return Rows(rows.column_names, iter([encoded(rows, flush.keys(table))]))

    def write_rollup(self, table: str, rows: pa.Table | Rows, properties: Mapping[str, str]) -> int:
        if isinstance(rows, Rows):
            made = some(rows)
            if made is None:
                return 0
            rows = pa.concat_tables([_plain(table, part) for part in made.parts])
        self.fault(f"before {table}")
        known = self.tables.get(table, rows.slice(0, 0))
        self.tables[table] = pa.concat_tables([known, rows]).combine_chunks()
        self.properties.setdefault(table, {}).update(properties)
        self.commits += 1
        self.fault(f"after {table}")
        return int(rows.num_rows)

    def replace_rollup(
        self, table: str, rows: pa.Table, containers: str | Sequence[str],
        start: datetime, end: datetime, *, properties: Mapping[str, str],
    ) -> None:  # fmt: skip
        self.fault(f"before {table}")
        known = self.tables[table]
        inside = pc.and_(pc.greater_equal(known["time"], start), pc.less(known["time"], end))
        names = [containers] if isinstance(containers, str) else list(containers)
        gone = pc.and_(inside, pc.is_in(known["container"], pa.array(names)))
        self.tables[table] = pa.concat_tables(
            [known.filter(pc.invert(gone)), _plain(table, rows)]
        ).combine_chunks()
        self.properties.setdefault(table, {}).update(properties)
        self.commits += 1
        self.fault(f"after {table}")

    def dirty(self) -> list[Dirty]:
        return list(self.late)

    def clean(self, dirty: Sequence[Dirty]) -> None:
        self.late = [unit for unit in self.late if unit not in dirty]


def _plain(table: str, rows: pa.Table) -> pa.Table:
    """Rows with all columns of their table, words as words."""
    columns = [
        rows[f.name].cast(f.type) if f.name in rows.column_names else pa.nulls(len(rows), f.type)
        for f in _empty(table).schema
    ]
    return pa.table(columns, schema=_empty(table).schema)


def _empty(table: str) -> pa.Table:
    """A table without rows: raw, or a rollup."""
    return flush.columns(table).empty_table()


def load(
    start: float, end: float, container: str = "s/c", step: float = 10.0, watts: float = 700.0,
    **cells: object,
) -> pa.Table:  # fmt: skip
    """A meter's rows between two minutes after noon; `cells` are the same in every row."""
    fixed = {
        "container": container, "host": "h", "meter": "m", "role": "it", "phase": "all",
        "method": "meter", "quality": 0, "suspect": 0,
    }  # fmt: skip
    rows = []
    for n in range(int((end - start) * 60 / step)):
        seconds = start * 60 + n * step
        said = {"power_watts": watts, "energy_joules_total": watts * (seconds + 1e6)}
        rows.append({**fixed, **said, **cells, "time": at(seconds / 60)})
    return pa.Table.from_pylist(rows, schema=schema.raw(Power))
