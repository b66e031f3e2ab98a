"""Readings to rollups: closed minutes, closed hours, and hours that late rows changed.

Rows are read some containers at a time and written as they come, so that memory is bounded.

How far a rollup table has come is written in the same commit as its windows, so that a crash
anywhere repeats a step and doubles nothing. One turn does a bounded amount of work, and the next
goes on from there.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import groupby
from typing import Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from collector import times
from collector.duties import over
from collector.rollups.columns import RESOLUTIONS, schema
from collector.rollups.roll import merge, roll
from collector.store.late import Dirty
from collector.store.order import Rows
from collector.store.sweep import whole
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
TOGETHER: Final = 16
"""Containers whose late hour is made again in one step: their minutes are in memory together."""


class Shelf(over.Shelf, Protocol):
    """What this duty needs of the store, beside what rollups over devices do."""

    def rolling(self, measurement: str, until: datetime) -> None:
        """From now on, rows older than `until` are late and make their hour dirty."""

    def sweep(
        self, table: str, start: datetime, end: datetime, containers: Sequence[str] | None = None
    ) -> Rows:
        """Rows of `start` <= time < `end`, each once, containers whole and in order."""

    def write_rollup(self, table: str, rows: pa.Table | Rows, properties: Mapping[str, str]) -> int:
        """Add windows and say something, in one commit; how many. Of none there is no commit."""

    def replace_rollup(
        self, table: str, rows: pa.Table, containers: Sequence[str],
        start: datetime, end: datetime, *, properties: Mapping[str, str],
    ) -> None:  # fmt: skip
        """Put windows in the place of the containers' windows of that time, and say something."""

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

    def over(self, rows: Rows) -> Rows:
        """The windows over rows of the source, part by part; of the fields that it has alone."""
        raw = self.source == self.measurement.name
        reduce, mark = (roll, "") if raw else (merge, "_first_time")
        fields = [f for f in self.measurement.values if f"{f.name}{mark}" in rows.names]

        def windows(part: pa.Table) -> pa.Table:
            return reduce(self.measurement, part, RESOLUTIONS[self.suffix], fields)

        return Rows(schema(self.measurement, fields).names, map(windows, filter(len, rows.parts)))


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
        self._over = over.Over(store)
        self._measurements = {m.name: m for m in measurements}
        self._reached: dict[str, datetime] = {}
        """How far each table has come, steps that wrote nothing included."""

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
            self._over.keep_up(measurement)
        late = sorted(self._store.dirty(), key=_hour)
        for _, units in groupby(late[:MENDS], key=_hour):
            for some in batched(list(units), TOGETHER):
                self._mend(some)
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
            said = {ROLLED_UNTIL: over.said(end)}
            made = rollup.over(self._store.sweep(rollup.source, at, end))
            along = self._over.along(rollup.measurement, rollup.suffix, (at, end))
            if along is not None:
                made = Rows(made.names, _told(along, made.parts))
            count = self._store.write_rollup(rollup.table, made, said)
            if along is not None and count:
                along.end()
            windows += count
            writes += count > 0
            catching = count < FEW and until - end > BEHIND
            stride = least if count and not catching else max(HOUR, least)
            self._reached[rollup.table] = at = end
        return windows

    def _mend(self, late: Sequence[Dirty]) -> None:
        """Roll an hour of some containers up again, as far as it had been."""
        name, hour = late[0].measurement, late[0].hour
        measurement = self._measurements.get(name)
        reached = self._until(f"{name}_1m")
        if measurement is not None and reached is not None and reached > hour:
            containers = [unit.container for unit in late]
            minutes = Rollup(measurement, name, "1m")
            hours = Rollup(measurement, minutes.table, "1h")
            close = hour + HOUR
            self._replace(minutes, containers, hour, min(close, reached))
            closed = self._until(hours.table)
            if closed is not None and closed >= close:
                self._replace(hours, containers, hour, close)
            for unit in late:
                self._over.mend(unit)
        self._store.clean(late)

    def _replace(
        self, rollup: Rollup, containers: Sequence[str], start: datetime, end: datetime
    ) -> None:
        made = rollup.over(self._store.sweep(rollup.source, start, end, containers))
        rows = whole(made)
        if rows is None:
            rows = schema(rollup.measurement).empty_table()
        # The table may go further than it says, over time that had no rows until now.
        said = {ROLLED_UNTIL: over.said(self._reached[rollup.table])}
        self._store.replace_rollup(rollup.table, rows, containers, start, end, properties=said)

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


def _told(along: over.Along, parts: Iterator[pa.Table]) -> Iterator[pa.Table]:
    """The same parts, that others take too as they come by."""
    for part in parts:
        along.add(part)
        yield part


def _hour(late: Dirty) -> tuple[datetime, str]:
    return late.hour, late.measurement


def batched(late: Sequence[Dirty], most: int) -> Iterator[Sequence[Dirty]]:
    """Some at a time."""
    return (late[at : at + most] for at in range(0, len(late), most))


def floor(moment: datetime, width: timedelta) -> datetime:
    """The start of the UTC window that an instant lies in."""
    return moment.astimezone(UTC) - (moment - times.EPOCH) % width
