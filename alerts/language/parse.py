"""Text to tree: the tokens of the rule language, and which binds tighter.

From loosest to tightest: `or`, `and`, `not`, one comparison (`< <= > >= == != in has`), `+ -`,
`* /`, unary `-`, then numbers (`5`, `10%`, `5min`, `20GB`), "texts", names, `f(x, …)`, `( … )`.
Every node knows where it stands, so that whoever finds fault with it can point.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from vigie.document import suggestion
from vigie.errors import VigieError
from vigie.units import (
    AMPERE,
    BYTE,
    BYTES_PER_KIBIBYTE,
    CELSIUS,
    CUBIC_METER,
    GRAM,
    HERTZ,
    JOULE,
    JOULES_PER_KWH,
    PASCAL,
    RATIO,
    REVOLUTION_PER_MINUTE,
    SECOND,
    VOLT,
    VOLT_AMPERE,
    WATT,
    Unit,
)

MAX_LENGTH: Final = 2_000
MAX_DEPTH: Final = 40
MAX_TOKENS: Final = 300
"""Also bounds how deep a chain of operators leans to the left."""

KEYWORDS: Final = frozenset({"and", "or", "not", "in", "has"})
COMPARISONS: Final = frozenset({"<", "<=", ">", ">=", "==", "!=", "in", "has"})

SUFFIXES: Final[dict[str, tuple[float, Unit]]] = {
    "%": (0.01, RATIO),
    "ms": (1e-3, SECOND), "s": (1, SECOND), "m": (60, SECOND), "min": (60, SECOND),
    "h": (3600, SECOND), "d": (86_400, SECOND), "w": (604_800, SECOND),
    "B": (1, BYTE), "kB": (1e3, BYTE), "MB": (1e6, BYTE), "GB": (1e9, BYTE), "TB": (1e12, BYTE),
    "KiB": (BYTES_PER_KIBIBYTE, BYTE), "MiB": (BYTES_PER_KIBIBYTE**2, BYTE),
    "GiB": (BYTES_PER_KIBIBYTE**3, BYTE), "TiB": (BYTES_PER_KIBIBYTE**4, BYTE),
    "W": (1, WATT), "kW": (1e3, WATT), "MW": (1e6, WATT), "C": (1, CELSIUS),
    "J": (1, JOULE), "kWh": (JOULES_PER_KWH, JOULE), "MWh": (1e3 * JOULES_PER_KWH, JOULE),
    "V": (1, VOLT), "kV": (1e3, VOLT), "A": (1, AMPERE), "VA": (1, VOLT_AMPERE),
    "kVA": (1e3, VOLT_AMPERE), "Hz": (1, HERTZ), "MHz": (1e6, HERTZ), "GHz": (1e9, HERTZ),
    "Pa": (1, PASCAL), "kPa": (1e3, PASCAL), "bar": (1e5, PASCAL),
    "rpm": (1, REVOLUTION_PER_MINUTE), "m3": (1, CUBIC_METER), "g": (1, GRAM), "kg": (1e3, GRAM),
}  # fmt: skip
"""What may follow a number without a space, its factor and its base unit."""

_TOKEN: Final = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?(?![\d.]))(?P<suffix>%|[A-Za-z]+3?\b)?"
    r'|(?P<text>"[^"\n]*")'
    r"|(?P<name>[A-Za-z_][A-Za-z0-9_]*)"
    r"|(?P<operator><=|>=|==|!=|[<>+\-*/(),])"
)
_FOREIGN: Final = {"=": "==", "&": "and", "|": "or", "!": "not", "'": '"', "^": "*", "≠": "!=",
                   "≤": "<=", "≥": ">=", "×": "*"}  # fmt: skip


class ExpressionError(VigieError):
    """An expression is wrong between two characters; the message says why, and what to do."""

    def __init__(self, start: int, end: int, message: str) -> None:
        super().__init__(message)
        self.start, self.end = start, max(end, start + 1)


@dataclass(frozen=True, slots=True)
class Span:
    """From one character to another, the last not included."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Number:
    """A number in base units; `unit` is None where none was written."""

    value: float
    unit: Unit | None
    span: Span


