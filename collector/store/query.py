"""Questions about series over time: aggregated in steps, over devices, out of the fitting table.

The engine works in memory on rows that the store has read; it opens no file. A value that is
marked suspect is left out of every aggregate, as it is left out of the rollups.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from collector.rollups.columns import RESOLUTIONS, gap_seconds
from collector.rollups.increase import increase
from collector.rollups.roll import roll
from collector.store import samples, schema, tiers
from collector.store.schema import CONTAINER_COLUMN, SUSPECT_COLUMN, TIME_TYPE
from collector.store.tiers import RAW, Part
from vigie import catalogue
from vigie.errors import QueryError, Unavailable
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN
from vigie.shape import Field, Kind, Measurement, Quality

SECONDS: Final = 30.0
MEMORY: Final = "512MB"
MAX_CELLS: Final = 50_000_000
MAX_STEPS: Final = 50_000

AGGREGATES: Final[Mapping[str, str]] = {
    "mean": "sum(total) / sum(count)",
    "min": "min(low)",
    "max": "max(high)",
    "sum": "sum(total / count)",
    "last": "arg_max(last, last_time)",
    "count": "sum(count)",
    "p50": "quantile_cont(total / count, 0.50)",
    "p95": "quantile_cont(total / count, 0.95)",
    "p99": "quantile_cont(total / count, 0.99)",
}
"""Over the series of a group, from each one's low, high, total, count and last of a step.

