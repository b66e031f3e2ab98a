"""Messages as people see them: which wait, which never arrived, and sending these once more."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from alerts.delivery.message import Message
from alerts.delivery.outbox import DEAD, WAITING
from vigie.database import Database, Table, Writer
from vigie.errors import Refused

MAX_LISTED: Final = 1_000

TABLES: Final = (
    Table(
        "receiver_acts",  # who tested a receiver, or sent dead letters once more
        "number INTEGER PRIMARY KEY, time REAL NOT NULL, person TEXT NOT NULL, act TEXT NOT NULL, "
        "receiver TEXT NOT NULL, detail TEXT NOT NULL",
    ),
)


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one receiver, and how it stands; times are Unix seconds.

    `due` is when it is tried next, `ended` when it arrived or was given up, `reason` why the last
    attempt failed.
    """

    number: int
    receiver: str
    message: Message
    state: str
    created: float
    due: float
    failures: int
    ended: float | None
    reason: str | None


@dataclass(frozen=True, slots=True)
class Closure:
    """A receiver that said that it is gone, and since when nothing is sent to that URL."""

    receiver: str
    url: str
    since: float
    reason: str


@dataclass(frozen=True, slots=True)
class Act:
    """Who did what about a receiver."""

    time: float
    person: str
    act: str
    receiver: str
    detail: str


class Letters:
    """What the outbox holds, for people; safe to use from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def listed(
        self, state: str, receiver: str | None = None, limit: int = MAX_LISTED
    ) -> list[Letter]:
        """Letters in that state, the newest first."""
        rows = self._database.rows(
            "SELECT * FROM outbox WHERE state = ? AND (? IS NULL OR receiver = ?) "
            "ORDER BY number DESC LIMIT ?",
            state, receiver, receiver, limit,
        )  # fmt: skip
        return [_letter(row) for row in rows]

    def replay(self, numbers: Sequence[int], person: str, now: float) -> None:
        """Send dead letters once more, as if they were new: the same identities and words.

        Raises:
            Refused: 409, one of them is not dead; all stay as they are.
        """
        with self._database.write() as write:
            for number in numbers:
                self._revive(write, number, person, now)

    def _revive(self, write: Writer, number: int, person: str, now: float) -> None:
        row = write.execute("SELECT * FROM outbox WHERE number = ?", (number,)).fetchone()
        if row is None or row["state"] != DEAD:
            found = "is not there" if row is None else f"is {row['state']}"
            raise Refused(409, f"letter {number} {found}; only a dead one is sent once more")
        letter = _letter(row)
        write.execute(
            "UPDATE outbox SET state = ?, created = ?, due = ?, failures = 0, refused = 0, "
            "ended = NULL, reason = NULL WHERE number = ?",
            (WAITING, now, now, number),
        )
        write.executemany(
            "INSERT OR IGNORE INTO outbox_waiting VALUES (?, ?, ?)",
            [(letter.receiver, alert, number) for alert in letter.message.alerts],
        )
        act = Act(now, person, "replay", letter.receiver, letter.message.id)
        _note(write, act)

    def tested(self, act: Act, *, opens: bool) -> None:
        """Note a test; one that arrived opens a receiver that was gone, and hurries what waits."""
        with self._database.write() as write:
            _note(write, act)
            if opens:
                write.execute("DELETE FROM receivers_closed WHERE receiver = ?", (act.receiver,))
                write.execute(
                    "UPDATE outbox SET due = ? WHERE receiver = ? AND state = ? AND due > ? "
                    "AND refused = 0",
                    (act.time, act.receiver, WAITING, act.time),
                )

    def acts(self, receiver: str | None = None, limit: int = MAX_LISTED) -> list[Act]:
        """Who did what about receivers, the newest first."""
        rows = self._database.rows(
            "SELECT time, person, act, receiver, detail FROM receiver_acts "
            "WHERE ? IS NULL OR receiver = ? ORDER BY number DESC LIMIT ?",
            receiver, receiver, limit,
        )  # fmt: skip
        return [Act(**dict(row)) for row in rows]

    def closures(self) -> dict[str, Closure]:
        """The receivers that are gone, by name."""
        rows = self._database.rows("SELECT receiver, url, since, reason FROM receivers_closed")
        return {row["receiver"]: Closure(**dict(row)) for row in rows}


def _note(write: Writer, act: Act) -> None:
    write.execute(
        "INSERT INTO receiver_acts (time, person, act, receiver, detail) VALUES (?, ?, ?, ?, ?)",
        (act.time, act.person, act.act, act.receiver, act.detail),
    )


def _letter(row: Any) -> Letter:
    alerts = (row["alert"],) if row["alerts"] is None else tuple(json.loads(row["alerts"]))
    return Letter(
        row["number"], row["receiver"], Message(row["id"], alerts, bytes(row["body"])),
        row["state"], row["created"], row["due"], row["failures"], row["ended"], row["reason"],
    )  # fmt: skip
