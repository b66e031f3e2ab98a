"""The life of one container: what was declared of it when, and whether it is ready for service."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Annotated, Final

from fastapi import APIRouter, Query

from collector import times
from collector.api import tables
from collector.api.access import Reading
from collector.api.alerts import Language
from collector.duties.commissioning import Commissioning
from collector.networks import Networks
from collector.people import Caller, People
from vigie.errors import Refused
from vigie.network import traits
from vigie.network.network import Network
from vigie.network.places import Container, Lifecycle
from vigie.replies import Cell, Checklist, ChecklistItem, ContainerChange, ContainerHistory

LIMIT: Final = 100
MOST_VERSIONS: Final = 1_000
_DECLARED: Final = "declared"

Limit = Annotated[int, Query(ge=1, le=MOST_VERSIONS, description="How many of the newest versions")]


def routes(
    networks: Networks, people: People, commissioning: Commissioning, clock: Callable[[], float]
) -> APIRouter:
    """`clock` tells Unix time."""
    router = APIRouter()

    @router.get("/containers/{path:path}/history")
    def history(asking: Reading, path: str, limit: Limit = LIMIT) -> ContainerHistory:
        """What changed when of what is declared of a container, its site and its meters.

        Of the newest versions that touched it, as many as `limit`.
        """
        _seen(networks, asking, path)
        return ContainerHistory(path, list(changes(networks, path, limit)))

    @router.get("/containers/{path:path}/checklist")
    def checklist(asking: Reading, path: str, language: Language = "fr") -> Checklist:
        """Whether a container is ready for service, item by item, as things are now."""
        network, container = _seen(networks, asking, path)
        now = clock()
        simulated = network.simulated(path) or any(
            tables.touch(path, scope) for scope in people.simulated()
        )
        items = commissioning.checklist(
            network, container, datetime.fromtimestamp(now, UTC), simulated=simulated
        )
        said = [
            ChecklistItem(i.name, i.title.said(language), i.state, i.why.said(language))
            for i in items
        ]
        return Checklist(
            times.text(now), path, container.lifecycle.value, networks.history()[-1].hash,
            simulated, all(i.state == "done" for i in items), said,
        )  # fmt: skip

    return router


def _seen(networks: Networks, asking: Caller, path: str) -> tuple[Network, Container]:
    """A container of the network, or one that left it; outside the scope is as if not there."""
    network = networks.current()
    if path in networks.retired():
        network = networks.network(networks.retired()[path])
    container = network.container(path)
    if container is None or container.path != path or not tables.touch(path, asking.scope):
        raise Refused(404, f"no container {path!r:.80}")
    if path in networks.retired():
        container = replace(container, lifecycle=Lifecycle.RETIRED)
    return network, container


def changes(networks: Networks, path: str, limit: int) -> Iterator[ContainerChange]:
    """Field by field what the newest versions that touched a container changed, oldest first."""
    touching = [version for version in networks.history() if path in version.changed]
    before: Mapping[str, Cell] | None = None
    for version in touching[-limit - 1 : -limit]:
        before = traits.about(networks.network(version.hash), path)
    for version in touching[-limit:]:
        after = traits.about(networks.network(version.hash), path)
        old: Mapping[str, Cell] = before or {}
        new: Mapping[str, Cell] = after or {}
        if before is None or after is None:
            old, new = {_DECLARED: before is not None}, {_DECLARED: after is not None}
        for name in dict.fromkeys((*old, *new)):
            if old.get(name) != new.get(name):
                yield ContainerChange(
                    times.written(version.valid_from), version.hash, name,
                    old.get(name), new.get(name),
                )  # fmt: skip
        before = after
