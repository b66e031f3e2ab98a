"""Levels of the network above a container, to tell apart or ask for as if they were keys."""

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from vigie.network.network import Network
from vigie.network.operators import Status

Words = Mapping[str, str | None]

LEVELS: Final = ("site", "region", "country", "zone", "operator", "owner", "tenant", "role")
"""`tenant` is known where one alone may run jobs on the site, `zone` is that of the grid."""


class Levels:
    """What a network says of containers; what it does not declare is unknown."""

    def __init__(self, network: Network | None = None) -> None:
        self._network = network
        self._known: dict[str, Words] = {}

    def words(self, container: str, level: str) -> str | None:
        """The word of a container at a level, or None."""
        found = self._known.get(container)
        if found is None:
            found = self._known[container] = self._of(container)
        return found[level]

    def holds(self, where: Mapping[str, Iterable[str]]) -> Callable[[str], bool]:
        """Whether a container has one of the words wanted, at each level of `where`."""
        wanted = {level: frozenset(words) for level, words in where.items() if level in LEVELS}
        return lambda path: all(self.words(path, lvl) in some for lvl, some in wanted.items())

    def _of(self, path: str) -> Words:
        network = self._network
        site = network.site(path) if network else None
        container = network.container(path) if network else None
        found: dict[str, str | None] = dict.fromkeys(LEVELS)
        found["site"] = path.partition("/")[0]
        if network is not None and site is not None:
            found |= {
                "region": site.region or None,
                "country": site.country,
                "zone": site.zone,
                "operator": site.operator,
                "owner": site.owner,
                "tenant": _tenant(network, site.id),
            }
        if container is not None:
            found["role"] = container.role
        return found


def _tenant(network: Network, site: str) -> str | None:
    tenants = {
        tenant
        for tenancy in network.tenancies
        if site in tenancy.sites and tenancy.status is not Status.STUDIED
        for tenant in tenancy.tenants
    }
    return tenants.pop() if len(tenants) == 1 else None
