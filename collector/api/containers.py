"""The network joined with what is known now: every container and how it is."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import pyarrow as pa
import pyarrow.compute as pc
from fastapi import APIRouter

from collector import times
from collector.api import tables
from collector.api.access import Reading, narrowed
from collector.api.latest import Scope, measured
from collector.people import People
from collector.store.live import Live
from collector.store.schema import CONTAINER_COLUMN
from vigie.catalogue import Source
from vigie.frame import TIME_COLUMN
from vigie.network.load import Network
from vigie.network.places import Container, Lifecycle, Site
from vigie.replies import Container as Entry
from vigie.replies import Containers

STALE_SECONDS: Final = 10.0
"""An agent reports every second; three periods and the way here are within this."""
AGENT_ROW: Final = "agent"

OpenAlerts = Callable[[], Iterable[tuple[str, int]]]
"""Path of the subject's container and priority of every open alert."""


@dataclass(frozen=True, slots=True)
class Seen:
    """When a container's newest frame was taken, and which hosts' agents report."""

    last: datetime
    hosts: tuple[str, ...]


def routes(
    network: Network, live: Live, people: People, alerts: OpenAlerts, clock: Callable[[], float]
) -> APIRouter:
    """`clock` tells Unix time."""
    router = APIRouter()

    @router.get("/containers")
    def containers(asking: Reading, scope: Scope = None) -> Containers:
        """Every container within your scope, in the order of the network file."""
        now, within = clock(), narrowed(asking, scope)
        commit = live.commit
        seen = heard(tables.filtered(measured(live, Source), within))
        simulated, opened = people.simulated(), list(alerts())
        entries = [
            entry(
                network,
                container,
                seen.get(container.path),
                [priority for path, priority in opened if path == container.path],
                now,
                simulated=any(tables.touch(container.path, s) for s in simulated),
            )
            for container in network.within(within)
        ]
        return Containers(times.text(now), network.name, network.version, commit, entries)

    return router


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
    return Entry(
        path=container.path,
        name=container.name,
        site=site.id,
        site_name=site.name,
        operator=operator.name if operator else site.operator,
        region=site.region,
        zone=site.zone,
        status=str(site.status),
        simulated=simulated or network.simulated(container.path),
        state=state(container.lifecycle, seen, now, alerts=bool(priorities)),
        worst=min(priorities, default=None),
        alerts=len(priorities),
        hosts=list(seen.hosts) if seen else [],
        last_seen=times.written(seen.last) if seen else None,
        latitude=site.latitude,
        longitude=site.longitude,
    )


def state(lifecycle: Lifecycle, seen: Seen | None, now: float, *, alerts: bool) -> str:
    """nominal, abnormal, stale, silent (declared, never seen) or maintenance."""
    if lifecycle is Lifecycle.MAINTENANCE:
        return "maintenance"
    if seen is None:
        return "silent"
    if now - seen.last.timestamp() > STALE_SECONDS:
        return "stale"
    return "abnormal" if alerts else "nominal"
