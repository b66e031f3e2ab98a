"""S1 to S3, S13 and S15: what lies, runs and goes outside the countries of its policy.

A store without a policy that names countries may lie anywhere: it is left out, and lowers the
coverage. What lies in an undeclared country is not known to be inside.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from collector.kpis.facts import Facts, Plant
from collector.kpis.made import Made, Method, unknown
from collector.kpis.reasons import Reason
from collector.kpis.sovereignty.cases import Said, listed, said, shared, what_is_unknown
from collector.kpis.sovereignty.reading import Bounds, Laid, summed
from vigie.indicators.sovereignty import S1, S2, S3, S13, S15
from vigie.network.countries import expanded
from vigie.network.network import Network
from vigie.network.operators import Status
from vigie.network.reach import ALL, EU, Layer, Reached, Reaches, foreign, within
from vigie.replies import Term
from vigie.shape import Quality

_WORDS: Final[Mapping[bool | None, str]] = {True: "yes", False: "no", None: "unknown"}


@dataclass(frozen=True, slots=True)
class Amount:
    """So much of something at one container, and whether it is inside; None is unknown."""

    name: str
    plant: Plant
    value: float
    inside: bool | None


def bytes_inside(facts: Facts) -> Made:
    """Bytes of each container and store, by the country that it stands in."""
    if not facts.plants:
        return unknown(Reason.NO_PLACE)
    amounts, free = [], 0.0
    for plant in facts.plants:
        for stored in plant.stored:
            allowed = countries_of(facts.network, stored.store)
            if not allowed:
                free += stored.bytes
                continue
            lies = _inside(allowed, plant.site.country)
            amounts.append(Amount(stored.store, plant, float(stored.bytes), lies))
    if not amounts and not free:
        return unknown(Reason.NO_STORE)
    if not amounts:
        return unknown(Reason.NO_POLICY)
    whole = sum(amount.value for amount in amounts)
    if not whole:
        return unknown(Reason.NOTHING_TO_DIVIDE, "bytes stored")
    more = _said(facts, amounts, "By", whole / (whole + free), Quality.MEASURED)
    return said(S1, shared(summed(map(_bounds, amounts)), whole), more)


def objects_inside(facts: Facts) -> Made:
    """Objects of which no live fragment, and no copy of one, lies outside."""
    if facts.held is None:
        return unknown(Reason.NO_INVENTORY)
    if not facts.held:
        return unknown(Reason.NO_STORE)
    reaches, parts, whole, every = Reaches(facts.network), [], 0.0, 0.0
    unclear, terms, twins = set[str](), [], 0.0
    for held in facts.held:
        many = float(held.objects.sum())
        every += many
        allowed = countries_of(facts.network, held.store)
        if not allowed:
            continue
        laid = Laid.over(held, reaches, [Layer.LOCATION])
        outside = np.array([_inside(allowed, _country(r)) is False for r in laid.reached], bool)
        strays, may = laid.some(outside) > 0, laid.some(outside | laid.unknown) > 0
        part = Bounds(float(held.objects[~may].sum()), float(held.objects[~strays].sum()))
        parts.append(part)
        whole, twins = whole + many, twins + many * held.simulated
        unclear |= {p for at in np.flatnonzero(laid.unknown) for p in held.classes[at]}
        name = f"{held.store} {held.scheme.word}"
        terms.append(Term("input", f"objects of {name}", many, "1", "inventories"))
        terms.append(Term("sum", f"objects of {name} all inside", part.low, "1", listed(allowed)))
    if not whole:
        return unknown(Reason.NO_POLICY)
    more = Said(
        whole / every, Quality.DERIVED, twins / whole,
        what_is_unknown(facts.network, unclear, [Layer.LOCATION]), terms=tuple(terms),
    )  # fmt: skip
    return said(S2, shared(summed(parts), whole), more)


def compute_inside(facts: Facts) -> Made:
    """GPU time served to each tenant, by the country of the container that served it."""
    if not facts.plants:
        return unknown(Reason.NO_PLACE)
    amounts, free, seen = [], 0.0, False
    for plant in facts.plants:
        for tenant, work in plant.work.items():
            served = work.served.total
            if served is None:
                continue
            seen = True
            allowed = tenancy_of(facts.network, tenant)
            if not allowed:
                free += served
                continue
            amounts.append(Amount(tenant, plant, served, _inside(allowed, plant.site.country)))
    whole = sum(amount.value for amount in amounts)
    if not seen:
        return unknown(Reason.NO_WORK)
    if not amounts:
        return unknown(Reason.NO_POLICY)
    if not whole:
        return unknown(Reason.NOTHING_TO_DIVIDE, "GPU time")
    more = _said(facts, amounts, "s", whole / (whole + free), Quality.MEASURED)
    return said(S3, shared(summed(map(_bounds, amounts)), whole), more)


def foreign_law(facts: Facts) -> Made:
    """Bytes on containers that any law outside home reaches, over all layers and by each."""
    if not facts.plants:
        return unknown(Reason.NO_PLACE)
    reaches, sized, homeless = Reaches(facts.network), [], 0.0
    for plant in facts.plants:
        for stored in plant.stored:
            home = home_of(facts.network, stored.store)
            if home is None:
                homeless += stored.bytes
            else:
                sized.append((plant, stored.store, float(stored.bytes), home))
    whole = sum(size for *_, size, _ in sized)
    if not sized:
        stores = listed(s.store for plant in facts.plants for s in plant.stored)
        return unknown(Reason.NO_HOME, stores) if stores else unknown(Reason.NO_STORE)
    if not whole:
        return unknown(Reason.NOTHING_TO_DIVIDE, "bytes stored")
    parts: dict[str, float | None] = {}
    amounts, bounds = list[Amount](), Bounds(0.0, 0.0)
    for layers in (*((layer,) for layer in ALL), ALL):
        amounts = [
            Amount(store, plant, size, _abroad(reaches.of(plant.container.path).over(layers), home))
            for plant, store, size, home in sized
        ]  # fmt: skip
        bounds = shared(summed(map(_bounds, amounts)), whole)
        if layers != ALL:
            parts[layers[0].value] = bounds.low if bounds.exact or bounds.low > 0 else None
    more = _said(facts, amounts, "By", whole / (whole + homeless), Quality.MEASURED)
    paths = [plant.container.path for plant, *_ in sized]
    about = what_is_unknown(facts.network, paths)
    return said(S13, bounds, _with(more, parts, about))


def egress_outside(facts: Facts) -> Made:
    """Bytes sent over lines to peers outside what the policies of the container's stores allow."""
    if not facts.plants:
        return unknown(Reason.NO_PLACE)
    sent = list(_sent(facts))
    if not sent:
        return unknown(Reason.NO_LINE, listed(p.container.path for p in facts.plants))
    amounts = [amount for amount, bound in sent if bound]
    if not amounts:
        return unknown(Reason.NO_POLICY)
    whole = sum(amount.value for amount in amounts)
    if not whole:
        return unknown(Reason.NOTHING_TO_DIVIDE, "bytes sent")
    parts: dict[str, float | None] = {}
    for amount in amounts:
        if amount.inside:
            parts[amount.name] = (parts.get(amount.name) or 0.0) + amount.value / whole
    coverage = whole / sum(amount.value for amount, _ in sent)
    more = _said(facts, amounts, "By", coverage, Quality.MEASURED)
    about = "location of " + listed(a.name for a in amounts if a.inside is None)
    return said(S15, shared(summed(map(_bounds, amounts)), whole), _with(more, parts, about))


