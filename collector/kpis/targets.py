"""How far the value of an indicator is from the target that was adopted for it. Pure."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from collector.kpis.facts import Facts
from collector.kpis.made import Made, Method, unknown
from collector.kpis.reasons import Reason
from collector.kpis.sums import length_word, worst
from vigie.indicators import carbon as declared
from vigie.network.contracts import Target
from vigie.network.operators import Status
from vigie.replies import Term
from vigie.shape import Quality
from vigie.units import CUBIC_METER, EURO, GRAM, JOULE

AMOUNTS: Final = (JOULE, GRAM, CUBIC_METER, EURO)


def against(methods: Sequence[Method]) -> Method:
    """The method that compares what others make with the targets of the same scope."""
    by_name = {method.indicator.name: method for method in methods}

    def target_distance(facts: Facts) -> Made:
        found = [
            (target, by_name[target.indicator])
            for target in adopted(facts)
            if target.indicator in by_name and target.value
        ]
        if not found:
            return unknown(Reason.NO_TARGET)
        made = [(target, _made(facts, method), method) for target, method in found]
        return _distance(facts, made)

    return Method(declared.TARGET, target_distance)


def adopted(facts: Facts) -> tuple[Target, ...]:
    """The targets of the very scope that somebody has adopted by now."""
    return tuple(
        target
        for target in facts.network.targets
        if target.path == facts.scope
        and target.adopted <= facts.now.date()
        and target.status is Status.OPERATING
    )


def _made(facts: Facts, method: Method) -> Made:
    """What is compared: an amount that grows with time only over a year, as its target is."""
    if method.indicator.unit in AMOUNTS and length_word(facts):
        return unknown(Reason.NOT_A_YEAR, method.indicator.name)
    return method.make(facts)


def _distance(facts: Facts, found: Sequence[tuple[Target, Made, Method]]) -> Made:
    """The target that is due next gives the value; parts tell all."""
    parts, terms = {}, []
    for target, made, method in found:
        name = f"{target.indicator} {target.year}"
        unit = method.indicator.unit.symbol
        parts[name] = None if made.value is None else made.value / target.value - 1.0
        way = method.indicator.method
        terms += [
            Term("input", target.indicator, made.value, unit, way, made.coverage, made.quality),
            Term("factor", f"target {name}", target.value, unit, _source(target)),
        ]
    year = facts.now.year
    told = [one for one in found if one[1].value is not None] or found
    target, made, _ = min(told, key=lambda one: (one[0].year < year, abs(one[0].year - year)))
    name = f"{target.indicator} {target.year}"
    value = parts[name]
    if value is None:
        return replace(
            unknown(made.reason or Reason.NO_READING, made.about), parts=parts, terms=tuple(terms)
        )
    return Made(
        value,
        coverage=made.coverage,
        quality=worst((made.quality, Quality.DERIVED)),
        simulated_share=made.simulated_share,
        inputs={"target": name, "adopted": _source(target)},
        parts=parts,
        terms=(*terms, Term("result", declared.TARGET.name, value, "")),
    )


def _source(target: Target) -> str:
    by = f" by {target.adopted_by}" if target.adopted_by else ""
    return f"adopted {target.adopted.isoformat()}{by}"
