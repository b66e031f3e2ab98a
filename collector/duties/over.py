"""Rollups over devices, made beside those of every device: see `collector.rollups.over`.

The end of each table is written in the commit of its rows, and lies at or before that of the
windows that they are made from: after a crash in between, these are read again. Where the table
begins is written too: what was rolled up before there was such a table is not in it.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from collector.duties.neighbours import FAR, HOUR, NEAR, Neighbours
from collector.duties.neighbours import Shelf as Looked
from collector.rollups import columns, over
from collector.rollups.columns import CONTAINER_COLUMN, RESOLUTIONS
from collector.rollups.ends import Ends, joined, names, nobody
from collector.store.late import Dirty
from collector.store.upkeep import ROLLED_SINCE, ROLLED_UNTIL
from collector.times import EPOCH
from vigie import catalogue
from vigie.frame import TIME_COLUMN
from vigie.shape import Measurement
from vigie.units import MICROSECONDS_PER_SECOND

STEPS: Final = 48
"""Most steps in one turn of a table that is behind."""
MOST_ROWS: Final = 2_000_000
"""About how many windows such a step reads."""
LOOKED: Final = 100_000
"""Most windows of which every single field is looked for in the past when nothing is known."""


class Shelf(Looked, Protocol):
    """What this duty needs of the store."""

    def rolled_until(self, table: str, said: str = ROLLED_UNTIL) -> datetime | None:
        """The end of the newest window of a rollup table; or its beginning, where that is asked."""

    def write_rollup(self, table: str, rows: pa.Table, properties: Mapping[str, str]) -> object:
        """Add windows and say something, in one commit."""

    def replace_rollup(
        self, table: str, rows: pa.Table, container: str, start: datetime, end: datetime, *,
        properties: Mapping[str, str],
    ) -> None:  # fmt: skip
        """Put windows in the place of the container's windows of that time, and say something."""


class Over:
    """The tables over devices of one store."""

    def __init__(self, store: Shelf) -> None:
        self._store = store
        self._ends: dict[type[Measurement], Ends] = {}
        """What every series said last in minutes; of hours that is read again each hour."""
        self._reached: dict[str, datetime] = {}
        self._begun: dict[str, datetime] = {}

    def along(
        self, measurement: type[Measurement], suffix: str, span: tuple[datetime, datetime]
    ) -> "Along | None":
        """What takes the windows of all devices of a span while they are rolled up, if any does."""
        if measurement not in over.MANY:
            return None
        start, _ = span
        name = over.table(measurement, suffix)
        reached = self._until(name)
        if reached is None:
            older = self._store.size(f"{measurement.name}_{suffix}", EPOCH, start)
            self._begun[name] = start if older else EPOCH
            reached = start
        if reached < start:
            reached = self._catch_up(measurement, suffix, reached, start)
        return self._along(measurement, suffix, span) if reached == start else None

    def keep_up(self, measurement: type[Measurement]) -> None:
        """Read again what a crash kept from these tables: its devices' windows have it."""
        for suffix in RESOLUTIONS if measurement in over.MANY else ():
            reached = self._until(over.table(measurement, suffix))
            source = self._store.rolled_until(f"{measurement.name}_{suffix}")
            if reached is not None and source is not None and reached < source:
                self._catch_up(measurement, suffix, reached, source)

    def mend(self, late: Dirty) -> None:
        """Make an hour of a container again, after its devices' windows were.

        A late row changes the joints to its neighbours too, so what these cross is made again.
        """
        measurement = catalogue.measurement(late.measurement)
        if measurement is None or measurement not in over.MANY:
            return
        for suffix in RESOLUTIONS:
            name = over.table(measurement, suffix)
            until, since = self._until(name), self._since(name)
            if until is None or since is None or late.hour >= until:
                continue
            around = Neighbours(self._store, measurement, suffix)
            span = _touched(
                around, late.container, (late.hour, min(late.hour + HOUR, until)), until
            )
            start, end = max(span[0], since), min(span[1], until)
            if start < end:
                rows = _again(around, late.container, (start, end), until)
                self._store.replace_rollup(
                    name, rows, late.container, start, end, properties={ROLLED_UNTIL: said(until)}
                )
        if measurement in self._ends:
            self._ends[measurement] = self._ends[measurement].without(late.container)

    def _catch_up(
        self, measurement: type[Measurement], suffix: str, at: datetime, until: datetime
    ) -> datetime:
        """Read again what devices' windows had more than this table; how far that came."""
        source = f"{measurement.name}_{suffix}"
        window = timedelta(seconds=RESOLUTIONS[suffix])
        for _ in range(STEPS):
            if at >= until:
                break
            stop = min(at + 60 * window, until)
            if self._store.size(source, at, stop) > MOST_ROWS:
                stop = min(at + window, until)
            wanted = columns.schema(measurement).names
            along = self._along(measurement, suffix, (at, stop))
            along.add(self._store.scan(source, wanted, at, stop, [""], {}))
            along.end()
            at = stop
        return at

    def _along(
        self, measurement: type[Measurement], suffix: str, span: tuple[datetime, datetime]
    ) -> "Along":
        known = self._ends.get(measurement, nobody()) if suffix == "1m" else nobody()
        return Along(Neighbours(self._store, measurement, suffix), span, known, self._keep)

    def _keep(self, around: Neighbours, span: tuple[datetime, datetime], made: over.Made) -> None:
        """Write the rows of a span, and remember what every series said last in it."""
        start, end = span
        name = over.table(around.measurement, around.suffix)
        if made.rows.num_rows:
            since = self._since(name) or start
            far = {ROLLED_UNTIL: said(end), ROLLED_SINCE: said(since)}
            self._store.write_rollup(name, _within(made.rows, since, end), far)
            if around.suffix == "1m":
                oldest = round((start - FAR["1m"]).timestamp() * MICROSECONDS_PER_SECOND)
                self._ends[around.measurement] = made.ends.since(oldest)
        self._reached[name] = end

    def _until(self, table: str) -> datetime | None:
        return _kept(self._reached, table, self._store.rolled_until(table))

    def _since(self, table: str) -> datetime | None:
        return _kept(self._begun, table, self._store.rolled_until(table, ROLLED_SINCE))


