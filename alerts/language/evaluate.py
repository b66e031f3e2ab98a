"""What a checked expression says of every row at once: true, false or unknown (Kleene's logic).

A number that is not known is NaN; a truth is one byte, ordered so that `and` is the lesser, `or`
the greater and `not` what is left from true.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Protocol

import numpy as np
import numpy.typing as npt

from alerts.language import functions
from alerts.language.past import MOMENTS, Growth, Numbers, Past, Window
from alerts.language.rings import Indices, Memory
from vigie.network.places import inside
from vigie.shape import Kind, Measurement, Value

Truths = npt.NDArray[np.int8]

FALSE: Final = 0
UNKNOWN: Final = 1
TRUE: Final = 2
CONTAINER: Final = "container"


@dataclass(frozen=True, slots=True)
class Texts:
    """A column of texts: for each row an index into `words`."""

    codes: npt.NDArray[np.int64]
    words: tuple[str, ...]


class Columns(Protocol):
    """Rows of one measurement as the evaluation reads them."""

    @property
    def rows(self) -> int:
        """How many."""
        ...

    def numbers(self, name: str) -> Numbers:
        """A field as numbers; unknown is NaN, a state is its code, a flag 0 or 1."""
        ...

    def texts(self, name: str) -> Texts:
        """A key."""
        ...

    def ages(self) -> Numbers:
        """Seconds since each row was read."""
        ...

    def silences(self) -> Numbers:
        """`age`: the same, but for time in which nothing could have come here; NaN: unknown."""
        ...

    def past(self, window: Window, rows: Indices | None = None) -> Past:
        """What a field was over the last minutes, of these rows or of all."""
        ...

    def growth(self, window: Window) -> Growth:
        """What a counter grew by over the last minutes."""
        ...

    def once(self, plan: "Over | Median", make: Callable[[], Numbers]) -> Numbers:
        """What is made of it, and not again while the rows are these."""
        ...


@dataclass(frozen=True, slots=True)
class Constant:
    """The same number for every row."""

    value: float


@dataclass(frozen=True, slots=True)
class Read:
    """A field as numbers."""

    name: str


@dataclass(frozen=True, slots=True)
class Age:
    """Seconds since the row was read, as far as somebody listened."""


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`+ - * /` of two numbers, or `min`, `max`."""

    operator: str
    left: "Numeric"
    right: "Numeric"


@dataclass(frozen=True, slots=True)
class Absolute:
    """A number without its sign."""

    operand: "Numeric"


