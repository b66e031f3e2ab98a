"""What the meters of a container counted over one hour, as far as it is settled."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final, Protocol

import pyarrow as pa

from collector.duties.meters import HEAT, POWER, Medium
from collector.duties.roll import HOUR, MINUTE, floor
from collector.kpis.meters import Known, Meter
from collector.rollups import columns
from collector.rollups.increase import increase
from collector.rollups.roll import roll
from vigie.catalogue import Power
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN
from vigie.shape import Field, Quality

GIVEN: Final = Power.energy_exported_joules_total
LAG: Final = timedelta(
    seconds=max(columns.gap_seconds(POWER.measurement), columns.gap_seconds(HEAT.measurement))
)
"""How long the next reading of a meter may be in coming."""


class Shelf(Protocol):
    """What this needs of the store."""

    def scan(  # noqa: PLR0917  as the store's
        self, table: str, columns: Sequence[str] | None, start: datetime, end: datetime,
        scopes: Sequence[str], where: Mapping[str, Sequence[str]],
    ) -> pa.Table:  # fmt: skip
        """Rows of `start` <= time < `end`, each once."""

    def rolled_until(self, table: str) -> datetime | None:
        """The end of the newest window of a rollup table."""


def counted(store: Shelf, medium: Medium, path: str, end: datetime) -> list[Known]:
    """What each meter took in over the hour before `end`, less what it gave back, in J or m3.

    A counter is trusted more than the integral of a gauge. `end` lies `LAG` in the past at least.
    """
    given = [GIVEN] if medium.measurement is Power else []
    windows = _windows(store, medium, [*medium.fields, *given], path, end)
    edges = [end - HOUR, end]
    found: dict[Meter, Known] = {}
    for field in reversed(medium.fields):
        for row in increase(medium.measurement, field, windows, edges).to_pylist():
            if row["total"] is not None:
                meter = Meter.of(row)
                share = (row["covered"] + row["gap"]) / HOUR.total_seconds()
                found[meter] = Known(meter, row["total"], share, Quality.MEASURED)
    for field in given:
        for row in increase(medium.measurement, field, windows, edges).to_pylist():
            meter = Meter.of(row)
            if row["total"] and (taken := found.get(meter)) and taken.value is not None:
                found[meter] = Known(
                    meter, taken.value - row["total"], taken.covered, taken.quality
                )
    return list(found.values())


def _windows(
    store: Shelf, medium: Medium, fields: Sequence[Field], path: str, end: datetime
) -> pa.Table:  # fmt: skip
    """Minutes that cover the hour and the joints at its edges, from rollups and raw rows."""
    of = medium.measurement
    first, last = floor(end - HOUR - LAG, MINUTE), end + LAG
    rolled = min(max(store.rolled_until(f"{of.name}_1m") or first, first), last)
    keys = columns.series_columns(of)
    wanted = [TIME_COLUMN, *keys, *(f.name for f in fields), QUALITY_COLUMN, columns.SUSPECT_COLUMN]
    raw = store.scan(of.name, wanted, rolled, last, [path], {})
    names = columns.schema(of, fields).names
    tables = [roll(of, raw, columns.RESOLUTIONS["1m"], fields).select(names)]
    if first < rolled:
        tables += [store.scan(f"{of.name}_1m", names, first, rolled, [path], {})]
    return pa.concat_tables(tables)
