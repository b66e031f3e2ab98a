"""A rule against its own tests, and a rule over the past: what it would have made of given rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeGuard

import numpy as np

from alerts.language.evaluate import Rows
from alerts.language.rings import Memory
from alerts.lifecycle import Alert, Happened, State, Subject, expired, struck
from alerts.mass import Mass
from alerts.rule import Rule, Step, Trial
from alerts.watch import Indices, watch
from vigie.shape import Measurement, Value

UNNAMED = "test"
"""The container, and every key that a test does not name."""
LOOKS: Final = 500
"""How many readings lie at most between two steps of a test."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One row of one subject, and when it was taken."""

    time: float
    subject: Subject
    values: Mapping[str, Value]


class Standing(Rows):
    """The newest rows of some subjects, as a rule looks at them, and what they were before."""

    def __init__(
        self, measurement: type[Measurement], readings: Sequence[Reading], now: float,
        memory: Memory | None = None,
    ) -> None:  # fmt: skip
        """Rows that were looked at before, with this memory, keep their places."""
        memory = memory or Memory()
        super().__init__(
            measurement, [self._row(measurement, r) for r in readings],
            [now - r.time for r in readings], memory, now,
        )  # fmt: skip
        self._subjects = [r.subject for r in readings]
        memory.look(np.array([r.time for r in readings], np.float64), self.numbers, now)

    @staticmethod
    def _row(measurement: type[Measurement], reading: Reading) -> Mapping[str, Value]:
        names = [key.name for key in measurement.keys]
        keys = dict(zip(names, reading.subject.keys, strict=True))
        return {**reading.values, **keys, "container": reading.subject.container}

    def subjects(self, rows: Indices) -> list[Subject]:
        """What these rows are about."""
        return [self._subjects[row] for row in rows.tolist()]

    def find(self, subjects: Sequence[Subject]) -> dict[Subject, int]:
        """The rows of those subjects that have one."""
        places = {subject: row for row, subject in enumerate(self._subjects)}
        return {s: places[s] for s in subjects if s in places}


def replay(
    rule: Rule, readings: Iterable[Reading], until: float, every: float = 1.0, least: float = 0.0
) -> Iterator[Alert]:
    """Each state that an alert of the rule would have taken while those readings came, in order.

    The rule looks whenever readings of another time come, but not again within `least` seconds,
    and every `every` seconds between them.
    """
    if rule.measurement is None:
        return
    latest: dict[Subject, Alert] = {}
    newest: dict[Subject, Reading] = {}
    memory, mass = Memory(), Mass()
    memory.keep(rule.windows)
    for now, came in _ticks(sorted(readings, key=lambda r: r.time), until, every, least):
        newest |= {reading.subject: reading for reading in came}
        rows = Standing(rule.measurement, list(newest.values()), now, memory)
        looked = watch(rule, rows, latest, now, lambda _: False, mass=mass)
        for alert in looked.changed:
            before = latest.get(alert.subject)
            latest[alert.subject] = alert
            if before is None or before.change != alert.change or before.id != alert.id:
                yield alert
        for alert in looked.dropped:
            del latest[alert.subject]


def replay_events(rule: Rule, events: Iterable[Happened], until: float) -> Iterator[Alert]:
    """Each state that an alert of the rule would have taken as those events were learned."""
    latest: dict[Subject, Alert] = {}

    def over(now: float) -> Iterator[Alert]:
        for subject, alert in latest.items():
            if alert.open and alert.until is not None and alert.until <= now:
                latest[subject] = expired(alert, alert.until)
                yield latest[subject]

    for event in sorted(events, key=lambda e: e.learned):
        yield from over(event.learned)
        before = latest.get(event.subject)
        after = latest[event.subject] = struck(rule, before, event, event.learned)
        if before is None or after.id != before.id:
            yield after
    yield from over(until)


def _ticks(
    readings: Sequence[Reading], until: float, every: float, least: float
) -> Iterator[tuple[float, list[Reading]]]:
    if not readings:
        return
    now, at = readings[0].time, 0
    while now <= until:
        came = []
        while at < len(readings) and readings[at].time <= now:
            came.append(readings[at])
            at += 1
        yield now, came
        following = readings[at].time if at < len(readings) else until
        if now == until:
            return
        now = min(now + every, max(following, now + least) if following > now else until, until)


