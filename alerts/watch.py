"""One look of one rule at all rows of its measurement: which alerts come, change and go. Pure."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, cast

import numpy as np
import numpy.typing as npt

from alerts import forecast
from alerts.language.evaluate import (
    FALSE,
    TRUE,
    UNKNOWN,
    Columns,
    Logical,
    Numeric,
    Truths,
    numbers,
    truths,
)
from alerts.language.past import Numbers
from alerts.lifecycle import MUTE, Alert, Sight, State, Subject, look
from alerts.mass import Lump, Mass, shared
from alerts.rule import Rule

Indices = npt.NDArray[np.int64]

CONTAINER: Final = "container"
FINE: Final = Sight(FALSE, TRUE)
"""The sight of a subject of which nothing is asked."""
GROWN: Final = 1.1
"""How much more must be wrong than what an alert of many says, for it to say so."""


class Subjects(Columns, Protocol):
    """Rows that can be named and found again."""

    def subjects(self, rows: Indices) -> list[Subject]:
        """What these rows are about."""
        ...

    def find(self, subjects: Sequence[Subject]) -> dict[Subject, int]:
        """The rows of those subjects that have one."""
        ...


@dataclass(frozen=True, slots=True)
class Looked:
    """What one look changed; `dropped` were pending, and are not any more."""

    changed: tuple[Alert, ...] = ()
    dropped: tuple[Alert, ...] = ()
    begun: int = 0
    """Single rows that were looked at for the first time."""


@dataclass(frozen=True, slots=True)
class Answers:
    """What the rule's expressions say of every row."""

    when: Truths
    clear: Truths
    value: Numbers | None


def answers(rule: Rule, columns: Columns) -> Answers:
    """Evaluate a rule's expressions; a row that is too old is unknown."""
    if rule.when is None:
        raise ValueError(f"{rule.name} watches no measurement")
    when = truths(cast("Logical", rule.when.plan), columns)
    for name, words in rule.where.items():
        texts = columns.texts(name)
        codes = [n for n, word in enumerate(texts.words) if word in words]
        when = np.where(np.isin(texts.codes, codes), when, np.int8(FALSE))
    clear = (
        np.subtract(TRUE, when, dtype=np.int8) if rule.clear is None
        else truths(cast("Logical", rule.clear.plan), columns)
    )  # fmt: skip
    if not rule.uses_age:
        old = columns.ages() > rule.stale_after
        when = np.where(old, np.int8(UNKNOWN), when)
        clear = np.where(old, np.int8(UNKNOWN), clear)
    value = None if rule.value is None else numbers(cast("Numeric", rule.value.plan), columns)
    return Answers(when, clear, value)


def watch(
    rule: Rule,
    rows: Subjects,
    latest: Mapping[Subject, Alert],
    now: float,
    simulated: Callable[[str], bool],
    *,
    mass: Mass | None = None,
    in_service: Callable[[str], bool] | None = None,
    room: int | None = None,
) -> Looked:
    """Look at every row, and at every subject that has an alert whether it has a row or not.

    Both callables are given the path of a container; without `in_service` all of them are. `mass`
    is what the last look remembered of rows that share an alert. At most `room` alerts of single
    rows begin; the next look finds the others.
    """
    if not rows.rows and all(a.state is State.RESOLVED for a in latest.values()):
        return Looked()  # as for most rules wherever nothing of theirs is read: look at no more
    found = answers(rule, rows)
    serving = in_service if rule.in_service else None
    if serving is not None:
        found = _asked(found, rows, serving)
    own = [s for s, a in latest.items() if a.state is not State.RESOLVED and not shared(s)]
    seen = rows.find(own)
    standing = {s.container: a for s, a in latest.items() if shared(s)}
    apart = [(latest[subject], row) for subject, row in seen.items()]
    memory = Mass() if mass is None else mass
    parted = memory.look(rule, rows.texts(CONTAINER), found, apart, standing=standing, now=now)
    looks = _Looks(rule, latest, now, serving, simulated)
    for lump in parted.lumps:
        looks.together(lump, rows)
    taken = {alert.subject for alert in parted.absorbed}
    looks.gone.extend(parted.absorbed)
    for subject in own:
        row = seen.get(subject)
        if subject not in taken:
            looks.one(subject, MUTE if row is None else _sight(found, row))
    fresh = ~np.isin(parted.alone, list(seen.values()))
    begun, since = parted.alone[fresh][:room], parted.since[fresh][:room]
    for subject, row, first in zip(
        rows.subjects(begun), begun.tolist(), since.tolist(), strict=True
    ):
        seen[subject] = row
        looks.one(subject, _sight(found, row), first)
    seen |= {lump.subject: lump.row for lump in parted.lumps if lump.row >= 0}
    changed = _foreseen(rule, rows, looks.changed, seen, now)
    return Looked(tuple(changed), tuple(looks.gone), len(begun))


