"""The alerts that there are, in memory and in the database, and how far the rules have looked.

What one evaluation or one person changes becomes one transaction: the states, what happened to
them, the messages that it owes, and the position that was evaluated. A crash before it leaves no
trace and is evaluated again; after it, the same evaluation finds nothing left to change.
"""

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from typing import Any, Final

from alerts.delivery.message import compose
from alerts.delivery.outbox import Outbox
from alerts.inhibit import domains, muted
from alerts.lifecycle import FLAP_WINDOW, Alert, State, Subject, acknowledged
from alerts.outlook import Outlook, Stakes
from alerts.receivers.declared import Routing
from alerts.rule import Rule, Words
from vigie.database import Database, Table, Writer
from vigie.errors import Refused

MAX_NOTE: Final = 1_000
MAX_LISTED: Final = 1_000

TABLES: Final = (
    Table(
        "alerts",
        "id TEXT PRIMARY KEY, rule TEXT NOT NULL, container TEXT NOT NULL, keys TEXT NOT NULL, "
        "priority INTEGER NOT NULL, state TEXT NOT NULL, since REAL NOT NULL, "
        "changed REAL NOT NULL, change INTEGER NOT NULL, value REAL, blind INTEGER NOT NULL, "
        "told TEXT, openings TEXT NOT NULL, simulated INTEGER NOT NULL, acknowledged_by TEXT, "
        "acknowledged_at REAL, note TEXT, happened REAL, learned REAL, detail TEXT NOT NULL, "
        "until REAL, count INTEGER NOT NULL",
        indexes=("state, changed",),
        added=("outlook TEXT", "stakes TEXT", "ticket TEXT", "ticket_status TEXT", "held TEXT"),
    ),
    Table(
        "alert_changes",
        "alert TEXT NOT NULL, change INTEGER NOT NULL, state TEXT NOT NULL, time REAL NOT NULL, "
        "person TEXT, note TEXT, PRIMARY KEY (alert, change)",
    ),
    Table(
        "alert_position",
        "id INTEGER PRIMARY KEY CHECK (id = 1), commit_number INTEGER NOT NULL, "
        "events INTEGER NOT NULL, evaluated REAL NOT NULL",
    ),
)


@dataclass(frozen=True, slots=True)
class Position:
    """How far the rules have looked: commit of live, position of the last event, and when."""

    commit: int = 0
    events: int = 0
    evaluated: float = 0.0


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of an alert's history."""

    change: int
    state: State
    time: float
    person: str | None
    note: str | None


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
        self.position = self._load()

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
            found += [_alert(dict(row)) for row in rows]
        return found[:limit]

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
        return None if row is None else _alert(dict(row))

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

    def apply(
        self,
        changed: Iterable[Alert],
        dropped: Iterable[Alert],
        position: Position | None,
        now: float,
    ) -> list[Alert]:
        """Make alerts what they have become, owe what is owed, note the position; what changed.

        Raises:
            StoreError: the database refused, and everything is as it was before.
        """
        with self._lock:
            fresh = {(a.rule, a.subject): a for a in changed}
            gone = list(dropped)
            touched = self._told(fresh)
            kept = {key: a for key, a in touched.items() if self._differs(key, a)}
            if kept or gone or position is not None:
                with self._database.write() as write:
                    self._save(write, kept.values(), gone, now)
                    if position is not None:
                        _mark(write, position)
            for (rule, subject), alert in {**fresh, **touched}.items():
                self._latest.setdefault(rule, {})[subject] = alert
            for alert in gone:
                self._latest.get(alert.rule, {}).pop(alert.subject, None)
            if position is not None:
                self.position = position
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
            over = "SELECT id FROM alerts WHERE state = 'resolved' AND changed < ?"
            write.execute(f"DELETE FROM alert_changes WHERE alert IN ({over})", (before,))  # noqa: S608 - a constant
            write.execute("DELETE FROM alerts WHERE state = 'resolved' AND changed < ?", (before,))

    def _told(self, fresh: Mapping[tuple[str, Subject], Alert]) -> dict[tuple[str, Subject], Alert]:
        """The changed alerts, and those that owed a message, as they are once it is written."""
        rules = self._rules()
        standing = {
            (rule, subject): alert
            for rule, found in self._latest.items()
            for subject, alert in found.items()
            if alert.owed is not None or alert.open
        }
        everything = {**standing, **fresh}
        explained = domains(everything.values(), rules)
        result = dict(fresh)
        for key, alert in everything.items():
            rule = rules.get(alert.rule) or withdrawn(alert.rule)
            owed = alert.owed
            # The end of what was told is never held back.
            if owed is None or (owed is not State.RESOLVED and muted(alert, rule, explained)):
                continue
            result[key] = replace(alert, told=owed)
        return result

    def _differs(self, key: tuple[str, Subject], alert: Alert) -> bool:
        """Whether more than the value is another: the value alone is not worth a sync."""
        before = self._latest.get(key[0], {}).get(key[1])
        return before is None or replace(before, value=alert.value) != alert

    def _save(
        self, write: Writer, changed: Iterable[Alert], dropped: Iterable[Alert], now: float
    ) -> None:
        rules = self._rules()
        for alert in changed:
            _insert(write, alert)
            before = self._latest.get(alert.rule, {}).get(alert.subject)
            told = before.told if before is not None and before.id == alert.id else None
            if alert.told is not told:
                rule = rules.get(alert.rule) or withdrawn(alert.rule)
                names = self._receivers(alert, rule, now)
                self._outbox.put(write, compose(alert, rule), names, now)
        for alert in dropped:
            write.execute("DELETE FROM alerts WHERE id = ?", (alert.id,))
            write.execute("DELETE FROM alert_changes WHERE alert = ?", (alert.id,))

    def _load(self) -> Position:
        row = self._database.row("SELECT * FROM alert_position")
        position = (
            Position() if row is None
            else Position(row["commit_number"], row["events"], row["evaluated"])
        )  # fmt: skip
        rows = self._database.rows(
            "SELECT * FROM alerts WHERE state != 'resolved' OR changed > ? ORDER BY changed",
            position.evaluated - FLAP_WINDOW,
        )
        for found in (_alert(dict(row)) for row in rows):
            # The time that we were down is time unseen.
            unseen = found.state is State.PENDING
            alert = replace(found, blind=True, sure=position.evaluated) if unseen else found
            self._latest.setdefault(alert.rule, {})[alert.subject] = alert
        return position


