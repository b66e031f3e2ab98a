"""The trees of meters: each role is one of its medium, and nothing is counted twice."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from typing import Final

from vigie.catalogue import HEAT_ROLES, POWER_ROLES, SUPPLY_ROLES, WATER_ROLES, WHOLE_ROLES
from vigie.document import suggestion
from vigie.network.declared import Declared
from vigie.network.meters import Meter
from vigie.positions import TomlPath

_ROLES: Final[Mapping[str, tuple[str, ...]]] = {
    "electricity": POWER_ROLES,
    "water": WATER_ROLES,
    "heat": HEAT_ROLES,
}
_Tree = Mapping[str, tuple[TomlPath, Meter]]


def check(declared: Declared) -> None:
    """Fault meters of the wrong role, behind the wrong meter, and those that overlap."""
    for tree in _trees(declared):
        for at, meter in tree.values():
            roles = _ROLES[meter.medium]
            if meter.role not in roles:
                unknown = f"{meter.role!r} is no role of {meter.medium}"
                declared.fault((*at, "role"), f"{unknown}; {suggestion(meter.role, roles)}")
            elif meter.parent is not None:
                _behind(declared, tree, at, meter)
        _overlaps(declared, tree)


def _trees(declared: Declared) -> Iterator[_Tree]:
    """The meters of each container by name; of two with one name the first."""
    containers = dict.fromkeys(meter.container for _, meter in declared.meters)
    for container in containers:
        rows = [(at, meter) for at, meter in declared.meters if meter.container == container]
        yield {meter.name: (at, meter) for at, meter in reversed(rows)}


def _behind(declared: Declared, tree: _Tree, at: TomlPath, meter: Meter) -> None:
    place = (*at, "parent")
    others = {name for name, (_, other) in tree.items() if other.medium == meter.medium}
    if meter.parent not in others:
        missing = f"{meter.container} has no {meter.medium} meter {meter.parent!r}"
        declared.fault(place, f"{missing}; {suggestion(str(meter.parent), others - {meter.name})}")
        return
    chain = _ancestors(tree, meter)
    if meter.name in chain:
        circle = " → ".join((meter.name, *chain[: chain.index(meter.name) + 1]))
        if meter.name == min(chain):
            declared.fault(place, f"meters in a circle: {circle}; the topmost has no parent")
        return
    parent = tree[meter.parent][1]
    if meter.medium != "electricity" or meter.role == parent.role:
        return
    if meter.role in SUPPLY_ROLES:
        told = f"{meter.role} feeds the place beside its grid meter; leave parent out"
        declared.fault(place, told)
    elif _rank(meter.role) < _rank(parent.role):
        told = f"{meter.role} is wider than {parent.role} of {parent.name!r} before it"
        declared.fault(place, f"{told}; turn the two round, or leave parent out")


def _overlaps(declared: Declared, tree: _Tree) -> None:
    """Two meters at one delivery point in one role, side by side, count the same thing twice."""
    for (_, first), (at, second) in combinations(tree.values(), 2):
        alike = (first.medium, first.role, first.delivery_point) == (
            second.medium,
            second.role,
            second.delivery_point,
        )
        related = second.name in _ancestors(tree, first) or first.name in _ancestors(tree, second)
        if alike and second.delivery_point is not None and not related:
            told = f"overlaps {first.name!r}: both are {second.role} of {second.delivery_point}"
            declared.fault((*at, "name"), f"{told}; put one behind the other with parent")


def _ancestors(tree: _Tree, meter: Meter) -> tuple[str, ...]:
    """The names of the meters before one, nearest first; a circle is gone round once."""
    found: list[str] = []
    name = meter.parent
    while name is not None and name in tree and name not in found:
        found.append(name)
        name = tree[name][1].parent
    return tuple(found)


def _rank(role: str) -> int:
    """How far from the grid a role stands; parts of a place farthest, and all alike."""
    if role in SUPPLY_ROLES:
        return 1
    return WHOLE_ROLES.index(role) if role in WHOLE_ROLES else len(WHOLE_ROLES)