class _Looks:
    """What comes of looking at one subject after the other."""

    def __init__(
        self, rule: Rule, latest: Mapping[Subject, Alert], now: float,
        serving: Callable[[str], bool] | None, simulated: Callable[[str], bool],
    ) -> None:  # fmt: skip
        self._rule, self._latest, self._now = rule, latest, now
        self._serving, self._simulated = serving, simulated
        self.changed: list[Alert] = []
        self.gone: list[Alert] = []

    def one(self, subject: Subject, sight: Sight, since: float = np.nan) -> None:
        """Look at a single row, wrong `since` then where that is known."""
        self._look(subject, self._latest.get(subject), sight, since)

    def together(self, lump: Lump, rows: Subjects) -> None:
        """Look at the many of one container."""
        after = self._look(lump.subject, lump.before, lump.sight, lump.since)
        if after is not None and lump.count > GROWN * after.count:
            example = rows.subjects(np.array([lump.row], np.int64))[0]
            self.changed[-1] = replace(
                after, count=lump.count, detail=f"{lump.count}: {'/'.join(example.keys)}, …"
            )

    def _look(
        self, subject: Subject, before: Alert | None, sight: Sight, since: float
    ) -> Alert | None:  # fmt: skip
        """The alert where it is not as it was; it begins when it was first wrong."""
        rule, now = self._rule, self._now
        if self._serving is not None and not self._serving(subject.container):
            sight = FINE
        if since < now and rule.hold > 0 and (before is None or before.state is State.RESOLVED):
            before = look(rule, subject, before, sight, since)
        after = look(rule, subject, before, sight, now)
        if after is None:
            known = self._latest.get(subject)
            if known is not None and known.state is not State.RESOLVED:
                self.gone.append(known)
            return None
        if after is self._latest.get(subject):
            return None
        after = replace(after, simulated=self._simulated(subject.container))
        self.changed.append(after)
        return after


def _foreseen(
    rule: Rule, rows: Subjects, alerts: Sequence[Alert], at: Mapping[Subject, int], now: float
) -> Sequence[Alert]:
    """The same alerts, with when they reach their rule's limit; blind ones keep what they had."""
    if rule.limit is None:
        return alerts
    due = forecast.due((a for a in alerts if not a.blind and a.subject in at), now)
    places = np.array([at[alert.subject] for alert in due], np.int64)
    found = forecast.outlooks(rule.limit, rows, places, now)
    made = {alert.subject: outlook for alert, outlook in zip(due, found, strict=True)}
    return [replace(a, outlook=made.get(a.subject) or a.outlook) for a in alerts]


def _asked(found: Answers, rows: Subjects, in_service: Callable[[str], bool]) -> Answers:
    """The same, without what the rows of other containers say."""
    texts = rows.texts(CONTAINER)
    serving = np.array([in_service(word) for word in texts.words], np.bool_)[texts.codes]
    return replace(found, when=np.where(serving, found.when, np.int8(FALSE)))


def _sight(found: Answers, row: int) -> Sight:
    value = None
    if found.value is not None and not np.isnan(found.value[row]):
        value = float(found.value[row])
    return Sight(int(found.when[row]), int(found.clear[row]), value)
