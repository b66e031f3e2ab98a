"""A declared thing taken apart into named values: to show it, and to say what changed of it."""

import dataclasses
from collections.abc import Iterator, Mapping
from datetime import date
from enum import Enum
from typing import Any, Final

from vigie.network.network import Network
from vigie.network.operators import Stated
from vigie.replies import Cell, Trait

STATED: Final = tuple(f.name for f in dataclasses.fields(Stated))
"""Fields that say how real a thing is, and no trait of the thing itself."""
NAMES: Final = ("id", "item", "role", "name", "owner", "to", "kind")
"""What tells one thing of a list from its neighbours, the first that it has."""


def values(thing: Any, prefix: str = "") -> dict[str, Cell]:
    """Every field by its dotted name, of nested things too; unknown is None.

    A thing in a list is named by what it calls itself: `cooling[river].share`.
    """
    found: dict[str, Cell] = {}
    for field in dataclasses.fields(thing):
        value, name = getattr(thing, field.name), f"{prefix}{field.name}"
        if dataclasses.is_dataclass(value):
            found |= values(value, f"{name}.")
        elif _is_list_of_things(value):
            for key, item in _named(value):
                found |= values(item, f"{name}[{key}].")
        else:
            found[name] = _cell(value)
    return found


def traits(thing: Stated, of: str) -> Iterator[Trait]:
    """What is stated of a thing, each value with how real it is and who says so.

    Values that nobody stated are left out; a nested thing has its own status, or its holder's.
    """
    yield from _traits(thing, _Holder(of, thing))


def of_site(network: Network, site: str, scope: str = "") -> Iterator[Trait]:
    """Everything declared that concerns one site: itself, its containers, meters and contracts.

    Of the containers only those in the scope, a path.
    """
    for thing, of in _concerning(network, site, scope):
        yield from traits(thing, of)


def _concerning(network: Network, site: str, scope: str) -> Iterator[tuple[Stated, str]]:
    place = network.site(site)
    if place is None:
        return
    containers = [c for c in network.within(scope) if c.site == place.id]
    paths = {place.id, *(c.path for c in containers)}
    subjects = {*paths, *filter(None, (place.operator, place.owner, place.landlord))}
    organisations = (network.organisation(name) for name in (subjects - paths))
    known = sorted(filter(None, organisations), key=lambda organisation: organisation.id)
    yield place, f"site {place.id}"
    yield from ((o, f"organisation {o.id}") for o in known)
    yield from ((c, f"container {c.path}") for c in containers)
    for meter in network.meters:
        if meter.container in paths:
            yield meter, f"meter {meter.container}/{meter.name}"
    yield from ((e, f"energy {e.id}") for e in network.energy if place.id in e.sites)
    yield from ((p, f"purchase {p.id}") for p in network.purchases if paths & set(p.containers))
    for target in network.targets:
        if target.path in paths:
            yield target, f"target {target.indicator} of {target.path}"
    for found in network.qualifications:
        if found.subject in subjects:
            yield found, f"qualification {found.scheme} of {found.subject}"


def about(network: Network, path: str) -> Mapping[str, Cell] | None:
    """What a network declares of one container, its site and its meters; None where nothing."""
    container = network.container(path)
    if container is None or container.path != path:
        return None
    site = network.site(path)
    found = values(container)
    if site is not None:
        found |= values(site, "site.")
    for meter in network.meters:
        if meter.container == path:
            found |= values(meter, f"meters[{meter.name}].")
    return found


def changed(before: Network | None, after: Network) -> list[str]:
    """Paths of the containers of which two networks do not declare the same, in order."""
    old, new = _all_about(before), _all_about(after)
    return sorted(path for path in old.keys() | new.keys() if old.get(path) != new.get(path))


def _all_about(network: Network | None) -> Mapping[str, object]:
    if network is None:
        return {}
    meters: dict[str, list[object]] = {}
    for meter in network.meters:
        meters.setdefault(meter.container, []).append(meter)
    return {
        c.path: (c, network.site(c.path), meters.get(c.path, [])) for c in network.containers
    }  # fmt: skip


@dataclasses.dataclass(frozen=True, slots=True)
class _Holder:
    """Whose traits are told: what has a standing, and the way from there to a field of it.

    `name` is the field's as people see it, `way` as `assumed` writes it: without `[key]`.
    """

    of: str
    stated: Stated
    name: str = ""
    way: str = ""
    assumed: bool = False

    def at(self, field: str, key: str = "") -> "_Holder":
        """One step down, into a field or one thing of its list."""
        name = f"{self.name}.{field}" if self.name else field
        way = f"{self.way}.{field}" if self.way else field
        ours = self.assumed or way in self.stated.assumed
        return dataclasses.replace(self, name=name + (f"[{key}]" if key else ""), way=way,
                                   assumed=ours)  # fmt: skip

    def into(self, thing: Any) -> "_Holder":
        """The holder of a thing below: itself, where that has a standing of its own."""
        if not isinstance(thing, Stated):
            return self
        return dataclasses.replace(self, stated=thing, way="")

    def trait(self, value: Cell) -> Trait:
        """The value that stands here."""
        stated = self.stated
        return Trait(
            self.of, self.name, value, stated.status.value, _cell_text(stated.status_since),
            stated.status_source, self.assumed, stated.note, "status_since" in stated.assumed,
        )  # fmt: skip


def _traits(thing: Any, holder: _Holder) -> Iterator[Trait]:
    for field in dataclasses.fields(thing):
        value = getattr(thing, field.name)
        if isinstance(thing, Stated) and field.name in STATED:
            continue
        if dataclasses.is_dataclass(value):
            below = holder.at(field.name)
            yield from _traits(value, below.into(value))
        elif _is_list_of_things(value):
            for key, item in _named(value):
                yield from _traits(item, holder.at(field.name, key).into(item))
        elif value is not None and value not in ("", ()):
            yield holder.at(field.name).trait(_cell(value))


def _is_list_of_things(value: object) -> bool:
    return isinstance(value, tuple) and bool(value) and dataclasses.is_dataclass(value[0])


def _named(things: tuple[Any, ...]) -> Iterator[tuple[str, Any]]:
    seen: dict[str, int] = {}
    for thing in things:
        name = next((str(getattr(thing, n)) for n in NAMES if hasattr(thing, n)), "")
        seen[name] = seen.get(name, 0) + 1
        yield (name if seen[name] == 1 else f"{name} {seen[name]}"), thing


def _cell(value: object) -> Cell:
    if isinstance(value, tuple):
        return ", ".join(str(_cell(item)) for item in value)
    if isinstance(value, Enum | date):
        return _cell_text(value)
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return str(value)


def _cell_text(value: Enum | date | None) -> str | None:
    if isinstance(value, Enum):
        return str(value.value)
    return value.isoformat() if value is not None else None