class Along:
    """Rows over devices of one span, out of windows that come some containers at a time."""

    def __init__(
        self, around: Neighbours, span: tuple[datetime, datetime], known: Ends,
        keep: Callable[[Neighbours, tuple[datetime, datetime], over.Made], None],
    ) -> None:  # fmt: skip
        """`known` is what series said before; `keep` is given what was made, at the end."""
        self._around, self._span, self._keep = around, span, keep
        self._cold = not len(known.names)
        self._left = known
        self._rows = [over.schema(around.measurement).empty_table()]
        self._ends: list[Ends] = []

    def add(self, windows: pa.Table) -> None:
        """Take the windows of some containers, all of each; they come in order of containers."""
        if not windows.num_rows:
            return
        around, start = self._around, self._span[0]
        known, self._left = self._left.parted(pc.max(_words(windows)).as_py())
        # After a start nobody knows of a field that was null of late: few are looked for.
        fields = _told(around, windows) if self._cold and windows.num_rows <= LOOKED else []
        made = over.over(
            around.measurement, windows, RESOLUTIONS[around.suffix],
            lambda series: around.before(series, start, known, fields),
        )  # fmt: skip
        self._rows.append(made.rows)
        self._ends.append(made.ends)

    def end(self) -> None:
        """Keep what was made: all windows have come, and are written."""
        ends = joined([*self._ends, self._left])
        self._keep(self._around, self._span, over.Made(pa.concat_tables(self._rows), ends))


def _words(windows: pa.Table) -> pa.ChunkedArray:
    """The containers of windows."""
    column = windows[CONTAINER_COLUMN]
    return column.cast(pa.string()) if pa.types.is_dictionary(column.type) else column


def _kept(known: dict[str, datetime], table: str, written: datetime | None) -> datetime | None:
    if table not in known and written is not None:
        known[table] = written
    return known.get(table)


def _touched(
    around: Neighbours, container: str, span: tuple[datetime, datetime], until: datetime
) -> tuple[datetime, datetime]:
    """The time of which a change within a span may change rows: as far as joints lead."""
    start, end = span
    here = around.windows(container, start, end)
    series, fields = names(around.measurement, here).unique(), _told(around, here)
    older = around.before(series, start, nobody(), fields)
    first, last = start - NEAR * around.window, end + NEAR * around.window
    for name in fields:
        if name in older.fields:
            spoke = older.fields[name].at(older.find(series)).time
            if (spoke > 0).any():
                first = min(first, _moment(int(spoke[spoke > 0].min())))
    later = around.after(container, end, until, series, fields)
    if later.num_rows and fields:
        mine = later.append_column("_series", names(around.measurement, later))
        firsts = [f"{name}_first_time" for name in fields]
        found = mine.group_by("_series").aggregate([(name, "min") for name in firsts])
        ends = [pc.max(found[f"{name}_min"]).as_py() for name in firsts]
        last = max(last, *(end + around.window for end in ends if end is not None))
    return _floor(first, around.window), _floor(last, around.window)


def _told(around: Neighbours, windows: pa.Table) -> list[str]:
    """The fields that some of these windows know."""
    fields = {f"{f.name}_last_time": f.name for f in around.measurement.values}
    columns = [c for c in windows.column_names if c in fields]
    return [fields[c] for c in columns if windows[c].null_count < windows.num_rows]


def _again(
    around: Neighbours, container: str, span: tuple[datetime, datetime], until: datetime
) -> pa.Table:
    """The rows of a container in a span, out of its devices' windows in it and around it."""
    start, end = span
    windows = around.windows(container, start, end)
    series = pa.concat_arrays(
        [names(around.measurement, windows), around.everyone(container, start)]
    ).unique()
    fields = _told(around, windows)
    older = around.before(series, start, nobody(), fields)
    later = around.after(container, end, until, series, fields)
    both = pa.concat_tables([windows, later.select(windows.column_names)])
    made = over.over(
        around.measurement, both, RESOLUTIONS[around.suffix], lambda _: older
    )  # fmt: skip
    return _within(made.rows, start, end)


def _within(rows: pa.Table, start: datetime, end: datetime) -> pa.Table:
    times = rows[TIME_COLUMN]
    return rows.filter(
        pc.and_(pc.greater_equal(times, pa.scalar(start)), pc.less(times, pa.scalar(end)))
    )


def _floor(moment: datetime, width: timedelta) -> datetime:
    """The start of the window that an instant lies in."""
    seconds = width.total_seconds()
    return datetime.fromtimestamp(moment.timestamp() // seconds * seconds, UTC)


def _moment(time: int) -> datetime:
    return datetime.fromtimestamp(time / MICROSECONDS_PER_SECOND, UTC)


def said(moment: datetime) -> str:
    """An instant as commits say it, `ROLLED_UNTIL`."""
    return str(round(moment.timestamp() * MICROSECONDS_PER_SECOND))
