"""Many subjects of one container that are wrong together: one alert for them, with a count. Pure.

Where so many rows of a container are wrong that nobody could read an alert for each, those that
have none yet share one: its subject has `*` for every key. A shift is told that half a hall is hot,
not five thousand times that a board is; which ones these are is known all the while. Every row
keeps its own clock, so that many short faults are no long one. No object is made of a row that
shares an alert: half a million cost what some arrays cost.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, Protocol, cast

import numpy as np
import numpy.typing as npt

from alerts.language.evaluate import FALSE, TRUE, UNKNOWN, Logical, Numeric, Texts, Truths
from alerts.language.leaning import FALLS, RISES, leaning
from alerts.language.past import Numbers
from alerts.lifecycle import MUTE, Alert, Sight, State, Subject
from alerts.rule import Rule
from vigie.catalogue import OWN

Indices = npt.NDArray[np.int64]

ALL: Final = "*"
MANY: Final = 50
"""Wrong rows of one rule in one container from which on those without an alert share one."""
FEW: Final = MANY // 2
"""Below so many, those that wait together for `for` to be over wait alone again."""
DOUBT_SECONDS: Final = 900.0
"""So long after a start, who is mute may yet be one of those that share an alert from before."""
NOBODY: Final = np.zeros(0, np.int64)


class Answered(Protocol):
    """What a rule's expressions say of every row."""

    @property
    def when(self) -> Truths:
        """Whether it is wrong."""
        ...

    @property
    def clear(self) -> Truths:
        """Whether it is over."""
        ...

    @property
    def value(self) -> Numbers | None:
        """The rule's value."""
        ...


@dataclass(frozen=True, slots=True)
class Lump:
    """What one look says of the many of one container.

    `before` is their alert as it is to be looked at, `since` when the first of them went wrong.
    `row` is the worst of them, -1 where nothing is known of any; `count` how many are wrong.
    """

    subject: Subject
    before: Alert | None
    sight: Sight
    since: float
    row: int = -1
    count: int = 0


@dataclass(frozen=True, slots=True)
class Parted:
    """Who shares an alert, and which wrong rows are looked at one by one, and since when.

    `absorbed` were pending by themselves, and share an alert from now on.
    """

    lumps: tuple[Lump, ...]
    alone: Indices
    since: Numbers
    absorbed: tuple[Alert, ...] = ()


def shared(subject: Subject) -> bool:
    """Whether a subject stands for many of its container."""
    return bool(subject.keys) and all(key == ALL for key in subject.keys)


def everybody(container: str, rule: Rule) -> Subject:
    """The subject of the alert that many of a container share."""
    return Subject(container, (ALL,) * len(rule.keys))


