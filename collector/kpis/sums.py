"""Adding up containers: the one place where hours, coverage, quality and the twin's share combine.

A `Cells` is one quantity of some containers, a row a container and a column an hour. A ratio is of
sums over the same cells: a cell that one of its quantities does not know is left out of all of them
(`shared`), as is one that one of them knows in part only; that lowers the coverage and nothing
else. Nothing is scaled up. Pure.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray

from collector.kpis.facts import Facts, Floats, Hourly, Plant
from collector.kpis.made import Made, unknown
from collector.kpis.reasons import Reason
from vigie.indicators import Indicator
from vigie.replies import Term
from vigie.shape import Quality

YEAR_SECONDS: Final = 365 * 86_400
"""From here on a period is no longer interim."""

Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Cells:
    """One quantity of the containers that should have it, NaN where unknown.

    `covered` is the share of each cell that is known, `whole` the cells of which it is all there is
    to know; `lengths` are the seconds of the hours. `hourlies` is what each container told, of
    which the cells may be a part or a product; `qualities` are those of the cells.
    """

    name: str
    unit: str
    plants: tuple[Plant, ...]
    amount: Floats
    covered: Floats
    whole: Mask
    qualities: tuple[Quality | None, ...]
    hourlies: tuple[Hourly | None, ...]
    lengths: Floats

    @property
    def known(self) -> Mask:
        """The cells that say something."""
        return ~np.isnan(self.amount)

    @property
    def told(self) -> list[bool]:
        """Which containers say anything."""
        return [bool(row.any()) for row in self.known]

    @property
    def rows(self) -> Floats:
        """The sum of each container; NaN where nothing of it is known."""
        sums = np.where(self.known, self.amount, 0.0).sum(axis=1)
        return np.where(self.known.any(axis=1), sums, np.nan)

    @property
    def total(self) -> float | None:
        """The sum of all that is known; None where nothing is."""
        return float(self.amount[self.known].sum()) if self.known.any() else None

    @property
    def coverage(self) -> float:
        """The share that is known, of the hours of all containers that should have it."""
        whole = float(self.lengths.sum()) * len(self.plants)
        return float((self._shares() * self.lengths).sum()) / whole if whole else 0.0

    @property
    def seconds(self) -> Floats:
        """The time known of each container, in s: whole cells, for what goes on at a rate."""
        return np.asarray((self.known * self.lengths).sum(axis=1), dtype=np.float64)

    @property
    def quality(self) -> Quality | None:
        """The worst of those that say something."""
        return worst(q for q, told in zip(self.qualities, self.told, strict=True) if told)

    @property
    def simulated_share(self) -> float:
        """The part of the sum that the twin made up; by number where the sum is 0 or unknown."""
        return simulated(self.plants, self.rows)

    @property
    def terms(self) -> tuple[Term, ...]:
        """What went in of each container, after each of its meters where it has several."""
        whole = float(self.lengths.sum()) or 1.0
        told = (self._shares() * self.lengths).sum(axis=1) / whole
        terms: list[Term] = []
        for n, (plant, total) in enumerate(zip(self.plants, self.rows.tolist(), strict=True)):
            name = f"{self.name} {plant.container.path}"
            meters, sources = self._meters(n, name)
            value = None if math.isnan(total) else total
            step = "sum" if meters else "input"
            row = Term(step, name, value, self.unit, sources, float(told[n]), self.qualities[n])
            terms += [*meters, row]
        return tuple(terms)

    def _meters(self, row: int, name: str) -> tuple[list[Term], str]:
        """Several meters of a container, or else the sources to be named with its sum."""
        hourly = self.hourlies[row]
        if hourly is None:
            return [], ""
        if len(hourly.counts) != len(hourly.sources) or len(hourly.sources) < 2:
            return [], "; ".join(hourly.sources)
        pairs = zip(hourly.sources, hourly.counts, strict=True)
        return [Term("input", name, count, self.unit, source) for source, count in pairs], ""

    @property
    def sum_term(self) -> Term:
        """What they come to."""
        return Term("sum", self.name, self.total, self.unit, "", self.coverage, self.quality)

    def only(self, mask: Mask) -> "Cells":
        """The same, unknown outside the mask."""
        return replace(self, amount=np.where(mask, self.amount, np.nan))

    def times(
        self, factor: Floats | float, name: str, unit: str, quality: Quality | None = None
    ) -> "Cells":
        """Each cell times a factor, at best of a quality; NaN makes a cell unknown."""
        qualities = tuple(None if q is None else worst((q, quality)) for q in self.qualities)
        # Its meters did not count that.
        made = tuple(None if h is None else replace(h, counts=()) for h in self.hourlies)
        return replace(
            self, name=name, unit=unit, amount=self.amount * factor, qualities=qualities,
            hourlies=made,
        )  # fmt: skip

    def _shares(self) -> Floats:
        return np.where(self.known, self.covered, 0.0)


def gather(
    facts: Facts,
    name: str,
    unit: str,
    pick: Callable[[Plant], Hourly | None],
    plants: Iterable[Plant] | None = None,
) -> Cells:
    """One quantity of containers that should have it: all of the scope unless named."""
    rows = tuple(facts.plants if plants is None else plants)
    picked = [pick(plant) for plant in rows]
    shape = (len(rows), facts.hours)
    amount, covered, whole = np.full(shape, np.nan), np.zeros(shape), np.zeros(shape, np.bool_)
    for row, hourly in enumerate(picked):
        if hourly is not None:
            amount[row], covered[row], whole[row] = hourly.amount, hourly.covered, hourly.known
    return Cells(
        name, unit, rows, amount, covered, whole,
        tuple(None if hourly is None else hourly.quality for hourly in picked),
        tuple(picked), lengths(facts),
    )  # fmt: skip


def lengths(facts: Facts) -> Floats:
    """The seconds of each hour; the first and the last may be cut."""
    seconds = [edge.timestamp() for edge in facts.edges]
    return np.diff(np.asarray(seconds, dtype=np.float64))


def combined(*signed: tuple[float, Hourly]) -> Hourly:
    """Quantities of one container added with their signs: unknown where one of them is."""
    amount = sum((sign * hourly.amount for sign, hourly in signed), start=np.float64(0.0))
    every = [hourly for _, hourly in signed]
    return Hourly(
        np.asarray(amount, dtype=np.float64),
        np.minimum.reduce([hourly.covered for hourly in every]),
        worst(hourly.quality for hourly in every) or Quality.DECLARED,
        tuple(source for hourly in every for source in hourly.sources),
        np.logical_and.reduce([hourly.known for hourly in every]),
        tuple(count for hourly in every for count in hourly.counts),
    )


def shared(first: Cells, *others: Cells) -> tuple[Cells, ...]:
    """The same quantities over the cells of which all of them know all there is.

    All are of the same containers, in the same order.
    """
    every = (first, *others)
    mask = np.logical_and.reduce([cells.known & cells.whole for cells in every])
    covered = np.minimum.reduce([cells.covered for cells in every])
    return tuple(replace(cells.only(mask), covered=covered) for cells in every)


def worst(qualities: Iterable[Quality | None]) -> Quality | None:
    """The least of what was used; None where nothing was."""
    used = [quality for quality in qualities if quality is not None]
    return max(used, key=lambda quality: quality.code) if used else None


def simulated(plants: Sequence[Plant], amounts: Floats) -> float:
    """The twin's part of amounts by container; by number where they are 0 or unknown."""
    if not plants:
        return 0.0
    weights = np.abs(np.nan_to_num(amounts))
    if not weights.any():
        weights = np.ones(len(plants))
    twin = np.array([plant.simulated for plant in plants])
    return float(weights[twin].sum() / weights.sum())


