"""Who can compel or stop the holder of a container: the law and the parties, in five layers.

*Location*: the country it stands in; its site's owner and landlord. *Operator*: the law of who runs
the site. *Ownership*: the law of whoever controls the operator. *Management*: that of the suppliers
who can reach into it from afar. *Technology*: that of the suppliers without whose parts it does not
run. The law of an organisation is that of its seat and of the countries whose law compels it by its
own declaration (`reach`); a supplier's layer holds its controllers too.

Control is more than half of the votes, or `control = true`, held directly or through what one
controls. Votes that nobody declared are taken to be one party's: where that party could have
control, ownership is unknown. `owners = []` is a declaration: nobody holds control.

What is not declared is unknown, never empty: a layer that lacks a part says so in `unknown`, and
what it does name reaches all the same.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from vigie.network.countries import EU as MEMBERS
from vigie.network.network import Network
from vigie.network.operators import Operator
from vigie.network.places import Container, Site

EU: Final = "EU"
"""The union as a jurisdiction: its law is in force in every member."""
MAJORITY: Final = 0.5
"""Votes above this are control."""


class Layer(StrEnum):
    """By which way somebody reaches a container."""

    LOCATION = "location"
    OPERATOR = "operator"
    OWNERSHIP = "ownership"
    MANAGEMENT = "management"
    TECHNOLOGY = "technology"

    def label(self, language: str) -> str:
        """The word people see."""
        return _LAYER_FR[self] if language == "fr" else self.value


_LAYER_FR: Final[Mapping[Layer, str]] = {
    Layer.LOCATION: "lieu",
    Layer.OPERATOR: "exploitant",
    Layer.OWNERSHIP: "actionnariat",
    Layer.MANAGEMENT: "télégestion",
    Layer.TECHNOLOGY: "technologie",
}
ALL: Final = tuple(Layer)


@dataclass(frozen=True, slots=True)
class Reached:
    """What one layer says: countries as declared, ids of organisations, and what is undeclared."""

    countries: frozenset[str] = frozenset()
    parties: frozenset[str] = frozenset()
    unknown: frozenset[str] = frozenset()
    """What nobody declared, as `seat of acme`; empty where the layer is known in full."""

    def __or__(self, other: "Reached") -> "Reached":
        return Reached(
            self.countries | other.countries,
            self.parties | other.parties,
            self.unknown | other.unknown,
        )


@dataclass(frozen=True, slots=True)
class Reach:
    """Everybody who reaches a container, by layer."""

    layers: tuple[Reached, ...]
    """In the order of `Layer`."""

    def over(self, layers: Iterable[Layer] = ALL) -> Reached:
        """Some layers together."""
        found = Reached()
        for layer in layers:
            found |= self.layers[ALL.index(layer)]
        return found

    @property
    def unknown(self) -> tuple[Layer, ...]:
        """The layers that are not known in full; none: all five are."""
        return tuple(layer for layer in ALL if self.over([layer]).unknown)

    @property
    def law(self) -> tuple[tuple[frozenset[str], bool], ...]:
        """By layer, the countries, and whether there may be more: alike for all that weighs law."""
        return tuple((one.countries, bool(one.unknown)) for one in self.layers)


def contains(jurisdiction: str, country: str) -> bool:
    """Whether the law of a jurisdiction is in force where that of a country is."""
    return jurisdiction == country or (jurisdiction == EU and country in MEMBERS)


def within(allowed: Iterable[str], country: str) -> bool:
    """Whether a country is one of these; EU stands for its members."""
    return any(contains(one, country) for one in allowed)


def reached_by(jurisdiction: str, countries: Iterable[str]) -> bool:
    """Whether one of these countries has a jurisdiction reach."""
    return any(contains(jurisdiction, country) for country in countries)


def foreign(jurisdiction: str, home: str) -> bool:
    """Whether a law is another than that of home; the EU's is none to its members."""
    return not (contains(home, jurisdiction) or contains(jurisdiction, home))


def jurisdictions(countries: Iterable[str]) -> tuple[str, ...]:
    """The countries in order, and the EU where it is one of them or holds one."""
    named = set(countries)
    if named & MEMBERS:
        named.add(EU)
    return tuple(sorted(named))