class Mass:
    """What is remembered of one rule's rows from look to look, while some share an alert."""

    def __init__(self) -> None:
        self._since: Numbers = np.zeros(0, np.float64)
        self._member: npt.NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._doubted: npt.NDArray[np.bool_] = np.zeros(0, np.bool_)
        self._at: float | None = None
        self._began = 0.0

    def look(
        self, rule: Rule, texts: Texts, found: Answered, own: Sequence[tuple[Alert, int]],
        *, standing: Mapping[str, Alert], now: float,
    ) -> Parted:  # fmt: skip
        """Part the wrong rows.

        `texts` are the containers of the rows, `own` the alerts of single rows that stand, and
        `standing` the shared ones by container, with the last one that is over.
        """
        wrong = np.flatnonzero(found.when == TRUE)
        lasting = {c: a for c, a in standing.items() if a.state is not State.RESOLVED}
        crowded, counts = _crowded(rule, texts, wrong, lasting)
        if not crowded.any():
            self._at = None
            mute = tuple(_mute(a) for a in lasting.values())
            return Parted(mute, wrong, np.full(len(wrong), np.nan))
        self._begin(len(texts.codes))
        among = crowded[texts.codes]
        absorbed = self._absorbed(own, among)
        self._clock(found, among, texts, lasting, now)
        self._at = now
        around = _Around(rule, texts, found, counts, now)
        lumps, alone = [], [wrong[~among[wrong]]]
        for code, rows in self._groups(texts, crowded, among, found):
            lump, rest = self._lump(around, code, rows, standing.get(texts.words[code]))
            lumps += [] if lump is None else [lump]
            alone.append(rest)
        lumps += [_mute(a) for c, a in lasting.items() if c not in texts.words]
        rows = np.concatenate(alone)
        since = self._since[rows]
        self._since[np.concatenate([NOBODY, *alone[1:]])] = np.nan
        return Parted(tuple(lumps), rows, since, tuple(absorbed))

    def members(self, texts: Texts, container: str) -> tuple[Indices, Numbers]:
        """The rows of a container that share its alert as of the last look, and since when."""
        if self._at is None or container not in texts.words:
            return NOBODY, np.zeros(0, np.float64)
        codes = texts.codes[: len(self._since)]
        there = (codes == texts.words.index(container)) & ~np.isnan(self._since[: len(codes)])
        rows = np.flatnonzero(there)
        return rows, self._since[rows]

    def _begin(self, rows: int) -> None:
        """Make room; what was remembered holds only while looks follow each other."""
        known = len(self._since) if self._at is not None and len(self._since) <= rows else 0
        since, member = np.full(rows, np.nan), np.zeros(rows, np.bool_)
        doubted = np.zeros(rows, np.bool_)
        since[:known], member[:known] = self._since[:known], self._member[:known]
        doubted[:known] = self._doubted[:known]
        self._since, self._member, self._doubted = since, member, doubted

    def _absorbed(
        self, own: Sequence[tuple[Alert, int]], among: npt.NDArray[np.bool_]
    ) -> list[Alert]:
        """Alerts that nobody has heard of yet go into the shared one; others stay as they are."""
        absorbed = []
        for alert, row in own:
            if among[row] and alert.state is State.PENDING and not alert.blind:
                self._since[row] = alert.since
                absorbed.append(alert)
            else:
                among[row] = False
        return absorbed

    def _clock(
        self, found: Answered, among: npt.NDArray[np.bool_], texts: Texts,
        lasting: Mapping[str, Alert], now: float,
    ) -> None:  # fmt: skip
        """Since when each row is wrong: time in which nothing was known of it does not count."""
        since, unseen = self._since, now - (self._at if self._at is not None else now)
        began = among & (found.when == TRUE) & np.isnan(since)
        mute = among & (found.when == UNKNOWN)
        if self._at is None:
            self._began = now
            self._resume(found, among, texts, lasting, now)
        over = ~among | ((found.when == FALSE) & ~(self._member & (found.clear != TRUE)))
        if now - self._began > DOUBT_SECONDS:
            over |= self._doubted & mute
        since[began & np.isnan(since)] = now
        since[mute] += unseen
        since[over] = np.nan
        self._member[over] = False

    def _resume(
        self, found: Answered, among: npt.NDArray[np.bool_], texts: Texts,
        lasting: Mapping[str, Alert], now: float,
    ) -> None:  # fmt: skip
        """Of what stood before we started, only the alert tells: who is mute may be of it."""
        for code, word in enumerate(texts.words):
            if (alert := lasting.get(word)) is None:
                continue
            there = among & (texts.codes == code)
            self._doubted |= there & (found.when == UNKNOWN)
            wait = now - alert.sure if alert.blind else 0.0
            self._since[there & (found.when != FALSE)] = alert.since + wait
            if alert.open:
                self._member |= there & (found.clear != TRUE)

    def _groups(
        self, texts: Texts, crowded: npt.NDArray[np.bool_], among: npt.NDArray[np.bool_],
        found: Answered,
    ) -> Iterator[tuple[int, Indices]]:  # fmt: skip
        """The rows of each container that matter to its shared alert."""
        rows = np.flatnonzero(among & (~np.isnan(self._since) | self._member))
        codes = texts.codes[rows]
        order = np.argsort(codes, kind="stable")
        rows, codes = rows[order], codes[order]
        for code in np.flatnonzero(crowded).tolist():
            first, last = np.searchsorted(codes, [code, code + 1])
            yield code, rows[first:last]

    def _lump(
        self, around: "_Around", code: int, rows: Indices, alert: Alert | None
    ) -> tuple[Lump | None, Indices]:
        """The shared alert of one container, and the rows that go on alone."""
        found, now, hold = around.found, around.now, around.rule.hold
        subject = everybody(around.texts.words[code], around.rule)
        count, wrong = int(around.counts[code]), rows[found.when[rows] == TRUE]
        lasted = wrong[now - self._since[wrong] >= hold]
        if alert is not None and alert.open:
            self._member[lasted] = True
            members = rows[self._member[rows]]
            sight = around.sight(code, members, lasted)
            return Lump(subject, alert, sight, now, around.worst(members), count), NOBODY
        pending = alert is not None and alert.state is State.PENDING
        if len(lasted) and len(lasted) + count - len(wrong) >= MANY:
            self._member[lasted] = True
            return around.lump(subject, alert, lasted, self._since), NOBODY
        if count < FEW:  # few enough for an alert each, each with the time that it has waited
            gone = Lump(subject, alert, Sight(FALSE, TRUE), now) if pending else None
            waits = pending and not len(wrong) and (len(rows) > 0 or not around.heard(code))
            mute = Lump(subject, alert, MUTE, now) if waits else gone
            return mute, wrong
        rest = wrong[~np.isin(wrong, lasted)] if len(lasted) else wrong
        if len(rest):
            return around.lump(subject, alert, rest, self._since), lasted
        return Lump(subject, alert, Sight(FALSE, TRUE), now) if pending else None, lasted


