"""What if a country, an operator or a supplier vanished: which objects could still be read.

A container is gone where what vanishes reaches it by one of the chosen layers. That it is reached
by unknown others too is told beside: what stays may be less.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from collector.kpis.facts import Held
from collector.kpis.sovereignty.reading import Bits, Laid
from vigie.network.network import Network
from vigie.network.operators import Status
from vigie.network.places import Container, Lifecycle
from vigie.network.reach import ALL, EU, Layer, Reaches, jurisdictions, reached_by

Kind = Literal["country", "operator", "supplier", "owner"]
KINDS: Final[tuple[Kind, ...]] = ("country", "operator", "supplier", "owner")
BUILT_FOR: Final = {"storage_bytes": "By", "gpus": "1", "power_watts": "W"}
"""Members of a container's capacity, and their units."""


@dataclass(frozen=True, slots=True)
class Vanishing:
    """Who is thought away, as `country:US`: a country or the EU, else the id of an organisation."""

    kind: Kind
    name: str

    @classmethod
    def parse(cls, text: str, network: Network) -> "Vanishing":
        """Of a text.

        Raises:
            ValueError: it names nobody that the network knows.
        """
        word, _, name = text.partition(":")
        kind = next((kind for kind in KINDS if kind == word), None)
        if kind is None or not name:
            raise ValueError(f"{text!r}: country:US, operator:<id>, supplier:<id> or owner:<id>")
        if kind == "country":
            if len(name) != len(EU) or not (name.isascii() and name.isalpha() and name.isupper()):
                raise ValueError(f"{text!r}: a country code like US is wanted, or EU")
            return cls(kind, name)
        table = {o.id for o in getattr(network, f"{kind}s")}
        if name not in table:
            known = ", ".join(sorted(table)) or "none"
            raise ValueError(f"{text!r}: no such {kind}; declared are: {known}")
        return cls(kind, name)

    def reaches(self, countries: Iterable[str], parties: Iterable[str]) -> bool:
        """Whether it is among these."""
        if self.kind == "country":
            return reached_by(self.name, countries)
        return self.name in parties


@dataclass(frozen=True, slots=True)
class Left:
    """Of one store and code: objects by margin before and after; below 0 cannot be read."""

    store: str
    scheme: str
    objects: int
    before: dict[int, int]
    after: dict[int, int]
    simulated: bool

    @property
    def readable(self) -> int:
        """Objects that can still be rebuilt."""
        return sum(many for margin, many in self.after.items() if margin >= 0)

    @property
    def lost(self) -> int:
        """Objects that could be rebuilt, and no longer can."""
        return sum(n for m, n in self.before.items() if m >= 0) - self.readable


@dataclass(frozen=True, slots=True)
class Room:
    """What containers in service were built for; `undeclared` counts those that do not say."""

    name: str
    unit: str
    before: float
    after: float
    undeclared: int


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What stays: `unknown` are containers that might be gone too, for want of a declaration."""

    stores: tuple[Left, ...]
    gone: tuple[str, ...]
    unknown: tuple[str, ...]
    room: tuple[Room, ...]
    tenants: tuple[str, ...]
    """Who has objects that are lost, or jobs only where all is gone."""


def aftermath(
    network: Network,
    held: Sequence[Held],
    vanishing: Sequence[Vanishing],
    layers: Sequence[Layer] = ALL,
) -> Aftermath:
    """Who and what is left. `held` is by classes of equal reach, parties too."""
    reaches = Reaches(network)
    left = []
    for one in held:
        laid = Laid.over(one, reaches, layers)
        away = [any(v.reaches(r.countries, r.parties) for v in vanishing) for r in laid.reached]
        left.append(_left(laid, np.array(away, bool)))
    gone, unclear = [], []
    serving = [c for c in network.containers if counts(network, c)]
    for path in sorted(container.path for container in serving):
        found = reaches.of(path).over(layers)
        if any(one.reaches(found.countries, found.parties) for one in vanishing):
            gone.append(path)
        elif found.unknown:
            unclear.append(path)
    hit = [network.placement(one.store) for one in left if one.lost]
    owners = {policy.tenant for policy in hit if policy is not None and policy.tenant}
    staying = [c for c in serving if c.path not in gone]
    homeless = _homeless(network, {c.site for c in serving}, {c.site for c in staying})
    room = tuple(_room(name, unit, serving, staying) for name, unit in BUILT_FOR.items())
    return Aftermath(
        tuple(left), tuple(gone), tuple(unclear), room, tuple(sorted(owners | homeless))
    )


def reaching(network: Network, within: str = "") -> dict[Vanishing, int]:
    """Everybody who reaches a container in service in a scope, a path, with how many each reaches.

    The EU is among them where a member is, since its law is in force there.
    """
    reaches, found = Reaches(network), Counter[Vanishing]()
    tables = {kind: {o.id for o in getattr(network, f"{kind}s")} for kind in KINDS[1:]}
    for container in network.within(within):
        if not counts(network, container):
            continue
        reach = reaches.of(container.path).over(ALL)
        found.update(Vanishing("country", name) for name in jurisdictions(reach.countries))
        found.update(
            Vanishing(kind, name)
            for kind, known in tables.items()
            for name in sorted(reach.parties & known)
        )
    return dict(found)


def counts(network: Network, container: Container) -> bool:
    """Whether a container is in service: really, or played by the twin."""
    site = network.site(container.path)
    real = site is not None and Status.OPERATING is site.status is container.status
    in_service = container.lifecycle in {Lifecycle.IN_SERVICE, Lifecycle.MAINTENANCE}
    return in_service and (real or network.simulated(container.path))


def _left(laid: Laid, away: Bits) -> Left:
    held = laid.held
    nobody = np.zeros(len(held.classes), bool)
    return Left(
        held.store,
        held.scheme.word,
        int(held.objects.sum()),
        _histogram(laid, nobody),
        _histogram(laid, away),
        held.simulated > 0,
    )


def _histogram(laid: Laid, away: Bits) -> dict[int, int]:
    margins, number = np.unique(laid.margins(away).astype(np.int64), return_inverse=True)
    objects = np.zeros(len(margins), np.int64)
    np.add.at(objects, number, laid.held.objects)
    return dict(zip(margins.tolist(), objects.tolist(), strict=True))


def _homeless(network: Network, before: set[str], left: set[str]) -> set[str]:
    """Tenants that had a container to run on, and have none any more."""
    found = set()
    for tenant in network.tenants:
        sites = {s for t in network.tenancies if tenant.id in t.tenants for s in t.sites}
        sites |= {tenant.home} if tenant.home else set()
        if sites & before and not sites & left:
            found.add(tenant.id)
    return found


def _room(name: str, unit: str, before: Iterable[Container], after: Iterable[Container]) -> Room:
    sizes = [getattr(c.capacity, name) for c in before]
    stays = [getattr(c.capacity, name) or 0 for c in after]
    return Room(name, unit, float(sum(s or 0 for s in sizes)), float(sum(stays)), sizes.count(None))
