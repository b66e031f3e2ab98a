"""Whether a condition can ever be true, by what the catalogue says that its fields can be.

Not a proof: what is found impossible is so, and what is not may still be. Ranges are those that are
declared as plausible, in base units, both ends included; a part of `and` narrows what the parts
after it see.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from alerts.language.check import Named
from alerts.language.functions import OVER
from alerts.language.parse import (
    Binary,
    Call,
    ExpressionError,
    Members,
    Name,
    Node,
    Number,
    Span,
    Text,
    Unary,
)
from vigie.shape import Field, Kind, Measurement


@dataclass(frozen=True, slots=True)
class Range:
    """From one number to another, both included."""

    low: float
    high: float

    def meets(self, other: "Range") -> "Range":
        """What lies in both; `high` is below `low` where nothing does."""
        return Range(max(self.low, other.low), min(self.high, other.high))

    def __str__(self) -> str:
        """As a message says it."""
        if self.low == self.high:
            return f"is {self.low:g}"
        if math.isinf(self.low):
            return "can be anything" if math.isinf(self.high) else f"is at most {self.high:g}"
        if math.isinf(self.high):
            return f"is at least {self.low:g}"
        return f"lies between {self.low:g} and {self.high:g}"


Fields = Mapping[str, Range | frozenset[str]]
"""What fields can be: numbers, or words."""

ANY: Final = Range(-math.inf, math.inf)
SHARE: Final = Range(0.0, 1.0)
POSITIVE: Final = Range(0.0, math.inf)
_OPPOSITE: Final = {"<": ">=", "<=": ">", ">": "<=", ">=": "<", "==": "!=", "!=": "=="}
_MIRRORED: Final = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "==": "==", "!=": "!="}


def check(tree: Node, measurement: type[Measurement], named: Mapping[str, Named]) -> None:
    """Find fault with a condition that no row can meet, or that every row does.

    Raises:
        ExpressionError: it points at what can never, or must always, be so.
    """
    judge = _Judge(measurement, named)
    judge.held(tree, {}, wanted=True)
    try:
        judge.held(tree, {}, wanted=False)
    except ExpressionError as error:
        told = "every row is so; a condition must be able to be false"
        raise ExpressionError(error.start, error.end, told) from None


class _Judge:
    def __init__(self, measurement: type[Measurement], named: Mapping[str, Named]) -> None:
        self.measurement, self.named = measurement, named

    def held(self, node: Node, fields: Fields, *, wanted: bool) -> Fields:
        """What fields can be where it is true, or false; ExpressionError where it cannot be."""
        match node:
            case Unary("not", operand):
                return self.held(operand, fields, wanted=not wanted)
            case Binary("and" | "or" as operator, left, right):
                if (operator == "and") == wanted:
                    after = self.held(left, fields, wanted=wanted)
                    return self.held(right, after, wanted=wanted)
                return self._either(left, right, fields, wanted=wanted)
            case Binary("has", _, _):
                return fields
            case Members(Name(name), items):
                return self._among(name, items, fields, node.span, wanted=wanted)
            case Binary(operator, left, right):
                return self._compared(node, operator, left, right, fields, wanted=wanted)
            case Name(name, span):
                return self._words(name, frozenset({str(wanted)}), fields, span, wanted=True)
        return fields

    def _either(self, left: Node, right: Node, fields: Fields, *, wanted: bool) -> Fields:
        """What is known where one of both is so: no more than before, but one must be possible."""
        try:
            self.held(left, fields, wanted=wanted)
        except ExpressionError:
            return self.held(right, fields, wanted=wanted)
        return fields

    def _compared(
        self, node: Binary, operator: str, left: Node, right: Node, fields: Fields, *, wanted: bool
    ) -> Fields:
        for one, other in ((left, right), (right, left)):
            if isinstance(one, Name) and self._worded(one.name):
                same = (operator == "==") == wanted
                return self._among(one.name, (other,), fields, node.span, wanted=same)
        asked = operator if wanted else _OPPOSITE[operator]
        a, b = self.range(left, fields), self.range(right, fields)
        if not _possible(asked, a, b):
            raise ExpressionError(node.span.start, node.span.end, self._told(left, a, right, b))
        narrowed = dict(fields)
        for one, its, there, how in ((left, a, b, asked), (right, b, a, _MIRRORED[asked])):
            if isinstance(one, Name) and one.name not in self.named:
                narrowed[one.name] = _cut(its, how, there)
        return narrowed

    def _told(self, left: Node, a: Range, right: Node, b: Range) -> str:
        parts = []
        for node, its in ((left, a), (right, b)):
            match node:
                case Number():
                    continue
                case Name(name):
                    parts.append(f"{name} {its}")
                case Call(name):
                    parts.append(f"{name}(…) {its}")
                case _:
                    parts.append(f"one side {its}")
        told = f"this can never be so: {', '.join(parts) or 'both sides are numbers'}"
        for node, other in ((left, b), (right, a)):
            if isinstance(node, Number) and node.unit is None and other == SHARE:
                return f"{told}; did you mean {node.value:g}%?"
        return f"{told}; {'compare with what it can be' if parts else 'name a field'}"

    def _among(
        self, name: str, items: tuple[Node, ...], fields: Fields, span: Span, *, wanted: bool
    ) -> Fields:
        words = frozenset(i.name if isinstance(i, Name) else i.value for i in items
                          if isinstance(i, Name | Text))  # fmt: skip
        return self._words(name, words, fields, span, wanted=wanted)

    def _words(
        self, name: str, words: frozenset[str], fields: Fields, span: Span, *, wanted: bool
    ) -> Fields:
        field = self.measurement.field(name)
        before = fields.get(name)
        if before is None and field is not None and field.kind is not Kind.KEY:
            before = frozenset({"True", "False"} if field.kind is Kind.FLAG else field.codes)
        if not isinstance(before, frozenset):  # a key: any text, until one is named
            return {**fields, name: words} if wanted else fields
        after = before & words if wanted else before - words
        if not after:
            left = " or ".join(sorted(before)) or "nothing"
            told = f"this can never be so: {name} can only be {left} here"
            raise ExpressionError(span.start, span.end, told)
        return {**fields, name: after}

    def _worded(self, name: str) -> bool:
        field = self.measurement.field(name)
        return field is not None and field.kind in {Kind.STATE, Kind.KEY}

    def range(self, node: Node, fields: Fields) -> Range:
        """Between which numbers a quantity lies."""
        match node:
            case Number(value):
                return Range(value, value)
            case Name(name) if name in self.named:
                plan = self.named[name].plan
                values = [plan.value, *(value for _, value in plan.elsewhere)]
                return Range(min(values), max(values))
            case Name(name):
                known = fields.get(name)
                return known if isinstance(known, Range) else self._declared(name)
            case Unary("-", operand):
                inner = self.range(operand, fields)
                return Range(-inner.high, -inner.low)
            case Call(name, arguments):
                return self._call(name, arguments, fields)
            case Binary(operator, left, right):
                return _computed(operator, self.range(left, fields), self.range(right, fields))
        return ANY

    def _declared(self, name: str) -> Range:
        field = self.measurement.field(name)
        return POSITIVE if field is None else _declared(field)

    def _call(self, name: str, arguments: tuple[Node, ...], fields: Fields) -> Range:
        # What was is bound by what is declared, not by what the row is found to be now.
        now = fields if name in {"abs", "min", "max"} else {}
        first = self.range(arguments[0], now)
        match name:
            case "abs":
                low = 0.0 if first.low <= 0 <= first.high else min(abs(first.low), abs(first.high))
                return Range(low, max(abs(first.low), abs(first.high)))
            case "min" | "max":
                second, choose = self.range(arguments[1], now), min if name == "min" else max
                return Range(choose(first.low, second.low), choose(first.high, second.high))
            case "rate":
                field = isinstance(arguments[0], Name) and self.measurement.field(arguments[0].name)
                return Range(0.0, field.high) if field and field.high is not None else POSITIVE
            case "increase" | "time_to":
                return POSITIVE
            case "delta":
                return Range(first.low - first.high, first.high - first.low)
            case _ if name in OVER or name == "median":
                return first
        return ANY


def _declared(field: Field) -> Range:
    if field.kind is Kind.COUNTER:
        return POSITIVE
    low, high = field.low, field.high
    return Range(-math.inf if low is None else low, math.inf if high is None else high)


def _possible(operator: str, a: Range, b: Range) -> bool:
    match operator:
        case "<":
            return a.low < b.high
        case "<=":
            return a.low <= b.high
        case ">":
            return a.high > b.low
        case ">=":
            return a.high >= b.low
        case "==":
            both = a.meets(b)
            return both.low <= both.high
    return not (a.low == a.high == b.low == b.high)


def _cut(its: Range, operator: str, there: Range) -> Range:
    """What is left of a range where it stands so to another."""
    match operator:
        case "<" | "<=":
            return its.meets(Range(-math.inf, there.high))
        case ">" | ">=":
            return its.meets(Range(there.low, math.inf))
        case "==":
            return its.meets(there)
    return its


def _computed(operator: str, a: Range, b: Range) -> Range:
    match operator:
        case "+":
            return Range(a.low + b.low, a.high + b.high)
        case "-":
            return Range(a.low - b.high, a.high - b.low)
        case "/":
            if b.low <= 0 <= b.high:  # as near to 0 as can be, from the sides that it has
                low = 0.0 if a.low >= 0 and b.low >= 0 else -math.inf
                high = 0.0 if a.high <= 0 and b.low >= 0 else math.inf
                return Range(low, high)
            b = Range(1 / b.high, 1 / b.low)
    ends = [x * y for x in (a.low, a.high) for y in (b.low, b.high)]
    ends = [0.0 if math.isnan(end) else end for end in ends]
    return Range(min(ends), max(ends))
