"""What if a country, an operator or a supplier vanished: which objects could still be read.

A container is gone where what vanishes reaches it by one of the chosen layers. That it is reached
by unknown others too is told beside: what stays may be less.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from collector.kpis.facts import Held
from collector.kpis.sovereignty.reading import Bits, Laid
from vigie.network.network import Network
from vigie.network.reach import ALL, EU, Layer, Reaches, reached_by

Kind = Literal["country", "operator", "supplier", "owner"]
KINDS: Final[tuple[Kind, ...]] = ("country", "operator", "supplier", "owner")


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
class Aftermath:
    """What stays: `unknown` are containers that might be gone too, for want of a declaration."""

    stores: tuple[Left, ...]
    gone: tuple[str, ...]
    unknown: tuple[str, ...]
    tenants: tuple[str, ...]
    """Who has objects that are lost, or jobs only where all is gone."""


def gone(
    network: Network, vanishing: Sequence[Vanishing], layers: Sequence[Layer] = ALL
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Containers that would be gone, and those of which nobody knows; paths in order."""
    reaches, away, unclear = Reaches(network), list[str](), list[str]()
    for path in sorted(container.path for container in network.containers):
        found = reaches.of(path).over(layers)
        if any(one.reaches(found.countries, found.parties) for one in vanishing):
            away.append(path)
        elif found.unknown:
            unclear.append(path)
    return tuple(away), tuple(unclear)


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
        away = np.array(
            [any(v.reaches(r.countries, r.parties) for v in vanishing) for r in laid.reached], bool
        )
        left.append(_left(laid, away))
    away_paths, unclear = gone(network, vanishing, layers)
    hit = {one.store for one in left if one.lost}
    owners = {p.tenant for p in network.placements if p.store in hit and p.tenant}
    return Aftermath(
        tuple(left), away_paths, unclear, tuple(sorted(owners | _homeless(network, away_paths)))
    )


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
    margins, number = np.unique(laid.margins(away), return_inverse=True)
    objects = np.zeros(len(margins), np.int64)
    np.add.at(objects, number, laid.held.objects)
    return dict(zip(margins.tolist(), objects.tolist(), strict=True))


def _homeless(network: Network, away: Iterable[str]) -> set[str]:
    """Tenants none of whose sites has a container left."""
    left = {c.site for c in network.containers} - _emptied(network, away)
    found = set()
    for tenant in network.tenants:
        sites = {s for t in network.tenancies if tenant.id in t.tenants for s in t.sites}
        sites |= {tenant.home} if tenant.home else set()
        if sites and not sites & left:
            found.add(tenant.id)
    return found


def _emptied(network: Network, away: Iterable[str]) -> set[str]:
    """Sites all of whose containers are gone."""
    paths = set(away)
    return {
        site.id
        for site in network.sites
        if (mine := [c.path for c in network.containers if c.site == site.id])
        and paths.issuperset(mine)
    }
