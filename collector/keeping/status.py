"""How full a store is: by table, in all, and until when the disk will do."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from collector import times
from collector.counters import Counters
from collector.keeping.backup import STATE
from collector.keeping.forecast import DAY_SECONDS, Forecast, Growth, by_day, forecast
from collector.store import flush, reserve
from collector.store.expiry import keep, record
from collector.store.expiry.holds import Held, Holds
from collector.store.parquet import TableFile
from collector.store.parts import Parts
from collector.store.scope import condition
from vigie.replies import DaysLeft, StoreStatus, StoreTable

SAMPLE: Final = 8
"""The largest files of a table, of which bytes per value are taken: all would take long."""
DUTIES: Final = ("flush", "merge", "expire", "verify")
METRIC: Final = "disk_days_left"
"""Days, by `bound`; infinite: not within ten years; NaN: not known yet."""


class Status:
    """Looks at one store; files that were counted for holds are not read again."""

    def __init__(self, parts: Parts, counters: Counters) -> None:
        self._parts, self._counters = parts, counters
        self._held: dict[tuple[Path, tuple[Held, ...]], int] = {}
        self._values: dict[Path, int] = {}

    def now(self, moment: float) -> StoreStatus:
        """Everything there is to say; `moment` is Unix time."""
        parts = self._parts
        holds = Holds(parts.database).active()
        self._forget()
        tables = [self._table(name, holds) for name in self._names()]
        total, free = self._disk()
        needed = reserve.needed(total, parts.settings.reserve_bytes, parts.memory.tail.bytes)
        told = self._forecast(tables, free - needed, moment)
        return StoreStatus(
            as_of=times.text(moment), directory=str(parts.directory), tables=tables,
            journal_bytes=parts.journal.size(), tail_bytes=parts.memory.tail.bytes,
            state_bytes=(parts.directory / STATE).stat().st_size, reserve_bytes=needed,
            disk_bytes=total, disk_free_bytes=free,
            days_left=DaysLeft(told.state, told.days, told.earliest, told.latest, told.reason),
            holds=len(holds), last=dict(self._last()),
        )  # fmt: skip

    def measure(self, moment: float) -> None:
        """Say as metrics when the disk will be full."""
        told = self.now(moment).days_left
        missing = float("nan") if told.state == "unknown" else float("inf")
        for bound, days in (
            ("expected", told.days), ("earliest", told.earliest), ("latest", told.latest),
        ):  # fmt: skip
            self._counters.set(METRIC, missing if days is None else days, bound=bound)

    def _names(self) -> list[str]:
        return [t for t in self._parts.tables.names() if self._parts.tables.schema(t) is not None]

    def _table(self, name: str, holds: tuple[Held, ...]) -> StoreTable:
        parts = self._parts
        files = parts.tables.files(name)
        with parts.memory.lock:
            waiting = sum(len(chunk.times) for chunk in parts.memory.tail.chunks(name))
        rows, size = sum(f.rows for f in files), sum(f.size for f in files)
        largest = sorted(files, key=lambda f: f.size)[-SAMPLE:]
        values = sum(self._values_in(name, file) for file in largest)
        return StoreTable(
            name=name, tier=keep.tier(name), rows=rows, files=len(files), bytes=size,
            bytes_per_value=sum(f.size for f in largest) / values if values else None,
            oldest=times.text(min(f.start for f in files) / 1e6) if files else None,
            newest=times.text(max(f.end for f in files) / 1e6) if files else None,
            kept_seconds=keep.seconds(name, parts.settings.retention),
            recorded=keep.recorded(name) is not None,
            held_rows=sum(self._held_rows(name, file, holds) for file in files),
            tail_rows=waiting,
        )  # fmt: skip

    def _forget(self) -> None:
        """Let go of what was counted of files that went."""
        current = {f.path for name in self._names() for f in self._parts.tables.files(name)}
        self._held = {key: rows for key, rows in self._held.items() if key[0] in current}
        self._values = {path: n for path, n in self._values.items() if path in current}

    def _values_in(self, table: str, file: TableFile) -> int:
        known = self._values.get(file.path)
        if known is None:
            known = self._values[file.path] = _counted_values(table, file)
        return known

    def _held_rows(self, table: str, file: TableFile, holds: tuple[Held, ...]) -> int:
        touching = [
            (held, *keep.widened(held, table))
            for held in holds
            if file.end >= keep.widened(held, table)[0]
            and (held.end is None or file.start < held.end)
        ]
        if not touching:
            return 0
        known = self._held.get((file.path, holds))
        if known is None:
            known = self._held[file.path, holds] = _counted(self._parts, table, file, touching)
        return known

    def _disk(self) -> tuple[int, int]:
        disk = os.statvfs(self._parts.directory)
        return disk.f_blocks * disk.f_frsize, disk.f_bavail * disk.f_frsize

    def _forecast(self, tables: list[StoreTable], free: float, moment: float) -> Forecast:
        growing = [
            Growth(by_day(self._parts.tables.files(t.name)), _days_kept(t), _staying(t))
            for t in tables
        ]
        return forecast(growing, free, round(moment * 1e6))

    def _last(self) -> Mapping[str, str | None]:
        seconds = {
            duty: self._counters.value("duty_last_success_timestamp_seconds", duty=duty)
            for duty in DUTIES
        }
        return {duty: times.text(at) if at else None for duty, at in seconds.items()}


def _counted_values(table: str, file: TableFile) -> int:
    """Known values of a file, all but keys, time and marks: as its first row group has them."""
    marks = {"time", "quality", "suspect", *flush.keys(table)}
    try:
        group = pq.read_metadata(file.path).row_group(0)
    except (OSError, pa.ArrowException):
        return 0  # it went meanwhile, or is damaged, which others say
    found = 0
    for at in range(group.num_columns):
        column = group.column(at)
        if column.path_in_schema not in marks:
            known = column.statistics
            found += column.num_values if known is None else known.num_values
    return int(found * file.rows // group.num_rows)


def _days_kept(table: StoreTable) -> float:
    kept = max(table.kept_seconds, record.RECORD_SECONDS if table.recorded else 0.0)
    return kept / DAY_SECONDS


def _staying(table: StoreTable) -> float:
    return table.held_rows / table.rows if table.rows else 0.0


def _counted(parts: Parts, table: str, file: TableFile, touching: list[Any]) -> int:
    """Rows of a file that some of these holds cover."""
    schema = parts.tables.schema(table)
    chosen = None
    for held, start, end in touching:
        one = condition(schema, start, end, held.paths, {})
        chosen = one if chosen is None else chosen | one
    try:
        data = ds.dataset([str(file.path)], schema=schema, format="parquet")
        return int(data.count_rows(filter=chosen))
    except OSError:
        return 0  # it went meanwhile, or is damaged, which others say
