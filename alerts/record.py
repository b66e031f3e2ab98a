"""An alert as rows of the database: how it stands, and what became of it."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

from alerts.lifecycle import Alert, State, Subject
from alerts.outlook import Outlook, Stakes
from vigie.database import Table, Writer

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
)


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of an alert's history."""

    change: int
    state: State
    time: float
    person: str | None
    note: str | None


def insert(write: Writer, alerts: Iterable[Alert]) -> None:
    """Write how alerts stand, and the newest change of each."""
    states, changes = [], []
    for alert in alerts:
        states.append((
            alert.id, alert.rule, alert.subject.container, json.dumps(alert.subject.keys),
            alert.priority, alert.state, alert.since, alert.changed, alert.change, alert.value,
            int(alert.blind), alert.told, json.dumps(alert.openings), int(alert.simulated),
            alert.acknowledged_by, alert.acknowledged_at, alert.note, alert.happened,
            alert.learned, alert.detail, alert.until, alert.count, _written(alert.outlook),
            _written(alert.stakes), alert.ticket, alert.ticket_status, alert.held,
        ))  # fmt: skip
        changes.append((
            alert.id, alert.change, alert.state, alert.changed,
            alert.acknowledged_by if alert.state is State.ACKNOWLEDGED else None, alert.note,
        ))  # fmt: skip
    if states:
        marks = ", ".join("?" * len(states[0]))
        write.executemany(f"INSERT OR REPLACE INTO alerts VALUES ({marks})", states)  # noqa: S608 - marks only
        write.executemany("INSERT OR IGNORE INTO alert_changes VALUES (?, ?, ?, ?, ?, ?)", changes)


def ticket(write: Writer, alert: Alert) -> None:
    """Write which ticket an alert has, and how that stands."""
    write.execute(
        "UPDATE alerts SET ticket = ?, ticket_status = ? WHERE id = ?",
        (alert.ticket, alert.ticket_status, alert.id),
    )


def delete(write: Writer, alerts: Iterable[Alert]) -> None:
    """Forget alerts that never fired."""
    ids = [(alert.id,) for alert in alerts]
    write.executemany("DELETE FROM alerts WHERE id = ?", ids)
    write.executemany("DELETE FROM alert_changes WHERE alert = ?", ids)


def purge(write: Writer, before: float) -> None:
    """Delete alerts that were over before that time, with their history."""
    over = "SELECT id FROM alerts WHERE state = 'resolved' AND changed < ?"
    write.execute(f"DELETE FROM alert_changes WHERE alert IN ({over})", (before,))  # noqa: S608 - a constant
    write.execute("DELETE FROM alerts WHERE state = 'resolved' AND changed < ?", (before,))


def read(row: Mapping[str, Any]) -> Alert:
    """The alert of a row of `alerts`."""
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
