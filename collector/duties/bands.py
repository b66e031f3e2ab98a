"""The duty that compares each closed hour of every place with what was to be expected of it.

Hours are kept, so that a place's own past says what its overhead should be; and the meters of the
hour are compared with those behind them.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from collector.duties import lasthour, own
from collector.duties.commissioning import counted
from collector.duties.meters import HEAT, POWER
from collector.duties.roll import HOUR, floor
from collector.inventory.balance import Balance, Counted, balances
from collector.kpis.energy.bands import Expected, Hour, expected
from collector.store.schema import CONTAINER_COLUMN
from vigie.catalogue import SUPPLY_ROLES, Band, Environment
from vigie.database import Database, Table
from vigie.frame import TIME_COLUMN
from vigie.network.network import Network
from vigie.network.places import Container, Lifecycle

TABLES: Final = (
    Table(
        "band_hours",  # mean W of a closed hour, and °C outside; `hour` in hours since 1970
        "container TEXT NOT NULL, kind TEXT NOT NULL, hour INTEGER NOT NULL, base REAL NOT NULL, "
        "extra REAL NOT NULL, warmth REAL, PRIMARY KEY (container, kind, hour)",
        rowid=False,
    ),
)
KEPT_HOURS: Final = 45 * 24
FRESH_HOURS: Final = 24
"""The last day is not learned from yet: what drifts now must not be taken for usual."""
WHOLE: Final = 0.99
"""A meter that knows less of the hour says nothing of it."""
PUE, COP, METERS = "pue", "cop", "meters"
IT_ROLES: Final = ("ups", "pdu", "it")
SEATS: Final = frozenset({Lifecycle.IN_SERVICE, Lifecycle.COMMISSIONING})


class Newest(Protocol):
    """The newest reading of every series."""

    def table(self, measurement: str) -> pa.Table:
        """One row per series."""


class Shelf(lasthour.Shelf, Protocol):
    """What this needs of the store."""

    @property
    def live(self) -> Newest:
        """The newest readings."""


class Bands:
    """The duty."""

    def __init__(
        self, shelf: own.Shelf, store: Shelf, network: Callable[[], Network], database: Database
    ) -> None:
        self._shelf, self._store = shelf, store
        self._network, self._database = network, database
        self._done: datetime | None = None

    def run(self, now: datetime) -> None:
        """One turn: nothing until another hour is closed and its readings are in."""
        end = floor(now - lasthour.LAG, HOUR)
        if end == self._done:
            return
        network, warm = self._network(), outdoors(self._store.live, now)
        rows: list[own.Row] = []
        hours: dict[tuple[str, str], Hour] = {}
        for place in network.containers:
            if place.lifecycle in SEATS:
                power, heat = self._counted(network, place, end)
                rows += [_balance(place.path, b) for b in _balances(network, place, power)]
                for kind, hour in judged(power, heat, warm.get(place.path)):
                    hours[place.path, kind] = hour
        rows += list(self._compared(hours, _number(end)))
        self._keep(hours, _number(end))
        self._shelf.tell(Band, rows, now)
        self._done = end

    def _counted(
        self, network: Network, place: Container, end: datetime
    ) -> tuple[list[Counted], list[Counted]]:
        """What electricity and heat meters counted in the hour before."""
        named = {m.name for m in network.meters if m.container == place.path}
        power, heat = (
            counted(lasthour.counted(self._store, medium, place.path, end), named)
            for medium in (POWER, HEAT)
        )
        return power, heat

    def _compared(
        self, hours: Mapping[tuple[str, str], Hour], end: int
    ) -> Iterator[own.Row]:  # fmt: skip
        for (path, kind), now in hours.items():
            found = expected(self._past(path, kind, end), now)
            if found is not None:
                yield _row(path, kind, now, found)

    def _past(self, path: str, kind: str, end: int) -> list[Hour]:
        rows = self._database.rows(
            "SELECT base, extra, warmth FROM band_hours "
            "WHERE container = ? AND kind = ? AND hour <= ? ORDER BY hour",
            path, kind, end - FRESH_HOURS,
        )  # fmt: skip
        return [Hour(r["base"], r["extra"], r["warmth"]) for r in rows]

    def _keep(self, hours: Mapping[tuple[str, str], Hour], end: int) -> None:
        with self._database.write() as write:
            for (path, kind), hour in hours.items():
                write.execute(
                    "INSERT OR REPLACE INTO band_hours VALUES (?, ?, ?, ?, ?, ?)",
                    (path, kind, end, hour.base, hour.extra, hour.warmth),
                )
            write.execute("DELETE FROM band_hours WHERE hour < ?", (end - KEPT_HOURS,))


def judged(
    power: Sequence[Counted], heat: Sequence[Counted], warmth: float | None
) -> Iterator[tuple[str, Hour]]:
    """The hour as its PUE and its COP are made of it, where meters tell them whole."""
    fed = _watts(power, ("site", *SUPPLY_ROLES))
    role = next((role for role in IT_ROLES if any(c.role == role for c in power)), "")
    served = _watts(power, (role,))
    if fed is not None and served and fed > served:
        yield PUE, Hour(served, fed - served, warmth)
    removed, cooling = _watts(heat, ("removed",)), _watts(power, ("cooling",))
    if removed and cooling:
        yield COP, Hour(removed, cooling, warmth)


def outdoors(live: Newest, now: datetime) -> dict[str, float]:
    """°C outside of each container whose sensor was read within the last hour."""
    table = live.table(Environment.name)
    if not table.num_rows:
        return {}
    there = pc.and_(
        pc.equal(table[Environment.place.name], "outdoor"),
        pc.greater_equal(table[TIME_COLUMN], pa.scalar(now - timedelta(hours=1))),
    )
    rows: list[dict[str, Any]] = table.filter(there).to_pylist()
    celsius = Environment.temperature_celsius.name
    return {r[CONTAINER_COLUMN]: r[celsius] for r in rows if r[celsius] is not None}


def _watts(found: Sequence[Counted], roles: tuple[str, ...]) -> float | None:
    """Mean W of all meters of the first role and of those beside it; None where one is unknown."""
    own_role = [c for c in found if c.role == roles[0]]
    beside = [c for c in found if c.role in roles[1:]]
    told = [c.joules for c in (*own_role, *beside) if c.covered >= WHOLE and c.joules is not None]
    if not own_role or len(told) < len(own_role) + len(beside):
        return None
    return sum(told) / HOUR.total_seconds()


def _balances(network: Network, place: Container, power: Sequence[Counted]) -> list[Balance]:
    declared = [m for m in network.meters if m.container == place.path]
    return [b for b in balances(declared, power) if b.closes is not None and b.before > 0]


def _balance(path: str, of: Balance) -> own.Row:
    return own.Row(path, {
        Band.kind: METERS, Band.item: of.parent, Band.found: of.behind / of.before,
        Band.expected: None, Band.least: 0.0, Band.most: 1.0 + of.slack / of.before,
    })  # fmt: skip


def _row(path: str, kind: str, now: Hour, of: Expected) -> own.Row:
    """Watts as the ratio that people know."""
    most: float | None
    if kind == PUE:
        found, least, middle, most = (
            1.0 + extra / now.base for extra in (now.extra, of.least, of.extra, of.most)
        )
    else:
        found, middle, least = (now.base / extra for extra in (now.extra, of.extra, of.most))
        most = now.base / of.least if of.least > 0 else None
    return own.Row(path, {
        Band.kind: kind, Band.item: kind, Band.found: found, Band.expected: middle,
        Band.least: least, Band.most: most,
    })  # fmt: skip


def _number(end: datetime) -> int:
    return int(end.timestamp() // HOUR.total_seconds())