A sum is over devices, of each one's mean; a percentile likewise.
"""
GROWTH: Final = {"increase": "sum(total)", "rate": "sum(total / nullif(covered, 0))"}
"""Over the series of a group, of what each counter grew by in a step."""
ROWS: Final = "rows"
"""No aggregate: the readings as they are stored."""

_KINDS: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.STATE: frozenset({"min", "max", "last", "count", ROWS}),
    Kind.BITS: frozenset({"last", "count", ROWS}),
    Kind.COUNTER: frozenset({*AGGREGATES, *GROWTH, ROWS}),
}
_OTHER: Final = frozenset({*AGGREGATES, ROWS})


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: fields of one measurement from `start` until before `end`.

    `step` in seconds, None for one step over all; steps are aligned to the epoch and asked for
    whole. `by` names the columns to tell apart, None for every series. `cursor` is that of the
    answer before.
    """

    measurement: str
    fields: tuple[str, ...]
    start: datetime
    end: datetime
    agg: str = "mean"
    step: float | None = None
    by: tuple[str, ...] | None = None
    scopes: tuple[str, ...] = ("",)
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    limit: int = 10_000
    cursor: str | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of `time`, the columns of `by`, and the fields; and what to know to trust them.

    `tier` is raw, 1m or 1h. `coverage` is the share of (group, step) with a value, `suspect` the
    share of rows read of which an asked field is suspect and left out. `containers` counts the
    rows read of each.
    """

    rows: pa.Table
    tier: str
    coverage: float | None
    quality: Quality | None
    suspect: float
    containers: Mapping[str, int]
    cursor: str | None


class Shelf(Protocol):
    """What a question needs of the store."""

    def scan(  # noqa: PLR0917
        self, table: str, columns: Sequence[str] | None, start: datetime | None,
        end: datetime | None, scopes: Sequence[str], where: Mapping[str, Sequence[str]],
    ) -> pa.Table:  # fmt: skip
        """Rows of a table, each once."""

    def size(self, table: str, start: datetime, end: datetime) -> int:
        """About how many rows a table has from `start` until before `end`."""

    def rolled_until(self, table: str) -> datetime | None:
        """The end of the newest window of a rollup table."""


def answer(shelf: Shelf, question: Question, seconds: float = SECONDS) -> Answer:
    """What is asked.

    Raises:
        QueryError: a name, an aggregate or a span makes no sense, or asks too much.
        Unavailable: it took longer than `seconds`.
    """
    measurement = catalogue.measurement(question.measurement)
    if measurement is None:
        names = ", ".join(m.name for m in catalogue.MEASUREMENTS)
        raise QueryError(f"no measurement {question.measurement!r}; there are {names}")
    fields = _fields(measurement, question)
    series = schema.series_columns(measurement)
    by = series if question.by is None else list(question.by)
    if set(by) - set(series):
        raise QueryError(f"by: {measurement.name} has {', '.join(series)}")
    _check_span(question)
    asked = _Asked(shelf, question, measurement, fields, series, by, seconds)
    if question.agg == ROWS:
        return asked.readings()
    return asked.growth() if question.agg in GROWTH else asked.aggregates()


def _fields(measurement: type[Measurement], question: Question) -> list[Field]:
    known = {f.name: f for f in measurement.values}
    wrong = [name for name in question.fields if name not in known]
    if wrong or not question.fields:
        raise QueryError(f"no field {', '.join(wrong) or '(none)'}; there are {', '.join(known)}")
    for declared in (known[name] for name in question.fields):
        allowed = _KINDS.get(declared.kind, _OTHER)
        if question.agg not in allowed:
            raise QueryError(
                f"no {question.agg!r} of {declared.name}, which is a {declared.kind}; "
                f"there are {', '.join(sorted(allowed))}"
            )
    return [known[name] for name in question.fields]


def _check_span(question: Question) -> None:
    if question.start >= question.end:
        raise QueryError("the span ends before it begins")
    if question.step is not None and question.step < 1:
        raise QueryError("a step is a second at least")
    steps = tiers.count(question.start, question.end, question.step)
    if steps > MAX_STEPS:
        raise QueryError(f"{steps} steps; at most {MAX_STEPS}: ask for longer ones")
    if question.limit < 1 or not (question.cursor or "0").isdigit():
        raise QueryError("limit is a number from 1, and cursor one that an answer gave")


@dataclass(slots=True)
class _Asked:
    """One question being answered, and what is learned of the rows on the way."""

    shelf: Shelf
    question: Question
    measurement: type[Measurement]
    fields: list[Field]
    series: list[str]
    by: list[str]
    seconds: float
    quality: int | None = None
    rows: int = 0
    suspect: int = 0
    containers: dict[str, int] = field(default_factory=dict)

    def readings(self) -> Answer:
        """The readings as they are stored, in order of time and series."""
        names = [TIME_COLUMN, *self.series, *self.question.fields]
        read = self._scan(Part(RAW, self.question.start, self.question.end), names)
        order = _list([TIME_COLUMN, *self.series])
        sql = f"SELECT * REPLACE (epoch_us(time) AS time) FROM read ORDER BY {order}"  # noqa: S608
        return self._answer(sql, {"read": read.select(names)}, RAW, steps=0)

    def aggregates(self) -> Answer:
        """One row per step and group: each series in each step first, then the groups."""
        question = self.question
        usable = all(samples.rolled(f, question.agg) for f in self.fields)
        tier = tiers.tier(question.start, question.end, question.step) if usable else RAW
        tables = []
        for part in self._parts(tier, 0):
            columns = samples.columns(self.fields, rolled=part.suffix != RAW)
            rows = self._scan(part, [TIME_COLUMN, *self.series, *columns])
            tables.append(samples.of(self.fields, self.series, rows, rolled=part.suffix != RAW))
        keys, by = _list(self.series), "".join(f", {_quoted(name)}" for name in self.by)
        sql = (
            f"WITH steps AS (SELECT field, {self._step()} AS step, {keys}, "  # noqa: S608
            "min(low) AS low, max(high) AS high, sum(total) AS total, "
            "nullif(sum(count), 0) AS count, arg_max(last, last_time) AS last, "
            f"max(last_time) AS last_time FROM read GROUP BY field, step, {keys}), "
            f"groups AS (SELECT field, step{by}, {AGGREGATES[question.agg]} AS value "
            f"FROM steps GROUP BY field, step{by}) "
            f"SELECT step AS time{by}, {self._pivot()} FROM groups "
            f"GROUP BY step{by} ORDER BY step{by}"
        )
        return self._answer(sql, {"read": pa.concat_tables(tables)}, tier)

    def growth(self) -> Answer:
        """What counters grew by in each step, or that per second; nothing lost between steps."""
        question = self.question
        tier = tiers.tier(question.start, question.end, question.step)
        width = min(RESOLUTIONS["1m"], int(question.step or RESOLUTIONS["1m"]))
        # What lies just outside is read too: an edge falls between two readings.
        margin = max(gap_seconds(self.measurement), RESOLUTIONS.get(tier, 0))
        windows = [schema.rollup(self.measurement).empty_table()]
        for part in self._parts(tier, margin):
            rows = self._scan(part, None)
            raw = part.suffix == RAW
            windows.append(roll(self.measurement, rows, width) if raw else rows)
        together = pa.concat_tables(windows)
        cuts = tiers.edges(question.start, question.end, question.step)
        grown = []
        for number, declared in enumerate(self.fields):
            rows = increase(self.measurement, declared, together, cuts)
            numbers = pa.repeat(pa.scalar(number, pa.int8()), rows.num_rows)
            grown.append(rows.add_column(0, "field", numbers))
        by = "".join(f", {_quoted(name)}" for name in self.by)
        sql = (
            f"WITH groups AS (SELECT field, epoch_us(time) AS time{by}, "  # noqa: S608
            f"{GROWTH[question.agg]} AS value FROM read GROUP BY field, time{by}) "
            f"SELECT time{by}, {self._pivot()} FROM groups GROUP BY time{by} ORDER BY time{by}"
        )
        return self._answer(sql, {"read": pa.concat_tables(grown)}, tier)

    def _parts(self, tier: str, margin: float) -> list[Part]:
        until = {s: self.shelf.rolled_until(f"{self.measurement.name}_{s}") for s in RESOLUTIONS}
        cuts = tiers.edges(self.question.start, self.question.end, self.question.step)
        more = timedelta(seconds=margin)
        return tiers.parts(tier, cuts[0] - more, cuts[-1] + more, until)

    def _scan(self, part: Part, columns: list[str] | None) -> pa.Table:
        """Rows of one part, counted."""
        name = self.measurement.name
        table = name if part.suffix == RAW else f"{name}_{part.suffix}"
        width = len(columns) if columns else 10 * len(self.fields)
        if self.shelf.size(table, part.start, part.end) * width > MAX_CELLS:
            raise QueryError(
                "that is too much to read at once: ask for a shorter span, or for steps of whole "
                "minutes or hours"
            )
        wanted = None if columns is None else [*columns, QUALITY_COLUMN, SUSPECT_COLUMN]
        rows = self.shelf.scan(
            table, wanted, part.start, part.end, self.question.scopes, self.question.where
        )
        self._learn(rows)
        return rows

    def _learn(self, rows: pa.Table) -> None:
        if not rows.num_rows:
            return
        bits = sum(1 << f.number for f in self.fields)
        self.rows += rows.num_rows
        self.quality = max(self.quality or 0, pc.max(rows[QUALITY_COLUMN]).as_py())
        marked = pc.not_equal(pc.bit_wise_and(rows[SUSPECT_COLUMN], bits), 0)
        self.suspect += pc.sum(marked).as_py()
        for item in pc.value_counts(rows[CONTAINER_COLUMN]).to_pylist():
            name = item["values"]
            self.containers[name] = self.containers.get(name, 0) + item["counts"]

    def _step(self) -> str:
        """When the step of a row begins, in microseconds, as SQL."""
        step = self.question.step
        if step is None:
            at = round(self.question.start.timestamp() * 1e6)
            return f"{at}::BIGINT"
        width = round(step * 1e6)
        return f"epoch_us(time) // {width} * {width}"

    def _pivot(self) -> str:
        return ", ".join(
            f"max(value) FILTER (field = {number}) AS {_quoted(declared.name)}"
            for number, declared in enumerate(self.fields)
        )

    def _answer(
        self, sql: str, tables: Mapping[str, pa.Table], tier: str, steps: int | None = None
    ) -> Answer:
        question = self.question
        at = int(question.cursor or 0)
        rows = _run(
            f"{sql} LIMIT {question.limit + 1} OFFSET {at}",
            tables,
            self.seconds,
        )
        more = rows.num_rows > question.limit
        rows = _typed(rows.slice(0, question.limit))
        if steps is None:
            steps = tiers.count(question.start, question.end, question.step)
        return Answer(
            rows, tier, self._coverage(rows, steps, whole=not more and not at),
            None if self.quality is None else list(Quality)[self.quality],
            self.suspect / self.rows if self.rows else 0.0,
            self.containers, str(at + question.limit) if more else None,
        )  # fmt: skip

    def _coverage(self, rows: pa.Table, steps: int, *, whole: bool) -> float | None:
        """Unknown where the answer is a page only, or where there are no steps."""
        if not steps or not whole:
            return None
        if not rows.num_rows:
            return 0.0
        groups: int = rows.group_by(self.by).aggregate([]).num_rows if self.by else 1
        known: int = sum(rows.num_rows - rows[f.name].null_count for f in self.fields)
        return min(1.0, known / (groups * steps * len(self.fields)))


def _run(sql: str, tables: Mapping[str, pa.Table], seconds: float) -> pa.Table:
    with duckdb.connect(":memory:", config=_CONFIG) as connection:
        for name, rows in tables.items():
            connection.register(name, rows)
        timer = threading.Timer(seconds, connection.interrupt)
        timer.start()
        try:
            return connection.sql(sql).to_arrow_table()
        except duckdb.InterruptException as error:
            raise Unavailable(f"the answer took longer than {seconds:g} s") from error
        except duckdb.OutOfMemoryException as error:
            raise QueryError("that is too much at once: ask for a shorter span") from error
        finally:
            timer.cancel()


_CONFIG: Final[dict[str, str | bool | int | float | list[str]]] = {
    "memory_limit": MEMORY,
    "threads": 1,
    "enable_external_access": False,
    "lock_configuration": True,
}


def _typed(rows: pa.Table) -> pa.Table:
    """The engine's microseconds as times."""
    at = rows.schema.get_field_index(TIME_COLUMN)
    return rows.set_column(at, TIME_COLUMN, rows[TIME_COLUMN].cast(TIME_TYPE))


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _list(names: Sequence[str]) -> str:
    return ", ".join(map(_quoted, names))
