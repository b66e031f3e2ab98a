"""The duty that looks: every rule at the newest rows, and at the events that came."""

import json
import logging
import threading
import time
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final, Protocol

import pyarrow as pa

from alerts import reach as hearing
from alerts import text
from alerts.lifecycle import Alert, Happened, State, Subject, expired, resolved, struck
from alerts.mass import Mass, shared
from alerts.outlook import Stakes
from alerts.register import Position, Register
from alerts.rule import Rule
from alerts.rulebook import Rulebook
from alerts.watch import Looked, watch
from collector.counters import Counters
from collector.duties import reach
from collector.duties.recall import Recall
from collector.duties.rows import ArrowRows, Seen
from collector.store import schema
from collector.store.schema import CONTAINER_COLUMN
from vigie.catalogue import Link, Reach, Source
from vigie.network.places import inside
from vigie.shape import Measurement
from vigie.units import MICROSECONDS_PER_SECOND

log = logging.getLogger(__name__)

MARK_SECONDS: Final = 30.0
"""How often the position is written when nothing else is: an event seen twice changes nothing."""
REREAD_SECONDS: Final = 2.0
"""How often rule files are looked at."""
LEAST_SECONDS: Final = 0.2
"""The shortest time between two evaluations, however fast readings come."""
REST: Final = 4.0
"""So many times as long as a look took the next one waits, up to `MOST_SECONDS`: rules over a
campus leave most of a core to what comes in."""
MOST_SECONDS: Final = 1.0
"""The longest, when nothing comes: ages grow all the same."""
ASLEEP_SECONDS: Final = 30.0
"""Between two looks: after more, we were suspended or the clock was set, and nobody was heard."""
MOST_BEGUN: Final = 5_000
"""Alerts of single rows that begin in one look, the gravest first; others begin in the next."""
KEPT_SECONDS: Final = 400 * 86_400.0
"""How long alerts that are over are kept."""

FAILED: Final = "rule failed; its alerts stay as they are"

Publish = Callable[[str, dict[str, Any]], None]
Note = Callable[[type[Measurement], pa.Table, float], None]
Ask = Callable[[Subject, Rule], Stakes | None]


class LiveRows(Protocol):
    """The part of the store's `Live` that is read here."""

    @property
    def commit(self) -> int:
        """Position of the last record that the rows hold."""

    def table(self, measurement: str) -> pa.Table:
        """The newest row of every series."""

    def wait(self, after: int, timeout: float) -> int:
        """Block until something came after that commit, or so many seconds."""


class Watched(Protocol):
    """What this duty needs of the store."""

    @property
    def live(self) -> LiveRows:
        """The newest rows."""

    def events_since(self, position: int) -> pa.Table:
        """Events of records after that position, oldest first, with a column `position`."""


