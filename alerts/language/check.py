"""Tree to plan: names looked up in the catalogue, operands of the kind and unit they must be.

Units are checked as physics does it: only like may be added or compared, a product has the product
of the units. A number without a unit fits any, and stands for the base unit.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from alerts.language.dimension import Dimension, combined, dimension, symbol, worded
from alerts.language.evaluate import (
    Absolute,
    Age,
    AmongCodes,
    AmongTexts,
    Arithmetic,
    Both,
    Compare,
    Constant,
    Either,
    Flag,
    HasBit,
    Logical,
    Median,
    Not,
    Numeric,
    Over,
    Read,
    Threshold,
)
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
    parse,
)
from alerts.language.past import Window
from vigie.document import duration_text, suggestion
from vigie.shape import Field, Kind, Measurement
from vigie.units import RATIO, SECOND

AGE: Final = "age"
FUNCTIONS: Final = {
    "abs": 1, "min": 2, "max": 2, "median": 1,
    **{name: 3 if name == "time_to" else 2 for name in OVER},
}  # fmt: skip
"""Name and number of arguments."""
LEAST_READINGS: Final = 2
"""How often a field must be read within a window."""
LONGEST_WINDOW: Final = 7 * 86_400.0
FRESH_PERIODS: Final = 3
FRESH_LEAST: Final = 60.0
"""Siblings count while their rows are not older than three periods, and a minute at least."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A checked condition or value: the text it came from, its tree, and what to evaluate."""

    text: str
    tree: Node
    plan: Logical | Numeric
    symbol: str
    """How a value of it is written: `%`, `s`, `o`, … ; empty for conditions and pure numbers."""
    fields: frozenset[str]
    uses_age: bool
    windows: frozenset[Window] = frozenset()
    """What of the past it asks for."""
    dimension: Dimension | None = field(default=None, repr=False)
    """Of a number; None fits any."""


@dataclass(frozen=True, slots=True)
class Named:
    """A threshold as expressions use it: its plan, and of what unit it is."""

    plan: Threshold
    dimension: Dimension | None
    symbol: str


@dataclass(frozen=True, slots=True)
class _Quantity:
    plan: Numeric
    dimension: Dimension | None
    """None: a number without a unit, that fits any."""
    symbol: str


def condition(
    text: str, measurement: type[Measurement], named: Mapping[str, Named] | None = None
) -> Expression:
    """A text that must be true, false or unknown of a row; `named` are its rule's thresholds.

    Raises:
        ExpressionError: it is not, or names what the measurement does not have.
    """
    checker = _Checker(measurement, named or {})
    tree = parse(text)
    return checker.expression(text, tree, checker.logical(tree), None)


def quantity(
    text: str, measurement: type[Measurement], named: Mapping[str, Named] | None = None
) -> Expression:
    """A text that must be a number of a row, or the code of a state. Raises as `condition`."""
    checker = _Checker(measurement, named or {})
    tree = parse(text)
    if isinstance(tree, Name):
        field = measurement.field(tree.name)
        if field is not None and field.kind is Kind.STATE:
            return Expression(text, tree, Read(field.name), "", frozenset({field.name}), False)
    found = checker.numeric(tree)
    return checker.expression(text, tree, found.plan, found)


def threshold(name: str, text: str) -> Named:
    """A number with its unit, as a threshold is written. Raises as `condition`."""
    tree = parse(text)
    match tree:
        case Number(value, unit):
            pass
        case Unary("-", Number(positive, unit)):
            value = -positive
        case _:
            raise _fault(tree.span, "a number is wanted, with its unit, as 85C or 10%")
    if unit is None:
        return Named(Threshold(name, value), None, "")
    return Named(Threshold(name, value), dimension(unit), unit.symbol)


