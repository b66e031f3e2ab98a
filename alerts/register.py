"""The alerts that there are, in memory and in the database, and how far the rules have looked.

What one evaluation or one person changes becomes one transaction: the states, what happened to
them, the messages that it owes, and the position that was evaluated. A crash before it leaves no
trace and is evaluated again; after it, the same evaluation finds nothing left to change.
"""

import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, Final

from alerts import board, record, silence
from alerts.board import Board, Turn
from alerts.delivery.message import compose
from alerts.delivery.outbox import Outbox
from alerts.inhibit import Explained, causes, holder
from alerts.lifecycle import FLAP_WINDOW, Alert, State, Subject, acknowledged
from alerts.notice import INHIBITED, Notice, due, held
from alerts.receivers.declared import Routing
from alerts.record import Change
from alerts.rule import Rule, Words
from alerts.silence import Silence, Silences
from vigie.database import Database, Table, Writer
from vigie.errors import Refused

MAX_NOTE: Final = 1_000
MAX_LISTED: Final = 1_000
OUTLOOK_SECONDS: Final = 30.0
"""How often an outlook alone is worth a write."""

TABLES: Final = (
    *record.TABLES,
    *silence.TABLES,
    *board.TABLES,
    Table(
        "alert_position",
        "id INTEGER PRIMARY KEY CHECK (id = 1), commit_number INTEGER NOT NULL, "
        "events INTEGER NOT NULL, evaluated REAL NOT NULL",
    ),
)

Key = tuple[str, Subject]
"""The name of a rule, and what its alert is about."""


@dataclass(frozen=True, slots=True)
class Position:
    """How far the rules have looked: commit of live, position of the last event, and when."""

    commit: int = 0
    events: int = 0
    evaluated: float = 0.0


@dataclass(frozen=True, slots=True)
class View:
    """What decides who is told: when it is another, every open alert is looked at again."""

    rules: Mapping[str, Rule]
    silences: tuple[Silence, ...]
    explained: Explained


