"""What rule files may hold, as it is written there."""

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from alerts.rule import DEFAULT_KEEP, DEFAULT_LATE, DEFAULT_SETTLE, Expected, Lost, Words
from vigie.document import Duration


@dataclass(frozen=True, slots=True)
class StepDraft:
    """`[[rule.test]]` → one of its `steps`."""

    at: Duration
    expect: Expected | None = None
    given: Mapping[str, Any] | None = None
    beside: tuple[Mapping[str, Any], ...] = ()
    along: bool = False


@dataclass(frozen=True, slots=True)
class TrialDraft:
    """`[[rule.test]]`."""

    says: str
    steps: tuple[StepDraft, ...]


@dataclass(frozen=True, slots=True)
class LimitDraft:
    """`[rule.limit]`."""

    of: str
    at: str
    over: Duration
    name: Words
    loses: tuple[Lost, ...] = ()
    falling: bool | None = None


@dataclass(frozen=True, slots=True)
class Draft:
    """`[[rule]]`, but for `for`, which is a word of Python."""

    name: str
    priority: Literal[1, 2, 3]
    title: Words
    advice: Words
    why: str
    do: str
    measurement: str | None = None
    event: str | None = None
    when: str | None = None
    clear: str | None = None
    value: str | None = None
    where: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    settle: Duration = DEFAULT_SETTLE
    stale: Duration | None = None
    mutes: str | None = None
    keep: Duration = DEFAULT_KEEP
    late: Duration = DEFAULT_LATE
    in_service: bool = False
    thresholds: Mapping[str, Any] = dataclasses.field(default_factory=dict)
    limit: LimitDraft | None = None
    test: tuple[TrialDraft, ...] = ()
