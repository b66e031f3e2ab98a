"""The duty that looks at what places are held to: reads what is drawn, taken and held; tells."""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final, Protocol

import pyarrow as pa
import pyarrow.compute as pc

from collector.duties import own
from collector.kpis.sovereignty.rules import DENIAL, RESIDENCY, Judged
from collector.reports.commitments import (
    Commitment,
    Holders,
    Read,
    River,
    every,
    policies,
    released,
)
from collector.reports.threshold import watches
from collector.rollups.columns import gap_seconds
from collector.store.schema import CONTAINER_COLUMN
from vigie import catalogue
from vigie.catalogue import Environment, Power, Water
from vigie.frame import TIME_COLUMN
from vigie.network.network import Network
from vigie.shape import Field, Measurement

GRID: Final = ("site",)
PLACES: Final = ("upstream", "downstream")
WATERS: Final = ("withdrawn", "returned")


class Newest(Protocol):
    """The newest reading of every series."""

    def table(self, measurement: str) -> pa.Table:
        """One row per series."""


class Judging(Protocol):
    """Who judges placements."""

    @property
    def judged(self) -> Judged | None:
        """What is broken and what cannot be told; None where nothing can be."""


@dataclass(frozen=True, slots=True)
class Around:
    """What is known of the network and its stores.

    `stores` gives the paths of the containers that hold each store, nothing while that is not
    known; `simulated` says whether the twin plays what is at a path.
    """

    network: Callable[[], Network]
    judging: Judging
    stores: Callable[[], Mapping[str, Collection[str]]]
    simulated: Callable[[str], bool]


class Commitments:
    """The duty."""

    def __init__(self, shelf: own.Shelf, live: Newest, around: Around) -> None:
        self._shelf, self._live, self._around = shelf, live, around
        self._told: dict[tuple[str, str, str], Commitment] = {}

    def run(self, now: datetime) -> None:
        """One turn."""
        around = self._around
        network, judged = around.network(), around.judging.judged
        policed = policies(network, judged, Holders(around.stores(), around.simulated))
        found = every(network, read(self._live, now), watches(network), policed, now)
        told = {(c.path, c.kind, c.item): c for c in found}
        for key, before in self._told.items():
            # Of a store that cannot be judged now nothing is known: its alert stays, blind.
            if key not in told and (before.kind not in {RESIDENCY, DENIAL} or judged is not None):
                told[key] = released(before)
        self._told = told
        self._shelf.tell(catalogue.Commitment, [_row(c) for c in told.values()], now)


def read(live: Newest, now: datetime) -> Read:
    """What meters and sensors of rivers say, as far as it is fresh."""
    watts: dict[tuple[str, str], float] = {}
    for row in _fresh(live, Power, Power.role, GRID, now):
        drawn = row[Power.power_watts.name]
        if drawn is not None and row[Power.phase.name] == "all":
            watts[row[CONTAINER_COLUMN], row[Power.meter.name]] = drawn
    said: dict[str, dict[str, list[float]]] = {}

    def note(container: str, what: str, value: float | None) -> None:
        if value is not None:
            said.setdefault(container, {}).setdefault(what, []).append(value)

    for row in _fresh(live, Water, Water.role, WATERS, now):
        container, flow = row[CONTAINER_COLUMN], row[Water.flow_cubic_meters_per_second.name]
        if row[Water.role.name] == "withdrawn":
            note(container, "withdrawn", flow)
        elif flow is None or flow > 0:
            note(container, "discharge", row[Water.temperature_celsius.name])
    for row in _fresh(live, Environment, Environment.place, PLACES, now):
        container, place = row[CONTAINER_COLUMN], row[Environment.place.name]
        note(container, place, row[Environment.temperature_celsius.name])
        if place == "upstream":
            note(container, "flow", row[Environment.flow_cubic_meters_per_second.name])
    return Read(watts, {container: _river(cells) for container, cells in said.items()})


def _river(cells: Mapping[str, list[float]]) -> River:
    """The worst of what several sensors of one container say."""
    return River(
        sum(cells["withdrawn"]) if "withdrawn" in cells else None,
        max(cells.get("discharge", []), default=None), min(cells.get("upstream", []), default=None),
        max(cells.get("downstream", []), default=None), min(cells.get("flow", []), default=None),
    )  # fmt: skip


def _fresh(
    live: Newest, measurement: type[Measurement], key: Field, words: tuple[str, ...], now: datetime
) -> Iterator[dict[str, Any]]:
    """Rows with one of these words, read of late."""
    table = live.table(measurement.name)
    if table.num_rows:
        oldest = now - timedelta(seconds=gap_seconds(measurement))
        named = pc.is_in(table[key.name], pa.array(words))
        newer = pc.greater_equal(table[TIME_COLUMN], pa.scalar(oldest))
        yield from table.filter(pc.and_(named, newer)).to_pylist()


def _row(of: Commitment) -> own.Row:
    to = catalogue.Commitment
    return own.Row(of.path, {
        to.kind: of.kind, to.item: of.item, to.broken: of.broken, to.used_ratio: of.used,
        to.power_watts: of.watts, to.limit_watts: of.limit_watts,
        to.temperature_celsius: of.celsius, to.limit_celsius: of.limit_celsius,
        to.left_seconds: of.left,
    })  # fmt: skip
