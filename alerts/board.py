"""What each receiver knows and is owed, kept in the database: nothing is repeated or forgotten.

A `Turn` gathers what one transaction changes; the board takes it over once it is written.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final

from alerts.lifecycle import Alert, State
from alerts.notice import INTERVALS, Line, Notice, owed
from vigie.database import Database, Table, Writer

FORGOTTEN_SECONDS: Final = 2 * max(INTERVALS.values())
"""When a line was last told matters no more after this."""

TABLES: Final = (
    Table(
        "notices",  # what each receiver knows of an alert, and what it is owed
        "alert TEXT NOT NULL, receiver TEXT NOT NULL, told TEXT, owes TEXT, since REAL NOT NULL, "
        "PRIMARY KEY (alert, receiver)",
        rowid=False,
    ),
    Table(
        "notice_lines",  # when each receiver was last told of a group
        "receiver TEXT NOT NULL, grouped TEXT NOT NULL, state TEXT NOT NULL, "
        "simulated INTEGER NOT NULL, told REAL NOT NULL, "
        "PRIMARY KEY (receiver, grouped, state, simulated)",
        rowid=False,
    ),
)


class Board:
    """All notices; its owner locks."""

    def __init__(self, database: Database, alerts: Mapping[str, Alert]) -> None:
        """Take up what the database holds; `alerts` are those by identity that it may be about."""
        self._known: dict[str, dict[str, Notice]] = {}
        for row in database.rows("SELECT * FROM notices"):
            alert = alerts.get(row["alert"])
            if alert is not None:
                told, owes = (None if row[n] is None else State(row[n]) for n in ("told", "owes"))
                notice = Notice(alert, row["receiver"], told, owes, row["since"])
                self._known.setdefault(alert.id, {})[notice.receiver] = notice
        self._waiting = {i for i, known in self._known.items() if _owing(known)}
        self.last: dict[Line, float] = {
            Line(r["receiver"], r["grouped"], State(r["state"]), bool(r["simulated"])): r["told"]
            for r in database.rows("SELECT * FROM notice_lines")
        }
        """When each line was last told."""

    def of(self, alert: str) -> Mapping[str, Notice]:
        """What is known and owed of one alert, by receiver."""
        return self._known.get(alert, {})

    def waiting(self) -> list[Notice]:
        """Everything that is owed."""
        return [n for i in self._waiting for n in self._known[i].values() if n.owes is not None]

    def adopt(self, turn: "Turn") -> None:
        """What was written of a turn holds from now on."""
        for alert, known in turn.changed.items():
            self._waiting.discard(alert)
            self._known.pop(alert, None)
            if known:
                self._known[alert] = known
            if _owing(known):
                self._waiting.add(alert)
        if turn.told:
            self.last = {
                one: told for one, told in (self.last | turn.told).items()
                if told >= turn.now - FORGOTTEN_SECONDS
            }  # fmt: skip


class Turn:
    """What one transaction changes of the notices."""

    def __init__(self, board: Board, now: float) -> None:
        self._board, self.now = board, now
        self.changed: dict[str, dict[str, Notice]] = {}
        self.told: dict[Line, float] = {}

    def of(self, alert: str) -> Mapping[str, Notice]:
        """What is known and owed of one alert after this turn."""
        return self.changed.get(alert, self._board.of(alert))

    def owe(self, alert: Alert, names: Iterable[str], heard: Collection[str] = ()) -> None:
        """An alert is to be told as it is; `names` and `heard` as `owed` has them."""
        self._put(alert.id, owed(alert, self.of(alert.id), names, heard, self.now))

    def follow(self, alert: Alert) -> None:
        """An alert became another; what is owed of it speaks of it as it is now."""
        known = self.of(alert.id)
        if _owing(known):
            self._put(alert.id, [replace(notice, alert=alert) for notice in known.values()])

    def withdraw(self, alert: str) -> bool:
        """Owe nothing of an alert of which nobody has heard yet; whether that is so."""
        known = self.of(alert).values()
        if not known or any(notice.told is not None for notice in known):
            return False
        self._put(alert, [])
        return True

    def waiting(self) -> list[Notice]:
        """Everything that is owed after this turn."""
        rest = [n for n in self._board.waiting() if n.alert.id not in self.changed]
        return rest + [n for k in self.changed.values() for n in k.values() if n.owes is not None]

    def tell(self, one: Line, members: Iterable[Notice]) -> None:
        """These were put into a message."""
        self.told[one] = self.now
        for notice in members:
            after = dict(self.of(notice.alert.id))
            after[notice.receiver] = replace(notice, told=notice.owes, owes=None)
            self._put(notice.alert.id, after.values())

    def _put(self, alert: str, notices: Iterable[Notice]) -> None:
        """Keep those that still say anything: something is owed, or more may come."""
        self.changed[alert] = {
            n.receiver: n for n in notices
            if n.owes is not None or (n.told is not None and n.alert.open)
        }  # fmt: skip

    @property
    def writes(self) -> bool:
        """Whether there is anything to write."""
        return bool(self.told) or any(
            _written(known) != _written(self._board.of(alert))
            for alert, known in self.changed.items()
        )

    def save(self, write: Writer) -> None:
        """Write it, inside the caller's transaction."""
        for alert, known in self.changed.items():
            before, after = _written(self._board.of(alert)), _written(known)
            gone = [(alert, receiver) for receiver in before if receiver not in after]
            write.executemany("DELETE FROM notices WHERE alert = ? AND receiver = ?", gone)
            fresh = [
                (alert, receiver, *said, known[receiver].since)
                for receiver, said in after.items() if said != before.get(receiver)
            ]  # fmt: skip
            write.executemany("INSERT OR REPLACE INTO notices VALUES (?, ?, ?, ?, ?)", fresh)
        for one, told in self.told.items():
            values = (*one, told)
            write.execute("INSERT OR REPLACE INTO notice_lines VALUES (?, ?, ?, ?, ?)", values)
        if self.told:
            old = self.now - FORGOTTEN_SECONDS
            write.execute("DELETE FROM notice_lines WHERE told < ?", (old,))


def _owing(known: Mapping[str, Notice]) -> bool:
    return any(notice.owes is not None for notice in known.values())


def _written(known: Mapping[str, Notice]) -> dict[str, tuple[State | None, State | None]]:
    """What the database holds of it."""
    return {receiver: (notice.told, notice.owes) for receiver, notice in known.items()}