def length_word(facts: Facts) -> str | None:
    """`interim` for what is of less than 12 months (EN 50600-4-2), else None."""
    return "interim" if facts.period.seconds < YEAR_SECONDS else None


@dataclass(frozen=True, slots=True)
class Extra:
    """What a method says beside its value; fields as in `Made`."""

    boundary: str = ""
    category: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, float | None] = field(default_factory=dict)
    factors: tuple[Term, ...] = ()
    sentence: Mapping[str, str] | None = None
    quality: Quality | None = None
    """At best."""


PLAIN: Final = Extra()


def missing(facts: Facts, cells: Cells, reason: Reason, about: str = "") -> Made:
    """No value: nothing declared, an instant, no meter at all (`reason`), or meters that are mute.

    The terms still name what was looked for.
    """
    if not facts.plants:
        return unknown(Reason.NO_PLACE)
    if facts.hours == 0:
        return unknown(Reason.INSTANT)
    told = any(quality is not None for quality in cells.qualities)
    made = unknown(Reason.NO_READING if told else reason, "" if told else about)
    return replace(made, simulated_share=cells.simulated_share, terms=cells.terms)


def summed(
    facts: Facts, indicator: Indicator, cells: Cells, none: Reason, extra: Extra = PLAIN
) -> Made:
    """The sum of a quantity; `none` is why there is none where nothing tells it."""
    if cells.total is None:
        return missing(facts, cells, none)
    return finished(indicator, cells.total, (cells,), extra)


def ratio(
    facts: Facts,
    indicator: Indicator,
    over: tuple[Cells, Cells],
    reasons: tuple[Reason, Reason],
    extra: Extra = PLAIN,
) -> Made:
    """One sum over another, of the same cells; `reasons` say why either is not told at all.

    The twin's share is that of what is divided by.
    """
    for cells, reason in zip(over, reasons, strict=True):
        if cells.total is None:
            return missing(facts, cells, reason)
    top, bottom = shared(*over)
    above, below = top.total, bottom.total
    if above is None or below is None:
        return replace(unknown(Reason.NO_COMMON_HOUR), terms=over[0].terms + over[1].terms)
    if below <= 0:
        return replace(unknown(Reason.NOTHING_TO_DIVIDE, bottom.name), terms=bottom.terms)
    return finished(indicator, above / below, (bottom, top), extra)


def finished(indicator: Indicator, value: float, of: Sequence[Cells], extra: Extra = PLAIN) -> Made:
    """A value with all that is known of the cells it was made of; the first weighs the twin."""
    terms = [term for cells in of for term in cells.terms]
    terms += [cells.sum_term for cells in of]
    terms += [*extra.factors, Term("result", indicator.name, value, indicator.unit.symbol)]
    return Made(
        value,
        coverage=min(cells.coverage for cells in of),
        quality=worst((*(cells.quality for cells in of), extra.quality)),
        simulated_share=of[0].simulated_share,
        boundary=extra.boundary,
        category=extra.category,
        inputs=extra.inputs,
        parts=extra.parts,
        terms=tuple(terms),
        sentence=extra.sentence,
    )
