"""S14, S16, S19: what was measured outside Vigie and declared, with the day and the proof."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Final

from collector.kpis.facts import Facts
from collector.kpis.made import Made, Method, unknown
from collector.kpis.reasons import Reason
from collector.kpis.sovereignty.cases import listed
from vigie.indicators import Indicator
from vigie.indicators.sovereignty import S14, S16, S19
from vigie.network.operators import Status
from vigie.network.places import inside
from vigie.network.policies import Evidence
from vigie.replies import Term
from vigie.shape import Quality

YEAR: Final = timedelta(days=365)
"""A drill is good for so long."""


def newest(facts: Facts, kind: str, path: str) -> Evidence | None:
    """The last evidence of a kind on a path, or on what it lies in, by the end of the period."""
    last = facts.period.end.date()
    found = [
        one
        for one in facts.network.evidence
        if one.kind == kind
        and inside(path, one.path)
        and one.day <= last
        and one.status is not Status.STUDIED
    ]
    return max(found, key=lambda one: (one.day, len(one.path)), default=None)


def drill(facts: Facts) -> Made:
    """1 where each site's last drill within a year was passed, 0 where one's was not."""
    last = facts.period.end.date()
    found = {name: newest(facts, "disconnect_drill", name) for name in _sites(facts)}
    if not found:
        return unknown(Reason.NO_PLACE)
    parts = {
        name: None if one is None else float(bool(one.passed) and last - one.day <= YEAR)
        for name, one in found.items()
    }
    inputs = {
        name: f"{one.day}, passed: {one.passed}, hours: {one.value}"
        for name, one in found.items()
        if one is not None
    }
    return _least(S16, facts, parts, inputs)


def share_of(indicator: Indicator, kind: str) -> Callable[[Facts], Made]:
    """The share that each site declared last; the least of all sites is the value."""

    def make(facts: Facts) -> Made:
        found = {name: newest(facts, kind, name) for name in _sites(facts)}
        if not found:
            return unknown(Reason.NO_PLACE)
        parts = {name: None if one is None else one.share for name, one in found.items()}
        inputs = {name: f"{one.day}" for name, one in found.items() if one is not None}
        return _least(indicator, facts, parts, inputs)

    return make


def _sites(facts: Facts) -> Iterable[str]:
    return dict.fromkeys(plant.site.id for plant in facts.plants)


def _least(
    indicator: Indicator, facts: Facts, parts: dict[str, float | None], inputs: dict[str, str]
) -> Made:
    """The least of all sites; unknown while a site is, unless another is at 0 already."""
    known = [part for part in parts.values() if part is not None]
    mute = [name for name, part in parts.items() if part is None]
    value = min(known) if known and (not mute or not min(known)) else None
    twins = [plant.simulated for plant in facts.plants]
    terms = [
        Term("input", f"{indicator.name} of {name}", part, "1", inputs.get(name, ""))
        for name, part in parts.items()
    ]
    return Made(
        value,
        None if value is not None else Reason.NO_EVIDENCE,
        "" if value is not None else listed(mute),
        len(known) / len(parts),
        Quality.DECLARED if value is not None else None,
        sum(twins) / len(twins),
        inputs=inputs,
        parts=parts,
        terms=(*terms, Term("result", indicator.name, value, indicator.unit.ucum)),
    )


METHODS: Final = (
    Method(S14, share_of(S14, "home_sessions")),
    Method(S16, drill),
    Method(S19, share_of(S19, "deletion_receipts")),
)
