"""What nobody is to be told of for a while, who said so, why, and until when.

A *silence* hides what is known and in hand; a *maintenance* window hides what planned work brings,
and its minutes are no unavailability. What is hidden stays on the screens; only its notifications
wait, and what is still wrong when the time is over is told then.
"""

import uuid
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Literal

from alerts import text
from alerts.lifecycle import Alert
from alerts.rule import Rule
from vigie.database import Database, Table
from vigie.errors import Refused
from vigie.network.places import inside

Kind = Literal["silence", "maintenance"]
Standing = Literal["planned", "active", "over"]

LONGEST: Final[Mapping[Kind, float]] = {"silence": 30 * 86_400.0, "maintenance": 90 * 86_400.0}
"""A silence that is to last longer hides a rule that is wrong: change the rule."""
MAX_WORDS: Final = 1_000
KEPT_SECONDS: Final = 400 * 86_400.0
"""How long those that are over are kept."""

TABLES: Final = (
    Table(
        "silences",
        "id TEXT PRIMARY KEY, kind TEXT NOT NULL, scope TEXT NOT NULL, rule TEXT, "
        "subject TEXT NOT NULL, author TEXT NOT NULL, reason TEXT NOT NULL, created REAL NOT NULL, "
        "starts REAL NOT NULL, expires REAL NOT NULL, ended REAL, ended_by TEXT",
        indexes=("expires",),
    ),
)


@dataclass(frozen=True, slots=True)
class Silence:
    """One of them; times are Unix time.

    It hides the alerts within `scope`, a path, of `rule` where one is named, whose subject begins
    with `subject`. `ended` is when somebody ended it before its time.
    """

    id: str
    kind: Kind
    scope: str
    rule: str | None
    subject: str
    author: str
    reason: str
    created: float
    starts: float
    expires: float
    ended: float | None = None
    ended_by: str | None = None

    @property
    def until(self) -> float:
        """When it is over, or was."""
        return self.expires if self.ended is None else min(self.ended, self.expires)

    def standing(self, now: float) -> Standing:
        """Whether it is still to come, in force, or over."""
        if now >= self.until:
            return "over"
        return "active" if now >= self.starts else "planned"

    def hides(self, alert: Alert, rule: Rule) -> bool:
        """Whether an alert is one of those that it hides while it is in force."""
        if self.rule is not None and self.rule != alert.rule:
            return False
        paths = [alert.subject.container]
        if "host" in rule.keys:
            paths.append(f"{paths[0]}/{alert.subject.keys[rule.keys.index('host')]}")
        if not any(inside(path, self.scope) for path in paths):
            return False
        return text.subject_path(alert.subject).startswith(self.subject)

    @property
    def mark(self) -> str:
        """What `Alert.held` says of it."""
        return f"{self.kind}:{self.id}"


def checked(silence: Silence, now: float) -> Silence:
    """The same, with its reason trimmed.

    Raises:
        Refused: 400; it hides everything, says no reason, or its times make no sense.
    """
    reason = silence.reason.strip()
    if not reason or len(reason) > MAX_WORDS:
        raise Refused(400, f"reason: 1 to {MAX_WORDS} characters are wanted: why")
    if not silence.scope and silence.rule is None and not silence.subject:
        raise Refused(
            400, "this would hide every alert there is; name a scope, a rule or a subject"
        )
    if silence.expires <= max(now, silence.starts):
        raise Refused(400, "expires: a time after the start, and still to come, is wanted")
    longest = LONGEST[silence.kind]
    if silence.expires - max(now, silence.starts) > longest:
        raise Refused(400, f"expires: a {silence.kind} lasts {longest / 86_400:.0f} days at most")
    return replace(silence, reason=reason)


def hiding(alert: Alert, rule: Rule, silences: Iterable[Silence]) -> Silence | None:
    """The one of these that hides an alert; maintenance before silences, then the oldest."""
    found = [one for one in silences if one.hides(alert, rule)]
    return min(found, key=lambda s: (s.kind != "maintenance", s.starts, s.id), default=None)


class Silences:
    """All of them, kept in the database; safe to use from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._all = self._read()

    def all(self) -> Sequence[Silence]:
        """Those that are kept, the newest first."""
        return self._all

    def get(self, identity: str) -> Silence:
        """One of them.

        Raises:
            Refused: 404 where there is none.
        """
        for one in self._all:
            if one.id == identity:
                return one
        raise Refused(404, f"no silence {identity!r:.80}")

    def active(self, now: float) -> tuple[Silence, ...]:
        """Those in force."""
        return tuple(one for one in self._all if one.standing(now) == "active")

    def add(self, wanted: Silence, now: float) -> Silence:
        """Keep a new one, under a name of its own.

        Raises:
            Refused: as `checked`.
        """
        one = replace(checked(wanted, now), id=uuid.uuid4().hex[:12], created=now)
        with self._database.write() as write:
            write.execute("DELETE FROM silences WHERE expires < ?", (now - KEPT_SECONDS,))
            values = (
                one.id, one.kind, one.scope, one.rule, one.subject, one.author, one.reason,
                one.created, one.starts, one.expires, None, None,
            )  # fmt: skip
            write.execute(f"INSERT INTO silences VALUES ({', '.join('?' * 12)})", values)  # noqa: S608 - marks only
        self._all = self._read()
        return one

    def end(self, identity: str, person: str, now: float) -> Silence:
        """Let it be over now; one that is over stays as it is.

        Raises:
            Refused: 404 where there is none.
        """
        if self.get(identity).standing(now) != "over":
            with self._database.write() as write:
                write.execute(
                    "UPDATE silences SET ended = ?, ended_by = ? WHERE id = ?",
                    (now, person, identity),
                )
            self._all = self._read()
        return self.get(identity)

    def _read(self) -> tuple[Silence, ...]:
        rows = self._database.rows("SELECT * FROM silences ORDER BY created DESC, id")
        return tuple(_silence(dict(row)) for row in rows)


def _silence(row: Mapping[str, Any]) -> Silence:
    return Silence(**row)
