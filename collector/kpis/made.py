"""A value as it was made: with its reason, coverage, quality, and every term that went in. Pure."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from itertools import zip_longest

from collector.kpis.facts import Facts, Hourly
from collector.kpis.reasons import Reason
from vigie.indicators import Indicator
from vigie.replies import Term
from vigie.shape import Quality
from vigie.units import Unit


@dataclass(frozen=True, slots=True)
class Made:
    """A value in the indicator's unit, or None with a reason and what that is about.

    `boundary` replaces the indicator's where the data chose one (`roles ups`). The other fields
    are those of `replies.Kpi`.
    """

    value: float | None
    reason: Reason | None = None
    about: str = ""
    coverage: float = 0.0
    quality: Quality | None = None
    simulated_share: float = 0.0
    boundary: str = ""
    category: str | None = None
    inputs: Mapping[str, str] = field(default_factory=dict)
    parts: Mapping[str, float | None] = field(default_factory=dict)
    terms: tuple[Term, ...] = ()
    sentence: Mapping[str, str] | None = None
    """By language."""


@dataclass(frozen=True, slots=True)
class Method:
    """How an indicator is made; one that is `live` is of now, whatever the period."""

    indicator: Indicator
    make: Callable[[Facts], Made]
    live: bool = False


def unknown(reason: Reason, about: str = "") -> Made:
    """No value, and why."""
    return Made(None, reason, about)


def metered(name: str, hourly: Hourly, unit: Unit) -> tuple[Term, ...]:
    """The meters of one quantity as terms, an input each."""
    return tuple(
        Term("input", name, count, unit.symbol, source, quality=hourly.quality.value)
        for source, count in zip_longest(hourly.sources, hourly.counts[: len(hourly.sources)])
    )
