"""S4 to S8 and S11: whom one country alone could read, block, or leave without enough.

Every country that a container's reach names is tried, and the EU beside its members. The value is
that of the worst outside home; home itself and, to a member, the EU are not outside.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Final

import numpy as np

from collector.kpis.facts import Facts
from collector.kpis.made import Made, Method
from collector.kpis.reasons import Reason
from collector.kpis.sovereignty.cases import (
    ANYBODY,
    Case,
    Cases,
    Said,
    listed,
    said,
    shared,
    told,
    unknown_layers,
)
from collector.kpis.sovereignty.reading import Bits, Bounds, Laid, summed, worst
from vigie.indicators import Indicator
from vigie.indicators.sovereignty import S4, S5, S6, S7, S8, S11
from vigie.network.reach import ALL, Layer, within
from vigie.replies import Term
from vigie.shape import Quality


class Power(Enum):
    """What a country that reaches fragments can do to an object."""

    READ = "read"
    BLOCK = "block"

    def over(self, laid: Laid, classes: Bits) -> Bits:
        """By row, whether who reaches these classes can."""
        return laid.reads(classes) if self is Power.READ else laid.denies(classes)


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
        by_country = self.by_country(cases)
        bounds = worst(by_country)
        parts = {name: told(part) for name, part in by_country.items() if name != ANYBODY}
        more = Said(
            coverage=cases.coverage,
            quality=Quality.ESTIMATED if self.weighed else Quality.DERIVED,
            simulated=cases.simulated,
            about=unknown_layers(cases),
            inputs=_inputs(cases, weighed=self.weighed),
            parts=parts,
            terms=(*cases.terms(), *self._terms(facts, by_country)),
            sentence=statement(cases) if self.weighed else None,
        )
        return said(self.indicator, bounds, more)

    def by_country(self, cases: Cases) -> dict[str, Bounds]:
        """Of every country outside a home, its share; and of one that nobody named."""
        every = [case for case in cases.cases if not np.isnan(self._weight(case))]
        whole = sum(float(case.weights.sum()) * self._weight(case) for case in every)
        abroad = [case.abroad for case in every]
        names = sorted({name for some in abroad for name in some})
        if any(case.laid.unknown.any() for case in every):
            names.append(ANYBODY)
        return {
            name: shared(
                summed(
                    self._bounds(case, mask)
                    for case, some in zip(every, abroad, strict=True)
                    if (mask := _mask(case, some, name)) is not None
                ),
                whole,
            )
            for name in names
        }

    def _bounds(self, case: Case, classes: Bits) -> Bounds:
        """Objects, or bytes: where it surely can, and where it may."""
        weight, laid = self._weight(case), case.laid
        low = float(case.weights[self.power.over(laid, classes)].sum()) * weight
        if not laid.unknown.any():
            return Bounds(low, low)
        may = self.power.over(laid, classes | laid.unknown)
        return Bounds(low, float(case.weights[may].sum()) * weight)

    def _weight(self, case: Case) -> float:
        return case.size if self.weighed else 1.0

    def _terms(self, facts: Facts, by_country: Mapping[str, Bounds]) -> Iterator[Term]:
        """Every country; and of the worst, what it can by one layer alone."""
        for name, part in by_country.items():
            yield Term("sum", f"{name} can {self.power.value}", told(part), "1")
        named = {name: part for name, part in by_country.items() if name != ANYBODY}
        if not named:
            return
        most = max(named, key=lambda name: named[name].low)
        for layer in ALL:
            part = self.by_country(Cases.of(facts, [layer])).get(most, Bounds(0, 0))
            yield Term("sum", f"{most} by {layer.value} alone", told(part), "1")


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
        masks = {**case.abroad, **({ANYBODY: _nobody(case)} if case.laid.unknown.any() else {})}
        for name, mask in masks.items():
            part, before = _margins(case, mask), bounds.get(name)
            if before is not None:
                part = Bounds(min(part.low, before.low), min(part.high, before.high))
            bounds[name] = part
    least = Bounds(
        min((b.low for b in bounds.values()), default=_untouched(cases)),
        min((b.high for b in bounds.values()), default=_untouched(cases)),
    )
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
        exposed = np.zeros(len(case.weights), bool)
        for classes in case.abroad.values():
            exposed |= case.laid.reads(classes) | case.laid.denies(classes)
        exposed |= case.laid.live < case.held.scheme.k
        whole += float(case.weights.sum()) * case.size
        good += float(case.weights[~exposed].sum()) * case.size
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
    low = float(case.weights[case.laid.reads(at_home)].sum()) * case.size
    high = float(case.weights[case.laid.reads(at_home | case.laid.unknown)].sum()) * case.size
    kept = (case.policy.keys, case.policy.catalogue)
    if any(p is not None and not any(within((case.home,), c) for c in p) for p in kept):
        return Bounds(0.0, 0.0)
    return Bounds(0.0 if None in kept else low, high)


def _margins(case: Case, classes: Bits) -> Bounds:
    high = int(case.laid.margins(classes).min())
    if not case.laid.unknown.any():
        return Bounds(high, high)
    return Bounds(int(case.laid.margins(classes | case.laid.unknown).min()), high)


def _margin(bounds: Bounds) -> float | None:
    return bounds.high if bounds.exact or bounds.high < 0 else None


def _untouched(cases: Cases) -> float:
    """The least margin where no foreign country reaches anything."""
    return min(float(_margins(case, _nobody(case)).high) for case in cases.cases)


def _mask(case: Case, abroad: Mapping[str, Bits], name: str) -> Bits | None:
    return _nobody(case) if name == ANYBODY else abroad.get(name)


def _nobody(case: Case) -> Bits:
    return np.zeros(len(case.held.classes), bool)


def _inputs(cases: Cases, *, weighed: bool = False) -> dict[str, str]:
    found = {"home": cases.homes}
    if weighed:
        found["weights"] = "k fragments of the mean size of each store and code"
    if layers := unknown_layers(cases):
        found["unknown"] = layers
    return found


METHODS: Final = (
    *(
        Method(exposure.indicator, exposure.make)
        for exposure in (
            Exposure(S4, Power.READ, weighed=False),
            Exposure(S5, Power.BLOCK, weighed=False),
            Exposure(S6, Power.READ, weighed=True),
            Exposure(S7, Power.BLOCK, weighed=True),
        )
    ),
    Method(S8, home_alone),
    Method(S11, margin_without),
)