@dataclass(slots=True)
class Reaches:
    """The reach of every container of a network; each is worked out once."""

    network: Network
    _laws: dict[str, Reached] = field(default_factory=dict)
    _owned: dict[str, Reached] = field(default_factory=dict)
    _known: dict[str, Reach] = field(default_factory=dict)

    def of(self, path: str) -> Reach:
        """Of the container that a path lies in; all unknown where nobody declared it."""
        found = self._known.get(path)
        if found is None:
            found = self._known[path] = self._of(path)
        return found

    def _of(self, path: str) -> Reach:
        container, site = self.network.container(path), self.network.site(path)
        if container is None or site is None:
            return Reach((Reached(unknown=frozenset({"container"})),) * len(ALL))
        return Reach(
            (
                _location(site),
                self._law(site.operator),
                self._ownership(site.operator),
                self._supplied(container, Layer.MANAGEMENT),
                self._supplied(container, Layer.TECHNOLOGY),
            )
        )

    def _law(self, name: str) -> Reached:
        """What an organisation itself must obey."""
        if name not in self._laws:
            self._laws[name] = _law(name, self.network.organisation(name))
        return self._laws[name]

    def _ownership(self, name: str) -> Reached:
        """The law of all who control an organisation."""
        if name not in self._owned:
            found, unknown = controllers(self.network, name)
            reached = Reached(unknown=frozenset({f"owners of {name}"} if unknown else ()))
            for party in sorted(found):
                reached |= self._law(party)
            organisation = self.network.organisation(name)
            if organisation is not None and organisation.kind == "public":
                reached |= Reached(frozenset({organisation.seat} if organisation.seat else ()))
            self._owned[name] = reached
        return self._owned[name]

    def _supplied(self, container: Container, layer: Layer) -> Reached:
        """The law of suppliers, and of who controls them."""
        names = container.management if layer is Layer.MANAGEMENT else container.technology
        if names is None:
            return Reached(unknown=frozenset({layer.value}))
        reached = Reached()
        for name in names:
            reached |= self._law(name) | self._ownership(name)
        return reached


def controllers(network: Network, name: str) -> tuple[frozenset[str], bool]:
    """Who controls an organisation, directly or not; and whether somebody unnamed could too."""
    owned = {one: _shares(network, one) for one in _above(network, name)}
    named = {owner for shares, _ in owned.values() for owner, _, _ in shares}
    found = {owner for owner in named if name in _controlled(owned, owner)}
    return frozenset(found), name in _controlled(owned, "")


def _above(network: Network, name: str) -> tuple[str, ...]:
    """An organisation, its owners, theirs, and so on; each once, however they go in circles."""
    seen, waiting = {name: None}, [name]
    while waiting:
        for owner, _, _ in _shares(network, waiting.pop())[0]:
            if owner not in seen:
                seen[owner] = None
                waiting.append(owner)
    return tuple(seen)


_Shares = tuple[tuple[str, float, bool], ...]


def _shares(network: Network, name: str) -> tuple[_Shares, float]:
    """Owner, votes and control of each declared share, and the votes that nobody declared."""
    organisation = network.organisation(name)
    if organisation is None:
        return (), 1.0
    if organisation.owners is None:
        unowned = organisation.kind == "public"
        return (), 0.0 if unowned else 1.0
    if not organisation.owners:
        return (), 0.0
    shares = tuple((s.owner, s.ratio, s.control) for s in organisation.owners)
    return shares, max(0.0, 1.0 - sum(ratio for _, ratio, _ in shares))


def _controlled(owned: Mapping[str, tuple[_Shares, float]], holder: str) -> frozenset[str]:
    """What a party controls, by what it controls; "" is whoever has all undeclared votes."""
    found: set[str] = set()
    grown = True
    while grown:
        grown = False
        for name, (shares, undeclared) in owned.items():
            if name in found or name == holder:
                continue
            mine = [s for s in shares if s[0] == holder or s[0] in found]
            votes = sum(ratio for _, ratio, _ in mine) + (0.0 if holder else undeclared)
            if any(control for *_, control in mine) or _majority(votes):
                found.add(name)
                grown = True
    return frozenset(found)


def _majority(votes: float) -> bool:
    """More than half, but for what floating point adds to 0.3 + 0.2."""
    return votes > MAJORITY + 1e-9


def _location(site: Site) -> Reached:
    parties = frozenset(p for p in (site.owner, site.landlord) if p)
    if site.country is None:
        return Reached(parties=parties, unknown=frozenset({f"country of {site.id}"}))
    return Reached(frozenset({site.country}), parties)


def _law(name: str, organisation: Operator | None) -> Reached:
    parties = frozenset({name})
    if organisation is None:
        return Reached(parties=parties, unknown=frozenset({name}))
    unknown = set()
    if organisation.seat is None:
        unknown.add(f"seat of {name}")
    if organisation.reach is None:
        unknown.add(f"reach of {name}")
    seat = {organisation.seat} if organisation.seat else set()
    return Reached(frozenset(seat | set(organisation.reach or ())), parties, frozenset(unknown))
