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
from alerts.rule import Rule

Indices = npt.NDArray[np.int64]

CONTAINER: Final = "container"
FINE: Final = Sight(FALSE, TRUE)
"""The sight of a subject of which nothing is asked."""


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
    in_service: Callable[[str], bool] | None = None,
) -> Looked:
    """Look at every row, and at every subject that has an alert whether it has a row or not.

    Both callables are given the path of a container; without `in_service` all of them are.
    """
    if not rows.rows and all(a.state is State.RESOLVED for a in latest.values()):
        return Looked()  # as for most rules wherever nothing of theirs is read: look at no more
    found = answers(rule, rows)
    serving = in_service if rule.in_service else None
    if serving is not None:
        found = _asked(found, rows, serving)
    wrong = np.flatnonzero(found.when == TRUE)
    seen = dict(zip(rows.subjects(wrong), wrong.tolist(), strict=True))
    others = [s for s, a in latest.items() if a.state is not State.RESOLVED and s not in seen]
    seen |= rows.find(others)
    changed, dropped = [], []
    for subject in [*seen, *(s for s in others if s not in seen)]:
        row = seen.get(subject)
        before = latest.get(subject)
        sight = MUTE if row is None else _sight(found, row)
        if serving is not None and not serving(subject.container):
            sight = FINE
        after = look(rule, subject, before, sight, now)
        if after is None and before is not None:
            dropped.append(before)
        elif after is not None and after is not before:
            changed.append(replace(after, simulated=simulated(subject.container)))
    return Looked(tuple(_foreseen(rule, rows, changed, seen, now)), tuple(dropped))


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
