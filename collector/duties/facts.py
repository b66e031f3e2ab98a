"""Gathers what indicators are made of: one reading of each measurement for all that is asked."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time
from typing import Final, Protocol
from zoneinfo import ZoneInfo

import numpy as np

from collector.duties import fleets, gpus, meters, windows, work
from collector.duties.windows import Shelf, Windows
from collector.kpis import period as periods
from collector.kpis.facts import (
    Facts,
    Floats,
    GpuUse,
    Grids,
    Held,
    Hourly,
    Plant,
    Supply,
    Violation,
)
from collector.kpis.metered import Doubts, Sums
from collector.kpis.meters import Total
from collector.kpis.period import Period
from vigie.catalogue import Environment, Fragments, Gpu, Heat, Host, Link, Power, Queue, Water
from vigie.errors import QueryError
from vigie.network.load import Network
from vigie.network.operators import Status
from vigie.network.places import Container, Lifecycle, Site, inside
from vigie.shape import Field, Measurement, Quality

COUNTED: Final = (Lifecycle.IN_SERVICE, Lifecycle.MAINTENANCE)
ALIVE: Final = Host.cpu_busy_seconds_total
"""What tells that a host lives; any meter tells it too."""
RIVER: Final = {Environment.place.name: work.BANKS}
READ: Final[Mapping[str, tuple[type[Measurement], Sequence[Field]]]] = {
    "power": (Power, (*meters.POWER.fields, meters.EXPORT.counter)),
    "water": (Water, (*meters.WATER.fields, Water.temperature_celsius)),
    "heat": (Heat, meters.HEAT.fields),
    "queue": (Queue, work.QUEUE),
    "link": (Link, work.LINK),
    "fragments": (Fragments, work.STORED),
    "banks": (Environment, work.RIVER),
    "gpu": (Gpu, gpus.FIRST),
    "host": (Host, (ALIVE,)),
}
"""What is read of the store."""
MOST_ROWS: Final = 4_000_000
"""Rows of one measurement that are read at once, about a gigabyte."""
MANY: Final = frozenset({"gpu", "host"})
"""What there may be too much of: then it is left out, and that is said."""
TOO_MANY: Final = (
    "trop de GPU ou d'hôtes pour une telle durée : demander un jour, ou moins de sites",
    "too many GPUs or hosts for so long a time: ask for a day, or for fewer sites",
)


@dataclass(frozen=True, slots=True)
class Asked:
    """What facts are wanted of: a `scope` in words, the `paths` that it is, and who is in it."""

    scope: str
    paths: tuple[str, ...]
    network: Network
    hosts: Mapping[str, Collection[str]] = field(default_factory=dict)
    """Hosts known of each container."""
    whole: bool = True
    """Whether the asker may see the whole network: an object lies in many containers."""

    def holds(self, path: str) -> bool:
        """Whether a path lies in it, or it in that path."""
        return any(inside(path, scope) or inside(scope, path) for scope in self.paths)


class Repairs(Protocol):
    """Who knows of alerts that ended."""

    def __call__(self, paths: Sequence[str], start: datetime, end: datetime) -> Sequence[float]:
        """The seconds that serious alerts in these paths lasted, of those that ended then."""


class Holdings(Protocol):
    """Who knows where fragments lie."""

    def __call__(self, network: Network, paths: Sequence[str]) -> tuple[Held, ...] | None:
        """Every store and code in these paths; None where that is not all known."""


class Broken(Protocol):
    """Who knows how long rules of placement were broken."""

    def __call__(
        self, start: datetime, end: datetime
    ) -> tuple[tuple[Violation, ...], float | None]:
        """What was broken, and for how many seconds that was judged; None is never."""


@dataclass(frozen=True, slots=True)
class Around:
    """What facts come from beside the store."""

    grids: Grids
    twins: Callable[[], Collection[str]] = tuple
    """Scopes of simulated senders, beside what the network says."""
    repairs: Repairs | None = None
    held: Holdings | None = None
    broken: Broken | None = None


class Gatherer:
    """Reads the store and everything around it."""

    def __init__(self, store: Shelf, around: Around) -> None:
        self._store, self._around = store, around

    def gather(
        self, asked: Asked, spans: Sequence[Period], now: datetime, power: Total
    ) -> tuple[Facts, ...]:
        """The facts of each period, out of one reading of all of them; of too much, of the first.

        Raises:
            QueryError: even that is too much to be read at once.
        """
        edges = _edges(spans)
        if len(spans) > 1 and self._large(asked, edges, now):
            spans = spans[:1]
            edges = _edges(spans)
        read = {} if len(edges) < 2 else self._read(asked, edges, now)
        return tuple(self._facts(asked, span, now, power, read) for span in spans)

    def simulated(self, network: Network, path: str) -> bool:
        """Whether the twin stands in for what is at a path."""
        twins = self._around.twins()
        return network.simulated(path) or any(inside(path, twin) for twin in twins)

    def counted(self, asked: Asked) -> list[tuple[Container, Site, bool]]:
        """The containers that count, each with its site and whether the twin plays it."""
        found = []
        for container in asked.network.containers:
            site = asked.network.site(container.path)
            if not asked.holds(container.path) or site is None:
                continue
            simulated = self.simulated(asked.network, container.path)
            real = Status.OPERATING is site.status is container.status
            if container.lifecycle in COUNTED and (real or simulated):
                found.append((container, site, simulated))
        return found

    def _large(self, asked: Asked, edges: Sequence[datetime], now: datetime) -> list[str]:
        """What there is more of between edges than is read at once, were all containers alike."""
        every = asked.network.containers
        share = sum(asked.holds(c.path) for c in every) / max(1, len(every))
        found = []
        for name, (measurement, _) in READ.items():
            rows: int | None = windows.size(self._store, measurement, edges)
            most = MOST_ROWS
            if name == "gpu" and (over := fleets.size(self._store, edges, now)) is not None:
                rows, most = over, fleets.MOST_ROWS
            if name != "banks" and share * (rows or 0) > most:
                found.append(name)
        return found

    def _read(self, asked: Asked, edges: Sequence[datetime], now: datetime) -> dict[str, Windows]:
        paths, large = asked.paths, self._large(asked, edges, now)
        if strange := [name for name in large if name not in MANY]:
            raise QueryError(f"too much of {strange[0]} to read at once: ask for a shorter period")
        fleet = None if "gpu" in large else fleets.read(self._store, edges, paths, now)
        read: dict[str, Windows] = {} if fleet is None else {"gpu": fleet}
        for name, (measurement, fields) in READ.items():
            if name in large:
                read[name] = windows.nothing(measurement, fields, edges)
            elif name not in read:
                read[name] = windows.windows(
                    self._store, measurement, fields, edges, paths,
                    where=RIVER if name == "banks" else None, extremes=name in {"banks", "water"},
                )  # fmt: skip
        if fleet is None and read["gpu"].rows.num_rows and gpus.lacking(read["gpu"]):
            read["gpu else"] = windows.windows(self._store, Gpu, gpus.INSTEAD, edges, paths)
        return read

    def _facts(
        self, asked: Asked, span: Period, now: datetime, power: Total, read: Mapping[str, Windows]
    ) -> Facts:
        edges, held = periods.hours(span), self._around.held
        counted = self.counted(asked)
        told = _Told(read, span, edges, asked.network) if read and len(edges) > 1 else None
        plants = tuple(
            Plant(container, site, simulated)
            if told is None
            else told.plant(container, site, asked.hosts.get(container.path, ()), twin=simulated)
            for container, site, simulated in counted
        )
        broken, judged = self._broken(asked, span)
        return Facts(
            scope=asked.scope,
            network=asked.network,
            period=span,
            now=now,
            edges=edges,
            power=power,
            plants=plants,
            supplies=self._supplies(counted, edges, now) if told else {},
            repairs=self._repaired(asked.paths, span),
            doubts=() if told is None else told.words,
            held=held(asked.network, asked.paths) if held and asked.whole else None,
            violations=broken,
            judged=judged,
        )

    def _broken(self, asked: Asked, span: Period) -> tuple[tuple[Violation, ...], float | None]:
        tell = self._around.broken
        return tell(span.start, span.end) if tell and asked.whole else ((), None)

    def _supplies(
        self, counted: Sequence[tuple[Container, Site, bool]], edges: Sequence[datetime],
        now: datetime,
    ) -> dict[tuple[str, bool], Supply]:  # fmt: skip
        found = {}
        for zone, twin in dict.fromkeys((site.zone, twin) for _, site, twin in counted):
            if zone is not None:
                supply = self._around.grids.supply(zone, edges, simulated=twin, known=now)
                if supply is not None:
                    found[zone, twin] = supply
        return found

    def _repaired(self, paths: Sequence[str], span: Period) -> tuple[float, ...]:
        if self._around.repairs is None:
            return ()
        return tuple(self._around.repairs(paths, span.start, span.end))


class _Told:
    """What was read, of one period."""

    def __init__(
        self, read: Mapping[str, Windows], span: Period, edges: tuple[datetime, ...],
        network: Network,
    ) -> None:  # fmt: skip
        self._read, self._span, self._edges = read, span, edges
        self.doubts: Doubts = ()
        at = [edge.timestamp() for edge in edges]
        self._clocks = {
            name: meters.clock(at, windows.measurement, running=span.open)
            for name, windows in read.items()
        }
        limits = meters.limits(network)
        self._tree = meters.tree(network)
        self._power = self._metered(meters.POWER, limits)
        self._water = self._metered(meters.WATER, {})
        self._heat = self._metered(meters.HEAT, {})
        cells = self._cells(read["power"])
        self._exported = meters.exported(read["power"], cells, self._clocks["power"])
        self._queue = work.queue(read["queue"], self._cells(read["queue"]), self._clocks["queue"])
        self._lines = work.lines(read["link"], self._cells(read["link"]))
        self._stored = work.stored(read["fragments"], self._cells(read["fragments"]), span.end)
        self._river = work.river(read["banks"], read["water"], self._cells(read["banks"]))
        self._gpus = self._used(read["gpu"], read.get("gpu else"))
        self._alive = self._lives()

    def plant(
        self, container: Container, site: Site, hosts: Collection[str], *, twin: bool
    ) -> Plant:
        """One container."""
        path = container.path
        power = self._power.of(path, hosts, self._tree)
        water = self._water.of(path, (), self._tree)
        heat = self._heat.of(path, (), self._tree)
        for found in (power, water, heat):
            self._note(found)
        return Plant(
            container,
            site,
            twin,
            energy=power.roles,
            exported=self._exported.get(path),
            water=water.roles,
            heat=heat.roles,
            work=self._queue.get(path, {}),
            gpus=self._gpus.get(path),
            river=self._river.get(path),
            stored=self._stored.get(path, ()),
            lines=self._lines.get(path, ()),
            alive=self._alive.get(path),
            maintenance=_maintenance(container, site, self._edges),
        )

    @property
    def words(self) -> tuple[tuple[str, str], ...]:
        """What is doubtful about the meters of the containers told so far, in both languages."""
        doubts = tuple(doubt.words(meter) for doubt, meter in self.doubts)
        left_out = any(found.left_out for found in self._read.values())
        return (*doubts, TOO_MANY) if left_out else doubts

    def _note(self, found: Sums) -> None:
        self.doubts = tuple(dict.fromkeys((*self.doubts, *found.doubts)))

    def _metered(self, medium: meters.Medium, most: Mapping[str, float]) -> meters.Read:
        windows = self._read[medium.measurement.name]
        clock = self._clocks[medium.measurement.name]
        return meters.read(medium, windows, self._cells(windows), clock, most)

    def _used(self, told: Windows, instead: Windows | None) -> dict[str, GpuUse]:
        cells, clock = self._cells(told), self._clocks["gpu"]
        if isinstance(told, fleets.Fleets):
            return told.uses(cells, clock)
        boards = gpus.boards(told, instead, cells)
        return {} if boards is None else gpus.use(boards, clock)

    def _cells(self, windows: Windows) -> slice:
        first = windows.edges.index(self._edges[0])
        return slice(first, first + len(self._edges) - 1)

    def _lives(self) -> dict[str, Hourly]:
        """The seconds of each hour in which anything of a container said something."""
        found: dict[str, Floats] = {}
        for name, told in self._read.items():
            if name in {"gpu", "gpu else", "banks"}:
                continue
            cells = self._cells(told)
            for declared in READ[name][1]:
                if (known := told.grown(declared)) is not None:
                    names = known.heads["container"].to_pylist()
                    for container, seconds in zip(names, known.covered[:, cells], strict=True):
                        found[container] = np.fmax(found.get(container, seconds), seconds)
        lengths = self._clocks["host"].seconds
        return {
            container: Hourly(seconds, np.ones(len(seconds)), Quality.MEASURED, (container,))
            for container, seconds in found.items()
            if len(lengths)
        }


def _edges(spans: Sequence[Period]) -> list[datetime]:
    """The edges of the hours of all periods."""
    return sorted({edge for span in spans for edge in periods.hours(span)})


def _maintenance(container: Container, site: Site, edges: Sequence[datetime]) -> Floats | None:
    """Seconds of each hour since the day from which a container is under maintenance."""
    lengths = np.diff([edge.timestamp() for edge in edges])
    if container.lifecycle is not Lifecycle.MAINTENANCE:
        return np.zeros(len(lengths))
    if container.lifecycle_since is None:
        return lengths
    begun = datetime.combine(container.lifecycle_since, time(), ZoneInfo(site.timezone))
    ends = np.array([edge.timestamp() for edge in edges[1:]])
    return np.clip(ends - begun.astimezone(UTC).timestamp(), 0.0, lengths)
