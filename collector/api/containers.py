"""The network joined with what is known now: every container and how it is."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter

from collector import times
from collector.api import tables
from collector.api.access import Reading, narrowed
from collector.api.latest import Scope, measured
from collector.networks import Networks
from collector.people import Caller, People
from collector.store.live import Live
from collector.store.schema import CONTAINER_COLUMN
from vigie.catalogue import Source
from vigie.frame import TIME_COLUMN
from vigie.network.network import Network
from vigie.network.operators import Stated, Status
from vigie.network.places import Container, Lifecycle, Site
from vigie.replies import Container as Entry
from vigie.replies import (
    Containers,
)

STALE_SECONDS: Final = 10.0
"""An agent reports every second; three periods and the way here are within this."""
PLAYED_STALE_SECONDS: Final = 60.0
"""The same of what the twin plays, every ten seconds or more seldom."""
AGENT_ROW: Final = "agent"

OpenAlerts = Callable[[], Iterable[tuple[str, int]]]
"""Path of the subject's container and priority of every open alert."""


@dataclass(frozen=True, slots=True)
class Seen:
    """When a container's newest frame was taken, and which hosts' agents report."""

    last: datetime
    hosts: tuple[str, ...]


def routes(
    networks: Networks, live: Live, people: People, *, fault: Callable[[], str | None],
    alerts: OpenAlerts, clock: Callable[[], float],
) -> APIRouter:  # fmt: skip
    """`fault` says what is wrong with the network's files, `clock` tells Unix time."""
    router = APIRouter()

    @router.get("/containers")
    def containers(asking: Reading, scope: Scope = None) -> Containers:
        """Every container within your scope, in the order of the network file.

        Those that left the file come last, where anything was ever heard of them: they are retired.
        """
        now, within = clock(), narrowed(asking, scope)
        commit, version = live.commit, networks.history()[-1]
        network = networks.network(version.hash)
        seen = heard(tables.filtered(measured(live, Source), within))
        simulated, opened = people.simulated(), list(alerts())
        entries = [
            entry(
                of,
                container,
                seen.get(container.path),
                [priority for path, priority in opened if path == container.path],
                now,
                simulated=any(tables.touch(container.path, s) for s in simulated),
            )
            for of, container in [
                *((network, container) for container in network.within(within)),
                *retired(networks, within, seen),
            ]
        ]
        return Containers(
            times.text(now), network.name, version.hash, commit, entries,
            times.written(version.valid_from), _told(fault(), asking),
        )  # fmt: skip

    return router


def retired(
    networks: Networks, scope: str, seen: Collection[str]
) -> Iterator[tuple[Network, Container]]:
    """The containers that left the network and have data, as the network last knew them."""
    for path, version in networks.retired().items():
        if path in seen and tables.touch(path, scope):
            network = networks.network(version)
            container = network.container(path)
            if container is not None:
                yield network, replace(container, lifecycle=Lifecycle.RETIRED)


def _told(fault: str | None, asking: Caller) -> str | None:
    """The fault, without what others declared for those who may not see all."""
    if fault is None or not asking.scope:
        return fault
    return "the network files are wrong; the last version stays in force"


def heard(sources: pa.Table) -> Mapping[str, Seen]:
    """What the agents' own rows say, by container."""
    agents = sources.filter(pc.equal(sources.column(Source.source.name), AGENT_ROW))
    found: dict[str, Seen] = {}
    columns = (CONTAINER_COLUMN, Source.host.name, TIME_COLUMN)
    for path, host, time in zip(*(agents.column(c).to_pylist() for c in columns), strict=True):
        before = found.get(path)
        last = max(time, before.last) if before else time
        found[path] = Seen(last, tuple(sorted({host, *(before.hosts if before else ())})))
    return found


def entry(
    network: Network, container: Container, seen: Seen | None, priorities: Sequence[int],
    now: float, *, simulated: bool,
) -> Entry:  # fmt: skip
    """One container as it is answered."""
    site = network.site(container.path) or Site(container.site, container.site, "")
    operator = network.operator(site.operator)
    stated = lesser(site, container)
    played = simulated or network.simulated(container.path)
    stale = PLAYED_STALE_SECONDS if played else STALE_SECONDS
    return Entry(
        path=container.path,
        name=container.name,
        site=site.id,
        site_name=site.name,
        operator=operator.name if operator else site.operator,
        region=site.region,
        zone=site.zone,
        status=str(stated.status),
        simulated=played,
        state=state(container.lifecycle, seen, now, alerts=bool(priorities), stale=stale),
        worst=min(priorities, default=None),
        alerts=len(priorities),
        hosts=list(seen.hosts) if seen else [],
        last_seen=times.written(seen.last) if seen else None,
        latitude=site.latitude,
        longitude=site.longitude,
        lifecycle=str(container.lifecycle),
        lifecycle_since=_day(container.lifecycle_since),
        status_since=_day(stated.status_since),
        status_source=stated.status_source,
        scale=container.scale,
        since_assumed="status_since" in stated.assumed,
    )


def lesser(*stated: Stated) -> Stated:
    """What is least real of several: a container is no more so than its site."""
    return max(stated, key=lambda each: list(Status).index(each.status))


def state(
    lifecycle: Lifecycle, seen: Seen | None, now: float, *, alerts: bool,
    stale: float = STALE_SECONDS,
) -> str:  # fmt: skip
    """nominal, abnormal, stale or silent (never seen) in service; else where it is in its life."""
    if lifecycle is not Lifecycle.IN_SERVICE:
        return lifecycle.value
    if seen is None:
        return "silent"
    if now - seen.last.timestamp() > stale:
        return "stale"
    return "abnormal" if alerts else "nominal"


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None
