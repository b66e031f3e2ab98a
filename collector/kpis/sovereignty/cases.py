"""What is held of each store with its policy and the reach of its containers; bounds into values.

The share of objects or bytes of which something is known to be true is a bound where the reach of
some containers is unknown: it is told as *at least*, and only where it says something (above 0).
Where it says nothing, the value is unknown, and the reason names the layers and containers.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import cached_property, lru_cache
from typing import Final

import numpy as np

from collector.kpis.facts import Facts, Held
from collector.kpis.made import Made, unknown
from collector.kpis.reasons import Reason
from collector.kpis.sovereignty.reading import Bits, Bounds, Ints, Laid
from vigie.indicators import Indicator
from vigie.network.network import Network
from vigie.network.policies import Placement
from vigie.network.reach import ALL, Layer, Reaches, foreign, jurisdictions, reached_by
from vigie.replies import Term
from vigie.shape import Quality

AT_LEAST: Final = "at least"
ANYBODY: Final = "?"
"""A country that nobody named: it may reach whatever is not known in full."""
NOTHING: Final = Bounds(0.0, 0.0)
NAMED: Final = 6
"""Containers named in a reason."""


class Power(Enum):
    """What a country that reaches fragments can do to an object."""

    READ = "read"
    BLOCK = "block"


@dataclass(frozen=True, slots=True)
class Could:
    """What one country could do: objects by power, and the least margin once it is gone."""

    objects: Mapping[Power, Bounds]
    margin: Bounds


@dataclass(frozen=True, eq=False)
class Case:
    """One store and code with its policy, over some layers. What it works out, it keeps."""

    held: Held
    policy: Placement
    home: str
    laid: Laid
    reaches: Reaches

    @property
    def weights(self) -> Ints:
        """Objects, by row."""
        return self.held.objects

    @property
    def size(self) -> float:
        """Bytes of an object, as far as anybody knows: k fragments of mean size; NaN is unknown."""
        mean = self.held.mean_bytes
        return float("nan") if mean is None else mean * self.held.scheme.k

    @property
    def countries(self) -> dict[str, Bits]:
        """Which classes each country reaches, by what is declared; the union is not a country."""
        return {country: self.laid.classes(country) for country in sorted(self.laid.countries)}

    @property
    def outside(self) -> dict[str, Bits]:
        """Which classes each foreign jurisdiction is known to reach."""
        named = jurisdictions(self.laid.countries)
        return {j: self.laid.classes(j) for j in named if foreign(j, self.home)}

    @property
    def spare(self) -> float:
        """The least margin of all objects, while nobody is gone."""
        return float(self.laid.live.min()) - self.held.scheme.k

    @cached_property
    def abroad(self) -> dict[str, Could]:
        """What each foreign jurisdiction could do, and one that nobody named, where one may."""
        laid, masks = self.laid, self.outside
        if laid.unknown.any():
            masks[ANYBODY] = np.zeros(len(laid.unknown), bool)
        if not masks:
            return {}
        known = np.array(list(masks.values())).T
        both = (known, known | laid.unknown[:, None]) if laid.unknown.any() else (known,)
        reads = [laid.objects(laid.reads(classes)) for classes in both]
        margins = [laid.margins(classes) for classes in both]
        # Without J, k are left: whoever leaves fewer blocks, live - G < k being G >= live - k + 1.
        blocks = [laid.objects(spare < 0) for spare in margins]
        least = [spare.min(axis=0) for spare in margins]
        return {
            name: Could(
                {
                    Power.READ: Bounds(float(reads[0][at]), float(reads[-1][at])),
                    Power.BLOCK: Bounds(float(blocks[0][at]), float(blocks[-1][at])),
                },
                Bounds(float(least[-1][at]), float(least[0][at])),
            )
            for at, name in enumerate(masks)
        }

    def alone(self, jurisdiction: str, power: Power) -> tuple[float, ...]:
        """The objects that a jurisdiction surely could by one layer alone, for each layer."""
        first = [self.reaches.of(paths[0]) for paths in self.held.classes]
        classes = np.array(
            [[reached_by(jurisdiction, r.over([layer]).countries) for layer in ALL] for r in first],
            bool,
        )
        could = self.laid.reads if power is Power.READ else self.laid.denies
        return tuple(map(float, self.laid.objects(could(classes))))

    @cached_property
    def safe(self) -> float:
        """Objects that can be rebuilt, and that no foreign jurisdiction can read or block."""
        exposed = self.laid.live < self.held.scheme.k
        for classes in self.outside.values():
            exposed |= self.laid.reads(classes) | self.laid.denies(classes)
        return float(self.laid.objects(~exposed))


@dataclass(frozen=True, slots=True, eq=False)
class Cases:
    """All that can be said of the scope, and how many objects are left out for want of a home."""

    facts: Facts
    cases: tuple[Case, ...]
    left_out: tuple[Held, ...]

    @classmethod
    def of(cls, facts: Facts, layers: Iterable[Layer] = ALL) -> "Cases":
        """Every store of the scope; one without a home is left out."""
        cases, left_out = _cases(_Same(facts.network), facts.held or (), tuple(layers))
        return cls(facts, cases, left_out)

    def why_none(self, *, sized: bool = False) -> Made | None:
        """Why nothing can be said at all; None where something can."""
        if self.facts.held is None:
            return unknown(Reason.NO_INVENTORY)
        if not self.facts.held:
            return unknown(Reason.NO_STORE)
        if not self.cases:
            return unknown(Reason.NO_HOME, listed(held.store for held in self.left_out))
        if sized and not any(case.held.mean_bytes is not None for case in self.cases):
            return unknown(Reason.NO_SIZE, listed(case.held.store for case in self.cases))
        return None

    @property
    def coverage(self) -> float:
        """The share of objects that something is said of."""
        told = sum(int(case.weights.sum()) for case in self.cases)
        return told / (told + sum(int(held.objects.sum()) for held in self.left_out))

    @property
    def simulated(self) -> float:
        """The twin's share, by objects."""
        weighed = [(int(case.weights.sum()), case.held.simulated) for case in self.cases]
        total = sum(weight for weight, _ in weighed)
        return sum(weight * share for weight, share in weighed) / total if total else 0.0

    @property
    def homes(self) -> str:
        """Where the stores are at home."""
        return listed(sorted({case.home for case in self.cases}))

    def terms(self) -> Iterator[Term]:
        """The stores, and where they are at home."""
        for case in self.cases:
            held, word = case.held, f"{case.held.store} {case.held.scheme.word}"
            told = f"inventories of {sum(map(len, held.classes))} containers"
            yield Term("input", f"objects of {word}", float(held.objects.sum()), "1", told)
            policy = f"placement {case.policy.id}, home {case.home}"
            yield Term("input", f"bytes of an object of {word}", _known(case.size), "By", policy)


