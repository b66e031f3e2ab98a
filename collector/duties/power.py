"""Power now: what every meter says, or its last minute where it only counts energy."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import pyarrow as pa

from collector.duties import windows
from collector.duties.roll import MINUTE
from collector.kpis.meters import Known, Meter, Place, Total, Tree, quality_of, total
from collector.kpis.period import Period
from collector.kpis.reasons import Reason
from collector.rollups import columns
from collector.rollups.increase import increase
from collector.rollups.roll import roll
from vigie.catalogue import Host, Power
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN
from vigie.network.places import inside
from vigie.shape import Quality

GONE: Final = timedelta(days=1)
"""A meter that said nothing for so long is no meter of what is drawn now."""


class Newest(Protocol):
    """The newest reading of every series."""

    def table(self, measurement: str) -> pa.Table:
        """One row per series, with the columns of the raw table; none of a silent one."""


class Shelf(windows.Shelf, Protocol):
    """What this needs of the store."""

    @property
    def live(self) -> Newest:
        """The newest readings."""


def drawn(
    shelf: Shelf, paths: Sequence[str], places: Sequence[Place], now: datetime, tree: Tree
) -> tuple[Total, Period]:
    """What places draw now; and between when and when that was read."""
    latest = {
        Meter.of(row): row
        for row in shelf.live.table(Power.name).to_pylist()
        if _within(row, paths) and row[TIME_COLUMN] > now - GONE
    }
    oldest = now - timedelta(seconds=columns.gap_seconds(Power))
    fresh = {meter: row for meter, row in latest.items() if row[TIME_COLUMN] >= oldest}
    said = {meter: row for meter, row in fresh.items() if _watts(row)}
    counted = _rates(shelf, paths, now) if len(said) < len(fresh) else {}
    known = []
    for meter in latest:
        found = Known(meter, None, 0.0, Quality.MEASURED)
        if meter in said:
            quality = quality_of(meter, said[meter][QUALITY_COLUMN], integrated=False)
            found = Known(meter, said[meter][Power.power_watts.name], 1.0, quality)
        elif meter in fresh:
            found = counted.get(meter, found)
        known.append(found)
    moments = [row[TIME_COLUMN] for row in said.values()] or [now]
    span = Period("now", min(moments), max(moments), open=True)
    return total(known, places, unread=Reason.STALE, tree=tree), span


def hosts(shelf: Shelf, paths: Sequence[str]) -> dict[str, set[str]]:
    """The hosts that report of each container."""
    live = shelf.live.table(Host.name)
    found: dict[str, set[str]] = {}
    rows = live.select([columns.CONTAINER_COLUMN, Host.host.name]) if live.num_rows else live
    for row in rows.to_pylist():
        if _within(row, paths):
            found.setdefault(row["container"], set()).add(row["host"])
    return found


def _rates(shelf: Shelf, paths: Sequence[str], now: datetime) -> dict[Meter, Known]:
    """Mean power over the last minute, by counters."""
    rows = shelf.scan(Power.name, None, now - MINUTE, now, paths, {})
    minutes = roll(Power, rows, columns.RESOLUTIONS["1m"])
    grown = increase(Power, Power.energy_joules_total, minutes, [now - MINUTE, now])
    found = {}
    for row in grown.to_pylist():
        if row["total"] is not None:
            meter = Meter.of(row)
            quality = quality_of(meter, 0, integrated=True)
            mean = row["total"] / (row["covered"] + row["gap"])
            found[meter] = Known(meter, mean, 1.0, quality)
    return found


def _within(row: Mapping[str, Any], paths: Sequence[str]) -> bool:
    return any(inside(f"{row['container']}/{row['host']}", path) for path in paths)


def _watts(row: Mapping[str, Any]) -> bool:
    """Whether a row says power, plausibly."""
    suspect = row[columns.SUSPECT_COLUMN] >> Power.power_watts.number & 1
    return row[Power.power_watts.name] is not None and not suspect
