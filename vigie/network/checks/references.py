"""Every name that one table takes from another exists there, and no name is given twice."""

from vigie.network.declared import Declared, identity
from vigie.positions import TomlPath

_ORGANISATIONS = ("operators", "owners", "suppliers")


def check(declared: Declared) -> None:
    """Fault what refers to nothing, and what is declared again."""
    _unique(declared)
    _places(declared)


def _unique(declared: Declared) -> None:
    first: dict[tuple[str, str], TomlPath] = {}
    for table, at, value in declared.everything():
        key = identity(table, value)
        if key is None:
            continue
        if key in first:
            place = declared.reader.document.where(first[key])
            name = "name" if table == "meters" else "id"
            declared.fault(
                (*at, name), f"{key[1]!r} is declared already at {place}; choose another"
            )
        first.setdefault(key, at)


def _places(declared: Declared) -> None:
    operators, organisations = declared.ids("operators"), declared.ids(*_ORGANISATIONS)
    for at, site in declared.sites:
        declared.refer((*at, "operator"), site.operator, "operators", operators)
        declared.refer((*at, "owner"), site.owner, "owners", organisations)
        declared.refer((*at, "landlord"), site.landlord, "owners", organisations)
    for at, container in declared.containers:
        declared.refer((*at, "site"), container.site, "sites", declared.ids("sites"))
