"""The few shapes that a screen is painted from; `assets/noc.js` knows each by its `kind`.

Everything here ends as JSON in one store of the page. Ages are not in it: the browser computes
them from `at`, so that they grow even when nothing comes any more.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, Final, Literal, TypeVar

from dashboard.board import Pending
from dashboard.text import say
from vigie.errors import Refused, Unavailable
from vigie.shape import Measurement

T = TypeVar("T")
U = TypeVar("U")
PERIODS_UNTIL_STALE: Final = 3
ROWS_SHOWN: Final = 40
"""More rows than this nobody reads, and a browser paints them slowly."""
TRANSPORT_SECONDS: Final = 5.0
"""What the way from the sensor to the screen may take before an age is worth a word."""


@dataclass(frozen=True, slots=True)
class Number:
    """A value, and what one must know to trust it. `text` None is unknown, and `note` says why.

    `at` is when it was read (Unix seconds); older than `stale` seconds, it fades and shows its
    age. `level` is an alarm priority that marks it; `share` (0 to 1) draws a bar; `stamp` says that
    the twin plays it.
    """

    text: str | None
    unit: str = ""
    at: float | None = None
    stale: float | None = None
    note: str = ""
    quality: str = ""
    source: str = ""
    level: int | None = None
    share: float | None = None
    stamp: str = ""
    kind: Literal["number"] = "number"


@dataclass(frozen=True, slots=True)
class Text:
    """Words, with a smaller line under them, and a link where there is more.

    `stamp` says that the twin plays it; `current`, that its link is what is open now.
    """

    text: str
    sub: str = ""
    href: str = ""
    mono: bool = False
    stamp: str = ""
    current: bool = False
    kind: Literal["text"] = "text"


@dataclass(frozen=True, slots=True)
class Mark:
    """A state: its digit or sign in a coloured square, and its word; colour is never alone.

    `mark` is p1, p2, p3, stale, silent, maintenance or nominal.
    """

    mark: str
    sign: str
    text: str = ""
    label: str = ""
    kind: Literal["mark"] = "mark"


@dataclass(frozen=True, slots=True)
class Age:
    """Time since an instant (Unix seconds), counted on in the browser."""

    at: float | None
    kind: Literal["age"] = "age"


@dataclass(frozen=True, slots=True)
class Deed:
    """A button that does something to one thing."""

    verb: str
    id: str
    text: str
    label: str
    about: str
    kind: Literal["deed"] = "deed"


Cell = Number | Text | Mark | Age | Deed


@dataclass(frozen=True, slots=True)
class Rows:
    """The body of a table; `empty` is said when there is no row, `error` when it cannot be read.

    `left` says how many rows there are that are not shown.
    """

    rows: Sequence[Sequence[Cell]] = ()
    empty: str = ""
    error: str = ""
    keys: Sequence[str] = field(default_factory=tuple)
    left: str = ""


_NAMES: Final[Mapping[type, Sequence[str]]] = {
    kind: tuple(f.name for f in fields(kind)) for kind in (Number, Text, Mark, Age, Deed)
}
"""Cells hold plain values only, and there are many: `asdict` would copy each."""


def bounded(
    found: Sequence[U], drawn: Callable[[U], Sequence[Cell]], language: str, empty: str = "",
    most: int = ROWS_SHOWN,
) -> Rows:  # fmt: skip
    """One row each of what was found, as many as a person reads; the others are counted."""
    left = len(found) - most
    return Rows(
        [drawn(one) for one in found[:most]], empty=empty,
        left=say("rows_left", language, count=left) if left > 0 else "",
    )  # fmt: skip


def isolated(read: Callable[[], T], otherwise: Callable[[str], U]) -> T | U:
    """What `read` gives, or what stands for its failure; other blocks go on."""
    try:
        return read()
    except (Refused, Unavailable) as error:
        return otherwise(str(error))


def tabled(read: Callable[[], T]) -> T | Rows:
    """What `read` gives, or the table that says why it gives nothing, or nothing yet."""
    try:
        return read()
    except Pending as error:
        return Rows(empty=str(error))
    except (Refused, Unavailable) as error:
        return failed(str(error))


def failed(why: str) -> Rows:
    """A table that cannot be read, and why."""
    return Rows(error=why)


def unknown(why: str, **more: Any) -> Number:
    """A number that is not known, with the reason."""
    return Number(None, note=why, **more)


def stale_age(measurement: type[Measurement]) -> float:
    """The age from which a reading is stale, in seconds."""
    return PERIODS_UNTIL_STALE * measurement.period_seconds + TRANSPORT_SECONDS


def quality_word(quality: str | None, language: str) -> str:
    """`mesuré`, `estimé`, and so on."""
    return say(f"quality_{quality}", language) if quality else ""


def as_json(content: Any) -> Any:
    """Dataclasses, lists and dicts as JSON values."""
    if (names := _NAMES.get(type(content))) is not None:
        return {name: getattr(content, name) for name in names}
    if isinstance(content, Rows):
        return {
            "rows": [[as_json(cell) for cell in row] for row in content.rows],
            "empty": content.empty, "error": content.error, "keys": list(content.keys),
            "left": content.left,
        }  # fmt: skip
    if isinstance(content, dict):
        return {k: as_json(v) for k, v in content.items()}
    if isinstance(content, list | tuple):
        return [as_json(v) for v in content]
    return content
