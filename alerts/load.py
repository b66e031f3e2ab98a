"""Rule files to rules: every fault named with its file, line, column and what to do.

A file holds one or several `[[rule]]` tables, each with its `[[rule.test]]` tables.
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Literal

from alerts.language.check import Expression, condition, quantity
from alerts.language.parse import ExpressionError
from alerts.rule import (
    DEFAULT_KEEP,
    DEFAULT_LATE,
    DEFAULT_SETTLE,
    Expected,
    Rule,
    Step,
    Trial,
    Words,
)
from vigie import catalogue
from vigie.document import Document, Duration, Reader, duration, suggestion
from vigie.positions import TomlPath
from vigie.shape import Event, Measurement, Value

PLACE: Final = re.compile(r"\{(\w*)\}")
"""A placeholder of a title or an advice."""
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{2,59}")


@dataclass(frozen=True, slots=True)
class StepDraft:
    """`[[rule.test]]` → one of its `steps`, as written."""

    at: Duration
    expect: Expected
    given: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class TrialDraft:
    """`[[rule.test]]` as written."""

    says: str
    steps: tuple[StepDraft, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """`[[rule]]` as written, but for `for`, which is a word of Python."""

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
    test: tuple[TrialDraft, ...] = ()


def load(path: Path) -> tuple[Rule, ...]:
    """The rules of one file.

    Raises:
        SettingsError: every fault found.
    """
    document = Document.load(path)
    return _File(document, path.read_text(encoding="utf-8")).rules()


def parse(text: str, name: str) -> tuple[Rule, ...]:
    """The rules of a text; `name` stands for the file in messages. Raises as `load`."""
    return _File(Document.parse(text, name), text).rules()


class _File:
    """One rule file being read."""

    def __init__(self, document: Document, text: str) -> None:
        self.document, self.text = document, text
        self.reader = Reader(document)

    def rules(self) -> tuple[Rule, ...]:
        """All of them; raises SettingsError with every fault."""
        self.reader.known(("rule",))
        rows = self.document.data.get("rule", [])
        holds = [self._hold(row, n) for n, row in enumerate(rows) if isinstance(row, dict)]
        drafts = self.reader.each(Draft, ("rule",))
        rules = [self._rule(draft, path, holds[int(path[1])]) for path, draft in drafts]
        names = [rule.name for rule in rules if rule is not None]
        for path, draft in drafts:
            if names.count(draft.name) > 1:
                self.reader.fault((*path, "name"), f"two rules are named {draft.name}; rename one")
        self.reader.finish()
        return tuple(rule for rule in rules if rule is not None)

    def _hold(self, row: dict[str, Any], number: int) -> float:
        """Take `for` out of a rule's table, and every name that is no setting."""
        path: TomlPath = ("rule", number)
        known = [*(f.name for f in dataclasses.fields(Draft)), "for"]
        self.reader.known(known, path)
        for name in [name for name in row if name not in known]:
            del row[name]
        written = row.pop("for", "0s")
        try:
            return duration(written)
        except ValueError as error:
            self.reader.fault((*path, "for"), str(error))
            return 0.0

    def _rule(self, draft: Draft, path: TomlPath, hold: float) -> Rule | None:
        before = len(self.reader.faults)
        watched = self._watched(draft, path)
        if not _NAME.fullmatch(draft.name):
            self.reader.fault((*path, "name"), "lower-case letters, digits and _ are wanted")
        if watched is None:
            return None
        event, measurement = (watched, None) if isinstance(watched, Event) else (None, watched)
        keys = watched.keys if isinstance(watched, Event) else tuple(k.name for k in watched.keys)
        self._placeholders(draft, keys, path)
        rule = Rule(
            name=draft.name, priority=draft.priority, title=draft.title, advice=draft.advice,
            why=draft.why, do=draft.do, measurement=measurement, event=event,
            when=self._expression(draft, "when", path, measurement),
            clear=self._expression(draft, "clear", path, measurement),
            value=self._expression(draft, "value", path, measurement),
            where=self._where(draft, keys, path), hold=hold, settle=draft.settle,
            stale=draft.stale, mutes=self._mutes(draft, keys, path),
            keep=draft.keep, late=draft.late, in_service=self._in_service(draft, path),
            trials=self._trials(draft, watched, keys, path), origin=self.document.where(path),
        )  # fmt: skip
        return rule if len(self.reader.faults) == before else None

    def _watched(self, draft: Draft, path: TomlPath) -> type[Measurement] | Event | None:
        if (draft.measurement is None) == (draft.event is None):
            self.reader.fault(path, "either a measurement or an event is wanted")
            return None
        if draft.measurement is not None:
            found = catalogue.watched(draft.measurement)
            if found is None:
                near = suggestion(draft.measurement, [m.name for m in catalogue.MEASUREMENTS])
                at = (*path, "measurement")
                self.reader.fault(at, f"no measurement {draft.measurement}; {near}")
            elif draft.when is None:
                self.reader.fault(path, "when is missing: the condition that fires")
            return found
        code = draft.event or ""
        event = catalogue.event(code)
        if event is None:
            near = suggestion(code, [e.code for e in catalogue.EVENTS])
            self.reader.fault((*path, "event"), f"no event {code}; {near}")
        for name in ("when", "clear", "value"):
            if getattr(draft, name) is not None:
                self.reader.fault((*path, name), "a rule on an event has none; use where")
        return event

    def _expression(
        self, draft: Draft, name: str, path: TomlPath, measurement: type[Measurement] | None
    ) -> Expression | None:
        text = getattr(draft, name)
        if text is None or measurement is None:
            return None
        try:
            read = quantity if name == "value" else condition
            return read(text, measurement)
        except ExpressionError as error:
            self.reader.faults.append(self._pointed(text, (*path, name), draft.name, error))
            return None

    def _pointed(self, text: str, path: TomlPath, rule: str, error: ExpressionError) -> str:
        """`file:line:column: rule: what is wrong`, with the line and a caret under the token."""
        number = self.document.line(path) or 1
        starts = [0, *(m.end() for m in re.finditer(r"\n", self.text))]
        found = self.text.find(text, starts[number - 1])
        if found < 0:  # written with escapes: we know the line, not the column
            return f"{self.document.name}:{number}: {rule}: {path[-1]}: {error}"
        at = found + error.start
        number = self.text.count("\n", 0, at) + 1
        start = starts[number - 1]
        end = self.text.find("\n", start)
        line = self.text[start : end if end >= 0 else None]
        width = max(1, min(error.end - error.start, len(line) - (at - start)))
        gutter = " " * len(str(number))
        return (
            f"{self.document.name}:{number}:{at - start + 1}: {rule}: {path[-1]}: {error}\n"
            f"  {number} | {line}\n"
            f"  {gutter} | {' ' * (at - start)}{'^' * width}"
        )

    def _placeholders(self, draft: Draft, keys: Sequence[str], path: TomlPath) -> None:
        known = ("container", *keys)
        for name in ("title", "advice"):
            words: Words = getattr(draft, name)
            for language in ("fr", "en"):
                for place in PLACE.findall(words.said(language)):
                    if place not in known:
                        near = suggestion(place, known)
                        at = (*path, name, language)
                        self.reader.fault(at, f"nothing to put for {{{place}}}; {near}")

    def _where(
        self, draft: Draft, keys: Sequence[str], path: TomlPath
    ) -> dict[str, tuple[str, ...]]:
        where: dict[str, tuple[str, ...]] = {}
        for name, value in draft.where.items():
            at = (*path, "where", name)
            values = value if isinstance(value, list) else [value]
            if name not in ("container", *keys):
                self.reader.fault(at, f"no key {name}; {suggestion(name, ('container', *keys))}")
            elif not values or not all(isinstance(v, str) for v in values):
                self.reader.fault(at, "a text or an array of texts is wanted")
            else:
                where[name] = tuple(values)
        return where

    def _mutes(self, draft: Draft, keys: Sequence[str], path: TomlPath) -> str | None:
        if draft.mutes is not None and draft.mutes not in ("container", *keys):
            near = suggestion(draft.mutes, ("container", *keys))
            self.reader.fault((*path, "mutes"), f"no key {draft.mutes}; {near}")
        return draft.mutes

    def _in_service(self, draft: Draft, path: TomlPath) -> bool:
        if draft.in_service and draft.measurement is None:
            at = (*path, "in_service")
            self.reader.fault(at, "an event has happened wherever it was told; leave this out")
        return draft.in_service

    def _trials(
        self, draft: Draft, watched: type[Measurement] | Event, keys: Sequence[str], path: TomlPath
    ) -> tuple[Trial, ...]:
        trials = []
        for number, written in enumerate(draft.test):
            at = (*path, "test", number)
            steps = []
            for n, step in enumerate(written.steps):
                given = step.given
                if given is not None:
                    given = self._given(given, watched, keys, (*at, "steps", n, "given"))
                steps.append(Step(step.at, step.expect, given))
            if [s.at for s in steps] != sorted(s.at for s in steps):
                self.reader.fault(at, "its steps are not in the order of time")
            trials.append(Trial(written.says, tuple(steps)))
        return tuple(trials)

    def _given(
        self,
        given: Mapping[str, Any],
        watched: type[Measurement] | Event,
        keys: Sequence[str],
        path: TomlPath,
    ) -> Mapping[str, Value]:
        known = (
            [*keys, "detail"] if isinstance(watched, Event) else [f.name for f in watched.fields]
        )
        for name, value in given.items():
            field = None if isinstance(watched, Event) else watched.field(name)
            if name not in known:
                self.reader.fault(path, f"no field {name}; {suggestion(name, known)}")
            elif field is not None and field.codes and isinstance(value, str):
                if value not in field.codes:
                    near = suggestion(value, field.codes)
                    self.reader.fault(path, f"{name} is never {value}; {near}")
            elif not isinstance(value, str | int | float):
                self.reader.fault(path, f"{name}: a number, a flag or a text is wanted")
        return given
