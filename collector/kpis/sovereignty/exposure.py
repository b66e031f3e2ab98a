"""S4 to S8 and S11: whom one country alone could read, block, or leave without enough.

Every country that a container's reach names is tried, and the EU beside its members. The value is
that of the worst outside home; home itself and, to a member, the EU are not outside.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from collector.kpis.facts import Facts
from collector.kpis.made import Made, Method
from collector.kpis.reasons import Reason
from collector.kpis.sovereignty.cases import (
    ANYBODY,
    NOTHING,
    Case,
    Cases,
    Power,
    Said,
    listed,
    said,
    shared,
    told,
    unknown_layers,
)
from collector.kpis.sovereignty.reading import Bounds, lesser, summed, worst
from vigie.indicators import Indicator
from vigie.indicators.sovereignty import S4, S5, S6, S7, S8, S11
from vigie.network.reach import ALL, Layer, within
from vigie.replies import Term
from vigie.shape import Quality


@dataclass(frozen=True, slots=True)
class Exposure:
    """One of S4 to S7: what a country can do, counted in objects or weighed in bytes."""

    indicator: Indicator
    power: Power
    weighed: bool

    def make(self, facts: Facts) -> Made:
        """The worst country outside home."""
        cases = Cases.of(facts)
        if none := cases.why_none(sized=self.weighed):
            return none
        by_country = self._by_country(cases)
        parts = {name: told(part) for name, part in by_country.items() if name != ANYBODY}
        more = Said(
            coverage=cases.coverage,
            quality=Quality.ESTIMATED if self.weighed else Quality.DERIVED,
            simulated=cases.simulated,
            about=unknown_layers(cases),
            inputs=_inputs(cases, weighed=self.weighed),
            parts=parts,
            terms=(*cases.terms(), *self._terms(cases, by_country)),
            sentence=statement(cases) if self.weighed else None,
        )
        return said(self.indicator, worst(by_country), more)

    def _by_country(self, cases: Cases) -> dict[str, Bounds]:
        """Of every country outside a home, its share; and of one that nobody named."""
        weights = {case: case.size if self.weighed else 1.0 for case in cases.cases}
        known = [case for case in cases.cases if not np.isnan(weights[case])]
        whole = sum(float(case.weights.sum()) * weights[case] for case in known)
        found: dict[str, Bounds] = {}
        for case in known:
            for name, could in case.abroad.items():
                more = could.objects[self.power].times(weights[case])
                found[name] = summed((found.get(name, NOTHING), more))
        return {name: shared(part, whole) for name, part in sorted(found.items())}

    def _terms(self, cases: Cases, by_country: Mapping[str, Bounds]) -> Iterator[Term]:
        """Every country; and of the worst, how many objects it can by one layer alone."""
        for name, part in by_country.items():
            yield Term("sum", f"{name} can {self.power.value}", told(part), "1")
        named = {name: part for name, part in by_country.items() if name != ANYBODY}
        if not named:
            return
        most = max(named, key=lambda name: named[name].low)
        alone = [case.alone(most, self.power) for case in cases.cases if most in case.abroad]
        for at, layer in enumerate(ALL):
            many = sum(objects[at] for objects in alone)
            yield Term("sum", f"objects {most} can {self.power.value} by {layer.value}", many, "1")


def home_alone(facts: Facts) -> Made:
    """What stands in home is enough, and so do a key and the catalogue: the border may close.

    Only the location counts: what home reaches by who runs it elsewhere is beyond the border.
    """
    cases = Cases.of(facts, [Layer.LOCATION])
    if none := cases.why_none(sized=True):
        return none
    sized = [case for case in cases.cases if case.held.mean_bytes is not None]
    whole = sum(float(case.weights.sum()) * case.size for case in sized)
    undeclared = [c.held.store for c in sized if None in {c.policy.keys, c.policy.catalogue}]
    places = unknown_layers(cases, [Layer.LOCATION])
    more = Said(
        coverage=cases.coverage,
        quality=Quality.ESTIMATED,
        simulated=cases.simulated,
        about=places or listed(undeclared),
        reason=Reason.REACH_UNKNOWN if places else Reason.NO_KEYS,
        inputs=_inputs(cases, weighed=True),
        terms=tuple(cases.terms()),
    )
    return said(S8, shared(summed(_survives(case) for case in sized), whole), more)


def margin_without(facts: Facts) -> Made:
    """The object that has least to spare once the worst country outside home is gone.

    Where some reach is unknown the margin may be smaller than what is known: it is then told only
    where that is below 0, which is bad enough.
    """
    cases = Cases.of(facts)
    if none := cases.why_none():
        return none
    bounds: dict[str, Bounds] = {}
    for case in cases.cases:
        for name, could in case.abroad.items():
            bounds[name] = lesser(bounds.get(name, could.margin), could.margin)
    least = Bounds(*[min(case.spare for case in cases.cases)] * 2)
    for part in bounds.values():
        least = lesser(least, part)
    value = _margin(least)
    parts = {name: _margin(part) for name, part in bounds.items() if name != ANYBODY}
    terms = (*cases.terms(), Term("result", S11.name, value, "1"))
    inputs = _inputs(cases)
    if value is None:
        return Made(
            None, Reason.REACH_UNKNOWN, unknown_layers(cases), cases.coverage,
            simulated_share=cases.simulated, inputs=inputs, parts=parts, terms=terms,
        )  # fmt: skip
    return Made(
        value, coverage=cases.coverage, quality=Quality.DERIVED, simulated_share=cases.simulated,
        boundary="" if least.exact else f"at most: {S11.boundary}",
        inputs=inputs, parts=parts, terms=terms,
    )  # fmt: skip


def safe(cases: Cases) -> float | None:
    """The share of bytes that no foreign country can read and none can block, rounded nowhere.

    None unless all five layers of reach are known of every container that holds any of them.
    """
    if cases.why_none(sized=True) or cases.left_out or unknown_layers(cases):
        return None
    whole = good = 0.0
    for case in cases.cases:
        if np.isnan(case.size):
            return None
        whole += float(case.weights.sum()) * case.size
        good += case.safe * case.size
    return good / whole if whole else None


def statement(cases: Cases) -> dict[str, str] | None:
    """The sentence for the public, by language; only where all five layers are known."""
    share = safe(cases)
    if share is None:
        return None
    percent = f"{int(share * 1000) / 10:.1f}"
    home, comma = cases.homes, percent.replace(".", ",")
    return {
        "fr": f"Aucun pays hors {home} ne peut à lui seul lire, et aucun ne peut bloquer, "
        f"{comma} % des octets stockés.",
        "en": f"No single country outside {home} can read, and none can block, "
        f"{percent} % of stored bytes.",
    }


def _survives(case: Case) -> Bounds:
    """Bytes that home can rebuild: surely, and perhaps."""
    at_home = case.laid.classes(case.home)
    low = float(case.laid.objects(case.laid.reads(at_home))) * case.size
    high = float(case.laid.objects(case.laid.reads(at_home | case.laid.unknown))) * case.size
    kept = (case.policy.keys, case.policy.catalogue)
    if any(p is not None and not any(within((case.home,), c) for c in p) for p in kept):
        return Bounds(0.0, 0.0)
    return Bounds(0.0 if None in kept else low, high)


def _margin(bounds: Bounds) -> float | None:
    return bounds.high if bounds.exact or bounds.high < 0 else None


def _inputs(cases: Cases, *, weighed: bool = False) -> dict[str, str]:
    found = {"home": cases.homes}
    if weighed:
        found["weights"] = "k fragments of the mean size of each store and code"
    if layers := unknown_layers(cases):
        found["unknown"] = layers
    return found


METHODS: Final = (
    *(
        Method(exposure.indicator, exposure.make, live=True)
        for exposure in (
            Exposure(S4, Power.READ, weighed=False),
            Exposure(S5, Power.BLOCK, weighed=False),
            Exposure(S6, Power.READ, weighed=True),
            Exposure(S7, Power.BLOCK, weighed=True),
        )
    ),
    Method(S8, home_alone, live=True),
    Method(S11, margin_without, live=True),
)
