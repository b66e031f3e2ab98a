"""Indicators of a scope over a period: has facts gathered and indicators made, and says them."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from collector import times
from collector.duties import meters, power
from collector.duties.facts import Around, Asked, Gatherer
from collector.duties.power import Shelf
from collector.kpis import period as periods
from collector.kpis.facts import Facts
from collector.kpis.made import Method
from collector.kpis.meters import Place, Total
from collector.kpis.methods import METHODS
from collector.kpis.period import Period
from collector.kpis.scope import paths
from vigie.errors import QueryError, Unavailable
from vigie.indicators import FAMILIES
from vigie.network.load import Network
from vigie.network.places import inside
from vigie.replies import Kpi, Kpis

METERED: Final = frozenset(
    i.name for f in FAMILIES if f.name in {"energy", "carbon"} for i in f.indicators
)
"""The indicators with which doubts about meters are told."""
AT_ONCE: Final = 2
"""Answers that are made out of windows at a time: each reads those of a whole scope."""
PATIENCE_SECONDS: Final = 30.0
RETRY_SECONDS: Final = 5.0
KEPT: Final = 64
KEPT_FOR: Final = timedelta(minutes=1)
OPEN_KEPT_FOR: Final = timedelta(seconds=1)
"""Of a period that is not over: many who ask alike at once are answered once."""
"""Late rows and revised grids change what is closed: no answer about it is kept for longer."""


@dataclass(frozen=True, slots=True)
class Question:
    """Which indicators are asked for: of a scope, over `word` or from `start` to `end`.

    `at` names one period of the kind `word` by what lies in it, an instant or a local date.
    `within` is what the asker may see, and `finance` whether costs too; `only` are names, all where
    empty. With `explain` every term is told. `known` asks for grids as they were known then.
    """

    scope: str
    language: str = "fr"
    word: str = "now"
    start: datetime | None = None
    end: datetime | None = None
    at: datetime | date | None = None
    only: tuple[str, ...] = ()
    within: str = ""
    finance: bool = False
    explain: bool = False
    known: datetime | None = None


class Kept:
    """Answers of a short while, by what was asked; those asked for longest ago go first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answers: OrderedDict[Hashable, _Slot] = OrderedDict()

    def get(
        self, key: Hashable, now: datetime, make: Callable[[], Kpis],
        span: timedelta = KEPT_FOR,
    ) -> Kpis:  # fmt: skip
        """What was answered within `span`, else what `make` gives: to all who wait for it."""
        with self._lock:
            slot = self._answers.setdefault(key, _Slot())
            self._answers.move_to_end(key)
            while len(self._answers) > KEPT:
                self._answers.popitem(last=False)
        with slot.lock:
            if slot.answer is None or not slot.at <= now < slot.at + span:
                slot.answer = make()
                slot.at = now
            return slot.answer


class _Slot:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.answer: Kpis | None = None
        self.at = datetime.max.replace(tzinfo=UTC)


class Turns:
    """What takes much memory is made by few at a time; others wait for their turn."""

    def __init__(self, at_once: int, patience: float) -> None:
        """`patience`: seconds that somebody waits at most."""
        self._free, self._patience = threading.BoundedSemaphore(at_once), patience

    @contextmanager
    def take(self) -> Iterator[None]:
        """A turn.

        Raises:
            Unavailable: none came in time.
        """
        if not self._free.acquire(timeout=self._patience):
            raise Unavailable("other indicators are being made; ask again", RETRY_SECONDS)
        try:
            yield
        finally:
            self._free.release()


