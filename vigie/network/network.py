"""The network as everybody sees it: all that is declared, and how to find a part of it."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import cached_property

from vigie.network.contracts import EnergyContract, Purchase, Target
from vigie.network.meters import Meter
from vigie.network.operators import Operator, Stated, Status, Tenant
from vigie.network.places import Container, Site, inside, perimeter_of
from vigie.network.policies import (
    Evidence,
    Perimeter,
    Pilot,
    Placement,
    Qualification,
    Tenancy,
)
from vigie.network.thresholds import Threshold


@dataclass(frozen=True)
class Network:
    """Everything declared; two networks of equal content have equal versions."""

    name: str
    operators: tuple[Operator, ...]
    sites: tuple[Site, ...]
    containers: tuple[Container, ...]
    owners: tuple[Operator, ...] = ()
    suppliers: tuple[Operator, ...] = ()
    tenants: tuple[Tenant, ...] = ()
    meters: tuple[Meter, ...] = ()
    energy: tuple[EnergyContract, ...] = ()
    purchases: tuple[Purchase, ...] = ()
    targets: tuple[Target, ...] = ()
    placements: tuple[Placement, ...] = ()
    tenancies: tuple[Tenancy, ...] = ()
    perimeters: tuple[Perimeter, ...] = ()
    pilots: tuple[Pilot, ...] = ()
    qualifications: tuple[Qualification, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    thresholds: tuple[Threshold, ...] = ()

    @classmethod
    def of_this_host(cls, hostname: str) -> "Network":
        """One site with one container, `local/this`: what is watched when nothing is declared.

        It has no grid zone, so that carbon stays unknown until somebody declares one.
        """
        return cls(
            name=hostname,
            operators=(Operator("self", hostname),),
            sites=(Site("local", hostname, "self"),),
            containers=(Container("this", hostname, "local"),),
        )

    @cached_property
    def version(self) -> str:
        """SHA-256 of the content, in hexadecimal."""
        text = json.dumps(dataclasses.asdict(self), default=str, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def organisation(self, name: str) -> Operator | None:
        """The operator, owner or supplier of that id, or None."""
        return self._organisations.get(name)

    def operator(self, name: str) -> Operator | None:
        """The operator of that id, or None."""
        return next((o for o in self.operators if o.id == name), None)

    def tenant(self, name: str) -> Tenant | None:
        """The tenant of that id, or None."""
        return next((t for t in self.tenants if t.id == name), None)

    def perimeter(self, name: str) -> Perimeter | None:
        """The perimeter of that id, or None."""
        return next((p for p in self.perimeters if p.id == name), None)

    def site(self, path: str) -> Site | None:
        """The site that a path lies in, or None."""
        return self._sites.get(path.partition("/")[0])

    def container(self, path: str) -> Container | None:
        """The container that a path lies in, or None."""
        return self._containers.get("/".join(path.split("/")[:2]))

    def within(self, scope: str) -> tuple[Container, ...]:
        """The containers in a scope; a scope below a container, as a host's, gives that one.

        A perimeter that nobody declared holds none.
        """
        name = perimeter_of(scope)
        if name is not None:
            declared = self.perimeter(name)
            sites = frozenset(declared.sites if declared else ())
            return tuple(c for c in self.containers if c.site in sites)
        return tuple(c for c in self.containers if inside(c.path, scope) or inside(scope, c.path))

    def simulated(self, path: str) -> bool:
        """Whether the twin stands in for what is at a path."""
        site, container = self.site(path), self.container(path)
        return bool((site and site.simulated) or (container and container.simulated))

    def scale(self, path: str) -> float:
        """The share of the container at a path that the twin plays; 1 is all of it."""
        container = self.container(path)
        return container.scale if container else 1.0

    def placement(self, store: str) -> Placement | None:
        """The policy in force for a store, or None."""
        return next(
            (p for p in self.placements if p.store == store and p.status is not Status.STUDIED),
            None,
        )

    def contracts(self, site: str, day: date) -> tuple[EnergyContract, ...]:
        """The energy contracts in force at a site on a day."""
        return tuple(
            contract
            for contract in self.energy
            if site in contract.sites and contract.covers(day) and self._holds(contract, site)
        )

    def purchase(self, path: str) -> Purchase | None:
        """How the container at a path was come by, or None where nobody says."""
        return next(
            (p for p in self.purchases if path in p.containers and self._holds(p, path)), None
        )

    def targets_of(self, scope: str, indicator: str) -> tuple[Target, ...]:
        """What an indicator of a scope is to become, by decision in force; the next year first."""
        wanted = (t for t in self.targets if t.path == scope and t.indicator == indicator)
        return tuple(sorted(wanted, key=lambda target: target.year))

    def _holds(self, declared: Stated, path: str) -> bool:
        """What operates does; where the twin stands in, all that is more than a study does."""
        real = declared.status is Status.OPERATING
        return real or (self.simulated(path) and declared.status is not Status.STUDIED)

    @cached_property
    def _organisations(self) -> Mapping[str, Operator]:
        return {o.id: o for o in (*self.suppliers, *self.owners, *self.operators)}

    @cached_property
    def _sites(self) -> Mapping[str, Site]:
        return {site.id: site for site in self.sites}

    @cached_property
    def _containers(self) -> Mapping[str, Container]:
        return {container.path: container for container in self.containers}
