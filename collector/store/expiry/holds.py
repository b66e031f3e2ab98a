"""Legal holds: nothing of what one covers expires until it is lifted. Every act keeps its person.

A hold of a perimeter keeps the paths that were in it when it was placed: a site that leaves the
perimeter later is still held.
"""

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from vigie.database import Database, Table, Writer
from vigie.errors import Refused

PLACED: Final = "placed"
LIFTED: Final = "lifted"
MAX_WORDS: Final = 1_000
"""Characters of a reason, an owner or a note."""

TABLES: Final = (
    Table(
        "store_holds",
        "id TEXT PRIMARY KEY, scope TEXT NOT NULL, paths TEXT NOT NULL, first INTEGER NOT NULL, "
        "last INTEGER, reason TEXT NOT NULL, owner TEXT NOT NULL",
    ),
    Table(
        "store_hold_acts",
        "hold TEXT NOT NULL, act TEXT NOT NULL, time REAL NOT NULL, person TEXT NOT NULL, "
        "key TEXT NOT NULL, note TEXT NOT NULL, PRIMARY KEY (hold, act)",
        indexes=("person, key",),
    ),
)


@dataclass(frozen=True, slots=True)
class Act:
    """Who placed or lifted a hold: `person` is the principal, `key` the idempotency key.

    `time` in Unix seconds.
    """

    act: str
    time: float
    person: str
    key: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Held:
    """What may not go: rows of these paths from `start` until before `end`, in microseconds.

    No end: everything from `start` on, what is still to come included.
    """

    paths: tuple[str, ...]
    start: int
    end: int | None


@dataclass(frozen=True, slots=True)
class Hold:
    """One hold; `scope` is what it was asked for: a path, or `perimeter:id`."""

    id: str
    scope: str
    held: Held
    reason: str
    owner: str
    acts: tuple[Act, ...]

    @property
    def lifted(self) -> bool:
        """Whether it holds nothing any more."""
        return any(act.act == LIFTED for act in self.acts)


class Holds:
    """All holds, in SQLite: safe to use from any thread."""

    def __init__(self, database: Database) -> None:
        """`database` was opened with `TABLES`."""
        self._database = database

    def place(self, scope: str, held: Held, reason: str, owner: str, act: Act) -> Hold:
        """Put a hold; the same act again finds the hold that it made.

        Raises:
            Refused: 400, without reason, owner, path or span; 409, the key stands for another act.
        """
        _check(held, reason, owner)
        with self._database.write() as write:
            done = self._done(act)
            if done is not None:
                known = self.hold(done)
                if act.act != PLACED or (known.scope, known.reason) != (scope, reason):
                    raise Refused(
                        409, "this idempotency key stands for another act; take a new one"
                    )
                return known
            name = f"hold-{secrets.token_hex(4)}"
            write.execute(
                "INSERT INTO store_holds VALUES (?, ?, ?, ?, ?, ?, ?)",
                (name, scope, json.dumps(held.paths), held.start, held.end, reason, owner),
            )
            _note(write, name, act)
        return self.hold(name)

    def lift(self, name: str, act: Act) -> Hold:
        """End a hold; one that is lifted stays as it is.

        Raises:
            Refused: 404, there is none of that id.
        """
        known = self.hold(name)
        if not known.lifted:
            with self._database.write() as write:
                _note(write, name, act)
        return self.hold(name)

    def hold(self, name: str) -> Hold:
        """The hold of that id. Raises Refused (404) where there is none."""
        found = [hold for hold in self.all() if hold.id == name]
        if not found:
            raise Refused(404, f"no hold {name!r:.80}; see vigie store hold list")
        return found[0]

    def all(self) -> list[Hold]:
        """Every hold that ever was, the oldest first."""
        acts: dict[str, list[Act]] = {}
        for row in self._database.rows("SELECT * FROM store_hold_acts ORDER BY time, act DESC"):
            act = Act(row["act"], row["time"], row["person"], row["key"], row["note"])
            acts.setdefault(row["hold"], []).append(act)
        rows = self._database.rows("SELECT * FROM store_holds")
        return sorted((_read(row, acts) for row in rows), key=lambda hold: hold.acts[0].time)

    def active(self) -> tuple[Held, ...]:
        """What may not go now."""
        return tuple(hold.held for hold in self.all() if not hold.lifted)

    def _done(self, act: Act) -> str | None:
        row = self._database.row(
            "SELECT hold FROM store_hold_acts WHERE person = ? AND key = ?", act.person, act.key
        )
        return None if row is None else str(row["hold"])


def _check(held: Held, reason: str, owner: str) -> None:
    for name, words in (("reason", reason), ("owner", owner)):
        if not 0 < len(words.strip()) <= MAX_WORDS:
            raise Refused(400, f"{name}: 1 to {MAX_WORDS} characters are wanted")
    if not held.paths:
        raise Refused(400, "scope: nothing is in it, so that nothing would be held")
    if held.end is not None and held.end <= held.start:
        raise Refused(400, "to_time: a time after from_time is wanted, or none")


def _note(write: Writer, name: str, act: Act) -> None:
    write.execute(
        "INSERT INTO store_hold_acts VALUES (?, ?, ?, ?, ?, ?)",
        (name, act.act, act.time, act.person, act.key, act.note),
    )


def _read(row: Any, acts: dict[str, list[Act]]) -> Hold:
    held = Held(tuple(json.loads(row["paths"])), row["first"], row["last"])
    own: Sequence[Act] = acts.get(row["id"], [])
    return Hold(row["id"], row["scope"], held, row["reason"], row["owner"], tuple(own))
