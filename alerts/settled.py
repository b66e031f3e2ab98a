"""Rules with the thresholds that a network sets otherwise for some of its places. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from alerts.language import possible
from alerts.language.check import Expression, Named, condition, quantity, threshold
from alerts.language.dimension import worded
from alerts.language.parse import ExpressionError
from alerts.rule import Rule
from vigie.document import suggestion
from vigie.network.thresholds import Threshold


@dataclass(frozen=True, slots=True)
class Misfit:
    """What is wrong with the threshold of that number: which part of it, and what to do."""

    number: int
    part: str
    message: str


def settled(
    rules: Mapping[str, Rule], given: Sequence[Threshold]
) -> tuple[dict[str, Rule], list[Misfit]]:
    """The rules as they are with these, and what is wrong with those that do not fit any."""
    misfits: list[Misfit] = []
    fitting: dict[str, list[Threshold]] = {}
    for number, one in enumerate(given):
        misfit = _misfit(rules, number, one)
        if misfit is None:
            fitting.setdefault(one.rule, []).append(one)
        else:
            misfits.append(misfit)
    found = dict(rules)
    for name, ones in fitting.items():
        found[name] = _with(rules[name], ones)
    return found, misfits


def _misfit(rules: Mapping[str, Rule], number: int, given: Threshold) -> Misfit | None:
    rule = rules.get(given.rule)
    if rule is None:
        near = suggestion(given.rule, rules)
        return Misfit(number, "rule", f"no rule is called {given.rule}; {near}")
    own = rule.thresholds.get(given.name)
    if own is None:
        told = f"{rule.name} has no threshold {given.name}; "
        near = suggestion(given.name, rule.thresholds) if rule.thresholds else "it has none"
        return Misfit(number, "name", told + near)
    try:
        value = threshold(given.name, given.value)
    except ExpressionError as error:
        return Misfit(number, "value", str(error))
    if None not in {value.dimension, own.dimension} and value.dimension != own.dimension:
        told = f"{given.name} is {worded(own.dimension)}, not {worded(value.dimension)}"
        return Misfit(number, "value", told)
    return _useless(rule, number, {**rule.thresholds, given.name: value})


def _useless(rule: Rule, number: int, named: Mapping[str, Named]) -> Misfit | None:
    """What is wrong where a rule could not fire, or always would, with these thresholds."""
    if rule.when is not None and rule.measurement is not None:
        try:
            possible.check(rule.when.tree, rule.measurement, named)
        except ExpressionError as error:
            return Misfit(number, "value", f"with it {rule.name} is of no use: {error}")
    return None


def _with(rule: Rule, given: Sequence[Threshold]) -> Rule:
    """A rule with its thresholds as they are at some places, the widest first."""
    measurement = rule.measurement
    if measurement is None:
        return rule
    elsewhere: dict[str, list[tuple[str, float]]] = {}
    for one in sorted(given, key=lambda one: one.where.count("/")):
        value = threshold(one.name, one.value).plan.value
        elsewhere.setdefault(one.name, []).append((one.where, value))
    named = {
        name: replace(own, plan=replace(own.plan, elsewhere=tuple(elsewhere.get(name, ()))))
        for name, own in rule.thresholds.items()
    }

    def when(old: Expression | None) -> Expression | None:
        return None if old is None else condition(old.text, measurement, named)

    def value_of(old: Expression) -> Expression:
        return quantity(old.text, measurement, named)

    limit = rule.limit
    if limit is not None:
        limit = replace(limit, of=value_of(limit.of), at=value_of(limit.at))
    return replace(
        rule, thresholds=named, when=when(rule.when), clear=when(rule.clear),
        value=None if rule.value is None else value_of(rule.value),
        limit=limit,
    )  # fmt: skip