@dataclass(frozen=True, slots=True)
class _Around:
    """One look, as all containers share it."""

    rule: Rule
    texts: Texts
    found: Answered
    counts: Indices
    now: float

    def lump(self, subject: Subject, alert: Alert | None, rows: Indices, since: Numbers) -> Lump:
        """Rows that wait together, or have waited long enough."""
        first, worst = float(since[rows].min()), self.worst(rows)
        if alert is not None and alert.state is State.PENDING:
            alert = replace(alert, since=first, blind=False)
        sight = Sight(TRUE, FALSE, self._value(worst))
        count = int(self.counts[self.texts.codes[worst]])
        return Lump(subject, alert, sight, first, worst, count)

    def sight(self, code: int, members: Indices, lasted: Indices) -> Sight:
        """What the members of an open alert say together."""
        if len(lasted):
            return Sight(TRUE, FALSE, self._value(self.worst(members)))
        if len(members):
            known = (self.found.clear[members] != UNKNOWN).any()
            return Sight(FALSE, FALSE, self._value(self.worst(members))) if known else MUTE
        return Sight(FALSE, TRUE) if self.heard(code) else MUTE

    def heard(self, code: int) -> bool:
        """Whether anything is known of a container."""
        return bool(((self.texts.codes == code) & (self.found.when != UNKNOWN)).any())

    def worst(self, rows: Indices) -> int:
        """The row whose value is the farthest gone, or the one in the middle."""
        if not len(rows):
            return -1
        values = None if self.found.value is None else self.found.value[rows]
        if values is None or np.isnan(values).all():
            return int(rows[0])
        when, value = self.rule.when, self.rule.value
        leans = None
        if when is not None and value is not None:
            leans = leaning(cast("Logical", when.plan), cast("Numeric", value.plan))
        if leans == RISES:
            return int(rows[np.nanargmax(values)])
        if leans == FALLS:
            return int(rows[np.nanargmin(values)])
        known = rows[~np.isnan(values)]
        return int(known[np.argsort(values[~np.isnan(values)])[len(known) // 2]])

    def _value(self, row: int) -> float | None:
        if self.found.value is None or row < 0 or np.isnan(self.found.value[row]):
            return None
        return float(self.found.value[row])


def _crowded(
    rule: Rule, texts: Texts, wrong: Indices, lasting: Mapping[str, Alert]
) -> tuple[npt.NDArray[np.bool_], Indices]:
    """Which containers have a shared alert, or need one; how many rows of each are wrong."""
    none = np.zeros(len(texts.words), np.bool_)
    if not rule.keys or rule.measurement in OWN or (len(wrong) < MANY and not lasting):
        return none, none.astype(np.int64)
    counts = np.bincount(texts.codes[wrong], minlength=len(texts.words))
    held = np.array([word in lasting for word in texts.words], np.bool_)
    return (counts >= MANY) | held, counts


def _mute(alert: Alert) -> Lump:
    """A shared alert of a container that has no rows any more."""
    return Lump(alert.subject, alert, MUTE, alert.since)