class Register:
    """The alerts of one collector; safe to use from any thread."""

    def __init__(
        self,
        database: Database,
        outbox: Outbox,
        receivers: Routing,
        rules: Callable[[], Mapping[str, Rule]],
    ) -> None:
        """Take up what the database holds; `receivers` says who is told of an alert."""
        self._database, self._outbox = database, outbox
        self._receivers, self._rules = receivers, rules
        self._lock = threading.RLock()
        self._latest: dict[str, dict[Subject, Alert]] = {}
        self._view: View | None = None
        self.silences = Silences(database)
        self.position = self._load()
        self._board = Board(database, self._spoken_of())
        self.put = 0
        """How many messages were written since the start."""

    def turn(self) -> AbstractContextManager[Any]:
        """Hold this while reading alerts in order to change them."""
        return self._lock

    def of(self, rule: str) -> Mapping[Subject, Alert]:
        """The last alert of every subject of a rule; resolved ones for as long as they matter."""
        return self._latest.get(rule, {})

    def rules_known(self) -> list[str]:
        """The names of rules that have alerts."""
        return list(self._latest)

    def now(self) -> list[Alert]:
        """Every alert that is not resolved."""
        with self._lock:
            return [
                alert
                for found in self._latest.values()
                for alert in found.values()
                if alert.state is not State.RESOLVED
            ]

    def opened(self) -> list[tuple[str, int]]:
        """Path of the container and priority of every alert that is firing or acknowledged."""
        return [(alert.subject.container, alert.priority) for alert in self.now() if alert.open]

    def listed(self, states: Iterable[State], limit: int = MAX_LISTED) -> list[Alert]:
        """Alerts in these states, worst and oldest first; after them the resolved, newest first."""
        wanted = set(states)
        found = [alert for alert in self.now() if alert.state in wanted]
        found.sort(key=lambda a: (a.priority, a.since))
        if State.RESOLVED in wanted:
            rows = self._database.rows(
                "SELECT * FROM alerts WHERE state = ? ORDER BY changed DESC LIMIT ?",
                State.RESOLVED,
                limit,
            )
            found += [record.read(dict(row)) for row in rows]
        return found[:limit]

    def over_since(self, start: float) -> list[Alert]:
        """Alerts that were over then or later, newest first."""
        rows = self._database.rows(
            "SELECT * FROM alerts WHERE state = ? AND changed >= ? ORDER BY changed DESC",
            State.RESOLVED, start,
        )  # fmt: skip
        return [record.read(dict(row)) for row in rows]

    def ended(self, start: float, end: float) -> list[tuple[str, int, float]]:
        """Alerts that were over from `start` until before `end`: container, priority, seconds."""
        rows = self._database.rows(
            "SELECT container, priority, changed - since AS seconds FROM alerts "
            "WHERE state = ? AND changed >= ? AND changed < ? ORDER BY changed",
            State.RESOLVED, start, end,
        )  # fmt: skip
        return [(row["container"], row["priority"], row["seconds"]) for row in rows]

    def get(self, identity: str) -> Alert | None:
        """The alert of that identity, open or over."""
        with self._lock:
            for found in self._latest.values():
                for alert in found.values():
                    if alert.id == identity:
                        return alert
        row = self._database.row("SELECT * FROM alerts WHERE id = ?", identity)
        return None if row is None else record.read(dict(row))

    def owes(self, identity: str) -> bool:
        """Whether a receiver is still to be told of an alert: it waits for its group."""
        with self._lock:
            return any(notice.owes is not None for notice in self._board.of(identity).values())

    def holder(self, alert: Alert) -> str | None:
        """The identity of the alert that explains why nobody is told of one, where that is so."""
        view = self._view
        if alert.held != INHIBITED or view is None:
            return None
        return holder(alert, view.rules.get(alert.rule) or withdrawn(alert.rule), view.explained)

    def history(self, identity: str) -> list[Change]:
        """What became of an alert, oldest first."""
        rows = self._database.rows(
            "SELECT * FROM alert_changes WHERE alert = ? ORDER BY change", identity
        )
        return [
            Change(r["change"], State(r["state"]), r["time"], r["person"], r["note"]) for r in rows
        ]

    def acknowledge(self, identity: str, person: str, note: str | None, now: float) -> Alert:
        """Put an alert into the hands of a person; who has it already keeps it.

        Raises:
            Refused: 404 where there is none, 409 where it is not firing, 400 for too long a note.
        """
        if note is not None and len(note) > MAX_NOTE:
            raise Refused(400, f"a note has at most {MAX_NOTE} characters")
        with self._lock:
            alert = self.get(identity)
            if alert is None:
                raise Refused(404, f"no alert {identity!r:.80}")
            if alert.state is State.ACKNOWLEDGED:
                return alert
            if alert.state is not State.FIRING:
                raise Refused(409, f"alert {identity} is {alert.state}; only a firing one is taken")
            self.apply([acknowledged(alert, person, note or None, now)], (), None, now)
            return self._latest[alert.rule][alert.subject]

    def ticket(self, identity: str, reference: str | None, status: str | None) -> Alert:
        """Note which ticket an alert has elsewhere, or how that stands; receivers hear nothing.

        Raises:
            Refused: 404 where there is none.
        """
        with self._lock:
            alert = self.get(identity)
            if alert is None:
                raise Refused(404, f"no alert {identity!r:.80}")
            noted = replace(
                alert,
                ticket=reference or alert.ticket,
                ticket_status=status or alert.ticket_status,
            )
            with self._database.write() as write:
                record.ticket(write, noted)
            found = self._latest.get(alert.rule, {})
            if alert.subject in found and found[alert.subject].id == identity:
                found[alert.subject] = noted
            return noted

    def owing(self, identity: str) -> frozenset[str]:
        """The receivers that are yet to be told what became of an alert."""
        with self._lock:
            known = self._board.of(identity).values()
            return frozenset(notice.receiver for notice in known if notice.owes is not None)

    def apply(
        self,
        changed: Iterable[Alert],
        dropped: Iterable[Alert],
        position: Position | None,
        now: float,
    ) -> list[Alert]:
        """Make alerts what they have become, tell what is due, note the position; what changed.

        Raises:
            StoreError: the database refused, and everything is as it was before.
        """
        with self._lock:
            fresh: dict[Key, Alert] = {(a.rule, a.subject): a for a in changed}
            gone, turn = list(dropped), Turn(self._board, now)
            view = self._seen(fresh, now)
            touched = self._judged(fresh, view, turn)
            kept = {key: a for key, a in touched.items() if self._differs(key, a)}
            messages = self._due(turn, view.rules)
            if kept or gone or position is not None or turn.writes:
                with self._database.write() as write:
                    record.insert(write, kept.values())
                    record.delete(write, gone)
                    self._write(write, turn, messages)
                    if position is not None:
                        _mark(write, position)
            for (rule, subject), alert in touched.items():
                self._latest.setdefault(rule, {})[subject] = alert
            for alert in gone:
                self._latest.get(alert.rule, {}).pop(alert.subject, None)
            self._board.adopt(turn)
            self._view, self.position = view, position or self.position
            return list(kept.values())

    def forget(self, now: float) -> None:
        """Let go of resolved alerts that no longer say anything about flapping."""
        with self._lock:
            for rule, found in list(self._latest.items()):
                self._latest[rule] = {
                    subject: alert
                    for subject, alert in found.items()
                    if alert.state is not State.RESOLVED or now - alert.changed < FLAP_WINDOW
                }

    def purge(self, before: float) -> None:
        """Delete alerts that were over before that time, with their history."""
        with self._database.write() as write:
            record.purge(write, before)

    def _seen(self, fresh: Mapping[Key, Alert], now: float) -> View:
        """What decides who is told, once these alerts are as they are."""
        rules = self._rules()
        muting = (name for name, rule in rules.items() if rule.mutes is not None)
        before = (
            fresh.get((name, subject), alert)
            for name in muting for subject, alert in self._latest.get(name, {}).items()
        )  # fmt: skip
        explained = causes([*before, *fresh.values()], rules)
        return View(rules, self.silences.active(now), explained)

    def _judged(self, fresh: Mapping[Key, Alert], view: View, turn: Turn) -> dict[Key, Alert]:
        """Alerts that are new or are told otherwise than before, as they are once it is written."""
        looked = dict(fresh)
        if view != self._view:
            for rule, found in self._latest.items():
                looked |= {
                    (rule, subject): alert for subject, alert in found.items()
                    if (rule, subject) not in fresh and (alert.open or alert.owed is not None)
                }  # fmt: skip
        return {key: self._judge(alert, view, turn) for key, alert in looked.items()}

    def _judge(self, alert: Alert, view: View, turn: Turn) -> Alert:
        """The alert with why nobody is told of it, or owed to those who are."""
        rule = view.rules.get(alert.rule) or withdrawn(alert.rule)
        if alert.open:
            why = held(alert, rule, view.silences, view.explained)
            alert = replace(alert, held=why)
            if why is not None and alert.told is not None and turn.withdraw(alert.id):
                alert = replace(alert, told=None)
        turn.follow(alert)
        # The end of what was told is never held back, and what is all but over never begins.
        if alert.owed is None or (alert.open and alert.held is not None) or _fading(alert):
            return alert
        names = self._receivers(alert, rule, turn.now)
        heard = () if alert.state is State.FIRING else self._outbox.told(alert.id)
        turn.owe(alert, names, {told.receiver for told in heard})
        ended = alert.state is State.RESOLVED
        return replace(alert, told=alert.state, held=None if ended else alert.held)

    def _due(self, turn: Turn, rules: Mapping[str, Rule]) -> list[tuple[list[str], list[Notice]]]:
        """What is told now: receivers, and the notices of which their one message speaks."""
        waiting = [
            (notice, rules.get(notice.alert.rule) or withdrawn(notice.alert.rule))
            for notice in turn.waiting()
            if not (notice.alert.open and notice.alert.held is not None)
            and not (notice.told is None and notice.alert.open and notice.alert.quiet is not None)
        ]
        together: dict[tuple[str, ...], tuple[list[str], list[Notice]]] = {}
        for line, members in due(waiting, self._board.last, turn.now).items():
            turn.tell(line, members)
            names, _ = together.setdefault(tuple(n.alert.id for n in members), ([], members))
            names.append(line.receiver)
        return list(together.values())

    def _write(
        self, write: Writer, turn: Turn, messages: list[tuple[list[str], list[Notice]]]
    ) -> None:
        rules = self._rules()
        for names, members in messages:
            first, *others = (
                (n.alert, rules.get(n.alert.rule) or withdrawn(n.alert.rule)) for n in members
            )
            self._outbox.put(write, compose(*first, others), names, turn.now)
            self.put += 1
        turn.save(write)

    def _differs(self, key: Key, alert: Alert) -> bool:
        """Whether more than the value is another: the value alone is not worth a sync."""
        before = self._latest.get(key[0], {}).get(key[1])
        if before is None:
            return True
        now = (alert.flapping, _written_at(alert))
        return (before.flapping, _written_at(before)) != now or (
            replace(before, value=alert.value, outlook=alert.outlook) != alert
        )

    def _spoken_of(self) -> dict[str, Alert]:
        """The alerts of which receivers know or are owed something, by identity."""
        rows = self._database.rows(
            "SELECT * FROM alerts WHERE id IN (SELECT alert FROM notices)"
        )  # fmt: skip
        return {row["id"]: record.read(dict(row)) for row in rows}

    def _load(self) -> Position:
        row = self._database.row("SELECT * FROM alert_position")
        position = Position()
        if row is not None:
            position = Position(row["commit_number"], row["events"], row["evaluated"])
        rows = self._database.rows(
            "SELECT * FROM alerts WHERE state != 'resolved' OR changed > ? ORDER BY changed",
            position.evaluated - FLAP_WINDOW,
        )
        for found in (record.read(dict(row)) for row in rows):
            # The time that we were down is time unseen.
            unseen = found.state is State.PENDING
            alert = replace(found, blind=True, sure=position.evaluated) if unseen else found
            self._latest.setdefault(alert.rule, {})[alert.subject] = alert
        return position


def withdrawn(name: str) -> Rule:
    """What stands for a rule that is no longer there."""
    words = Words(name, name)
    return Rule(name=name, priority=3, title=words, advice=Words("", ""), why="", do="")


def _fading(alert: Alert) -> bool:
    """Whether nobody heard of an alert whose condition is no longer so: it only waits to end."""
    return alert.open and alert.told is None and alert.quiet is not None


def _written_at(alert: Alert) -> float | None:
    """Which half minute an outlook is of: with the next it is written again."""
    return None if alert.outlook is None else alert.outlook.at // OUTLOOK_SECONDS


def _mark(write: Writer, position: Position) -> None:
    write.execute(
        "INSERT OR REPLACE INTO alert_position VALUES (1, ?, ?, ?)",
        (position.commit, position.events, position.evaluated),
    )