def _sent(facts: Facts) -> Iterator[tuple[Amount, bool]]:
    """What each line sent, whether to outside, and whether a policy binds it at all."""
    for plant in facts.plants:
        allowed = _common(countries_of(facts.network, stored.store) for stored in plant.stored)
        for line in plant.lines:
            if line.sent is not None:
                lies = _inside(allowed or (), peer_country(facts.network, line.peer))
                outside = None if lies is None else not lies
                yield Amount(line.peer, plant, line.sent, outside), allowed is not None


def countries_of(network: Network, store: str) -> tuple[str, ...]:
    """Where a store may lie; () is anywhere, or undeclared."""
    policy = network.placement(store)
    return policy.within if policy else ()


def home_of(network: Network, store: str) -> str | None:
    """Where a store is at home; None is undeclared."""
    policy = network.placement(store)
    return policy.home if policy else None


def tenancy_of(network: Network, tenant: str) -> tuple[str, ...]:
    """Where a tenant's jobs may run; () is anywhere, or undeclared."""
    return next(
        (t.within for t in network.tenancies
         if tenant in t.tenants and t.within and t.status is not Status.STUDIED),
        (),
    )  # fmt: skip


def peer_country(network: Network, peer: str) -> str | None:
    """Of the other end of a line: a site of the network, or a country by its code."""
    site = network.site(peer)
    if site is not None:
        return site.country
    coded = len(peer) == len(EU) and peer.isalpha() and peer.isupper()
    return peer if coded else None


def _common(policies: Iterable[tuple[str, ...]]) -> frozenset[str] | None:
    """The countries that all policies allow which name any; None where none does."""
    named = [expanded(policy) for policy in policies if policy]
    return frozenset.intersection(*named) if named else None


def _inside(allowed: Iterable[str], country: str | None) -> bool | None:
    return None if country is None else within(allowed, country)


def _country(location: Reached) -> str | None:
    return next(iter(location.countries), None)


def _abroad(reached: Reached, home: str) -> bool | None:
    """Whether a law outside home reaches; None where one may."""
    if any(foreign(country, home) for country in reached.countries):
        return True
    return None if reached.unknown else False


def _bounds(amount: Amount) -> Bounds:
    low = amount.value if amount.inside else 0.0
    return Bounds(low, amount.value if amount.inside is None else low)


def _said(
    facts: Facts, amounts: list[Amount], unit: str, coverage: float, quality: Quality
) -> Said:
    whole = sum(amount.value for amount in amounts)
    twins = sum(amount.value for amount in amounts if amount.plant.simulated)
    unclear = [a.plant.container.path for a in amounts if a.inside is None]
    return Said(
        coverage, quality, twins / whole if whole else 0.0,
        what_is_unknown(facts.network, unclear, [Layer.LOCATION]),
        terms=tuple(_terms(amounts, unit)),
    )  # fmt: skip


def _terms(amounts: Iterable[Amount], unit: str) -> Iterator[Term]:
    for amount in amounts:
        name = f"{amount.plant.container.path} {amount.name}"
        country = amount.plant.site.country or "undeclared"
        where = f"country {country}, counted: {_WORDS[amount.inside]}"
        yield Term("input", name, amount.value, unit, where)


def _with(more: Said, parts: Mapping[str, float | None], about: str) -> Said:
    return Said(more.coverage, more.quality, more.simulated, about, parts=parts, terms=more.terms)


METHODS: Final = (
    Method(S1, bytes_inside),
    Method(S2, objects_inside, live=True),
    Method(S3, compute_inside),
    Method(S13, foreign_law),
    Method(S15, egress_outside),
)
