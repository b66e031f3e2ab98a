"""What series said just before and just after some windows: the far ends of their joints."""

import math
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from collector.rollups import columns, over
from collector.rollups.columns import CONTAINER_COLUMN, RESOLUTIONS, gap_seconds, series_columns
from collector.rollups.ends import Ends, containers, names
from collector.rollups.told import IDLE
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN
from vigie.shape import Measurement

HOUR: Final = timedelta(hours=1)
FAR: Final = {"1m": timedelta(days=1), "1h": timedelta(days=31)}
"""How long a joint may be to be known: what a device counts in a longer silence is in its own
windows alone."""
SOON: Final = timedelta(hours=2)
"""In minutes, what is further away is looked for in hours first."""
NEAR: Final = 10
"""Windows that are read at once beside those of one container."""
FEW: Final = 200
"""Containers that are named to the store; more are sought among all."""
ROWS: Final = 1_000_000
"""About how many rows to read at once."""
MOST_ROWS: Final = 5_000_000
"""Likewise in all: what a large site's new series said before that stays unknown."""


class Shelf(Protocol):
    """What this needs of the store."""

    def scan(  # noqa: PLR0917  as the store's
        self, table: str, columns: Sequence[str] | None, start: datetime, end: datetime,
        scopes: Sequence[str], where: Mapping[str, Sequence[str]],
    ) -> pa.Table:  # fmt: skip
        """Rows of `start` <= time < `end`, each once."""

    def rolled_until(self, table: str) -> datetime | None:
        """The end of the newest window of a rollup table."""

    def size(self, table: str, start: datetime, end: datetime) -> int:
        """About how many rows a table has from `start` until before `end`."""


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Windows of one resolution of a measurement, looked at around a time."""

    store: Shelf
    measurement: type[Measurement]
    suffix: str

    @property
    def window(self) -> timedelta:
        """How long a window is."""
        return timedelta(seconds=RESOLUTIONS[self.suffix])

    def table(self, suffix: str) -> str:
        """The name of the table of windows."""
        return f"{self.measurement.name}_{suffix}"

    def before(
        self, wanted: pa.Array, at: datetime, known: Ends, fields: Collection[str] = ()
    ) -> Ends:
        """What these series said before windows that begin at a time, beside what is known.

        Who spoke lately is found in few rows; of others, and of those that lack one of `fields`,
        alone more is read, the newest first.
        """
        wide, read = self._last_columns(), 0
        for suffix, start, end in self._back(at):
            for span in self._steps((suffix, start, end), known.lacking(wanted, fields), wanted):
                fresh = known.lacking(wanted, fields)
                if not len(fresh) or read > MOST_ROWS:
                    return known
                where = _where(containers(fresh))
                rows = self.store.scan(self.table(suffix), wide, *span, [""], where)
                read += rows.num_rows
                known = known.over(over.ends(self.measurement, rows))
        return known

    def after(
        self, container: str, at: datetime, until: datetime, wanted: pa.Array,
        fields: Collection[str],
    ) -> pa.Table:  # fmt: skip
        """Windows of a container's series from a time on.

        They are the next few, and the first that know what the series, or some field of one, do
        not say in these.
        """
        near = min(at + max(NEAR * self.window, self._gap), until)
        found = [self.windows(container, at, near)]
        known = over.ends(self.measurement, found[0])
        if len(known.lacking(wanted, fields)):
            spans = self._ahead(container, (near, min(at + FAR[self.suffix], until)), known, wanted)
            found += [self.windows(container, start, end) for start, end in spans]
        return pa.concat_tables(found)

    def windows(self, container: str, start: datetime, end: datetime) -> pa.Table:
        """The windows of one container's series that begin in a span."""
        schema = columns.schema(self.measurement)
        if end <= start:
            return schema.empty_table()
        where = {CONTAINER_COLUMN: [container]}
        table = self.table(self.suffix)
        return self.store.scan(table, schema.names, start, end, [container], where)

    def everyone(self, container: str, at: datetime) -> pa.Array:
        """The series that a container had not long before a time."""
        keys = [TIME_COLUMN, *series_columns(self.measurement)]
        where = {CONTAINER_COLUMN: [container]}
        start = _floor(at - FAR[self.suffix])
        rows = self.store.scan(self.table("1h"), keys, start, at, [container], where)
        return names(self.measurement, rows).unique()

    @property
    def _gap(self) -> timedelta:
        """As long as a joint may be and still be covered, in whole windows."""
        windows = math.ceil(timedelta(seconds=gap_seconds(self.measurement)) / self.window)
        return windows * self.window

    def _back(self, at: datetime) -> Iterator[tuple[str, datetime, datetime]]:
        """Where to look for what was said before, the newest first."""
        far, near = at - FAR[self.suffix], at - self._gap
        yield self.suffix, near, at
        if self.suffix == "1m":
            hours = self.store.rolled_until(self.table("1h")) or far
            soon = _floor(min(hours, at - SOON))
            yield "1m", max(soon, far), near
            yield "1h", _floor(far), soon
        else:
            yield "1h", far, near

    def _steps(
        self, part: tuple[str, datetime, datetime], fresh: pa.Array, wanted: pa.Array
    ) -> Iterator[tuple[datetime, datetime]]:
        """A span in steps of about so many rows, the newest first."""
        suffix, start, end = part
        window = timedelta(seconds=RESOLUTIONS[suffix])
        if end <= start or not len(fresh):
            return
        sought = containers(fresh)
        share = 1.0 if len(sought) > FEW else len(sought) / max(1, len(containers(wanted)))
        many = math.ceil(share * self.store.size(self.table(suffix), start, end) / ROWS)
        width = max(window, -(-(end - start) // max(1, many) // window) * window)
        while end > start:
            yield max(start, end - width), end
            end -= width

    def _ahead(
        self, container: str, span: tuple[datetime, datetime], known: Ends, wanted: pa.Array
    ) -> Iterator[tuple[datetime, datetime]]:
        """Where to look for what is not said in the next few windows; hours tell where minutes."""
        at, end = span
        if self.suffix != "1m" or end <= at:
            yield at, end
            return
        hours = self.store.rolled_until(self.table("1h")) or at
        soon = max(min(_floor(at + SOON), end), at)
        late = max(min(_floor(hours), end), soon)
        yield at, soon
        if late > soon:
            for hour in self._hours(container, (soon, late), known, wanted):
                yield hour, min(hour + HOUR, end)
        yield late, end

    def _hours(
        self, container: str, span: tuple[datetime, datetime], known: Ends, wanted: pa.Array
    ) -> list[datetime]:
        """The first hours of a span in which series say what is not known of them."""
        where = {CONTAINER_COLUMN: [container]}
        rows = self.store.scan(self.table("1h"), self._last_columns(), *span, [container], where)
        series = names(self.measurement, rows)
        found: set[datetime] = set()
        for declared in self.measurement.values:
            fresh = pc.is_in(series, known.lacking(wanted, [declared.name]))
            told = pc.and_(fresh, rows[f"{declared.name}_last_time"].is_valid())
            mine = pa.table({"series": series, TIME_COLUMN: rows[TIME_COLUMN]}).filter(told)
            first = mine.group_by("series").aggregate([(TIME_COLUMN, "min")])
            found.update(first[f"{TIME_COLUMN}_min"].to_pylist())
        return sorted(found)

    def _last_columns(self) -> list[str]:
        fields = self.measurement.values
        idle = IDLE.get(self.measurement)
        activity = idle.activity if idle else ()
        more = [f"{f.name}_{part}" for f in activity for part in ("sum", "count")]
        last = [f"{f.name}_{end}" for f in fields for end in ("last", "last_time")]
        series = series_columns(self.measurement)
        return [TIME_COLUMN, *series, *last, *more, QUALITY_COLUMN]


def _where(found: Sequence[str]) -> Mapping[str, Sequence[str]]:
    return {CONTAINER_COLUMN: found} if len(found) <= FEW else {}


def _floor(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(minute=0, second=0, microsecond=0)
