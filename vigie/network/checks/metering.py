"""The trees of meters: each role is one of its medium, and nothing is counted twice."""

from collections.abc import Iterable, Mapping
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


def _trees(declared: Declared) -> Iterable[_Tree]:
    """The meters of each container by name; of two with one name the first."""
    trees: dict[str, dict[str, tuple[TomlPath, Meter]]] = {}
    for at, meter in declared.meters:
        trees.setdefault(meter.container, {}).setdefault(meter.name, (at, meter))
    return trees.values()


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
    if meter.medium != "electricity" or parent.role not in POWER_ROLES:
        return
    if meter.role == parent.role:
        return
    if meter.role in SUPPLY_ROLES:
        told = f"{meter.role} feeds the place beside its grid meter; leave parent out"
        declared.fault(place, told)
    elif _rank(meter.role) < _rank(parent.role):
        told = f"{meter.role} is wider than {parent.role} of {parent.name!r} before it"
        declared.fault(place, f"{told}; turn the two round, or leave parent out")


def _overlaps(declared: Declared, tree: _Tree) -> None:
    """Two meters at one delivery point in one role, side by side, count the same thing twice."""
    points: dict[tuple[str, str, str], list[str]] = {}
    for name, (_, meter) in tree.items():
        if meter.delivery_point is not None:
            point = (meter.medium, meter.role, meter.delivery_point)
            points.setdefault(point, []).append(name)
    for (_, role, where), names in points.items():
        for first, second in combinations(names, 2):
            at, meter = tree[second]
            if first in _ancestors(tree, meter) or second in _ancestors(tree, tree[first][1]):
                continue
            told = f"overlaps {first!r}: both are {role} of {where}"
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
