"""Rule files to rules: every fault named with its file, line, column and what to do.

A file holds one or several `[[rule]]` tables, each with its `[[rule.test]]` tables.
"""

import dataclasses
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, cast

from alerts.draft import Draft, StepDraft
from alerts.language import possible
from alerts.language.check import AGE, Expression, Named, condition, quantity, threshold
from alerts.language.dimension import worded
from alerts.language.evaluate import Logical, Numeric
from alerts.language.leaning import FALLS, leaning
from alerts.language.parse import ExpressionError
from alerts.rule import Limit, Rule, Step, Trial, Words
from vigie import catalogue
from vigie.document import Document, Reader, duration, duration_text, suggestion
from vigie.positions import TomlPath
from vigie.shape import Event, Measurement, Value

PLACE: Final = re.compile(r"\{(\w*)\}")
"""A placeholder of a title or an advice."""
LIMIT_READINGS: Final = 3
"""The fewest readings that make a course."""
_THRESHOLD: Final = re.compile(r"[a-z][a-z0-9_]{1,39}")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]{2,59}")


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
        named = self._thresholds(draft, path, measurement)
        when = self._expression(draft.when, draft.name, (*path, "when"), measurement, named)
        rule = Rule(
            name=draft.name, priority=draft.priority, title=draft.title, advice=draft.advice,
            why=draft.why, do=draft.do, measurement=measurement, event=event,
            when=when,
            clear=self._expression(draft.clear, draft.name, (*path, "clear"), measurement, named),
            value=self._expression(draft.value, draft.name, (*path, "value"), measurement, named),
            where=self._where(draft, keys, path), hold=hold, settle=draft.settle,
            stale=draft.stale, mutes=self._mutes(draft, keys, path),
            keep=draft.keep, late=draft.late, in_service=self._in_service(draft, path),
            thresholds=named, limit=self._limit(draft, path, measurement, named, when),
            trials=self._trials(draft, watched, keys, path), origin=self.document.where(path),
        )  # fmt: skip
        self._possible(rule, path, named)
        return rule if len(self.reader.faults) == before else None

    def _possible(self, rule: Rule, path: TomlPath, named: Mapping[str, Named]) -> None:
        """Find fault with conditions that no row can meet, or that every row does."""
        for name in ("when", "clear"):
            expression: Expression | None = getattr(rule, name)
            if expression is not None and rule.measurement is not None:
                try:
                    possible.check(expression.tree, rule.measurement, named)
                except ExpressionError as error:
                    told = self._pointed(expression.text, (*path, name), rule.name, error)
                    self.reader.faults.append(told)

    def _watched(self, draft: Draft, path: TomlPath) -> type[Measurement] | Event | None:
        if (draft.measurement is None) == (draft.event is None):
            self.reader.fault(path, "either a measurement or an event is wanted")
            return None
        if draft.measurement is not None:
            found = catalogue.measurement(draft.measurement)
            if found is None:
                names = [m.name for m in (*catalogue.MEASUREMENTS, *catalogue.OWN)]
                near = suggestion(draft.measurement, names)
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
        for name in ("when", "clear", "value", "thresholds", "limit"):
            if getattr(draft, name):
                self.reader.fault((*path, name), "a rule on an event has none; use where")
        return event

    def _thresholds(
        self, draft: Draft, path: TomlPath, measurement: type[Measurement] | None
    ) -> dict[str, Named]:
        """Numbers with a name, each with its unit."""
        found = {}
        for name, written in draft.thresholds.items():
            at = (*path, "thresholds", name)
            text = written if isinstance(written, str) else f"{written}"
            if not _THRESHOLD.fullmatch(name):
                self.reader.fault(at, "lower-case letters, digits and _ are wanted")
            elif measurement is not None and (measurement.field(name) or name == AGE):
                self.reader.fault(at, f"{name} is a field already; choose another name")
            elif isinstance(written, bool) or not isinstance(written, str | int | float):
                self.reader.fault(at, "a number is wanted, with its unit, as 85C or 10%")
            else:
                try:
                    found[name] = threshold(name, text)
                except ExpressionError as error:
                    self.reader.faults.append(self._pointed(text, at, draft.name, error))
        return found

    def _limit(
        self, draft: Draft, path: TomlPath, measurement: type[Measurement] | None,
        named: Mapping[str, Named], when: Expression | None,
    ) -> Limit | None:  # fmt: skip
        """What the rule's subject nears."""
        written, at = draft.limit, (*path, "limit")
        if written is None or measurement is None:
            return None
        of = self._expression(written.of, draft.name, (*at, "of"), measurement, named, number=True)
        to = self._expression(written.at, draft.name, (*at, "at"), measurement, named, number=True)
        if of is None or to is None:
            return None
        if None not in {of.dimension, to.dimension} and of.dimension != to.dimension:
            told = f"{worded(of.dimension)} cannot reach {worded(to.dimension)}"
            self.reader.fault((*at, "at"), told)
        if of.windows or of.uses_age or not of.fields or "median(" in of.text.replace(" ", ""):
            told = "a calculation with fields is wanted: no window, no median, no age"
            self.reader.fault((*at, "of"), told)
        if written.over < LIMIT_READINGS * measurement.period_seconds:
            least = duration_text(LIMIT_READINGS * measurement.period_seconds)
            told = f"too short to see a course; {least} is the least for {measurement.name}"
            self.reader.fault((*at, "over"), told)
        falling = written.falling
        if falling is None:
            leans = leaning(cast("Logical", when.plan), cast("Numeric", of.plan)) if when else None
            if leans is None and when is not None:
                told = "when does not say from where it comes; write falling = true or false"
                self.reader.fault(at, told)
            falling = leans == FALLS
        return Limit(of, to, written.over, written.name, written.loses, falling)

    def _expression(
        self, text: str | None, rule: str, path: TomlPath,
        measurement: type[Measurement] | None, named: Mapping[str, Named], *, number: bool = False,
    ) -> Expression | None:  # fmt: skip
        if text is None or measurement is None:
            return None
        try:
            read = quantity if number or path[-1] == "value" else condition
            return read(text, measurement, named)
        except ExpressionError as error:
            self.reader.faults.append(self._pointed(text, path, rule, error))
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
        if draft.mutes is not None and draft.mutes not in ("container", "site", *keys):
            near = suggestion(draft.mutes, ("container", "site", *keys))
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
            steps = tuple(
                self._step(step, watched, keys, (*at, "steps", n))
                for n, step in enumerate(written.steps)
            )
            if [s.at for s in steps] != sorted(s.at for s in steps):
                self.reader.fault(at, "its steps are not in the order of time")
            if all(step.expect is None for step in steps):
                self.reader.fault(at, "it expects nothing at any step; say what must come of it")
            trials.append(Trial(written.says, steps, self.document.where(at)))
        if trials and not any(s.expect == "firing" for trial in trials for s in trial.steps):
            told = "no test of this rule expects it to fire; add one whose step expects firing"
            self.reader.fault((*path, "test", 0), told)
        return tuple(trials)

    def _step(
        self, step: StepDraft, watched: type[Measurement] | Event, keys: Sequence[str],
        path: TomlPath,
    ) -> Step:  # fmt: skip
        given = step.given
        if given is not None:
            given = self._given(given, watched, keys, (*path, "given"))
        elif step.along:
            self.reader.fault(path, "along says how given came to be; say what is given")
        beside = tuple(
            self._given(row, watched, keys, (*path, "beside", n))
            for n, row in enumerate(step.beside)
        )
        if step.beside and isinstance(watched, Event):
            self.reader.fault(path, "an event has no rows beside it; leave this out")
        return Step(step.at, step.expect, given, beside, step.along)

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
