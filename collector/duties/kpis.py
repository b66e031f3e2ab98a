"""Indicators of a path over a period: reads what they need, has them computed, says how."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import pyarrow as pa

from collector import times
from collector.duties.roll import HOUR, MINUTE, floor
from collector.kpis import period as periods
from collector.kpis.carbon import factors
from collector.kpis.energy import Known, Meter, Place, Total, quality_of, total
from collector.kpis.methods import METHODS, Facts, Made
from collector.kpis.period import Period
from collector.kpis.reasons import Reason
from collector.rollups import columns
from collector.rollups.increase import increase
from collector.rollups.roll import roll
from collector.store import schema
from vigie.catalogue import Host, Power
from vigie.errors import QueryError
from vigie.frame import QUALITY_COLUMN, TIME_COLUMN
from vigie.indicators import Indicator
from vigie.network.load import Network
from vigie.network.operators import Status
from vigie.network.places import Lifecycle, inside
from vigie.replies import Kpi, Kpis
from vigie.shape import Quality

FIELDS: Final = (Power.energy_joules_total, Power.power_watts)
SERIES: Final = columns.series_columns(Power)
WINDOW: Final = [
    TIME_COLUMN, *SERIES, *(c.name for f in FIELDS for c in columns.states(f)),
    QUALITY_COLUMN, columns.SUSPECT_COLUMN,
]  # fmt: skip
"""The columns of a rollup of `power` that energy needs."""

LONG: Final = timedelta(days=3)
"""Past this a period is read in hours where it can be."""
GONE: Final = timedelta(days=1)
"""A meter that said nothing for so long is no meter of what is drawn now."""
COUNTED: Final = (Lifecycle.IN_SERVICE, Lifecycle.MAINTENANCE)
NAMED_METERS: Final = 12


class Newest(Protocol):
    """The newest reading of every series."""

    def table(self, measurement: str) -> pa.Table:
        """One row per series, with the columns of the raw table; none of a silent one."""


class Shelf(Protocol):
    """What indicators need of the store."""

    @property
    def live(self) -> Newest:
        """The newest readings."""

    def scan(  # noqa: PLR0917  as the store's
        self, table: str, columns: Sequence[str] | None, start: datetime, end: datetime,
        scopes: Sequence[str], where: Mapping[str, Sequence[str]],
    ) -> pa.Table:  # fmt: skip
        """Rows of `start` <= time < `end`, each once."""

    def rolled_until(self, table: str) -> datetime | None:
        """The end of the newest window of a rollup table."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which indicators are asked for: of a scope, over `word` or from `start` to `end`."""

    scope: str
    language: str = "fr"
    word: str = "now"
    start: datetime | None = None
    end: datetime | None = None


