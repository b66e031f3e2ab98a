"""What is declared: the versions of the network, and all that one says of a site."""

from collections.abc import Callable
from typing import Final

from fastapi import APIRouter

from collector import times
from collector.api import tables
from collector.api.access import Reading
from collector.api.lifecycle import LIMIT, Limit
from collector.networks import Networks, Version
from collector.people import People
from vigie.errors import Refused
from vigie.network import traits
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
        history = networks.history()
        found = [_version(version, asking.scope) for version in history[-limit:]]
        return NetworkVersions(times.text(clock()), len(history) - len(found), found)

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


def _version(version: Version, scope: str) -> NetworkVersion:
    mine = [path for path in version.containers if tables.touch(path, scope)]
    return NetworkVersion(
        version.hash, version.name, times.written(version.valid_from),
        len({path.partition("/")[0] for path in mine}), len(mine),
        [path for path in version.changed if tables.touch(path, scope)],
    )  # fmt: skip