class _Checker:
    def __init__(self, measurement: type[Measurement], named: Mapping[str, Named]) -> None:
        self.measurement, self.named = measurement, named
        self.fields: set[str] = set()
        self.windows: set[Window] = set()
        self.uses_age = False

    def expression(
        self, text: str, tree: Node, plan: Logical | Numeric, found: "_Quantity | None"
    ) -> Expression:
        """What was checked, as one thing."""
        return Expression(
            text, tree, plan, found.symbol if found else "", frozenset(self.fields),
            self.uses_age, frozenset(self.windows), found.dimension if found else None,
        )  # fmt: skip

    def logical(self, node: Node) -> Logical:
        match node:
            case Binary("and", left, right):
                return Both(self.logical(left), self.logical(right))
            case Binary("or", left, right):
                return Either(self.logical(left), self.logical(right))
            case Unary("not", operand):
                return Not(self.logical(operand))
            case Members(left, items):
                return self._among(left, items)
            case Binary("has", left, right):
                return self._has(left, right)
            case Binary(operator, left, right) if operator in {"<", "<=", ">", ">=", "==", "!="}:
                return self._compare(node, operator, left, right)
            case Name(name, span):
                field = self._field(name, span)
                if field.kind is Kind.FLAG:
                    return Flag(name)
                raise _fault(
                    span, f"{name} is {_described(field)}, neither true nor false; {_hint(field)}"
                )
        raise _fault(
            node.span, "this is a value, neither true nor false; compare it with something"
        )

    def numeric(self, node: Node) -> _Quantity:
        match node:
            case Number(value, unit):
                if unit is None:
                    return _Quantity(Constant(value), None, "")
                return _Quantity(Constant(value), dimension(unit), unit.symbol)
            case Name(name, span):
                return self._named(name, span)
            case Unary("-", operand):
                found = self.numeric(operand)
                minus = Arithmetic("-", Constant(0), found.plan)
                return _Quantity(minus, found.dimension, found.symbol)
            case Call(name, arguments, span):
                return self._call(name, arguments, span)
            case Binary(operator, left, right, span, mark) if operator in {"+", "-"}:
                a, b = self.numeric(left), self.numeric(right)
                return self._alike(Arithmetic(operator, a.plan, b.plan), a, b, mark, "add")
            case Binary(operator, left, right) if operator in {"*", "/"}:
                return _scaled(operator, self.numeric(left), self.numeric(right))
            case Text(value, span):
                raise _fault(span, f'"{value}" is a text; texts can only be compared with keys')
        raise _fault(
            node.span, "this is true or false, not a number; do not compare or compute with it"
        )

    def _named(self, name: str, span: Span) -> _Quantity:
        if name in self.named:
            known = self.named[name]
            return _Quantity(known.plan, known.dimension, known.symbol)
        if name == AGE and self.measurement.field(AGE) is None:
            self.uses_age = True
            return _Quantity(Age(), dimension(SECOND), SECOND.symbol)
        field = self._field(name, span)
        if field.kind not in {Kind.GAUGE, Kind.COUNTER}:
            raise _fault(span, f"{name} is {_described(field)}, not a number; {_hint(field)}")
        return _Quantity(Read(name), dimension(field.unit), field.unit.symbol)

    def _call(self, name: str, arguments: tuple[Node, ...], span: Span) -> _Quantity:
        start = Span(span.start, span.start + len(name))
        if name not in FUNCTIONS:
            near = f"{name}_over" if f"{name}_over" in FUNCTIONS else name
            raise _fault(start, f"no function {name}; {suggestion(near, FUNCTIONS)}")
        if len(arguments) != FUNCTIONS[name]:
            raise _fault(span, f"{name} takes {FUNCTIONS[name]}, not {len(arguments)}")
        if name in OVER:
            return self._over(name, arguments)
        found = [self.numeric(argument) for argument in arguments]
        if name == "median":
            fresh = max(FRESH_PERIODS * self.measurement.period_seconds, FRESH_LEAST)
            return _Quantity(Median(found[0].plan, fresh), found[0].dimension, found[0].symbol)
        if name == "abs":
            return _Quantity(Absolute(found[0].plan), found[0].dimension, found[0].symbol)
        plan = Arithmetic(name, found[0].plan, found[1].plan)
        return self._alike(plan, found[0], found[1], start, f"take the {name} of")

    def _over(self, name: str, arguments: tuple[Node, ...]) -> _Quantity:
        """A function over a window of one field."""
        kinds, written = OVER[name].kinds, arguments[0]
        field = self.measurement.field(written.name) if isinstance(written, Name) else None
        if field is None:
            if isinstance(written, Name):
                self._field(written.name, written.span)
            raise _fault(written.span, f"{name} looks back at one field, not at a calculation")
        if field.kind not in kinds:
            fit = ", ".join(f for f, over in OVER.items() if field.kind in over.kinds)
            hint = f"use {fit}" if fit else _hint(field)
            raise _fault(written.span, f"{field.name} is {_described(field)}; {hint}")
        self.fields.add(field.name)
        seconds = self._span(name, arguments[-1])
        window = Window(field.name, seconds, OVER[name].fold)
        self.windows.add(window)
        if name == "time_to":
            of, limit = self.numeric(written), self.numeric(arguments[1])
            self._alike(Arithmetic("-", of.plan, limit.plan), of, limit, arguments[1].span, "meet")
            return _Quantity(Over(name, window, limit.plan), dimension(SECOND), SECOND.symbol)
        plan = Over(name, window)
        if name == "rate":
            made = combined("/", dimension(field.unit), dimension(SECOND))
            return _Quantity(plan, made, symbol(made))
        return _Quantity(plan, dimension(field.unit), field.unit.symbol)

    def _span(self, name: str, node: Node) -> float:
        """The length of a window."""
        match node:
            case Number(seconds, unit) if unit in {None, SECOND} and seconds > 0:
                least = LEAST_READINGS * self.measurement.period_seconds
                if seconds < least:
                    period = duration_text(self.measurement.period_seconds)
                    raise _fault(node.span, f"{self.measurement.name} is read every {period}; "
                                 f"look back over {duration_text(least)} at least")  # fmt: skip
                if seconds > LONGEST_WINDOW:
                    longest = duration_text(LONGEST_WINDOW)
                    raise _fault(node.span, f"look back over {longest} at most")
                return seconds
        raise _fault(node.span, f"{name} ends with how far to look back, as 5min")

    def _alike(
        self, plan: Arithmetic, a: _Quantity, b: _Quantity, mark: Span, verb: str
    ) -> _Quantity:
        if a.dimension is not None and b.dimension is not None and a.dimension != b.dimension:
            raise _fault(mark, f"cannot {verb} {worded(a.dimension)} and {worded(b.dimension)}")
        known = a if a.dimension is not None else b
        return _Quantity(plan, known.dimension, known.symbol)

    def _compare(self, node: Binary, operator: str, left: Node, right: Node) -> Logical:
        named = self._worded(left)
        if named is None and self._worded(right) is not None:
            if operator not in {"==", "!="}:
                named = self._worded(right)
            else:
                left, right, named = right, left, self._worded(right)
        if named is not None:
            if operator not in {"==", "!="}:
                raise _fault(node.mark, f"{named.name} is {_described(named)}; {_hint(named)}")
            among = self._member(named, (right,))
            return Not(among) if operator == "!=" else among
        a, b = self.numeric(left), self.numeric(right)
        self._alike(Arithmetic("-", a.plan, b.plan), a, b, node.mark, "compare")
        return Compare(operator, a.plan, b.plan)

    def _worded(self, node: Node) -> Field | None:
        """The state or key that a node names, if it does."""
        field = self.measurement.field(node.name) if isinstance(node, Name) else None
        return field if field is not None and field.kind in {Kind.STATE, Kind.KEY} else None

    def _among(self, left: Node, items: tuple[Node, ...]) -> Logical:
        field = self._worded(left)
        if field is None:
            raise _fault(left.span, "only a state or a key can be looked for with `in`")
        return self._member(field, items)

    def _member(self, field: Field, items: tuple[Node, ...]) -> Logical:
        self.fields.add(field.name)
        if field.kind is Kind.STATE:
            return AmongCodes(field.name, tuple(_code(field, item) for item in items))
        words = []
        for item in items:
            if not isinstance(item, Text):
                shown = item.name if isinstance(item, Name) else "…"
                raise _fault(item.span, f'{field.name} is a key; write "{shown}", in quotes')
            words.append(item.value)
        return AmongTexts(field.name, tuple(words))

    def _has(self, left: Node, right: Node) -> Logical:
        field = self.measurement.field(left.name) if isinstance(left, Name) else None
        if field is None or field.kind is not Kind.BITS:
            raise _fault(left.span, "only a set of bits can `has` a word")
        self.fields.add(field.name)
        return HasBit(field.name, _code(field, right))

    def _field(self, name: str, span: Span) -> Field:
        field = self.measurement.field(name)
        if field is None:
            known = [*(f.name for f in self.measurement.fields), AGE, *self.named]
            near = suggestion(name, known)
            raise _fault(span, f"no field {name} in {self.measurement.name}; {near}")
        self.fields.add(name)
        return field


