"""A rule against its own tests, and a rule over the past: what it would have made of given rows."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from alerts.language.evaluate import Rows
from alerts.lifecycle import Alert, Happened, State, Subject, expired, struck
from alerts.rule import Rule, Step, Trial
from alerts.watch import Indices, watch
from vigie.shape import Measurement, Value

UNNAMED = "test"
"""The container, and every key that a test does not name."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One row of one subject, and when it was taken."""

    time: float
    subject: Subject
    values: Mapping[str, Value]


class Standing(Rows):
    """The newest rows of some subjects, as a rule looks at them."""

    def __init__(
        self, measurement: type[Measurement], readings: Sequence[Reading], now: float
    ) -> None:
        super().__init__(
            measurement, [self._row(measurement, r) for r in readings],
            [now - r.time for r in readings],
        )  # fmt: skip
        self._subjects = [r.subject for r in readings]

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
    rule: Rule, readings: Iterable[Reading], until: float, every: float = 1.0
) -> Iterator[Alert]:
    """Each state that an alert of the rule would have taken while those readings came, in order.

    The rule looks whenever readings of another time come, and every `every` seconds between them.
    """
    if rule.measurement is None:
        return
    latest: dict[Subject, Alert] = {}
    newest: dict[Subject, Reading] = {}
    for now, came in _ticks(sorted(readings, key=lambda r: r.time), until, every):
        newest |= {reading.subject: reading for reading in came}
        rows = Standing(rule.measurement, list(newest.values()), now)
        looked = watch(rule, rows, latest, now, lambda _: False)
        for alert in looked.changed:
            before = latest.get(alert.subject)
            latest[alert.subject] = alert
            if before is None or before.change != alert.change or before.id != alert.id:
                yield alert
        for alert in looked.dropped:
            del latest[alert.subject]


def _ticks(
    readings: Sequence[Reading], until: float, every: float
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
        now = min(now + every, following if following > now else until, until)


def failures(rule: Rule) -> list[str]:
    """What the rule does against its own tests, a sentence each; empty when it keeps them all."""
    return [failure for trial in rule.trials for failure in _failures(rule, trial)]


def _failures(rule: Rule, trial: Trial) -> Iterator[str]:
    alert: Alert | None = None
    given: Reading | None = None
    for step in trial.steps:
        if step.given is not None:
            given = Reading(step.at, _subject(rule, step.given), step.given)
        alert = _judged(rule, alert, given, step)
        found = _word(alert)
        if found != step.expect:
            at = f"{rule.name}: {trial.says}: at {step.at:g} s"
            yield f"{at}: {step.expect} expected, got {found}"
            return


def _subject(rule: Rule, given: Mapping[str, Value]) -> Subject:
    return Subject(UNNAMED, tuple(str(given.get(name, UNNAMED)) for name in rule.keys))


def _judged(rule: Rule, alert: Alert | None, given: Reading | None, step: Step) -> Alert | None:
    if rule.measurement is None:
        if alert is not None:
            alert = expired(alert, step.at)
        if step.given is None:
            return alert
        event = Happened(_subject(rule, step.given), step.at, step.at)
        return struck(rule, alert, event, step.at)
    latest = {} if alert is None else {alert.subject: alert}
    rows = Standing(rule.measurement, [] if given is None else [given], step.at)
    looked = watch(rule, rows, latest, step.at, lambda _: False)
    if looked.dropped:
        return None
    return looked.changed[0] if looked.changed else alert


def _word(alert: Alert | None) -> str:
    if alert is None:
        return "nothing"
    if alert.blind and alert.state is not State.RESOLVED:
        return "blind"
    return str(alert.state)
