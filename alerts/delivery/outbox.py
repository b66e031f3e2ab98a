"""What is to be sent and to whom, kept in the database until it is delivered or given up.

A row is written in the transaction that changes its alert, so that neither exists without the
other. Its identity is the alert's and the number of the change: a repeated change adds nothing.
A message may be about several alerts; what one receiver is told of one alert keeps its order.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from alerts.delivery.message import Message
from vigie.database import Database, Table, Writer

WAITING: Final = "waiting"
SENT: Final = "sent"
DEAD: Final = "dead"

TABLES: Final = (
    Table(
        "outbox",
        "number INTEGER PRIMARY KEY, id TEXT NOT NULL, receiver TEXT NOT NULL, "
        "alert TEXT NOT NULL, body BLOB NOT NULL, state TEXT NOT NULL, created REAL NOT NULL, "
        "due REAL NOT NULL, failures INTEGER NOT NULL, refused INTEGER NOT NULL, ended REAL, "
        "reason TEXT, "
        "UNIQUE (receiver, id)",
        indexes=("receiver, state, due", "receiver, alert, state"),
        added=("alerts TEXT",),  # all of them as JSON; null where `alert` is the only one
    ),
    Table(
        "outbox_waiting",  # which alerts the waiting messages are about
        "receiver TEXT NOT NULL, alert TEXT NOT NULL, number INTEGER NOT NULL, "
        "PRIMARY KEY (receiver, alert, number)",
        indexes=("number",),
        rowid=False,
    ),
    Table(
        "outbox_about",  # which alerts messages are about, waiting or not
        "alert TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (alert, number)",
        indexes=("number",),
        rowid=False,
    ),
    Table(
        "receivers_closed",
        "receiver TEXT PRIMARY KEY, url TEXT NOT NULL, since REAL NOT NULL, reason TEXT NOT NULL",
    ),
)

_HEADS: Final = (
    "receiver = ? AND state = 'waiting' AND NOT EXISTS (SELECT 1 FROM outbox_waiting AS own "
    "JOIN outbox_waiting AS older ON older.receiver = own.receiver AND older.alert = own.alert "
    "AND older.number < own.number WHERE own.number = mine.number)"
)
"""Messages none of whose alerts has an older one still waiting for the same receiver."""


@dataclass(frozen=True, slots=True)
class Parcel:
    """One message on its way to one receiver."""

    number: int
    receiver: str
    message: Message
    created: float
    failures: int


@dataclass(frozen=True, slots=True)
class Told:
    """That one receiver was to be told of one alert: when, and whether it was (`state`)."""

    number: int
    receiver: str
    state: str
    created: float
    ended: float | None


class Outbox:
    """The messages of every receiver; safe to use from any thread."""

    def __init__(self, database: Database) -> None:
        """Take up what the database holds, also from before a message spoke of several alerts."""
        self._database = database
        with database.write() as write:
            write.execute(
                "INSERT OR IGNORE INTO outbox_waiting SELECT receiver, alert, number FROM outbox "
                "WHERE state = ? AND alerts IS NULL",
                (WAITING,),
            )
            write.execute(
                "INSERT OR IGNORE INTO outbox_about SELECT alert, number FROM outbox "
                "WHERE alerts IS NULL"
            )

    def put(self, write: Writer, message: Message, receivers: Iterable[str], now: float) -> None:
        """Add a message inside the caller's transaction; one that is there already stays."""
        for receiver in receivers:
            added = write.execute(
                "INSERT OR IGNORE INTO outbox (id, receiver, alert, alerts, body, state, created, "
                "due, failures, refused) VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0)",
                (
                    message.id, receiver, message.alerts[0], json.dumps(message.alerts),
                    message.body, WAITING, now, now,
                ),
            )  # fmt: skip
            if added.rowcount:
                write.executemany(
                    "INSERT OR IGNORE INTO outbox_waiting VALUES (?, ?, ?)",
                    [(receiver, alert, added.lastrowid) for alert in message.alerts],
                )
                write.executemany(
                    "INSERT OR IGNORE INTO outbox_about VALUES (?, ?)",
                    [(alert, added.lastrowid) for alert in message.alerts],
                )

    def told(self, alert: str) -> list[Told]:
        """Whom messages about an alert are for, the first one first."""
        rows = self._database.rows(
            "SELECT number, receiver, state, created, ended FROM outbox_about JOIN outbox "
            "USING (number) WHERE outbox_about.alert = ? ORDER BY number",
            alert,
        )
        return [
            Told(r["number"], r["receiver"], r["state"], r["created"], r["ended"]) for r in rows
        ]

    def told_to(self, receiver: str) -> frozenset[str]:
        """The alerts that any message for a receiver is about, as long as messages are kept."""
        rows = self._database.rows(
            "SELECT DISTINCT outbox_about.alert AS alert FROM outbox JOIN outbox_about "
            "USING (number) WHERE outbox.receiver = ?",
            receiver,
        )
        return frozenset(row["alert"] for row in rows)

    def message(self, number: int) -> Message | None:
        """The message of that number, as it was written."""
        row = self._database.row("SELECT * FROM outbox WHERE number = ?", number)
        return None if row is None else _message(dict(row))

    def due(self, receiver: str, now: float) -> Parcel | None:
        """The oldest message to send now, whose alerts have no older one still waiting."""
        row = self._database.row(
            f"SELECT * FROM outbox AS mine WHERE {_HEADS} AND due <= ? ORDER BY number LIMIT 1",  # noqa: S608 - constants only
            receiver,
            now,
        )
        if row is None:
            return None
        return Parcel(row["number"], receiver, _message(dict(row)), row["created"], row["failures"])

    def next_due(self, receiver: str) -> float | None:
        """When something is to be sent next, if anything waits."""
        row = self._database.row(
            f"SELECT MIN(due) AS due FROM outbox AS mine WHERE {_HEADS}",  # noqa: S608 - likewise
            receiver,
        )
        due: float | None = row["due"] if row is not None else None
        return due

    def sent(self, parcel: Parcel, now: float) -> None:
        """It arrived; others that a dead receiver held up are due at once."""
        with self._database.write() as write:
            self._end(write, parcel, SENT, now, None)
            write.execute(
                "UPDATE outbox SET due = ? WHERE receiver = ? AND state = ? AND due > ? "
                "AND refused = 0",
                (now, parcel.receiver, WAITING, now),
            )

    def postponed(self, parcel: Parcel, due: float, reason: str, *, refused: bool) -> None:
        """It did not arrive; try again then. `refused`: the receiver works, and did not want it."""
        with self._database.write() as write:
            write.execute(
                "UPDATE outbox SET due = ?, failures = failures + 1, reason = ?, refused = ? "
                "WHERE number = ?",
                (due, reason, int(refused), parcel.number),
            )

    def dead(self, parcel: Parcel, now: float, reason: str) -> None:
        """It will never arrive."""
        with self._database.write() as write:
            self._end(write, parcel, DEAD, now, reason)

    def _end(
        self, write: Writer, parcel: Parcel, state: str, now: float, reason: str | None
    ) -> None:
        write.execute(
            "UPDATE outbox SET state = ?, ended = ?, reason = ? WHERE number = ?",
            (state, now, reason, parcel.number),
        )
        write.execute("DELETE FROM outbox_waiting WHERE number = ?", (parcel.number,))

    def expire(self, receivers: Iterable[str], before: float, now: float) -> int:
        """Give up what was written before that time, or for receivers no longer declared."""
        known = list(receivers)
        marks = ",".join("?" * len(known)) or "''"
        with self._database.write() as write:
            done = write.execute(
                f"UPDATE outbox SET state = ?, ended = ?, reason = coalesce(reason, 'gave up') "  # noqa: S608 - only marks
                f"WHERE state = ? AND (created <= ? OR receiver NOT IN ({marks}))",
                (DEAD, now, WAITING, before, *known),
            )
            write.execute(
                "DELETE FROM outbox_waiting WHERE number NOT IN "
                "(SELECT number FROM outbox WHERE state = ?)",
                (WAITING,),
            )
            return done.rowcount

    def purge(self, before: float) -> None:
        """Forget what ended before that time."""
        with self._database.write() as write:
            write.execute(
                "DELETE FROM outbox_about WHERE number IN "
                "(SELECT number FROM outbox WHERE state != ? AND ended < ?)",
                (WAITING, before),
            )
            write.execute("DELETE FROM outbox WHERE state != ? AND ended < ?", (WAITING, before))

    def counts(self) -> dict[tuple[str, str], int]:
        """How many messages there are, by receiver and state."""
        rows = self._database.rows(
            "SELECT receiver, state, count(*) AS n FROM outbox GROUP BY receiver, state"
        )
        return {(row["receiver"], row["state"]): row["n"] for row in rows}

    def oldest(self) -> float | None:
        """When the oldest message that still waits was written, in Unix time; None: none waits."""
        row = self._database.row("SELECT MIN(created) AS t FROM outbox WHERE state = ?", WAITING)
        return None if row is None else row["t"]

    def taken(self) -> dict[str, float]:
        """When each receiver last took a message, in Unix time; none of one that never did."""
        rows = self._database.rows(
            "SELECT receiver, MAX(ended) AS last FROM outbox WHERE state = ? GROUP BY receiver",
            SENT,
        )
        return {row["receiver"]: row["last"] for row in rows}

    def close_receiver(self, receiver: str, url: str, now: float, reason: str) -> None:
        """The receiver said that it is gone for good: nothing is sent to that URL any more."""
        with self._database.write() as write:
            write.execute(
                "INSERT OR REPLACE INTO receivers_closed VALUES (?, ?, ?, ?)",
                (receiver, url, now, reason),
            )

    def closed(self, receiver: str, url: str) -> bool:
        """Whether this URL of the receiver is gone; another URL opens it again."""
        row = self._database.row("SELECT url FROM receivers_closed WHERE receiver = ?", receiver)
        return row is not None and row["url"] == url


def _message(row: Mapping[str, Any]) -> Message:
    alerts = (row["alert"],) if row["alerts"] is None else tuple(json.loads(row["alerts"]))
    return Message(row["id"], alerts, bytes(row["body"]))
