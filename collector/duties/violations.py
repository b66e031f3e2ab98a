"""How long rules of placement were broken: judged every minute, and kept.

What is broken at one turn and was at the one before was broken all the time between; what is mended
counts until it was seen to be. Of a time in which nobody looked, nothing is known.
"""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from collector.kpis.facts import Held, Violation
from collector.kpis.sovereignty.rules import Judged, Rule, cut, judge
from vigie.database import Database, Table, Writer
from vigie.network.network import Network

LATE: Final = timedelta(seconds=180)
"""Turns further apart than this leave a time of which nothing is known."""
RETENTION: Final = timedelta(days=800)

TABLES: Final = (
    Table(
        "violations",
        "id INTEGER PRIMARY KEY, tenant TEXT NOT NULL, store TEXT NOT NULL, rule TEXT NOT NULL, "
        "begun INTEGER NOT NULL, ended INTEGER NOT NULL, open INTEGER NOT NULL",
        ("begun",),
    ),
    Table(
        "judgements",
        "id INTEGER PRIMARY KEY, begun INTEGER NOT NULL, ended INTEGER NOT NULL, "
        "clear INTEGER NOT NULL",
        ("begun",),
    ),
)
"""`begun` and `ended` in Unix microseconds."""


class Holds(Protocol):
    """Who knows who holds what."""

    def __call__(self, network: Network) -> tuple[Held, ...] | None:
        """Every store; None where not all is known."""


class Violations:
    """The duty, and what it found."""

    def __init__(self, database: Database, held: Holds, network: Callable[[], Network]) -> None:
        self._database, self._held, self._network = database, held, network
        self.judged: Judged | None = None
        """What the last turn found; None where it could not look."""

    def run(self, now: datetime) -> None:
        """One turn."""
        network = self._network()
        held = self._held(network)
        self.judged = judged = None if held is None else judge(network, held)
        with self._database.write() as write:
            if judged is not None:
                self._note(write, judged, now)
            oldest = _micros(now - RETENTION)
            for table in ("violations", "judgements"):
                write.execute(f"DELETE FROM {table} WHERE ended < ?", (oldest,))  # noqa: S608  ours

    def between(self, start: datetime, end: datetime) -> tuple[tuple[Violation, ...], float | None]:
        """What was broken in a period, and the seconds of it in which all rules could be judged.

        None where nobody ever looked in it.
        """
        span = (_micros(end), _micros(start))
        rows = self._database.rows(
            "SELECT tenant, store, rule, begun, ended FROM violations "
            "WHERE begun < ? AND ended > ? ORDER BY begun, id", *span,
        )  # fmt: skip
        found = (
            Violation(r["tenant"], r["store"], r["rule"], _time(r["begun"]), _time(r["ended"]))
            for r in rows
        )
        turns = self._database.rows(
            "SELECT begun, ended, clear FROM judgements WHERE begun < ? AND ended > ?", *span
        )
        seconds = sum(
            (min(t["ended"], span[0]) - max(t["begun"], span[1])) / 1e6
            for t in turns if t["clear"]
        )  # fmt: skip
        broken = cut(found, start, end)
        return broken, seconds if seconds or broken else None

    def _note(self, write: Writer, judged: Judged, now: datetime) -> None:
        at = _micros(now)
        last = write.execute("SELECT * FROM judgements ORDER BY id DESC LIMIT 1").fetchone()
        going = last is not None and 0 <= at - last["ended"] <= LATE / timedelta(microseconds=1)
        rows = write.execute("SELECT * FROM violations WHERE open").fetchall()
        opened = {Rule(r["tenant"], r["store"], r["rule"]): r["id"] for r in rows}
        for rule, number in opened.items():
            if going:
                write.execute("UPDATE violations SET ended = ? WHERE id = ?", (at, number))
            if not going or rule not in judged.broken:
                write.execute("UPDATE violations SET open = 0 WHERE id = ?", (number,))
        for rule in sorted(judged.broken):
            if not going or rule not in opened:
                write.execute(
                    "INSERT INTO violations (tenant, store, rule, begun, ended, open) "
                    "VALUES (?, ?, ?, ?, ?, 1)", (rule.tenant, rule.store, rule.name, at, at),
                )  # fmt: skip
        clear = int(not judged.unclear)
        if going:
            write.execute("UPDATE judgements SET ended = ? WHERE id = ?", (at, last["id"]))
        if not going or last["clear"] != clear:
            write.execute(
                "INSERT INTO judgements (begun, ended, clear) VALUES (?, ?, ?)", (at, at, clear)
            )


def _micros(moment: datetime) -> int:
    return round(moment.timestamp() * 1e6)


def _time(micros: int) -> datetime:
    return datetime.fromtimestamp(micros / 1e6, UTC)
