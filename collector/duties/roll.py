"""Readings to rollups: closed minutes, closed hours, and hours that late rows changed.

How far a rollup table has come is written in the same commit as its windows, so that a crash
anywhere repeats a step and doubles nothing. One turn does a bounded amount of work, and the next
goes on from there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from collector import times
from collector.rollups.columns import RESOLUTIONS
from collector.rollups.roll import merge, roll
from collector.store.late import Dirty
from vigie.catalogue import MEASUREMENTS
from vigie.frame import TIME_COLUMN
from vigie.shape import Measurement

ROLLED_UNTIL: Final = "vigie.rolled_until"
"""Property of a rollup table: every window that starts before is there."""

GRACE: Final = timedelta(seconds=30)
"""How long after its end a minute is rolled up: what comes later is late."""

MINUTE, HOUR = (timedelta(seconds=RESOLUTIONS[suffix]) for suffix in ("1m", "1h"))
STRIDE: Final = timedelta(minutes=10)
"""What one step reads of the raw rows; six times this where there are none."""
STEPS: Final = 240
WRITES: Final = 12
"""Most steps, and most commits, of one table in one turn."""
MENDS: Final = 50
"""Most late hours of one turn."""


class Shelf(Protocol):
    """What this duty needs of the store."""

    def scan(  # noqa: PLR0917  as the store's
        self,
        table: str,
        columns: Sequence[str] | None,
        start: datetime,
        end: datetime,
        scopes: Sequence[str],
        where: Mapping[str, Sequence[str]],
    ) -> pa.Table:
        """Rows of `start` <= time < `end`, each once."""

    def rolled(self, measurement: str, until: datetime) -> None:
        """From now on, rows older than `until` are late and make their hour dirty."""

    def property(self, table: str, name: str) -> str | None:
        """What the table's newest commit says."""

    def write_rollup(self, table: str, rows: pa.Table, properties: Mapping[str, str]) -> None:
        """Add windows and say something, in one commit."""

    def replace_rollup(
        self, table: str, rows: pa.Table, container: str, start: datetime, end: datetime
    ) -> None:
        """Put windows in the place of the container's windows of that time, in one commit."""

    def dirty(self) -> Sequence[Dirty]:
        """The hours that late rows changed."""

    def clean(self, dirty: Sequence[Dirty]) -> None:
        """These were rolled up again; one that changed meanwhile stays dirty."""


@dataclass(frozen=True, slots=True)
class Rolled:
    """What one turn did."""

    windows: int
    mended: int


class Roll:
    """The duty: `run` it about once a minute."""

    def __init__(
        self,
        store: Shelf,
        *,
        measurements: Sequence[type[Measurement]] = MEASUREMENTS,
        grace: timedelta = GRACE,
    ) -> None:
        self._store, self._grace = store, grace
        self._measurements = {m.name: m for m in measurements}
        self._reached: dict[str, datetime] = {}
        """How far each table has come, steps that wrote nothing included."""

    def run(self, now: datetime) -> Rolled:
        """Roll up what has closed, then mend what late rows changed."""
        windows = 0
        for name, measurement in self._measurements.items():

            def minutes(rows: pa.Table, of: type[Measurement] = measurement) -> pa.Table:
                return roll(of, rows, RESOLUTIONS["1m"])

            def hours(rows: pa.Table, of: type[Measurement] = measurement) -> pa.Table:
                return merge(of, rows, RESOLUTIONS["1h"])

            until = floor(now - self._grace, MINUTE)
            windows += self._advance(name, f"{name}_1m", MINUTE, until, minutes, raw=True)
            if closed := self._until(f"{name}_1m"):
                until = floor(closed, HOUR)
                windows += self._advance(f"{name}_1m", f"{name}_1h", HOUR, until, hours)
        late = sorted(self._store.dirty(), key=lambda u: (u.hour, u.measurement, u.container))
        for unit in late[:MENDS]:
            self._mend(unit)
        return Rolled(windows, min(len(late), MENDS))

    def _advance(
        self,
        source: str,
        table: str,
        window: timedelta,
        until: datetime,
        make: Callable[[pa.Table], pa.Table],
        *,
        raw: bool = False,
    ) -> int:
        """Bring `table` up to `until` from the rows of `source`; how many windows were written.

        Raw rows are declared rolled before they are read: one that comes after is late, not lost.
        """
        at = self._until(table) or self._first(source, window, until)
        if at is None:
            return 0
        least = max(window, STRIDE)
        stride, windows, writes = least, 0, 0
        for _ in range(STEPS):
            if at >= until or writes == WRITES:
                break
            end = min(at + stride, until)
            if raw:
                self._store.rolled(source, end)
            rows = self._scan(source, at, end)
            if rows.num_rows:
                made = make(rows)
                self._store.write_rollup(table, made, {ROLLED_UNTIL: times.written(end)})
                windows += made.num_rows
                writes += 1
            stride = least if rows.num_rows else 6 * least
            self._reached[table] = at = end
        return windows

    def _mend(self, unit: Dirty) -> None:
        """Roll one container's hour up again, as far as it had been."""
        measurement = self._measurements.get(unit.measurement)
        minutes = self._until(f"{unit.measurement}_1m")
        if measurement is not None and minutes is not None and minutes > unit.hour:
            name, close = measurement.name, unit.hour + HOUR
            end = min(close, minutes)
            rows = self._scan(name, unit.hour, end, unit.container)
            made = roll(measurement, rows, RESOLUTIONS["1m"])
            self._store.replace_rollup(f"{name}_1m", made, unit.container, unit.hour, end)
            hours = self._until(f"{name}_1h")
            if hours is not None and hours >= close:
                made = merge(measurement, made, RESOLUTIONS["1h"])
                self._store.replace_rollup(f"{name}_1h", made, unit.container, unit.hour, close)
        self._store.clean([unit])

    def _until(self, table: str) -> datetime | None:
        if table not in self._reached:
            written = self._store.property(table, ROLLED_UNTIL)
            if written is None:
                return None
            self._reached[table] = times.read(written)
        return self._reached[table]

    def _first(self, source: str, window: timedelta, until: datetime) -> datetime | None:
        """Where to begin a table that has nothing yet."""
        found = self._store.scan(source, [TIME_COLUMN], times.EPOCH, until, [""], {})
        if not found.num_rows:
            return None
        first: datetime = pc.min(found[TIME_COLUMN]).as_py()
        return floor(first, window)

    def _scan(self, table: str, start: datetime, end: datetime, scope: str = "") -> pa.Table:
        return self._store.scan(table, None, start, end, [scope], {})


def floor(moment: datetime, width: timedelta) -> datetime:
    """The start of the UTC window that an instant lies in."""
    return moment.astimezone(UTC) - (moment - times.EPOCH) % width