class Indicators:
    """Answers questions about indicators."""

    def __init__(
        self, store: Shelf, networks: Callable[[datetime], Network], around: Around
    ) -> None:
        """`networks` gives the network that was in force at an instant."""
        self._store, self._networks = store, networks
        self._gatherer = Gatherer(store, around)
        self._kept, self._turns = Kept(), Turns(AT_ONCE, PATIENCE_SECONDS)

    def answer(self, question: Question, now: datetime) -> Kpis:
        """The indicators of the scope over the period; of a closed one perhaps a minute old.

        Raises:
            QueryError: there is no such period, scope or indicator, or it makes no sense.
        """
        chosen = _chosen(question)
        zone, period = self._period(question, now)
        network = self._networks(period.end)
        # What is open ends now, and now moves: the question alone says what is asked.
        closed = None if period.open else (period.start, period.end)
        live = all(method.live for method in chosen)

        def make() -> Kpis:
            with nullcontext() if live else self._turns.take():
                return self._made(question, chosen, network, (zone, period), now)

        key = (question, closed, network.version)
        return self._kept.get(key, now, make, OPEN_KEPT_FOR if period.open else KEPT_FOR)

    def _made(
        self, question: Question, chosen: Sequence[Method], network: Network,
        of: tuple[ZoneInfo, Period], now: datetime,
    ) -> Kpis:  # fmt: skip
        zone, period = of
        seen = paths(network, question.scope, question.within)
        whole = not question.within
        asked = Asked(question.scope, seen, network, power.hosts(self._store, seen), whole)
        drawn, moment = self._drawn(asked, now)
        before = periods.before(period, zone)
        live = all(method.live for method in chosen)
        spans = [period, before] if before and not live else [period]
        if live:
            spans = [replace(period, start=now, end=now)]
        facts = self._gatherer.gather(asked, spans, question.known or now, drawn)
        said = _Said(question, {"legal_time": zone.key, **self._changes(network, period)})
        kpis = [
            said.kpi(method, moment if method.live else period, facts[0], facts[1:])
            for method in chosen
        ]
        return Kpis(times.written(now), network.version, kpis)

    def facts(self, scope: str, period: Period, now: datetime) -> Facts:
        """What the indicators of a scope and period are made of, for who makes more of it.

        Raises:
            QueryError: there is no such scope.
        """
        network = self._networks(period.end)
        seen = paths(network, scope, "")
        asked = Asked(scope, seen, network, power.hosts(self._store, seen))
        drawn, _ = self._drawn(asked, now)
        [facts] = self._gatherer.gather(asked, [period], now, drawn)
        return facts

    def _period(self, question: Question, now: datetime) -> tuple[ZoneInfo, Period]:
        """The period that is asked for, in the legal time of the sites of the scope."""
        network = self._networks(now)
        seen = paths(network, question.scope, question.within)
        zone = periods.legal_time([s.timezone for s in network.sites if _meets(s.id, seen)])
        if question.start is None and question.end is not None:
            raise QueryError("to without from: give both, or a period")
        if question.start is not None:
            return zone, periods.between(question.start, question.end or now, now)
        if question.at is not None:
            return zone, periods.containing(question.word, question.at, now, zone)
        return zone, periods.named(question.word, now, zone)

    def _drawn(self, asked: Asked, now: datetime) -> tuple[Total, Period]:
        places = [
            Place(container.path, simulated, frozenset(asked.hosts.get(container.path, ())))
            for container, _, simulated in self._gatherer.counted(asked)
        ]
        tree = meters.tree(asked.network)
        return power.drawn(self._store, asked.paths, places, now, tree)

    def _changes(self, network: Network, period: Period) -> Mapping[str, str]:
        """The version that the period began with, where it is not the one it ended with."""
        begun = self._networks(period.start).version
        return {} if begun == network.version else {"network_before": begun[:12]}


@dataclass(frozen=True, slots=True)
class _Said:
    """Puts values into words: what they are of, how they were made, or why there is none."""

    question: Question
    inputs: Mapping[str, str]

    def kpi(self, method: Method, period: Period, facts: Facts, before: Sequence[Facts]) -> Kpi:
        """The answer on one indicator; `before` has the facts of the period before, or nothing."""
        indicator, made = method.indicator, method.make(facts)
        language = self.question.language
        previous = [method.make(other).value for other in before if not method.live]
        sentence = (made.sentence or {}).get(language)
        return Kpi(
            indicator=indicator.name,
            scope=self.question.scope,
            period=period.word,
            from_time=times.written(period.start),
            to_time=times.written(period.end),
            value=made.value,
            unit=indicator.unit.symbol,
            method=indicator.method,
            boundary=made.boundary or indicator.boundary,
            coverage=made.coverage,
            quality=made.quality.value if made.quality and made.value is not None else None,
            reason=made.reason.text(language, made.about) if made.reason else None,
            simulated_share=made.simulated_share,
            vintage="open" if period.open else "closed",
            inputs={**made.inputs, **self.inputs, **self._doubts(indicator.name, facts)},
            category=made.category,
            previous=previous[0] if previous else None,
            parts=dict(made.parts),
            terms=list(made.terms) if self.question.explain else [],
            sentence=sentence,
        )

    def _doubts(self, indicator: str, facts: Facts) -> Mapping[str, str]:
        at = 0 if self.question.language == "fr" else 1
        doubts = [words[at] for words in facts.doubts]
        return {"doubts": "; ".join(doubts)} if doubts and indicator in METERED else {}


def _chosen(question: Question) -> Sequence[Method]:
    """The methods of what is asked for; costs only for whom they are meant.

    Raises:
        QueryError: there is none of a name that is asked for.
    """
    allowed = [m for m in METHODS if question.finance or not m.indicator.finance]
    names = [m.indicator.name for m in allowed]
    if strange := [name for name in question.only if name not in names]:
        raise QueryError(f"no indicator {strange[0]!r:.60}; there are {', '.join(names)}")
    return [m for m in allowed if not question.only or m.indicator.name in question.only]


def _meets(site: str, seen: Sequence[str]) -> bool:
    return any(inside(site, path) or inside(path, site) for path in seen)
