"""The network: from its file, checked as a whole, or made of this host alone."""

import dataclasses
import hashlib
import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from vigie.document import Document, Reader, suggestion
from vigie.network.contracts import EnergyContract, Purchase, Target
from vigie.network.meters import Meter
from vigie.network.operators import Operator, Tenant
from vigie.network.places import Container, Site, inside
from vigie.network.policies import (
    Evidence,
    Perimeter,
    Pilot,
    Placement,
    Qualification,
    Tenancy,
)
from vigie.positions import TomlPath

_TABLES = ("name", "operators", "sites", "containers")


@dataclass(frozen=True, slots=True)
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

    @property
    def version(self) -> str:
        """SHA-256 of the content, in hexadecimal."""
        text = json.dumps(dataclasses.asdict(self), default=str, sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()

    def operator(self, name: str) -> Operator | None:
        """The operator of that id, or None."""
        return next((o for o in self.operators if o.id == name), None)

    def site(self, path: str) -> Site | None:
        """The site that a path lies in, or None."""
        return next((s for s in self.sites if inside(path, s.id)), None)

    def container(self, path: str) -> Container | None:
        """The container that a path lies in, or None."""
        return next((c for c in self.containers if inside(path, c.path)), None)

    def within(self, scope: str) -> tuple[Container, ...]:
        """The containers in a scope; a scope below a container, as a host's, gives that one."""
        return tuple(c for c in self.containers if inside(c.path, scope) or inside(scope, c.path))

    def simulated(self, path: str) -> bool:
        """Whether the twin stands in for what is at a path."""
        site, container = self.site(path), self.container(path)
        return bool((site and site.simulated) or (container and container.simulated))


@cache
def zones() -> dict[str, dict[str, str]]:
    """Known grid zones: code → {"fr": name, "en": name}."""
    return tomllib.loads(files("vigie.network").joinpath("reference/zones.toml").read_text("utf-8"))


def load(path: Path) -> Network:
    """The network that a file declares.

    Raises:
        SettingsError: every fault of the file, each with its line and what to do.
    """
    return check(Document.load(path))


def check(document: Document) -> Network:
    """The network that a document declares. Raises as `load`."""
    reader = Reader(document)
    reader.known(_TABLES)
    operators = reader.each(Operator, ("operators",))
    sites = reader.each(Site, ("sites",))
    containers = reader.each(Container, ("containers",))
    _once(reader, ((at, operator.id) for at, operator in operators))
    _once(reader, ((at, site.id) for at, site in sites))
    _once(reader, ((at, container.path) for at, container in containers))
    # Ids as written, so that one faulty site does not also make its containers homeless.
    _refer(reader, ((at, site.operator) for at, site in sites), "operator", "operators")
    _refer(reader, ((at, container.site) for at, container in containers), "site", "sites")
    for at, site in sites:
        if site.zone is not None and site.zone not in zones():
            unknown = f"no grid zone is called {site.zone!r}"
            reader.fault((*at, "zone"), f"{unknown}; {suggestion(site.zone, zones())}")
        if (site.latitude is None) != (site.longitude is None):
            reader.fault(at, "latitude and longitude go together; give both or none")
    name = document.data.get("name", Path(document.name).stem)
    if not isinstance(name, str):
        reader.fault(("name",), "a text is wanted")
    if not document.data.get("containers"):
        reader.fault((), "no container is declared; add [[containers]] with id, name and site")
    reader.finish()
    return Network(
        name,
        tuple(value for _, value in operators),
        tuple(value for _, value in sites),
        tuple(value for _, value in containers),
    )


def _once(reader: Reader, named: Iterable[tuple[TomlPath, str]]) -> None:
    first: dict[str, TomlPath] = {}
    for at, name in named:
        if name in first:
            place = reader.document.where(first[name])
            reader.fault((*at, "id"), f"{name!r} is declared already at {place}; choose another")
        first.setdefault(name, at)


def _refer(reader: Reader, named: Iterable[tuple[TomlPath, str]], key: str, table: str) -> None:
    known = _ids(reader.document.data.get(table))
    for at, name in named:
        if name not in known:
            unknown = f"{table} has no {name!r}"
            reader.fault((*at, key), f"{unknown}; {suggestion(name, known)}")


def _ids(rows: Any) -> set[str]:
    return {
        row["id"]
        for row in (rows if isinstance(rows, list) else ())
        if isinstance(row, dict) and isinstance(row.get("id"), str)
    }
