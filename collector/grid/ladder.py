"""Whom to believe about a zone: its own feed, then the providers in their order, then the table.

One rung serves a whole period, so that no sum mixes series that count differently. A rung that
knows nine tenths of the hours serves; an hour that it lacks is its mean over the period, and the
whole is estimated then. Only the packaged table is always there.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

import numpy as np
import pyarrow as pa

from collector import times
from collector.grid.point import Provider
from collector.grid.vintages import Learned, Vintages
from collector.kpis.facts import Floats, Grids, Supply
from collector.rollups import columns
from vigie.catalogue import Grid
from vigie.frame import TIME_COLUMN
from vigie.shape import Field, Quality
from vigie.units import JOULES_PER_KWH

ENOUGH: Final = 0.9
"""Share of the hours that a rung has to know."""
FEED_METHOD: Final = "grid-feed@1"
TWIN_METHOD: Final = "grid-twin@1"
FIELDS: Final = (
    Grid.carbon_grams_per_joule, Grid.renewable_ratio, Grid.nuclear_ratio,
    Grid.price_euros_per_joule,
)  # fmt: skip
LONG: Final = timedelta(days=40)
"""Past this a feed is read by its hours."""


class Shelf(Protocol):
    """What the ladder needs of the store."""

    def scan(  # noqa: PLR0917  as the store's
        self, table: str, columns: Sequence[str] | None, start: datetime, end: datetime,
        scopes: Sequence[str], where: Mapping[str, Sequence[str]],
    ) -> pa.Table:  # fmt: skip
        """Rows of `start` <= time < `end`, each once."""


@dataclass(frozen=True, slots=True, eq=False)
class _Hours:
    """Values by hour of a rung, NaN where it has none; `worst` is their least quality."""

    values: tuple[Floats, ...]
    worst: Quality
    learned: datetime


class Ladder:
    """Implements `collector.kpis.facts.Grids`."""

    def __init__(
        self, store: Shelf, vintages: Vintages, providers: Sequence[Provider], table: Grids,
        twins: Callable[[str], bool],
    ) -> None:  # fmt: skip
        """`table` answers last; `twins` tells whether a container is the twin's."""
        self._store, self._vintages, self._table = store, vintages, table
        self._providers, self._twins = tuple(providers), twins

    def supply(
        self, zone: str, edges: Sequence[datetime], *, simulated: bool, known: datetime
    ) -> Supply | None:
        """Of a zone between edges, as known at a time; None where nothing is known of it.

        Only a `simulated` place is told what the twin says of its grid.
        """
        due = sum(edge < known for edge in edges[:-1])  # hours that have begun
        fed = self._feed(zone, edges, simulated=simulated)
        if _enough(fed.values[0], due):
            name = ("twin", "simulated") if simulated else ("feed of the zone's sites", "")
            return _supply(zone, fed, TWIN_METHOD if simulated else FEED_METHOD, *name)
        for provider in self._providers:
            said = self._vintages.known(zone, provider.method, edges[0], edges[-1], known)
            hours = _by_hour(said, edges)
            if _enough(hours.values[0], due):
                return _supply(zone, hours, provider.method, provider.source, provider.licence)
        return self._table.supply(zone, edges, simulated=simulated, known=known)

    def _feed(self, zone: str, edges: Sequence[datetime], *, simulated: bool) -> _Hours:
        """What agents tell of the zone: the mean over all who do, each hour."""
        hourly = edges[-1] - edges[0] > LONG
        names = [
            name
            for f in FIELDS
            for name in ([f"{f.name}_sum", f"{f.name}_count"] if hourly else [f.name])
        ]
        rows = self._store.scan(
            f"{Grid.name}_1h" if hourly else Grid.name,
            [TIME_COLUMN, columns.CONTAINER_COLUMN, *names],
            edges[0], edges[-1], [""], {Grid.zone.name: [zone]},
        )  # fmt: skip
        told = rows.column(columns.CONTAINER_COLUMN).to_pylist()
        of = {path: self._twins(path) == simulated for path in set(told)}
        rows = rows.filter(pa.array([of[path] for path in told], pa.bool_()))
        at = _cells(rows.column(TIME_COLUMN), edges)
        values = tuple(_mean(rows, f, at, len(edges) - 1, hourly=hourly) for f in FIELDS)
        return _Hours(values, Quality.DERIVED, edges[-1])


