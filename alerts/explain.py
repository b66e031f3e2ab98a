"""What a rule does, in words."""

from collections.abc import Iterator, Sequence
from typing import Final

from alerts.language.parse import (
    SUFFIXES,
    Binary,
    Call,
    Members,
    Name,
    Node,
    Number,
    Text,
    Unary,
)
from alerts.rule import Limit, Rule
from alerts.text import number
from vigie.document import duration_text
from vigie.shape import Measurement
from vigie.units import RATIO

_WORDS: Final = {
    "<": "is below", "<=": "is at most", ">": "is above", ">=": "is at least",
    "==": "is", "!=": "is not", "has": "has",
}  # fmt: skip

_OVER: Final = {
    "rate": "the growth a second of {0} over {1}",
    "increase": "the growth of {0} over {1}",
    "delta": "the change of {0} over {1}",
    "avg_over": "the mean of {0} over {1}",
    "min_over": "the least {0} of {1}",
    "max_over": "the greatest {0} of {1}",
    "time_to": "the time until {0} reaches {1} on its course of {2}",
    "median": "the container's median of {0}",
}

_JOINING: Final = frozenset({"and", "or"})


def bracketed(node: Node) -> str:
    """The expression with every bracket that its tree has, to see what binds what."""
    match node:
        case Number(value, unit):
            symbol = "" if unit is None or unit is RATIO else f" {unit.symbol}"
            return f"{value:g}{symbol}"
        case Text(value):
            return f'"{value}"'
        case Name(name):
            return name
        case Call(name, arguments):
            return f"{name}({', '.join(map(bracketed, arguments))})"
        case Unary(operator, operand):
            return f"({operator} {bracketed(operand)})"
        case Binary(operator, left, right):
            return f"({bracketed(left)} {operator} {bracketed(right)})"
        case Members(left, items):
            return f"({bracketed(left)} in ({', '.join(map(bracketed, items))}))"


def worded(node: Node, measurement: type[Measurement], text: str) -> str:
    """The expression as a sentence would say it."""
    match node:
        case Number(_, _, span):
            return _quantity(text[span.start : span.end])
        case Text(value):
            return f"“{value}”"
        case Name(name):
            field = measurement.field(name)
            return "the row's age" if field is None and name == "age" else name
        case Call(name, arguments):
            return _called(name, [worded(a, measurement, text) for a in arguments])
        case Unary(operator, operand):
            inner = worded(operand, measurement, text)
            if operator == "-":
                return f"-{inner}"
            return f"not {inner}" if isinstance(operand, Name) else f"not ({inner})"
        case Binary(operator, left, right):
            a, b = worded(left, measurement, text), worded(right, measurement, text)
            if operator in _JOINING:
                return f"{_grouped(left, operator, a)} {operator} {_grouped(right, operator, b)}"
            return f"{a} {_WORDS.get(operator, operator)} {b}"
        case Members(left, items):
            words = " or ".join(worded(item, measurement, text) for item in items)
            return f"{worded(left, measurement, text)} is {words}"


def _called(name: str, arguments: Sequence[str]) -> str:
    if name in _OVER:
        return _OVER[name].format(*arguments)
    return f"{name}({', '.join(arguments)})"


def conditions(rule: Rule) -> Iterator[str]:
    """When it fires, resolves, and says nothing: a sentence each."""
    where = ", ".join(f"{name} {' or '.join(words)}" for name, words in rule.where.items())
    about = f" of {where}" if where else ""
    if rule.measurement is None or rule.when is None:
        yield f"Fires once when an event `{rule.source}`{about} is learned; more of them count up."
        yield (
            f"An event learned more than {duration_text(rule.late)} after it happened goes into "
            "the history and notifies nobody."
        )
        yield f"Resolves by itself {duration_text(rule.keep)} after the last one."
        return
    when = worded(rule.when.tree, rule.measurement, rule.when.text)
    hold = f" for {duration_text(rule.hold)}" if rule.hold else ", at once"
    yield f"Fires when {when}{hold}, for every row{about} of `{rule.measurement.name}`."
    over = "that is no longer so"
    if rule.clear is not None:
        over = worded(rule.clear.tree, rule.measurement, rule.clear.text)
    yield (
        f"Resolves when {over}, for {duration_text(rule.settle)}; for longer when it came back "
        "within the hour."
    )
    if rule.uses_age:
        yield "A value that is unknown neither opens nor closes it."
    else:
        yield (
            "A value that is unknown, or a row older than "
            f"{duration_text(rule.stale_after)}, neither opens nor closes it: an open alert stays "
            "and is marked blind."
        )
    if rule.mutes is not None:
        wide = {"container": "of its place and of what lies in it", "site": "of the same site"}
        others = wide.get(rule.mutes, f"of the same container and {rule.mutes}")
        yield f"While it is open, other alerts {others} notify nobody; they stay visible."
    for name, named in rule.thresholds.items():
        value = number(named.plan.value, named.symbol, "en")
        yield f"Here `{name}` is {value}; the network file may set it otherwise for a place."
        for path, other in named.plan.elsewhere:
            there = number(other, named.symbol, "en")
            yield f"In {path} `{name}` is {there}."
    if rule.limit is not None:
        yield _limit(rule.limit, rule.measurement)
    if rule.in_service:
        yield "It asks only of containers that are in service, as the network file says."


def _limit(limit: Limit, measurement: type[Measurement]) -> str:
    of = worded(limit.of.tree, measurement, limit.of.text)
    at = worded(limit.at.tree, measurement, limit.at.text)
    way = "falls" if limit.falling else "rises"
    lost = f" What is lost then is told too: {', '.join(limit.loses)}." if limit.loses else ""
    return (
        f"Its alerts say in how long {of} {way} to {at} ({limit.name.en}), if it goes on as in the "
        f"last {duration_text(limit.over)}.{lost}"
    )


def _grouped(node: Node, operator: str, sentence: str) -> str:
    """In brackets where `and` and `or` meet, so that nobody need know which binds tighter."""
    if isinstance(node, Binary) and node.operator in _JOINING and node.operator != operator:
        return f"({sentence})"
    return sentence


def _quantity(written: str) -> str:
    """A number as it was written, its unit set apart."""
    for suffix in sorted(SUFFIXES, key=len, reverse=True):
        if written.endswith(suffix):
            return f"{written.removesuffix(suffix)} {suffix}"
    return written
