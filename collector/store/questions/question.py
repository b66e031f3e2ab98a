"""What can be asked of series over time, and what an answer says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal, Protocol, get_args

import pyarrow as pa

from collector.store import schema, tiers
from collector.store.questions.levels import LEVELS
from collector.store.scan import View
from collector.store.upkeep import ROLLED_UNTIL
from vigie import catalogue
from vigie.document import suggestion
from vigie.errors import QueryError
from vigie.shape import Field, Kind, Measurement, Quality

MAX_STEPS: Final = 50_000
MAX_TOP: Final = 10_000

FOLDED: Final = ("mean", "min", "max", "count")
"""Aggregates for which it does not matter of which series a reading is."""
PERCENTILES: Final[Mapping[str, float]] = {"p50": 0.50, "p95": 0.95, "p99": 0.99}
AGGREGATES: Final = (*FOLDED, "sum", "last", *PERCENTILES)
"""Over the series of a group. A sum is over devices, of each one's mean; a percentile likewise."""
GROWTH: Final[Mapping[str, Kind]] = {
    "increase": Kind.COUNTER, "rate": Kind.COUNTER, "integral": Kind.GAUGE,
}  # fmt: skip
"""Over the series of a group: what each counter grew by in a step, that per second, and what a
gauge adds up to over time (W gives J)."""
ROWS: Final = "rows"
"""No aggregate: the readings as they are stored."""

_KINDS: Final[Mapping[Kind, tuple[str, ...]]] = {
    Kind.STATE: ("min", "max", "last", "count", ROWS),
    Kind.BITS: ("last", "count", ROWS),
    Kind.COUNTER: (*AGGREGATES, "increase", "rate", ROWS),
    Kind.GAUGE: (*AGGREGATES, "integral", ROWS),
}
_OTHER: Final = (*AGGREGATES, ROWS)

Order = Literal["highest", "lowest", "deviation"]
ORDERS: Final[tuple[str, ...]] = get_args(Order)


@dataclass(frozen=True, slots=True)
class Rank:
    """Only so many groups: those whose first field stands out most, in any step.

    Highest, lowest, or farthest from the median of its peers, which are all, or those with the same
    word of the key or level `among`.
    """

    count: int
    order: Order = "highest"
    among: str | None = None


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked: fields of one measurement from `start` until before `end`.

    `agg` is one for all fields, or as many with commas. `step` in seconds, None for one step over
    all; steps are aligned to the epoch and asked for whole. `by` names the keys and levels to tell
    apart, None every series; `where` the words that they must have. `tier` is the coarsest table to
    read, None whichever fits. `cursor` is that of the answer before.
    """

    measurement: str
    fields: tuple[str, ...]
    start: datetime
    end: datetime
    agg: str = "mean"
    step: float | None = None
    by: tuple[str, ...] | None = None
    scopes: tuple[str, ...] = ("",)
    where: Mapping[str, Sequence[str]] = field(default_factory=dict)
    limit: int = 10_000
    cursor: str | None = None
    tier: str | None = None
    rank: Rank | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """Rows of `time`, the columns of `by`, and the fields; and what to know to trust them.

    `tier` is raw, 1m or 1h. `coverage` is the share of (group, step) with a value, `suspect` the
    share of rows read of which an asked field is suspect and left out. `containers` counts the
    rows read of each.
    """

    rows: pa.Table
    tier: str
    coverage: float | None
    quality: Quality | None
    suspect: float
    containers: Mapping[str, int]
    cursor: str | None


class Shelf(Protocol):
    """What a question needs of the store."""

    def view(self, table: str) -> View:
        """The files and chunks that a table is now."""

    def check(self, table: str, view: View) -> None:
        """Look at the files of a view one of which could not be read; damaged ones go."""

    def rolled_until(self, table: str, said: str = ROLLED_UNTIL) -> datetime | None:
        """The end of the newest window of a rollup table; or its beginning, where asked."""


def checked(question: Question) -> tuple[type[Measurement], list[Field]]:
    """The measurement and fields of a question that makes sense.

    Raises:
        QueryError: it makes none; the message says what would.
    """
    measurement = catalogue.measurement(question.measurement)
    if measurement is None:
        names = [m.name for m in (*catalogue.MEASUREMENTS, *catalogue.OWN)]
        wrong = f"no measurement {question.measurement!r:.80}"
        raise QueryError(f"{wrong}; {suggestion(question.measurement, names)}")
    fields = _fields(measurement, question)
    known = (*schema.series_columns(measurement), *LEVELS)
    for name in (*(question.by or ()), *question.where):
        if name not in known:
            raise QueryError(f"no key or level {name!r:.80}; {suggestion(name, known)}")
    _check_span(question)
    _check_rank(question)
    return measurement, fields


def aggregates(question: Question) -> list[str]:
    """The aggregate of each field.

    Raises:
        QueryError: there are neither one nor as many as fields, or some that go with no other.
    """
    given = question.agg.split(",")
    if len(given) == 1:
        return given * len(question.fields)
    if len(given) != len(question.fields):
        raise QueryError("agg: one for all fields, or as many with commas as there are fields")
    alone = {*GROWTH, ROWS} & set(given)
    if alone and len(set(given)) > 1:
        raise QueryError(f"agg: {alone.pop()} goes with no other")
    return given


def grouped(measurement: type[Measurement], question: Question) -> list[str]:
    """The keys and levels that an answer tells apart."""
    if question.by is None:
        return schema.series_columns(measurement)
    return list(dict.fromkeys(question.by))


def _fields(measurement: type[Measurement], question: Question) -> list[Field]:
    known = {f.name: f for f in measurement.values}
    wrong = [name for name in question.fields if name not in known]
    if wrong or not question.fields:
        raise QueryError(f"no field {', '.join(wrong) or '(none)'}; there are {', '.join(known)}")
    found = [known[name] for name in question.fields]
    for declared, agg in zip(found, aggregates(question), strict=True):
        allowed = _KINDS.get(declared.kind, _OTHER)
        if agg not in allowed:
            raise QueryError(
                f"no {agg!r:.80} of {declared.name}, which is a {declared.kind}; "
                f"there are {', '.join(allowed)}"
            )
    return found


def _check_span(question: Question) -> None:
    if question.start >= question.end:
        raise QueryError("the span ends before it begins")
    if question.step is not None and question.step < 1:
        raise QueryError("a step is a second at least")
    steps = tiers.count(question.start, question.end, question.step)
    if steps > MAX_STEPS:
        raise QueryError(f"{steps} steps; at most {MAX_STEPS}: ask for longer ones")
    if question.limit < 1 or not (question.cursor or "0").isdigit():
        raise QueryError("limit is a number from 1, and cursor one that an answer gave")
    if question.tier not in {None, *tiers.ORDER}:
        raise QueryError(f"tier: one of {', '.join(tiers.ORDER)} is wanted")


def _check_rank(question: Question) -> None:
    rank = question.rank
    if rank is None:
        return
    if not 1 <= rank.count <= MAX_TOP:
        raise QueryError(f"top: a number from 1 to {MAX_TOP} is wanted")
    if rank.order not in ORDERS:
        raise QueryError(f"rank: one of {', '.join(ORDERS)} is wanted")
    if aggregates(question)[0] == ROWS:
        raise QueryError("top: of readings there is none; name a step, an aggregate or `by`")
    if rank.among is not None and rank.order != "deviation":
        raise QueryError("among: only a deviation is from the median of peers")
