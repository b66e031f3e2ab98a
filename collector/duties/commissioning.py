"""The checklist of a container, asked for now: reads what is known of it, has it judged."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from alerts.receivers.declared import Declared
from collector.duties import lasthour
from collector.duties.meters import POWER
from collector.duties.roll import MINUTE, floor
from collector.inventory.balance import Counted
from collector.inventory.commissioning import Found, Item, Point, Reader, Told, checklist
from collector.kpis import meters
from collector.kpis.meters import Known
from collector.rollups import columns
from collector.store.schema import CONTAINER_COLUMN
from vigie.catalogue import NO_HOST, Heat, Power, Source, Water
from vigie.frame import TIME_COLUMN
from vigie.network.network import Network
from vigie.network.places import Container, inside
from vigie.shape import Measurement

MEDIA: Final[Mapping[str, type[Measurement]]] = {
    "electricity": Power, "water": Water, "heat": Heat,
}  # fmt: skip


class Newest(Protocol):
    """The newest reading of every series."""

    def table(self, measurement: str) -> pa.Table:
        """One row per series, with the columns of the raw table; none of a silent one."""


class Shelf(lasthour.Shelf, Protocol):
    """What this needs of the store."""

    @property
    def live(self) -> Newest:
        """The newest readings."""


class Commissioning:
    """Knows whether a container is ready for service."""

    def __init__(
        self,
        store: Shelf,
        receivers: Sequence[Declared],
        taken: Callable[[], Mapping[str, float]],
    ) -> None:
        """`taken` tells when each receiver last took a message."""
        self._store, self._receivers, self._taken = store, receivers, taken

    def checklist(
        self, network: Network, container: Container, now: datetime, *, simulated: bool
    ) -> list[Item]:
        """Every item, as things are now."""
        path = container.path
        named = {m.name for m in network.meters if m.container == path}
        found = Found(
            self._readers(path, now),
            [p for medium in MEDIA for p in self._points(medium, path, now)],
            counted(self._counted(path, now), named),
            self._told(path, simulated=simulated),
        )
        return checklist(network, container, found, now.timestamp())

    def _rows(self, measurement: type[Measurement], path: str) -> list[dict[str, Any]]:
        rows = self._store.live.table(measurement.name)
        if not rows.num_rows:
            return []
        own: list[dict[str, Any]] = rows.filter(
            pc.equal(rows[CONTAINER_COLUMN], path)
        ).to_pylist()  # fmt: skip
        return own

    def _readers(self, path: str, now: datetime) -> list[Reader]:
        words = list(Source.status.codes)
        return [
            Reader(
                row["host"], row["source"], _word(words, row["status"]),
                (now - row[TIME_COLUMN]).total_seconds(),
            )
            for row in self._rows(Source, path)
        ]  # fmt: skip

    def _points(self, medium: str, path: str, now: datetime) -> list[Point]:
        measurement = MEDIA[medium]
        gap = columns.gap_seconds(measurement)
        return [
            Point(
                medium, row["meter"], row["role"], (now - row[TIME_COLUMN]).total_seconds() <= gap
            )
            for row in self._rows(measurement, path)
        ]

    def _counted(self, path: str, now: datetime) -> list[Known]:
        """What each meter took in over the last hour that is settled, less what it gave back."""
        return lasthour.counted(self._store, POWER, path, floor(now - lasthour.LAG, MINUTE))

    def _told(self, path: str, *, simulated: bool) -> list[Told]:
        taken = self._taken()
        return [
            Told(receiver.name, taken.get(receiver.name))
            for receiver in self._receivers
            if inside(path, receiver.scope) and (receiver.simulated_allowed or not simulated)
        ]


def counted(known: Sequence[Known], named: set[str]) -> list[Counted]:
    """Each metering point once, its phases together; `named` are meters that the network names."""
    groups: dict[tuple[str, str], list[Known]] = {}
    for k in known:
        m = k.meter
        name = m.meter if m.meter in named or m.host == NO_HOST else f"{m.host}/{m.meter}"
        groups.setdefault((name, m.role), []).append(k)
    found = []
    for (name, role), group in groups.items():
        points = meters.points(group)
        joules = [k.value for k in points if k.value is not None]
        covered = min((k.covered for k in points), default=0.0)
        found.append(Counted(name, role, sum(joules) if joules else None, covered))
    return found


def _word(words: Sequence[str], code: int | None) -> str:
    return words[code] if code is not None and 0 <= code < len(words) else "unknown"