@dataclass(frozen=True, slots=True, eq=False)
class _Same:
    """A network that is the same only as itself: comparing all that is declared takes long."""

    network: Network

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.network is self.network

    def __hash__(self) -> int:
        return id(self.network)


@lru_cache(maxsize=2)
def _cases(
    same: _Same, held: tuple[Held, ...], layers: tuple[Layer, ...]
) -> tuple[tuple[Case, ...], tuple[Held, ...]]:
    """What a dozen indicators ask of the same objects is worked out once."""
    reaches, cases, left_out = Reaches(same.network), [], []
    for one in held:
        policy = same.network.placement(one.store)
        if policy is None or policy.home is None:
            left_out.append(one)
        else:
            cases.append(Case(one, policy, policy.home, Laid.over(one, reaches, layers), reaches))
    return tuple(cases), tuple(left_out)


@dataclass(frozen=True, slots=True)
class Said:
    """What goes with a value that was bounded; fields as in `Made`."""

    coverage: float
    quality: Quality
    simulated: float
    about: str = ""
    """What is unknown, where the bounds are not one."""
    reason: Reason = Reason.REACH_UNKNOWN
    inputs: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, float | None] = field(default_factory=dict)
    terms: tuple[Term, ...] = ()
    sentence: Mapping[str, str] | None = None


def said(indicator: Indicator, bounds: Bounds, more: Said) -> Made:
    """A share: exact, at least so much, or unknown."""
    value = told(bounds)
    result = Term("result", indicator.name, value, indicator.unit.ucum)
    made = Made(
        value,
        None if value is not None else more.reason,
        "" if value is not None else more.about,
        more.coverage,
        more.quality if value is not None else None,
        more.simulated,
        inputs=more.inputs,
        parts=more.parts,
        terms=(*more.terms, result),
        sentence=more.sentence,
    )
    if value is None or bounds.exact:
        return made
    inputs = {**more.inputs, "bound": AT_LEAST, "unknown": more.about}
    return replace(made, boundary=f"{AT_LEAST}: {indicator.boundary}", inputs=inputs)


def told(bounds: Bounds) -> float | None:
    """The value of a share; None where the bounds say nothing."""
    return bounds.low if bounds.exact or bounds.low > 0 else None


def shared(part: Bounds, whole: float) -> Bounds:
    """Bounds of a share of a whole."""
    return Bounds(part.low / whole, part.high / whole)


def what_is_unknown(network: Network, paths: Iterable[str], layers: Sequence[Layer] = ALL) -> str:
    """`technology of a/b, c/d`: the layers that are not known in full, and where."""
    reaches, found = Reaches(network), dict[Layer, list[str]]()
    for path in sorted(set(paths)):
        for layer in reaches.of(path).unknown:
            if layer in layers:
                found.setdefault(layer, []).append(path)
    return "; ".join(f"{layer.value} of {listed(found[layer])}" for layer in ALL if layer in found)


def unknown_layers(cases: Cases, layers: Sequence[Layer] = ALL) -> str:
    """The same of all containers that hold something of these stores; "" where all is known."""
    paths = (
        path
        for case in cases.cases
        for at, paths in enumerate(case.held.classes)
        for path in paths
        if case.laid.unknown[at]
    )
    return what_is_unknown(cases.facts.network, paths, layers)


def listed(names: Iterable[str]) -> str:
    """Some names, and how many more there are."""
    every = list(dict.fromkeys(names))
    more = [f"+ {len(every) - NAMED}"] if len(every) > NAMED else []
    return ", ".join(every[:NAMED] + more)


def _known(value: float) -> float | None:
    return None if np.isnan(value) else value