def withdrawn(name: str) -> Rule:
    """What stands for a rule that is no longer there."""
    words = Words(name, name)
    return Rule(name=name, priority=3, title=words, advice=Words("", ""), why="", do="")


def _mark(write: Writer, position: Position) -> None:
    write.execute(
        "INSERT OR REPLACE INTO alert_position VALUES (1, ?, ?, ?)",
        (position.commit, position.events, position.evaluated),
    )


def _insert(write: Writer, alert: Alert) -> None:
    values = (
        alert.id, alert.rule, alert.subject.container, json.dumps(alert.subject.keys),
        alert.priority, alert.state, alert.since, alert.changed, alert.change, alert.value,
        int(alert.blind), alert.told, json.dumps(alert.openings), int(alert.simulated),
        alert.acknowledged_by, alert.acknowledged_at, alert.note, alert.happened, alert.learned,
        alert.detail, alert.until, alert.count, _written(alert.outlook), _written(alert.stakes),
        alert.ticket, alert.ticket_status, alert.held,
    )  # fmt: skip
    marks = ", ".join("?" * len(values))
    write.execute(f"INSERT OR REPLACE INTO alerts VALUES ({marks})", values)  # noqa: S608 - marks only
    write.execute(
        "INSERT OR IGNORE INTO alert_changes VALUES (?, ?, ?, ?, ?, ?)",
        (
            alert.id, alert.change, alert.state, alert.changed,
            alert.acknowledged_by if alert.state is State.ACKNOWLEDGED else None, alert.note,
        ),
    )  # fmt: skip


def _alert(row: Mapping[str, Any]) -> Alert:
    told = row["told"]
    return Alert(
        id=row["id"], rule=row["rule"],
        subject=Subject(row["container"], tuple(json.loads(row["keys"]))),
        priority=row["priority"], state=State(row["state"]), since=row["since"],
        changed=row["changed"], change=row["change"], value=row["value"],
        blind=bool(row["blind"]), told=None if told is None else State(told),
        openings=tuple(json.loads(row["openings"])), simulated=bool(row["simulated"]),
        acknowledged_by=row["acknowledged_by"], acknowledged_at=row["acknowledged_at"],
        note=row["note"], happened=row["happened"], learned=row["learned"],
        detail=row["detail"], until=row["until"], count=row["count"],
        outlook=None if row["outlook"] is None else Outlook(**json.loads(row["outlook"])),
        stakes=None if row["stakes"] is None else _stakes(json.loads(row["stakes"])),
        ticket=row["ticket"], ticket_status=row["ticket_status"], held=row["held"],
    )  # fmt: skip


def _written(part: Outlook | Stakes | None) -> str | None:
    return None if part is None else json.dumps(asdict(part))


def _stakes(said: Mapping[str, Any]) -> Stakes:
    tenants = said["tenants"]
    return Stakes(**{**said, "tenants": None if tenants is None else tuple(tenants)})