@dataclass(frozen=True, slots=True)
class Threshold:
    """A named number of a rule; `elsewhere` what it is instead inside some paths, widest first."""

    name: str
    value: float
    elsewhere: tuple[tuple[str, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Over:
    """A function over a window of time; unknown while the newest reading is."""

    function: str
    window: Window
    limit: "Numeric | None" = None


@dataclass(frozen=True, slots=True)
class Median:
    """The median over the rows of the same container that are not older than `fresh` seconds."""

    operand: "Numeric"
    fresh: float


@dataclass(frozen=True, slots=True)
class Compare:
    """Two numbers and how they must stand to each other."""

    operator: str
    left: "Numeric"
    right: "Numeric"


@dataclass(frozen=True, slots=True)
class AmongCodes:
    """A state that is one of these codes."""

    name: str
    codes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class AmongTexts:
    """A key that is one of these texts."""

    name: str
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class HasBit:
    """A set of bits that has this one."""

    name: str
    bit: int


@dataclass(frozen=True, slots=True)
class Flag:
    """A flag that is up."""

    name: str


@dataclass(frozen=True, slots=True)
class Not:
    """The contrary."""

    operand: "Logical"


@dataclass(frozen=True, slots=True)
class Both:
    """`and`."""

    left: "Logical"
    right: "Logical"


@dataclass(frozen=True, slots=True)
class Either:
    """`or`."""

    left: "Logical"
    right: "Logical"


Numeric = Constant | Read | Age | Arithmetic | Absolute | Threshold | Over | Median
Logical = Compare | AmongCodes | AmongTexts | HasBit | Flag | Not | Both | Either

_ARITHMETIC: Final[Mapping[str, Callable[[Numbers, Numbers], Numbers]]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide,
    "min": np.minimum, "max": np.maximum,
}  # fmt: skip
_COMPARISON: Final[Mapping[str, Callable[[Numbers, Numbers], npt.NDArray[np.bool_]]]] = {
    "<": np.less, "<=": np.less_equal, ">": np.greater, ">=": np.greater_equal,
    "==": np.equal, "!=": np.not_equal,
}  # fmt: skip


def truths(plan: Logical, columns: Columns) -> Truths:
    """True, false or unknown for every row."""
    match plan:
        case Both(left, right):
            first = truths(left, columns)
            if not first.any():  # nothing is true, whatever the other side says
                return first
            return np.minimum(first, truths(right, columns))
        case Either(left, right):
            return np.maximum(truths(left, columns), truths(right, columns))
        case Not(operand):
            return np.subtract(TRUE, truths(operand, columns), dtype=np.int8)
        case Compare(operator, left, right):
            a, b = numbers(left, columns), numbers(right, columns)
            return _known(_COMPARISON[operator](a, b), np.isnan(a) | np.isnan(b))
        case AmongCodes(name, codes):
            values = columns.numbers(name)
            return _known(np.isin(values, codes), np.isnan(values))
        case AmongTexts(name, words):
            texts = columns.texts(name)
            wanted = [n for n, word in enumerate(texts.words) if word in words]
            return np.isin(texts.codes, wanted).astype(np.int8) * np.int8(TRUE)
        case HasBit(name, bit):
            values = columns.numbers(name)
            unknown = np.isnan(values)
            whole = np.where(unknown, 0, values).astype(np.int64)
            return _known((whole >> bit) & 1 == 1, unknown)
        case Flag(name):
            values = columns.numbers(name)
            return _known(values != 0, np.isnan(values))


def numbers(plan: Numeric, columns: Columns) -> Numbers:
    """The number of every row; unknown, infinite and divided by zero are NaN."""
    match plan:
        case Constant(value):
            return np.full(columns.rows, value)
        case Read(name):
            return columns.numbers(name)
        case Age():
            return columns.silences()
        case Absolute(operand):
            return np.abs(numbers(operand, columns))
        case Arithmetic(operator, left, right):
            with np.errstate(all="ignore"):
                result = _ARITHMETIC[operator](numbers(left, columns), numbers(right, columns))
            return np.where(np.isfinite(result), result, np.nan)
        case Threshold():
            return _threshold(plan, columns)
        case Over():
            return columns.once(plan, partial(_over, plan, columns))
        case Median():
            return columns.once(plan, partial(_median, plan, columns))


def _over(plan: Over, columns: Columns) -> Numbers:
    window = plan.window
    if window.fold == "growth":
        found = functions.grown(plan.function, columns.growth(window), window.seconds)
    else:
        limit = None if plan.limit is None else numbers(plan.limit, columns)
        found = functions.over(plan.function, columns.past(window), window.seconds, limit)
    return np.where(np.isnan(columns.numbers(window.name)), np.nan, found)


def _median(plan: Median, columns: Columns) -> Numbers:
    containers, fresh = columns.texts(CONTAINER).codes, columns.ages() <= plan.fresh
    return functions.median(numbers(plan.operand, columns), containers, fresh)


def _threshold(plan: Threshold, columns: Columns) -> Numbers:
    if not plan.elsewhere:
        return np.full(columns.rows, plan.value)
    texts = columns.texts(CONTAINER)
    words = np.full(len(texts.words), plan.value)
    for path, value in plan.elsewhere:
        words[[n for n, word in enumerate(texts.words) if inside(word, path)]] = value
    return words[texts.codes]


def _known(held: npt.NDArray[np.bool_], unknown: npt.NDArray[np.bool_]) -> Truths:
    result = held.astype(np.int8) * np.int8(TRUE)
    result[unknown] = UNKNOWN
    return result


class Rows:
    """A few rows given as mappings, with how old each is; for tests of rules and for replays."""

    def __init__(
        self,
        measurement: type[Measurement],
        rows: Sequence[Mapping[str, Value]],
        ages: Sequence[float],
        memory: Memory | None = None,
        now: float = 0.0,
    ) -> None:
        """A memory that looked at these rows knows what was; without, nothing is known of it."""
        self._measurement, self._rows, self._ages = measurement, rows, ages
        self._memory, self._now = memory, now

    @property
    def rows(self) -> int:
        """How many."""
        return len(self._rows)

    def numbers(self, name: str) -> Numbers:
        """A field as numbers; a state may be given as its word."""
        field = self._measurement.field(name)
        values: list[float] = []
        for row in self._rows:
            value = row.get(name)
            if isinstance(value, str) and field is not None and field.kind is Kind.STATE:
                value = field.codes.index(value)
            values.append(np.nan if value is None else float(value))
        return np.array(values, np.float64)

    def texts(self, name: str) -> Texts:
        """A key."""
        words = [str(row.get(name)) for row in self._rows]
        unique = tuple(dict.fromkeys(words))
        return Texts(np.array([unique.index(word) for word in words], np.int64), unique)

    def ages(self) -> Numbers:
        """Seconds since each row was read."""
        return np.array(self._ages, np.float64)

    def silences(self) -> Numbers:
        """The same: nobody stopped listening."""
        return self.ages()

    def past(self, window: Window, rows: Indices | None = None) -> Past:
        """What a field was over the last minutes."""
        if self._memory is not None:
            return self._memory.of(window).past(window, self._now, rows)
        unknown = np.full((MOMENTS, self.rows if rows is None else len(rows)), np.nan)
        return Past(unknown, unknown)

    def growth(self, window: Window) -> Growth:
        """What a counter grew by over the last minutes."""
        if self._memory is not None:
            return self._memory.of(window).growth(window)
        unknown = np.full(self.rows, np.nan)
        return Growth(unknown, unknown)

    def once(self, plan: Over | Median, make: Callable[[], Numbers]) -> Numbers:
        """Made whenever it is asked for: they are few."""
        return make()