def _fault(span: Span, message: str) -> ExpressionError:
    return ExpressionError(span.start, span.end, message)


def _code(field: Field, node: Node) -> int:
    """The code of the word that a node must be."""
    word = node.name if isinstance(node, Name) else node.value if isinstance(node, Text) else None
    if word is None:
        raise _fault(node.span, f"{field.name} is {_described(field)}: use one of its words, "
               f"{', '.join(field.codes)}")  # fmt: skip
    if word not in field.codes:
        raise _fault(node.span, f"{field.name} is never {word}; {suggestion(word, field.codes)}")
    return field.codes.index(word)


def _described(field: Field) -> str:
    return {
        Kind.KEY: "a key", Kind.STATE: "a state", Kind.BITS: "a set of bits", Kind.FLAG: "a flag",
    }.get(field.kind, f"a {field.kind}")  # fmt: skip


def _hint(field: Field) -> str:
    match field.kind:
        case Kind.KEY:
            return f'write {field.name} == "…"'
        case Kind.STATE:
            return f"write {field.name} == {field.codes[0]}, with one of {', '.join(field.codes)}"
        case Kind.BITS:
            return f"write {field.name} has {field.codes[0]}, with one of {', '.join(field.codes)}"
        case Kind.FLAG:
            return f"write {field.name} or not {field.name}"
    return f"compare it, as in {field.name} > 0"


def _scaled(operator: str, a: _Quantity, b: _Quantity) -> _Quantity:
    plan = Arithmetic(operator, a.plan, b.plan)
    if a.dimension is None and b.dimension is None:
        return _Quantity(plan, None, "")
    made = combined(operator, a.dimension or (), b.dimension or ())
    if made:
        known = a if a.dimension == made else b if b.dimension == made else None
        return _Quantity(plan, made, known.symbol if known else symbol(made))
    like = operator == "/" and bool(a.dimension) and a.dimension == b.dimension
    return _Quantity(plan, (), RATIO.symbol if like else "")