def _mean(
    rows: pa.Table, field: Field, at: "np.ndarray[Any, np.dtype[np.int64]]", hours: int,
    *, hourly: bool,
) -> Floats:  # fmt: skip
    """The mean of a field in each hour; NaN where nobody says."""
    if hourly:
        amount = _numbers(rows, f"{field.name}_sum")
        count = np.nan_to_num(_numbers(rows, f"{field.name}_count"))
    else:
        amount = _numbers(rows, field.name)
        count = (~np.isnan(amount)).astype(float)
    totals = np.bincount(at, np.nan_to_num(amount), minlength=hours)
    counts = np.bincount(at, count, minlength=hours)
    mean: Floats = np.divide(totals, counts, out=np.full(hours, np.nan), where=counts > 0)
    return mean


def _numbers(rows: pa.Table, name: str) -> Floats:
    made: Floats = rows.column(name).cast(pa.float64()).to_numpy()
    return made


def _cells(moments: pa.ChunkedArray, edges: Sequence[datetime]) -> Any:
    """Which hour each instant lies in."""
    cuts = np.array([round(e.timestamp() * 1e6) for e in edges])
    return np.searchsorted(cuts, moments.cast(pa.int64()).to_numpy(), side="right") - 1


def _by_hour(said: Iterable[Learned], edges: Sequence[datetime]) -> _Hours:
    """Points, brought to hours by their mean."""
    said = list(said)
    hours = len(edges) - 1
    cuts = np.array([e.timestamp() for e in edges])
    at = np.searchsorted(cuts, [s.point.start.timestamp() for s in said], side="right") - 1
    points = [s.point for s in said]
    values = []
    for told in (
        [None if p.grams_per_kwh is None else p.grams_per_kwh / JOULES_PER_KWH for p in points],
        [p.renewable for p in points],
        [p.nuclear for p in points],
        [None for _ in points],
    ):
        cells = np.array([np.nan if value is None else value for value in told], np.float64)
        known = ~np.isnan(cells)
        totals = np.bincount(at[known], cells[known], minlength=hours)
        counts = np.bincount(at[known], minlength=hours)
        values.append(np.divide(totals, counts, out=np.full(hours, np.nan), where=counts > 0))
    worst = max((s.point.quality for s in said), key=lambda q: q.code, default=Quality.DERIVED)
    learned = max((s.at for s in said), default=datetime.fromtimestamp(0, UTC))
    return _Hours(tuple(values), worst, learned)


def _enough(grams: Floats, due: int) -> bool:
    """Whether a rung knows most of the hours that have begun."""
    return bool(due) and float((~np.isnan(grams[:due])).mean()) >= ENOUGH


def _supply(zone: str, hours: _Hours, method: str, source: str, licence: str) -> Supply:
    grams = hours.values[0]
    lacking = bool(np.isnan(grams).any())
    filled = tuple(_filled(v) for v in hours.values)
    return Supply(
        zone=zone, grams_per_joule=filled[0], renewable=filled[1], nuclear=filled[2],
        euros_per_joule=filled[3], method=method,
        quality=Quality.ESTIMATED if lacking else hours.worst,
        source=source, licence=licence, vintage=times.written(hours.learned),
    )  # fmt: skip


def _filled(values: Floats) -> Floats:
    """Hours without a value have the mean of the others; all NaN stays so."""
    known = ~np.isnan(values)
    return np.where(known, values, values[known].mean()) if known.any() else values
