"""The incidents of one collector, in SQLite: acts are added, and never changed or deleted."""

import json
import secrets
from collections.abc import Mapping
from typing import Any, Final

from alerts.incidents.incident import MAX_TITLE, Act, Incident, Stage, Step, check
from vigie.database import Database, Table, Writer
from vigie.errors import Refused

TABLES: Final = (
    Table(
        "incidents",
        "id TEXT PRIMARY KEY, title TEXT NOT NULL, scope TEXT NOT NULL, opened REAL NOT NULL",
        indexes=("opened",),
    ),
    Table(
        "incident_acts",
        "incident TEXT NOT NULL, number INTEGER NOT NULL, step TEXT NOT NULL, time REAL NOT NULL, "
        "person TEXT NOT NULL, principal TEXT NOT NULL, words TEXT NOT NULL, "
        "alerts TEXT NOT NULL, outage INTEGER, stage TEXT, at REAL, "
        "PRIMARY KEY (incident, number)",
    ),
)


class Book:
    """All incidents; safe to use from any thread."""

    def __init__(self, database: Database) -> None:
        """`database` was opened with `TABLES`."""
        self._database = database

    def open(self, title: str, scope: str, act: Act) -> Incident:
        """Begin an incident.

        Raises:
            Refused: 400, without a title, or its act makes no sense.
        """
        if not 0 < len(title.strip()) <= MAX_TITLE or not title.isprintable():
            raise Refused(400, f"title: 1 to {MAX_TITLE} printable characters are wanted")
        check(act, None)
        name = f"inc-{secrets.token_hex(4)}"
        with self._database.write() as write:
            write.execute(
                "INSERT INTO incidents VALUES (?, ?, ?, ?)", (name, title.strip(), scope, act.time)
            )
            _insert(write, name, 0, act)
        return self.incident(name)

    def add(self, name: str, act: Act, scope: str | None = None) -> Incident:
        """Add an act to an incident, which lies in `scope` from then on.

        Raises:
            Refused: 404, there is none of that id; 400 or 409, the act makes no sense.
        """
        with self._database.write() as write:
            known = self.incident(name)
            check(act, known)
            _insert(write, name, len(known.acts), act)
            if scope is not None and scope != known.scope:
                write.execute("UPDATE incidents SET scope = ? WHERE id = ?", (scope, name))
        return self.incident(name)

    def incident(self, name: str) -> Incident:
        """The incident of that id. Raises Refused (404) where there is none."""
        row = self._database.row("SELECT * FROM incidents WHERE id = ?", name)
        if row is None:
            raise Refused(404, f"no incident {name!r:.80}; see vigie incident list")
        rows = self._database.rows(
            "SELECT * FROM incident_acts WHERE incident = ? ORDER BY number", name
        )
        return _incident(dict(row), tuple(_act(dict(each)) for each in rows))

    def all(self) -> list[Incident]:
        """Every incident, the newest first."""
        acts: dict[str, list[Act]] = {}
        for row in self._database.rows("SELECT * FROM incident_acts ORDER BY incident, number"):
            acts.setdefault(row["incident"], []).append(_act(dict(row)))
        rows = self._database.rows("SELECT * FROM incidents ORDER BY opened DESC, id")
        return [_incident(dict(row), tuple(acts[row["id"]])) for row in rows]


def _insert(write: Writer, name: str, number: int, act: Act) -> None:
    write.execute(
        "INSERT INTO incident_acts VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            name, number, act.step, act.time, act.person, act.principal, act.words,
            json.dumps(act.alerts), None if act.outage is None else int(act.outage), act.stage,
            act.at,
        ),
    )  # fmt: skip


def _incident(row: Mapping[str, Any], acts: tuple[Act, ...]) -> Incident:
    return Incident(row["id"], row["title"], row["scope"], acts)


def _act(row: Mapping[str, Any]) -> Act:
    return Act(
        step=Step(row["step"]), time=row["time"], person=row["person"],
        principal=row["principal"], words=row["words"], alerts=tuple(json.loads(row["alerts"])),
        outage=None if row["outage"] is None else bool(row["outage"]),
        stage=None if row["stage"] is None else Stage(row["stage"]), at=row["at"],
    )  # fmt: skip