@dataclass(frozen=True, slots=True)
class Text:
    """Words between quotes."""

    value: str
    span: Span


@dataclass(frozen=True, slots=True)
class Name:
    """A field, a word of a state, or `age`."""

    name: str
    span: Span


@dataclass(frozen=True, slots=True)
class Call:
    """A function and what it is given."""

    name: str
    arguments: "tuple[Node, ...]"
    span: Span


@dataclass(frozen=True, slots=True)
class Unary:
    """`-` or `not` before something."""

    operator: str
    operand: "Node"
    span: Span


@dataclass(frozen=True, slots=True)
class Binary:
    """Two sides and what stands between; `mark` is where that stands."""

    operator: str
    left: "Node"
    right: "Node"
    span: Span
    mark: Span


@dataclass(frozen=True, slots=True)
class Members:
    """`left in (a, b)`."""

    left: "Node"
    items: "tuple[Node, ...]"
    span: Span


Node = Number | Text | Name | Call | Unary | Binary | Members


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    span: Span
    suffix: str = ""


def parse(text: str) -> Node:
    """The tree that a text spells.

    Raises:
        ExpressionError: it spells none.
    """
    if len(text) > MAX_LENGTH:
        raise ExpressionError(MAX_LENGTH, len(text), f"longer than {MAX_LENGTH} characters")
    parser = _Parser(text, _tokens(text))
    node = parser.disjunction()
    parser.end()
    return node


def _tokens(text: str) -> list[_Token]:
    tokens, at = [], 0
    while at < len(text):
        match = _TOKEN.match(text, at)
        if match is None:
            raise _stranger(text, at)
        span = Span(at, match.end())
        at = match.end()
        if match.lastgroup == "space":
            continue
        if match["number"]:
            suffix = match["suffix"] or ""
            if suffix and suffix not in SUFFIXES:
                start = span.end - len(suffix)
                raise ExpressionError(
                    start, span.end, f"no unit {suffix}; {suggestion(suffix, SUFFIXES)}"
                )
            tokens.append(_Token("number", match["number"], span, suffix))
        else:
            kind = str(match.lastgroup)
            word = match.group()
            tokens.append(_Token("operator" if word in KEYWORDS else kind, word, span))
        if len(tokens) > MAX_TOKENS:
            raise ExpressionError(span.start, span.end, f"more than {MAX_TOKENS} words")
    tokens.append(_Token("end", "", Span(len(text), len(text) + 1)))
    return tokens


def _stranger(text: str, at: int) -> ExpressionError:
    wrong = text[at]
    if wrong == '"':
        return ExpressionError(at, len(text), "a quote opens here and never closes")
    if wrong in _FOREIGN:
        return ExpressionError(at, at + 1, f"{wrong} means nothing here; write {_FOREIGN[wrong]}")
    return ExpressionError(at, at + 1, f"{wrong!r} means nothing here")