@dataclass(frozen=True, slots=True)
class Failure:
    """What a rule does against one of its tests, and where that stands."""

    told: str
    origin: str

    def __str__(self) -> str:
        """The sentence."""
        return self.told


def failures(rule: Rule) -> list[Failure]:
    """What the rule does against its own tests; empty when it keeps them all."""
    return [failure for trial in rule.trials for failure in _failures(rule, trial)]


def _failures(rule: Rule, trial: Trial) -> Iterator[Failure]:
    played = _Played(rule)
    for step in trial.steps:
        found = played.step(step)
        if step.expect is not None and found != step.expect:
            at = f"{rule.name}: {trial.says}: at {step.at:g} s"
            yield Failure(f"{at}: {step.expect} expected, got {found}", trial.origin)
            return


class _Played:
    """A rule under trial: the rows that stand, and what it made of the one that is asked of."""

    def __init__(self, rule: Rule) -> None:
        self.rule, self.memory = rule, Memory()
        self.memory.keep(rule.windows)
        self.alerts: dict[Subject, Alert] = {}
        self.rows: dict[Subject, Reading] = {}
        self.at: float | None = None
        self.subject = _subject(rule, {})

    def step(self, step: Step) -> str:
        """What stands after a step, in a word."""
        if self.rule.measurement is None:
            self._event(step)
        else:
            came = [_reading(self.rule, step.at, row) for row in (step.given, *step.beside) if row]
            if step.given is not None:
                self.subject = came[0].subject if came else self.subject
            for now, readings in self._along(step, came):
                self.rows |= {reading.subject: reading for reading in readings}
                self._look(self.rule.measurement, now)
        self.at = step.at
        return _word(self.alerts.get(self.subject))

    def _look(self, measurement: type[Measurement], now: float) -> None:
        rows = Standing(measurement, list(self.rows.values()), now, self.memory)
        looked = watch(self.rule, rows, self.alerts, now, lambda _: False)
        self.alerts |= {alert.subject: alert for alert in looked.changed}
        for alert in looked.dropped:
            del self.alerts[alert.subject]

    def _along(
        self, step: Step, came: Sequence[Reading]
    ) -> Iterator[tuple[float, Sequence[Reading]]]:
        """The readings of a step, with those on the way to it where it asks for them."""
        began, measurement = self.at, self.rule.measurement
        if step.along and began is not None and measurement is not None and step.at > began:
            span = step.at - began
            count = min(max(round(span / measurement.period_seconds), 1), LOOKS)
            before = dict(self.rows)
            for n in range(1, count):
                now = began + span * n / count
                yield now, [_between(before.get(r.subject, r), r, n / count, now) for r in came]
        yield step.at, came

    def _event(self, step: Step) -> None:
        if step.given is not None:
            self.subject = _subject(self.rule, step.given)
        alert = self.alerts.get(self.subject)
        if alert is not None:
            self.alerts[self.subject] = alert = expired(alert, step.at)
        if step.given is not None:
            event = Happened(self.subject, step.at, step.at)
            self.alerts[self.subject] = struck(self.rule, alert, event, step.at)


def _reading(rule: Rule, at: float, given: Mapping[str, Value]) -> Reading:
    return Reading(at, _subject(rule, given), given)


def _between(before: Reading, after: Reading, share: float, now: float) -> Reading:
    """A reading on the way from one to another: numbers lie between, all else is as it was."""
    values: dict[str, Value] = {}
    for name, value in after.values.items():
        first = before.values.get(name)
        if _number(first) and _number(value):
            values[name] = float(first) + (float(value) - float(first)) * share
        else:
            values[name] = first if name in before.values else value
    return Reading(now, after.subject, values)


def _number(value: Value) -> TypeGuard[int | float]:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _subject(rule: Rule, given: Mapping[str, Value]) -> Subject:
    return Subject(UNNAMED, tuple(str(given.get(name, UNNAMED)) for name in rule.keys))


def _word(alert: Alert | None) -> str:
    if alert is None:
        return "nothing"
    if alert.blind and alert.state is not State.RESOLVED:
        return "blind"
    return str(alert.state)
