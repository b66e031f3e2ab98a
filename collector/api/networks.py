"""What is declared: the versions of the network, and all that one says of a site."""

from collections.abc import Callable, Iterator
from typing import Final

from fastapi import APIRouter

from collector import times
from collector.api import tables
from collector.api.access import Reading
from collector.api.lifecycle import LIMIT, Limit
from collector.networks import Networks
from collector.people import People
from vigie.errors import Refused
from vigie.network import traits
from vigie.network.network import Network
from vigie.replies import NetworkVersion, NetworkVersions, Site, Trait

FINANCE: Final = "finance"
PRICES: Final = "euros"
"""What the name of a price has in it."""


def routes(networks: Networks, people: People, clock: Callable[[], float]) -> APIRouter:
    """`clock` tells Unix time."""
    router = APIRouter()

    @router.get("/networks")
    def versions(asking: Reading, limit: Limit = LIMIT) -> NetworkVersions:
        """The newest versions of the network, oldest first, and what each changed in your scope."""
        earlier = max(0, len(networks.history()) - limit)
        found = list(_versions(networks, earlier, asking.scope))
        return NetworkVersions(times.text(clock()), earlier, found)

    @router.get("/sites/{site}")
    def site(asking: Reading, site: str) -> Site:
        """All that is declared of a site: each value with its status, date and source."""
        network = networks.current()
        place = network.site(site)
        if place is None or place.id != site or not tables.touch(site, asking.scope):
            raise Refused(404, f"no site {site!r:.80}")
        simulated = network.simulated(site) or any(
            tables.touch(site, scope) for scope in people.simulated()
        )
        told = [
            trait
            for trait in traits.of_site(network, site, asking.scope)
            if FINANCE in asking.roles or not _is_price(trait)
        ]
        return Site(
            times.text(clock()), site, place.name, networks.history()[-1].hash, simulated, told
        )

    return router


def _is_price(trait: Trait) -> bool:
    return PRICES in trait.name.rpartition(".")[2]


def _versions(networks: Networks, earlier: int, scope: str) -> Iterator[NetworkVersion]:
    history = networks.history()
    before: Network | None = None
    if earlier:
        before = networks.network(history[earlier - 1].hash)
    for version in history[earlier:]:
        network = networks.network(version.hash)
        mine = [c for c in network.containers if tables.touch(c.path, scope)]
        yield NetworkVersion(
            version.hash, version.name, times.written(version.valid_from),
            len({c.site for c in mine}), len(mine),
            [path for path in traits.changed(before, network) if tables.touch(path, scope)],
        )  # fmt: skip
        before = network