class Indicators:
    """Answers questions about indicators."""

    def __init__(
        self,
        store: Shelf,
        network: Callable[[], Network],
        twins: Callable[[], Collection[str]] = tuple,
    ) -> None:
        """`twins` gives the scopes of simulated senders, beside what the network says."""
        self._store, self._network, self._twins = store, network, twins

    def answer(self, question: Question, now: datetime) -> Kpis:
        """Every indicator of the scope over the period.

        Raises:
            QueryError: there is no such period, or it makes no sense.
        """
        network = self._network()
        zone = periods.legal_time([site.timezone for site in _sites(network, question.scope)])
        if question.start is None and question.end is not None:
            raise QueryError("to without from: give both, or a period")
        if question.start is None:
            period = periods.named(question.word, now, zone)
        else:
            period = periods.between(question.start, question.end or now, now)
        power, seen = self._power(question.scope, now)
        places = self._places(network, question.scope)
        facts = Facts(
            total(power, places, unread=Reason.STALE),
            self._total_energy(question.scope, period, places),
            {site.id: site.zone for site in network.sites},
            factors(),
        )
        said = _Said(question, zone.key)
        kpis = [
            said.kpi(method.indicator, seen if method.live else period, method.make(facts))
            for method in METHODS
        ]
        return Kpis(times.written(now), network.version, kpis)

    def _places(self, network: Network, scope: str) -> list[Place]:
        """The containers in service in the scope, with the hosts that report there."""
        live = self._store.live.table(Host.name)
        wanted = [schema.CONTAINER_COLUMN, Host.host.name]
        rows = live.select(wanted).to_pylist() if live.num_rows else []
        hosts: dict[str, set[str]] = {}
        for row in rows:
            if inside(f"{row['container']}/{row['host']}", scope):
                hosts.setdefault(row["container"], set()).add(row["host"])
        twins = self._twins()
        return [
            Place(
                c.path,
                network.simulated(c.path) or any(inside(c.path, twin) for twin in twins),
                frozenset(hosts.get(c.path, ())),
            )
            for c in network.within(scope)
            if c.lifecycle in COUNTED
            and (site := network.site(c.path)) is not None
            and site.status is Status.OPERATING
        ]

    def _power(self, scope: str, now: datetime) -> tuple[list[Known], Period]:
        """What every meter says now, one that only counts energy by its last minute; and when."""
        latest = {
            Meter.of(row): row
            for row in self._store.live.table(Power.name).to_pylist()
            if inside(f"{row['container']}/{row['host']}", scope)
            and row[TIME_COLUMN] > now - GONE
        }  # fmt: skip
        oldest = now - timedelta(seconds=columns.gap_seconds(Power))
        fresh = {meter: row for meter, row in latest.items() if row[TIME_COLUMN] >= oldest}
        said = {meter: row for meter, row in fresh.items() if _watts(row)}
        counted = self._rates(scope, now) if len(said) < len(fresh) else {}
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
        return known, Period("now", min(moments), max(moments), open=True)

    def _rates(self, scope: str, now: datetime) -> dict[Meter, Known]:
        """Mean power over the last minute, by counters."""
        rows = self._store.scan(Power.name, None, now - MINUTE, now, [scope], {})
        windows = roll(Power, rows, columns.RESOLUTIONS["1m"])
        grown = increase(Power, Power.energy_joules_total, windows, [now - MINUTE, now])
        found = {}
        for row in grown.to_pylist():
            if row["total"] is not None:
                meter = Meter.of(row)
                quality = quality_of(meter, 0, integrated=True)
                found[meter] = Known(
                    meter, row["total"] / (row["covered"] + row["gap"]), 1.0, quality
                )
        return found

    def _total_energy(self, scope: str, period: Period, places: Sequence[Place]) -> Total:
        if period.word == "now":
            return Total(None, Reason.INSTANT, 0.0, None, 0.0, (), (), {})
        return total(self._energy(scope, period), places, unread=Reason.NO_READING)

    def _energy(self, scope: str, period: Period) -> list[Known]:
        """The energy of every meter: its counter's increase, else the integral of its power."""
        windows = self._windows(scope, period)
        codes = windows.group_by(SERIES).aggregate([(QUALITY_COLUMN, "max")])
        worst = {Meter.of(row): row[f"{QUALITY_COLUMN}_max"] for row in codes.to_pylist()}
        found = {meter: Known(meter, None, 0.0, Quality.MEASURED) for meter in worst}
        for field, integrated in zip(reversed(FIELDS), (True, False), strict=True):
            for row in increase(Power, field, windows, [period.start, period.end]).to_pylist():
                meter = Meter.of(row)
                if row["total"] is not None:
                    quality = quality_of(meter, worst[meter], integrated=integrated)
                    share = min(1.0, row["covered"] / period.seconds)
                    found[meter] = Known(meter, row["total"], share, quality)
        return list(found.values())

    def _windows(self, scope: str, period: Period) -> pa.Table:
        """Windows that cover the period and the joints at its edges: hours, minutes, raw rows."""
        gap = timedelta(seconds=columns.gap_seconds(Power))
        first, last = floor(period.start - gap, MINUTE), period.end + gap
        parts = []
        if period.end - period.start > LONG:
            start = floor(period.start + HOUR, HOUR)
            end = min(
                floor(period.end, HOUR), self._store.rolled_until(f"{Power.name}_1h") or start
            )
            if start < end:
                parts += [
                    self._scan("1m", first, start, scope),
                    self._scan("1h", start, end, scope),
                ]
                first = end
        rolled = min(max(first, self._store.rolled_until(f"{Power.name}_1m") or first), last)
        parts.append(self._scan("1m", first, rolled, scope))
        raw = self._store.scan(Power.name, None, rolled, last, [scope], {})
        parts.append(roll(Power, raw, columns.RESOLUTIONS["1m"]).select(WINDOW))
        return pa.concat_tables(parts)

    def _scan(self, suffix: str, start: datetime, end: datetime, scope: str) -> pa.Table:
        if start >= end:
            return columns.schema(Power).empty_table().select(WINDOW)
        return self._store.scan(f"{Power.name}_{suffix}", WINDOW, start, end, [scope], {})


@dataclass(frozen=True, slots=True)
class _Said:
    """Puts values into words: what they are of, how they were made, or why there is none."""

    question: Question
    legal_time: str

    def kpi(self, indicator: Indicator, period: Period, made: Made) -> Kpi:
        """The answer on one indicator."""
        of = made.of
        return Kpi(
            indicator=indicator.name,
            scope=self.question.scope,
            period=period.word,
            from_time=times.written(period.start),
            to_time=times.written(period.end),
            value=made.value,
            unit=indicator.unit.symbol,
            method=indicator.method,
            boundary=f"role {' + '.join(of.roles)}" if of.roles else indicator.boundary,
            coverage=of.covered,
            quality=of.quality.value if of.quality and made.value is not None else None,
            reason=made.reason.text(self.question.language, made.about) if made.reason else None,
            simulated_share=of.simulated_share,
            vintage="open" if period.open else "closed",
            inputs={**self._inputs(of), **made.inputs},
        )

    def _inputs(self, of: Total) -> dict[str, str]:
        named = [f"{k.meter.path} ({k.meter.method}, {k.quality.value})" for k in of.used]
        more = [f"+ {len(named) - NAMED_METERS}"] if len(named) > NAMED_METERS else []
        return {"meters": "; ".join(named[:NAMED_METERS] + more), "legal_time": self.legal_time}


def _watts(row: Mapping[str, Any]) -> bool:
    """Whether a row says power, plausibly."""
    suspect = row[columns.SUSPECT_COLUMN] >> Power.power_watts.number & 1
    return row[Power.power_watts.name] is not None and not suspect


def _sites(network: Network, scope: str) -> list[Any]:
    return [
        site for site in network.sites if inside(site.id, scope) or inside(scope, site.id)
    ]  # fmt: skip
