"""What a rule is: when something is wrong with one subject, how much it matters, what to do.

A *level* rule watches the newest row of every series of one measurement. An *event* rule watches
one event of the catalogue. Durations are seconds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from alerts.language.check import Expression, Named
from alerts.language.past import Window
from vigie.shape import Event, Measurement, Value

DEFAULT_SETTLE: Final = 60.0
DEFAULT_KEEP: Final = 24 * 3600.0
DEFAULT_LATE: Final = 600.0
LEAST_STALE: Final = 60.0

Expected = Literal["nothing", "pending", "firing", "blind", "resolved"]


@dataclass(frozen=True, slots=True)
class Words:
    """The same sentence in both languages; `{key}` stands for a key of the subject."""

    fr: str
    en: str

    def said(self, language: str) -> str:
        """In the asked language."""
        return self.fr if language == "fr" else self.en


@dataclass(frozen=True, slots=True)
class Step:
    """At one time of a test: what is read then, and what the rule must have made of it.

    `given` stands until the next one; without another, its row ages. `beside` are further rows of
    the same container, that differ in their keys. With `along`, readings also came all the way
    from the step before, their numbers on straight lines between the two. Without `expect`, the
    rule looks and nothing is asked of it.
    """

    at: float
    expect: Expected | None = None
    given: Mapping[str, Value] | None = None
    beside: tuple[Mapping[str, Value], ...] = ()
    along: bool = False


@dataclass(frozen=True, slots=True)
class Trial:
    """One test of a rule: a sentence and its steps."""

    says: str
    steps: tuple[Step, ...]
    origin: str = ""
    """`file:line`."""


Lost = Literal["gpus", "jobs", "tenants", "objects"]
"""What a limit that is reached can take with it."""


@dataclass(frozen=True, slots=True)
class Limit:
    """`[rule.limit]`: the quantity `of` nears `at`; its course is that of the last `over` seconds.

    `falling` says that it comes from above. `loses` is what stands at stake where it happens.
    """

    of: Expression
    at: Expression
    over: float
    name: Words
    loses: tuple[Lost, ...] = ()
    falling: bool = False

    @property
    def course(self) -> tuple[Window, ...]:
        """What of the past its course is made from."""
        return tuple(Window(name, self.over, exact=True) for name in sorted(self.of.fields))

    @property
    def windows(self) -> frozenset[Window]:
        """The same, and what its limit asks for."""
        return self.at.windows | frozenset(self.course)


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule, checked.

    Priority 1 is for now and wakes somebody, 2 within the hour, 3 in the morning.

    `hold` is how long `when` must be true before it fires (`for` in the file), `settle` how long
    `clear` must be true before it resolves. A row older than `stale` says nothing, unless the rule
    itself speaks of `age`. `thresholds` are numbers with a name that its expressions use, which the
    network file may set otherwise for a site or a container. `limit` is what its alerts near.
    `mutes` names a key: while this rule's alert is open, others with the
    same container and key notify nobody. `keep` is how long the alert of an event stays, `late`
    how old an event may be and still notify. With `in_service` it asks only of containers that are
    in service, and not of one in commissioning, in maintenance or retired.
    """

    name: str
    priority: int
    title: Words
    advice: Words
    why: str
    do: str
    measurement: type[Measurement] | None = None
    event: Event | None = None
    when: Expression | None = None
    clear: Expression | None = None
    value: Expression | None = None
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    hold: float = 0.0
    settle: float = DEFAULT_SETTLE
    stale: float | None = None
    mutes: str | None = None
    keep: float = DEFAULT_KEEP
    late: float = DEFAULT_LATE
    in_service: bool = False
    thresholds: Mapping[str, Named] = field(default_factory=dict)
    limit: Limit | None = None
    trials: tuple[Trial, ...] = ()
    origin: str = ""
    """`file:line`."""

    @property
    def keys(self) -> tuple[str, ...]:
        """What names its subjects, beside the container."""
        if self.measurement is not None:
            return tuple(key.name for key in self.measurement.keys)
        return self.event.keys if self.event is not None else ()

    @property
    def source(self) -> str:
        """The name of what it watches: a measurement, or an event's code."""
        if self.measurement is not None:
            return self.measurement.name
        return self.event.code if self.event is not None else ""

    @property
    def expressions(self) -> Sequence[Expression]:
        """Those it has."""
        return [e for e in (self.when, self.clear, self.value) if e is not None]

    @property
    def fields(self) -> frozenset[str]:
        """What of a row it reads, keys among it."""
        read = [*self.expressions, *((self.limit.of, self.limit.at) if self.limit else ())]
        return frozenset(name for expression in read for name in expression.fields)

    @property
    def windows(self) -> frozenset[Window]:
        """What of the past they ask for, and its limit."""
        asked = frozenset(window for e in self.expressions for window in e.windows)
        return asked if self.limit is None else asked | self.limit.windows

    @property
    def uses_age(self) -> bool:
        """Whether an old row is what it is about."""
        return any(e.uses_age for e in (self.when, self.clear) if e is not None)

    @property
    def stale_after(self) -> float:
        """Seconds after which a row says nothing any more."""
        if self.stale is not None:
            return self.stale
        period = self.measurement.period_seconds if self.measurement is not None else 0.0
        return max(3 * period, LEAST_STALE)
