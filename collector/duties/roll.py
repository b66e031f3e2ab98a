"""Readings to rollups: closed minutes, closed hours, and hours that late rows changed.

How far a rollup table has come is written in the same commit as its windows, so that a crash
anywhere repeats a step and doubles nothing. One turn does a bounded amount of work, and the next
goes on from there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from collector import times
from collector.rollups.columns import RESOLUTIONS, schema
from collector.rollups.roll import merge, roll
from collector.store.late import Dirty
from collector.store.upkeep import ROLLED_UNTIL
from vigie.catalogue import MEASUREMENTS
from vigie.frame import TIME_COLUMN
from vigie.shape import Measurement

GRACE: Final = timedelta(seconds=30)
"""How long after its end a minute is rolled up: what comes later is late."""

MINUTE, HOUR = (timedelta(seconds=RESOLUTIONS[suffix]) for suffix in ("1m", "1h"))
STRIDE: Final = timedelta(minutes=10)
"""What one step reads of the raw rows; an hour where there are none, or few and long ago."""
BEHIND: Final = timedelta(hours=2)
FEW: Final = 50_000
"""Windows of a step: a past of few series that came at once is rolled up in few commits."""
STEPS: Final = 240
WRITES: Final = 12
"""Most steps, and most commits, of one table in one turn."""
MENDS: Final = 50
"""Most late hours of one turn."""
CELLS: Final = 20_000_000
"""About how many values are in memory at once: what a step reads comes in slices of time."""
SLICE: Final = timedelta(seconds=10)
LEAST_SLICE: Final = timedelta(seconds=1)


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

    def rolling(self, measurement: str, until: datetime) -> None:
        """From now on, rows older than `until` are late and make their hour dirty."""

    def rolled_until(self, table: str) -> datetime | None:
        """The end of the newest window of a rollup table, as its commits say."""

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


@dataclass(frozen=True, slots=True)
class Rollup:
    """A table of windows and the table that it is made from."""

    measurement: type[Measurement]
    source: str
    suffix: str

    @property
    def table(self) -> str:
        """Its name."""
        return f"{self.measurement.name}_{self.suffix}"

    @property
    def window(self) -> timedelta:
        """How long a window is."""
        return timedelta(seconds=RESOLUTIONS[self.suffix])

    def of(self, rows: pa.Table | None) -> pa.Table:
        """The windows over rows of the source; none over none."""
        if rows is None:
            return schema(self.measurement).empty_table()
        reduce = roll if self.source == self.measurement.name else merge
        return reduce(self.measurement, rows, RESOLUTIONS[self.suffix])

    def join(self, left: pa.Table, right: pa.Table) -> pa.Table:
        """Windows of neighbouring times as one table; one that lies in both becomes one."""
        both = pa.concat_tables([left, right])
        return merge(self.measurement, both, RESOLUTIONS[self.suffix])


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
        self._slices: dict[str, timedelta] = {}
        """How much time of a table to read at once."""

    def run(self, now: datetime) -> Rolled:
        """Roll up what has closed, then mend what late rows changed."""
        windows = 0
        for name, measurement in self._measurements.items():
            minutes = Rollup(measurement, name, "1m")
            windows += self._advance(minutes, floor(now - self._grace, MINUTE), raw=True)
            if closed := self._until(minutes.table):
                windows += self._advance(
                    Rollup(measurement, minutes.table, "1h"), floor(closed, HOUR)
                )
        late = sorted(self._store.dirty(), key=lambda u: (u.hour, u.measurement, u.container))
        for unit in late[:MENDS]:
            self._mend(unit)
        return Rolled(windows, min(len(late), MENDS))

    def _advance(self, rollup: Rollup, until: datetime, *, raw: bool = False) -> int:
        """Bring a rollup up to `until`; how many windows were written.

        Raw rows are declared rolled before they are read: one that comes after is late, not lost.
        """
        at = self._until(rollup.table) or self._first(rollup, until)
        if at is None:
            return 0
        least = max(rollup.window, STRIDE)
        stride, windows, writes = least, 0, 0
        for _ in range(STEPS):
            if at >= until or writes == WRITES:
                break
            end = min(at + stride, until)
            if raw:
                self._store.rolling(rollup.source, end)
            made = self._make(rollup, at, end)
            if made.num_rows:
                said = {ROLLED_UNTIL: str(round(end.timestamp() * 1e6))}
                self._store.write_rollup(rollup.table, made, said)
                windows += made.num_rows
                writes += 1
            catching = made.num_rows < FEW and until - end > BEHIND
            stride = least if made.num_rows and not catching else max(HOUR, least)
            self._reached[rollup.table] = at = end
        return windows

    def _make(self, rollup: Rollup, start: datetime, end: datetime, scope: str = "") -> pa.Table:
        """The windows of that time, from slices of rows that fit in memory."""
        made, at = rollup.of(None), start
        while at < end:
            width = self._slices.get(rollup.source, SLICE)
            stop = min(at + width, end)
            rows = self._store.scan(rollup.source, None, at, stop, [scope], {})
            cells, at = rows.num_rows * rows.num_columns, stop
            if cells > CELLS:
                self._slices[rollup.source] = max(width / 2, LEAST_SLICE)
            elif cells < CELLS / 4:
                self._slices[rollup.source] = min(width * 2, 6 * STRIDE)
            if rows.num_rows:
                part = rollup.of(rows)
                made = rollup.join(made, part) if made.num_rows else part
        return made

    def _mend(self, unit: Dirty) -> None:
        """Roll one container's hour up again, as far as it had been."""
        measurement = self._measurements.get(unit.measurement)
        reached = self._until(f"{unit.measurement}_1m")
        if measurement is not None and reached is not None and reached > unit.hour:
            minutes = Rollup(measurement, measurement.name, "1m")
            hours = Rollup(measurement, minutes.table, "1h")
            close = unit.hour + HOUR
            end = min(close, reached)
            made = self._make(minutes, unit.hour, end, unit.container)
            self._store.replace_rollup(minutes.table, made, unit.container, unit.hour, end)
            closed = self._until(hours.table)
            if closed is not None and closed >= close:
                made = hours.of(made)
                self._store.replace_rollup(hours.table, made, unit.container, unit.hour, close)
        self._store.clean([unit])

    def _until(self, table: str) -> datetime | None:
        if table not in self._reached:
            written = self._store.rolled_until(table)
            if written is None:
                return None
            self._reached[table] = written
        return self._reached[table]

    def _first(self, rollup: Rollup, until: datetime) -> datetime | None:
        """Where to begin a table that has nothing yet."""
        found = self._store.scan(rollup.source, [TIME_COLUMN], times.EPOCH, until, [""], {})
        if not found.num_rows:
            return None
        first: datetime = pc.min(found[TIME_COLUMN]).as_py()
        return floor(first, rollup.window)


def floor(moment: datetime, width: timedelta) -> datetime:
    """The start of the UTC window that an instant lies in."""
    return moment.astimezone(UTC) - (moment - times.EPOCH) % width
