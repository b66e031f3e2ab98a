"""Which container holds which fragment of a store: by its placement policy, the same for all.

Every object has its own order of the failure domains, by chance of its number; its fragments go to
the first of them, a second one to a domain only when all have one, and never more than the policy
lets a domain hold. What finds no place is not written.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from twin.chance import Floats, salt, uniforms
from vigie.fragments import OBJECT_BYTES, object_hasher
from vigie.network.countries import expanded
from vigie.network.network import Network
from vigie.network.operators import Status
from vigie.network.places import Container, inside
from vigie.network.policies import Placement

OBJECTS: Final = 2_000
"""Objects of a store as played; what they are worth in bytes makes up for it."""
MANY_OBJECTS: Final = 100_000
"""The same in full."""
FILLED: Final = 0.6
NOWHERE: Final = -1


@dataclass(frozen=True)
class Spread:
    """The objects of one store, and where their fragments lie."""

    placement: Placement
    containers: tuple[Container, ...]
    domains: tuple[int, ...]
    """The failure domain of each container, as a number from 0 up."""
    objects: int
    seed: int
    key: bytes
    offered: float
    """Bytes that all containers together have for this store."""

    @cached_property
    def places(self) -> NDArray[np.int32]:
        """Position of the container of each fragment: [object, index], or `NOWHERE`."""
        placement, domains = self.placement, np.array(self.domains, np.int32)
        many = int(domains.max()) + 1 if len(domains) else 0
        places = np.full((self.objects, placement.n), NOWHERE, np.int32)
        if not many:
            return places
        order = uniforms(self._salt("order"), self.objects * many).reshape(self.objects, many)
        ranked = np.argsort(order, axis=1)
        which = uniforms(self._salt("which"), self.objects * placement.n)
        which = which.reshape(self.objects, placement.n)
        members = [np.flatnonzero(domains == d) for d in range(many)]
        sizes = np.array([len(m) for m in members])
        table = np.zeros((many, int(sizes.max())), np.int32)
        for row, some in enumerate(members):
            table[row, : len(some)] = some
        for index in range(min(placement.n, many * placement.most)):
            domain = ranked[:, index % many]
            places[:, index] = table[domain, (which[:, index] * sizes[domain]).astype(np.int32)]
        return places

    @cached_property
    def names(self) -> NDArray[np.void]:
        """The 16 bytes of each object."""
        hashed = object_hasher(self.key, self.placement.store)
        told = b"".join(hashed(f"object-{n}") for n in range(self.objects))
        return np.frombuffer(told, dtype=f"V{OBJECT_BYTES}")

    @cached_property
    def fragment_bytes(self) -> int:
        """Size of a fragment: together they fill so much of what is offered."""
        return max(int(self.offered * FILLED / (self.objects * self.placement.n)), 1)

    def chance(self, *names: object) -> Floats:
        """A number in [0, 1) for each fragment of the store, object by object."""
        return uniforms(self._salt(*names), self.objects * self.placement.n)

    def _salt(self, *names: object) -> int:
        return salt(self.seed, "store", self.placement.store, *names)


def spreads(network: Network, *, seed: int, full: bool, key: bytes) -> tuple[Spread, ...]:
    """The stores whose placement is more than a study, over the containers that are played.

    What a container has for stores is shared by those that may lie there.
    """
    placements = [p for p in network.placements if p.status is not Status.STUDIED]
    allowed = {
        p.id: tuple(c for c in network.containers if _allowed(network, p, c)) for p in placements
    }
    sharing = Counter(c.path for containers in allowed.values() for c in containers)
    return tuple(
        Spread(
            placement, allowed[placement.id], _domains(network, placement, allowed[placement.id]),
            MANY_OBJECTS if full else OBJECTS, seed, key,
            sum(_offered(network, placement, c, full=full) / sharing[c.path]
                for c in allowed[placement.id]),
        )
        for placement in placements
    )  # fmt: skip


def _offered(network: Network, placement: Placement, container: Container, *, full: bool) -> float:
    """What a container has for stores: a pilot's partner what it offers, else all its capacity."""
    offers = (
        partner.offers_bytes
        for pilot in network.pilots
        if placement.store in pilot.stores
        for partner in pilot.partners
        if partner.container == container.path and partner.offers_bytes is not None
    )
    whole = next(offers, container.capacity.storage_bytes or 0.0)
    return whole * (1.0 if full else container.scale)


def _allowed(network: Network, placement: Placement, container: Container) -> bool:
    site = network.site(container.path)
    if not network.simulated(container.path) or not container.capacity.storage_bytes:
        return False
    if placement.within and (site is None or site.country not in expanded(placement.within)):
        return False
    prefixes = placement.containers
    return not prefixes or any(inside(container.path, p) for p in prefixes)


def _domains(
    network: Network, placement: Placement, containers: Sequence[Container]
) -> tuple[int, ...]:
    numbers: dict[str, int] = {}
    names: Mapping[str, str] = {s.id: s.operator for s in network.sites}
    told = []
    for container in containers:
        by = {"container": container.path, "site": container.site}
        name = by.get(placement.domain, names.get(container.site, container.site))
        told.append(numbers.setdefault(name, len(numbers)))
    return tuple(told)
