"""S9 and S10: how many countries it takes, of all objects the fewest.

Home is one of the countries, and the EU is none: it would stand for all its members at once. The
parts tell the coalitions of countries outside home apart.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from collector.kpis.facts import Facts
from collector.kpis.made import Made, Method
from collector.kpis.reasons import Reason
from collector.kpis.sovereignty.cases import ANYBODY, AT_LEAST, Case, Cases, unknown_layers
from collector.kpis.sovereignty.coalitions import (
    LOW_SHARE,
    MOST,
    Sizes,
    block_coalitions,
    least,
    low,
    read_coalitions,
)
from collector.kpis.sovereignty.reading import Bits, Ints, Laid
from vigie.indicators import Indicator
from vigie.indicators.sovereignty import S9, S10
from vigie.network.reach import foreign
from vigie.replies import Term
from vigie.shape import Quality

Search = Callable[[Laid, Mapping[str, Bits], float], Sizes]
NEVER: Final = np.iinfo(np.int64).max


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The sizes of all objects; `NEVER` where no group suffices, `exact` False of lower bounds."""

    sizes: Ints
    objects: Ints
    exact: bool

    @property
    def least(self) -> float | None:
        """Of the object that takes fewest; None where no group suffices."""
        return _number(least(self.sizes))

    @property
    def low(self) -> float | None:
        """The 5th percentile."""
        return _number(low(self.sizes, self.objects))


@dataclass(frozen=True, slots=True)
class Coalition:
    """One of S9 and S10."""

    indicator: Indicator
    search: Search

    def make(self, facts: Facts) -> Made:
        """The smallest group that suffices for any object."""
        cases = Cases.of(facts)
        if none := cases.why_none():
            return none
        known = self._found(cases.cases, may=False)
        unclear = unknown_layers(cases)
        may = self._found(cases.cases, may=True) if unclear else known
        settled = may.least == known.least
        parts = {} if unclear else self._parts(cases.cases, known)
        value = known.least if settled else None
        reason = None if value is not None else Reason.NO_COALITION
        return Made(
            value,
            reason if settled else Reason.REACH_UNKNOWN,
            "" if settled else unclear,
            cases.coverage,
            Quality.DERIVED if value is not None else None,
            cases.simulated,
            "" if known.exact else f"{AT_LEAST}: {self.indicator.boundary}",
            inputs=_inputs(cases, unclear, known),
            parts=parts,
            terms=(*cases.terms(), Term("result", self.indicator.name, value, "1")),
        )

    def _found(self, cases: Iterable[Case], *, may: bool, outside: bool = False) -> Found:
        """Of all cases; with `may`, as if whatever is unknown were reached by everybody."""
        sizes, objects, exact = [], [], True
        cases = tuple(cases)
        wanted = LOW_SHARE * sum(float(case.weights.sum()) for case in cases)
        for case in cases:
            reached = {c: m for c, m in case.countries.items() if not outside or _abroad(case, c)}
            if may:
                reached |= {ANYBODY: np.zeros(len(case.held.classes), bool)}
                reached = {c: mask | case.laid.unknown for c, mask in reached.items()}
            found = self.search(case.laid, reached, wanted)
            sizes.append(np.where(found.sizes >= found.never, NEVER, found.sizes))
            objects.append(case.weights)
            exact = exact and found.exact
        return Found(np.concatenate(sizes), np.concatenate(objects), exact)

    def _parts(self, cases: Iterable[Case], known: Found) -> dict[str, float | None]:
        outside = self._found(cases, may=False, outside=True)
        return {
            "least": known.least,
            "5th percentile": known.low,
            "least outside home": outside.least,
            "5th percentile outside home": outside.low,
        }


def _abroad(case: Case, country: str) -> bool:
    return foreign(country, case.home)


def _inputs(cases: Cases, unclear: str, known: Found) -> dict[str, str]:
    found = {"home": cases.homes}
    if unclear:
        found["unknown"] = unclear
    if not known.exact:
        found["bound"] = f"{AT_LEAST}: more than {MOST} countries, groups not enumerated"
    return found


def _number(size: int | None) -> float | None:
    return None if size is None or size == NEVER else float(size)


METHODS: Final = (
    Method(S9, Coalition(S9, read_coalitions).make, live=True),
    Method(S10, Coalition(S10, block_coalitions).make, live=True),
)
