"""A network as written: each declared thing with its place in the files, to be checked."""

import dataclasses
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeVar

from vigie.document import Reader, suggestion
from vigie.network.contracts import EnergyContract, Purchase, Target
from vigie.network.meters import Meter
from vigie.network.network import Network
from vigie.network.operators import Operator, Tenant
from vigie.network.places import Container, Site
from vigie.network.policies import (
    Evidence,
    Perimeter,
    Pilot,
    Placement,
    Qualification,
    Tenancy,
)
from vigie.network.thresholds import Threshold
from vigie.positions import TomlPath

T = TypeVar("T")
Placed = tuple[tuple[TomlPath, T], ...]


@dataclass(frozen=True)
class Declared:
    """What could be read of each table; `reader` takes the faults."""

    reader: Reader
    operators: Placed[Operator] = field(metadata={"kind": Operator})
    owners: Placed[Operator] = field(metadata={"kind": Operator})
    suppliers: Placed[Operator] = field(metadata={"kind": Operator})
    tenants: Placed[Tenant] = field(metadata={"kind": Tenant})
    sites: Placed[Site] = field(metadata={"kind": Site})
    containers: Placed[Container] = field(metadata={"kind": Container})
    meters: Placed[Meter] = field(metadata={"kind": Meter})
    energy: Placed[EnergyContract] = field(metadata={"kind": EnergyContract})
    purchases: Placed[Purchase] = field(metadata={"kind": Purchase})
    targets: Placed[Target] = field(metadata={"kind": Target})
    placements: Placed[Placement] = field(metadata={"kind": Placement})
    tenancies: Placed[Tenancy] = field(metadata={"kind": Tenancy})
    perimeters: Placed[Perimeter] = field(metadata={"kind": Perimeter})
    pilots: Placed[Pilot] = field(metadata={"kind": Pilot})
    qualifications: Placed[Qualification] = field(metadata={"kind": Qualification})
    evidence: Placed[Evidence] = field(metadata={"kind": Evidence})
    thresholds: Placed[Threshold] = field(metadata={"kind": Threshold})

    @classmethod
    def read(cls, reader: Reader) -> "Declared":
        """Everything that a document declares."""
        kinds = {f.name: f.metadata["kind"] for f in dataclasses.fields(cls) if f.metadata}
        reader.known(("name", *kinds))
        return cls(reader, **{table: reader.each(kind, (table,)) for table, kind in kinds.items()})

    def network(self, name: str) -> Network:
        """Without its places."""
        return Network(name, **{table: tuple(v for _, v in rows) for table, rows in self._tables()})

    def everything(self) -> Iterator[tuple[str, TomlPath, Any]]:
        """Every row: its table, its place, itself."""
        for table, rows in self._tables():
            for at, value in rows:
                yield table, at, value

    def ids(self, *tables: str) -> frozenset[str]:
        """The ids that tables give, also of rows with faults: one fault is to be told once."""
        rows = (row for table in tables for row in self._written(table))
        return frozenset(row["id"] for row in rows if isinstance(row.get("id"), str))

    @cached_property
    def paths(self) -> frozenset[str]:
        """The paths of containers, also of those with faults."""
        return frozenset(
            f"{row.get('site')}/{row.get('id')}" for row in self._written("containers")
        )

    def fault(self, at: TomlPath, message: str) -> None:
        """Note what is wrong with what stands at a place, and what to do."""
        self.reader.fault(at, message)

    def refer(self, at: TomlPath, name: str | None, what: str, known: Iterable[str]) -> None:
        """Fault a name that is not among the known ones; None refers to nothing."""
        names = frozenset(known)
        if name is not None and name not in names:
            self.fault(at, f"no {what} is called {name!r}; {suggestion(name, names)}")

    def _tables(self) -> Iterator[tuple[str, Placed[Any]]]:
        for declared in dataclasses.fields(self):
            if declared.metadata:
                yield declared.name, getattr(self, declared.name)

    def _written(self, table: str) -> list[dict[str, Any]]:
        rows = self.reader.document.data.get(table)
        return [row for row in (rows if isinstance(rows, list) else ()) if isinstance(row, dict)]


_WORDS: Final[Mapping[str, str]] = {
    "operators": "organisation",
    "owners": "organisation",
    "suppliers": "organisation",
    "tenants": "tenant",
    "sites": "site",
    "containers": "container",
    "meters": "meter",
    "energy": "energy contract",
    "purchases": "purchase",
    "placements": "placement",
    "tenancies": "tenancy",
    "perimeters": "perimeter",
    "pilots": "pilot",
}


def identity(table: str, value: Any) -> tuple[str, str] | None:
    """By what nothing else may be called: a word for what it is, and its name; None has none."""
    if table not in _WORDS:
        return None
    if isinstance(value, Container):
        return _WORDS[table], value.path
    if isinstance(value, Meter):
        return _WORDS[table], f"{value.container}/{value.name}"
    return _WORDS[table], value.id