class _Parser:
    def __init__(self, text: str, tokens: list[_Token]) -> None:
        self.text, self.tokens, self.at, self.depth = text, tokens, 0, 0

    @property
    def token(self) -> _Token:
        return self.tokens[self.at]

    def take(self, *wanted: str) -> _Token | None:
        """The token, if it is one of these operators; then the next one stands."""
        token = self.token
        if token.kind == "operator" and token.text in wanted:
            self.at += 1
            return token
        return None

    def need(self, wanted: str, why: str) -> _Token:
        token = self.take(wanted)
        if token is None:
            span = self.token.span
            raise ExpressionError(span.start, span.end, f"{wanted} is missing here, {why}")
        return token

    def end(self) -> None:
        token, span = self.token, self.token.span
        if token.kind == "end":
            return
        before = self.tokens[self.at - 1]
        if before.kind == "number" and token.text in SUFFIXES:
            glued = f"{before.text}{token.text}"
            raise ExpressionError(span.start, span.end, f"write {glued}, without the space")
        if token.text in COMPARISONS:
            raise ExpressionError(
                span.start, span.end, "comparisons do not chain; join two of them with `and`"
            )
        raise ExpressionError(
            span.start, span.end,
            f"{token.text} cannot stand here; an operator (and, <, +, …) or the end is expected",
        )  # fmt: skip

    def disjunction(self) -> Node:
        return self._chain(("or",), self.conjunction)

    def conjunction(self) -> Node:
        return self._chain(("and",), self.negation)

    def negation(self) -> Node:
        mark = self.take("not")
        if mark is None:
            return self.comparison()
        self._deeper(mark.span)
        operand = self.negation()
        self.depth -= 1
        return Unary("not", operand, Span(mark.span.start, operand.span.end))

    def comparison(self) -> Node:
        left = self.sum()
        mark = self.take(*COMPARISONS)
        if mark is None:
            return left
        if mark.text == "in":
            return self._members(left)
        right = self.sum()
        span = Span(left.span.start, right.span.end)
        return Binary(mark.text, left, right, span, mark.span)

    def _members(self, left: Node) -> Node:
        self.need("(", "before the words to look among")
        items = [self.sum()]
        while self.take(","):
            items.append(self.sum())
        close = self.need(")", "after the words to look among")
        return Members(left, tuple(items), Span(left.span.start, close.span.end))

    def sum(self) -> Node:
        return self._chain(("+", "-"), self.product)

    def product(self) -> Node:
        return self._chain(("*", "/"), self.unary)

    def _chain(self, operators: tuple[str, ...], tighter: Callable[[], Node]) -> Node:
        left = tighter()
        while mark := self.take(*operators):
            right = tighter()
            span = Span(left.span.start, right.span.end)
            left = Binary(mark.text, left, right, span, mark.span)
        return left

    def unary(self) -> Node:
        mark = self.take("-")
        if mark is None:
            return self.primary()
        self._deeper(mark.span)
        operand = self.unary()
        self.depth -= 1
        return Unary("-", operand, Span(mark.span.start, operand.span.end))

    def primary(self) -> Node:
        token = self.token
        if token.kind == "number":
            self.at += 1
            factor, unit = SUFFIXES.get(token.suffix, (1.0, None))
            return Number(float(token.text) * factor, unit, token.span)
        if token.kind == "text":
            self.at += 1
            return Text(token.text[1:-1], token.span)
        if token.kind == "name":
            self.at += 1
            return self._call(token) if self.take("(") else Name(token.text, token.span)
        if self.take("("):
            self._deeper(token.span)
            node = self.disjunction()
            self.depth -= 1
            self.need(")", "to close this bracket")
            return node
        raise self._nothing(token)

    def _nothing(self, token: _Token) -> ExpressionError:
        span = token.span
        if token.kind == "end":
            message = "the expression stops here; a value is expected"
            return ExpressionError(span.start, span.end, message)
        if token.text == "not":
            message = "`not` binds looser than what stands before it; put it in brackets"
            return ExpressionError(span.start, span.end, message)
        message = f"{token.text} cannot begin a value; a number, a field or a bracket is expected"
        return ExpressionError(span.start, span.end, message)

    def _call(self, name: _Token) -> Node:
        self._deeper(name.span)
        arguments = [self.sum()]
        while self.take(","):
            arguments.append(self.sum())
        self.depth -= 1
        close = self.need(")", f"to close {name.text}(")
        return Call(name.text, tuple(arguments), Span(name.span.start, close.span.end))

    def _deeper(self, span: Span) -> None:
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise ExpressionError(span.start, span.end, f"nested deeper than {MAX_DEPTH} levels")