class Evaluate:
    """Looks at everything, again and again; what it finds goes to the register."""

    def __init__(
        self,
        store: Watched,
        rulebook: Rulebook,
        register: Register,
        counters: Counters,
        *,
        simulated: Callable[[], Collection[str]] = frozenset,
        in_service: Callable[[str], bool] | None = None,
        hears: Callable[[], bool] | None = None,
        publish: Publish | None = None,
        wake: Callable[[], None] | None = None,
        stakes: Ask | None = None,
        recall: Recall | None = None,
        note: Note | None = None,
    ) -> None:
        """Nothing runs yet.

        `simulated` names the scopes of simulated senders, `in_service` says whether a container
        is expected to report (without it all are), `hears` whether readings can come in now
        (without it they always can), `publish` tells who follows the stream, `wake` is called
        when there may be something to send, `stakes` says what a limit takes with it, `recall`
        reads what was before we looked, `note` keeps who could be heard.
        """
        self._store, self._rulebook, self._register = store, rulebook, register
        self._counters, self._simulated = counters, simulated
        self._publish, self._wake, self._stakes = publish, wake, stakes
        self._in_service, self._hears, self._recall = in_service, hears, recall
        self._note = note
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None
        self._seen: dict[str, Seen] = {}
        self._masses: dict[str, Mass] = {}
        self._tables: Mapping[str, ArrowRows] = {}
        self._wide: dict[str, bool] = {}
        self._events = register.position.events
        self.looked = 0.0
        """When a look ended last without a fault, Unix time; 0 where none has."""
        self._listening, self._looked = 0.0, float("-inf")
        self._marked, self._reread, self._purged = 0.0, 0.0, 0.0

    def start(self) -> None:
        """Begin to look whenever readings come, and at least every second."""
        self._thread = threading.Thread(target=self._follow, name="evaluate", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Look no more; a look that is under way is waited for."""
        self._stop.set()
        if self._thread is not None:
            self._thread.join()

    def _follow(self) -> None:
        while not self._stop.is_set():
            commit, began = self._store.live.commit, time.monotonic()
            try:
                self.run(datetime.now(UTC))
            except Exception:  # a full disk must not end the watch: it goes on as soon as it can
                log.exception("evaluation failed; the next one takes it up")
                self._counters.add("alert_evaluation_failures_total")
            took = time.monotonic() - began
            self._counters.set("alert_evaluation_seconds", took)
            pause = rest(took)
            self._stop.wait(pause)
            self._store.live.wait(commit, MOST_SECONDS - pause)

    def run(self, now: datetime) -> list[Alert]:
        """Look once; the alerts that changed.

        Raises:
            StoreError: what was found could not be written; the next look finds it again.
        """
        at, put = now.timestamp(), self._register.put
        self._listen(at)
        self._refresh(at)
        commit = self._store.live.commit
        with self._register.turn():
            looked = self._rows(at)
            struck_ones, events = self._happenings(at, commit)
            due = at - self._marked >= MARK_SECONDS
            position = None
            if looked.changed or looked.dropped or struck_ones or due:
                position = Position(commit, events, at)
            changed = self._register.apply(
                [*looked.changed, *struck_ones], looked.dropped, position, at
            )
        self._events = events
        if position is not None:
            self._marked = at
        self.announce(changed)
        if self._register.put != put and self._wake is not None:
            self._wake()  # what waited for its group, or for a silence to end
        self._count()
        self.looked = at
        return changed

    def announce(self, changed: list[Alert]) -> None:
        """Tell who follows the stream, and who delivers."""
        if changed and self._wake is not None:
            self._wake()
        if self._publish is not None:
            for alert in changed:
                self._publish("alert", announcement(alert))

    def members(self, alert: Alert) -> list[tuple[Subject, float]]:
        """Which subjects share an alert as of the last look, and since when each is wrong."""
        with self._register.turn():
            rule, mass = self._rulebook.rules.get(alert.rule), self._masses.get(alert.rule)
            if rule is None or rule.measurement is None or mass is None:
                return []
            rows = self._tables.get(rule.measurement.name)
            if rows is None or not shared(alert.subject):
                return []
            found, since = mass.members(rows.texts(CONTAINER_COLUMN), alert.subject.container)
            return list(zip(rows.subjects(found), since.tolist(), strict=True))

    def _listen(self, now: float) -> None:
        """Note since when readings can come: before, their absence says nothing of who sends."""
        slept = now - self._looked > ASLEEP_SECONDS or now < self._listening
        if slept or (self._hears is not None and not self._hears()):
            self._listening = now
        self._looked = now

    def _refresh(self, now: float) -> None:
        if now - self._reread >= REREAD_SECONDS:
            self._reread = now
            self._rulebook.refresh()
            self._counters.set("rule_files_broken", len(self._rulebook.faults))
            self._register.forget(now)
        if now - self._purged >= 86_400:
            self._purged = now
            self._register.purge(now - KEPT_SECONDS)

    def _rows(self, now: float) -> Looked:
        """What all rules on rows say; one that breaks stops no other."""
        changed: list[Alert] = []
        dropped: list[Alert] = []
        played = _within(self._simulated())

        def simulated(path: str) -> bool:
            return self._wide[path] if path in self._wide else played(path)

        self._tables = tables = dict[str, ArrowRows]()
        room = MOST_BEGUN
        for rule in sorted(self._rulebook.rules.values(), key=lambda r: r.priority):
            if rule.measurement is None:
                continue
            try:
                wide = rule.measurement is Reach
                needed = [Source, Link, Reach] if wide else [rule.measurement]
                for one in (m for m in needed if m.name not in tables):
                    tables[one.name] = (
                        self._reach(tables, played, now) if one is Reach
                        else self._table(one, now)
                    )  # fmt: skip
                rows = tables[rule.measurement.name]
                known = self._register.of(rule.name)
                mass = self._masses.setdefault(rule.name, Mass())
                found = watch(rule, rows, known, now, simulated, mass=mass,
                              in_service=self._in_service, room=room)  # fmt: skip
            except Exception:  # one rule: its alerts stay as they are
                log.exception(FAILED, extra={"rule": rule.name})
                self._counters.add("alert_rule_failures_total", rule=rule.name)
                continue
            room = max(0, room - found.begun)
            changed += [self._staked(rule, alert) for alert in found.changed]
            dropped += found.dropped
        return Looked((*changed, *self._withdrawn(now)), tuple(dropped))

    def _table(self, measurement: type[Measurement], now: float) -> ArrowRows:
        table = self._store.live.table(measurement.name)
        if not table.num_columns:
            table = schema.empty(measurement)
        seen = self._seen.setdefault(measurement.name, Seen())
        seen.listening = self._listening
        rows = ArrowRows(measurement, table, seen, now)
        fresh = rows.remember(self._rulebook.windows(measurement))
        if fresh and self._recall is not None:
            self._recall.fill(measurement, rows, fresh)
        return rows

    def _reach(
        self, tables: Mapping[str, ArrowRows], played: Callable[[str], bool], now: float
    ) -> ArrowRows:
        """Who can be heard. A site or the network is simulated when all of it is."""
        expected = self._in_service or (lambda _: True)
        found = hearing.places(tables[Source.name], tables[Link.name], expected, played)
        self._wide = {p.path: p.simulated for p in found if p.level != "container"}
        taking = self._hears is None or self._hears()
        seen = self._seen.setdefault(Reach.name, Seen())
        rows = reach.table(found, now, taking=taking)
        if self._note is not None:
            self._note(Reach, rows, now)
        return ArrowRows(Reach, rows, seen, now)

    def _staked(self, rule: Rule, alert: Alert) -> Alert:
        """An alert that fires, with what its limit takes with it."""
        known = alert.stakes is not None or alert.state is not State.FIRING
        if known or self._stakes is None or rule.limit is None:
            return alert
        try:
            return replace(alert, stakes=self._stakes(alert.subject, rule))
        except Exception:  # who is told less is told all the same
            log.exception("what is at stake cannot be counted", extra={"rule": rule.name})
            self._counters.add("alert_stakes_failures_total")
            return alert

    def _withdrawn(self, now: float) -> list[Alert]:
        """Alerts of rules that are no longer there: nothing would ever close them."""
        return [
            resolved(alert, now, text.WITHDRAWN.en)
            for name in self._register.rules_known()
            if name not in self._rulebook.rules
            for alert in self._register.of(name).values()
            if alert.state is not State.RESOLVED
        ]

    def _happenings(self, now: float, commit: int) -> tuple[list[Alert], int]:
        """What all rules on events say of those that came, and the position of the last."""
        # A store restored from a backup counts from an earlier position than we knew.
        since = min(self._events, commit)
        came = self._store.events_since(since).to_pylist()
        last = max([since, *(int(row["position"]) for row in came)])
        simulated = _within(self._simulated())
        touched: dict[tuple[str, Subject], Alert] = {}
        for rule in self._rulebook.rules.values():
            if rule.event is None:
                continue
            try:
                latest = self._register.of(rule.name)
                for alert in latest.values():
                    if (after := expired(alert, now)) is not alert:
                        touched[rule.name, alert.subject] = after
                for row in came:
                    event = happened(rule, row)
                    if event is None:
                        continue
                    key = (rule.name, event.subject)
                    before = touched.get(key) or latest.get(event.subject)
                    after = struck(rule, before, event, now)
                    touched[key] = replace(after, simulated=simulated(event.subject.container))
            except Exception:  # as above
                log.exception(FAILED, extra={"rule": rule.name})
                self._counters.add("alert_rule_failures_total", rule=rule.name)
        return list(touched.values()), last

    def _count(self) -> None:
        states = [alert.state for alert in self._register.now()]
        for state in (State.PENDING, State.FIRING, State.ACKNOWLEDGED):
            self._counters.set("alerts", states.count(state), state=str(state))


def _within(scopes: Collection[str]) -> Callable[[str], bool]:
    """Whether a container has to do with one of these scopes."""
    return lambda path: any(inside(path, scope) or inside(scope, path) for scope in scopes)


def happened(rule: Rule, row: Mapping[str, Any]) -> Happened | None:
    """What an event says to a rule on such events, if anything."""
    if rule.event is None or row["code"] != rule.event.code:
        return None
    keys = json.loads(row["keys"])
    named = keys | {"container": row["container"]}
    if any(named.get(name) not in words for name, words in rule.where.items()):
        return None
    subject = Subject(row["container"], tuple(str(keys.get(name, "")) for name in rule.keys))
    return Happened(
        subject, _seconds(row["time"]), _seconds(row["learned"]), str(row["detail"] or "")
    )


def announcement(alert: Alert) -> dict[str, Any]:
    """What the stream says of a changed alert; the reader asks for the rest in its language."""
    return {
        "id": alert.id,
        "rule": alert.rule,
        "state": str(alert.state),
        "priority": alert.priority,
        "container": alert.subject.container,
        "subject": text.subject_path(alert.subject),
        "changed": text.moment(alert.changed),
        "blind": alert.blind,
        "simulated": alert.simulated,
    }


def _seconds(moment: datetime | int) -> float:
    return moment / MICROSECONDS_PER_SECOND if isinstance(moment, int) else moment.timestamp()


def rest(took: float) -> float:
    """How long to wait after a look that took so many seconds."""
    return min(max(LEAST_SECONDS, REST * took), MOST_SECONDS)
