"""The network from its files: read, checked as a whole, and joined with another."""

from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import cache
from importlib.resources import files
from pathlib import Path

from vigie.document import Document, Reader
from vigie.errors import SettingsError
from vigie.network.checks import (
    contracts,
    metering,
    organisations,
    policies,
    references,
    standing,
)
from vigie.network.declared import Declared, identity
from vigie.network.network import Network
from vigie.network.operators import Status
from vigie.network.zones import zones

__all__ = ["Network", "check", "joined", "load", "reference", "written", "zones"]


def load(path: Path) -> Network:
    """The network that a file declares, or all the `*.toml` files of a folder together.

    Raises:
        SettingsError: every fault, each with its file and line and what to do.
    """
    return check(written(path))


def written(path: Path) -> Document:
    """What stands in a file, or in the `*.toml` files of a folder together. Raises as `load`."""
    if not path.is_dir():
        return Document.load(path)
    found = sorted(path.glob("*.toml"))
    if not found:
        raise SettingsError(f"{path}: holds no *.toml file; declare a network there")
    return _together(str(path), map(Document.load, found))


@cache
def reference() -> Network:
    """The network that Vigie was conceived for, as packaged. Raises as `load`."""
    folder = files("vigie.network").joinpath("reference")
    found = sorted((f for f in folder.iterdir() if f.name.endswith(".toml")), key=lambda f: f.name)
    documents = (Document.parse(f.read_text("utf-8"), f"reference/{f.name}") for f in found)
    return check(_together("reference", documents))


def joined(first: Network, second: Network) -> Network:
    """Both as one, under the name of the first.

    Raises:
        SettingsError: something of the second is called as something of the first.
    """
    taken = {key for key in _identities(first) if key is not None}
    faults = [
        f"{second.name}: {kind} {name!r} is declared already in {first.name}; rename one of them"
        for kind, name in filter(None, _identities(second))
        if (kind, name) in taken
    ]
    if faults:
        raise SettingsError("\n".join(faults))
    tables = [f.name for f in fields(Network) if f.name != "name"]
    both = {table: getattr(first, table) + getattr(second, table) for table in tables}
    return Network(first.name, **both)


def check(document: Document) -> Network:
    """The network that a document declares. Raises as `load`."""
    reader = Reader(document)
    declared = Declared.read(reader)
    for concern in (references, organisations, standing, metering, contracts, policies):
        concern.check(declared)
    name = document.data.get("name", Path(document.name).stem)
    if not isinstance(name, str):
        reader.fault(("name",), "a text is wanted")
    if not document.data.get("containers"):
        reader.fault((), "no container is declared; add [[containers]] with id, name and site")
    reader.finish()
    policies.check_placements(declared)
    reader.finish()
    return declared.network(name)


def _together(name: str, documents: Iterable[Document]) -> Document:
    whole = Document(name)
    for document in documents:
        whole.extend(document)
    return whole


def _identities(network: Network) -> Iterator[tuple[str, str] | None]:
    for table in fields(Network):
        if table.name != "name":
            for value in getattr(network, table.name):
                yield identity(table.name, value)
    for placement in network.placements:
        if placement.status is not Status.STUDIED:
            yield "store", placement.store
