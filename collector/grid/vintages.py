"""What providers said of every quarter of an hour, each time they said something else.

A value learned later, or of a later vintage, stands beside the one before: what was published with
that one can be computed again. SQLite; some ten rows an hour and zone.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from collector.grid.point import Point, Vintage
from vigie.database import Database, Table
from vigie.shape import Quality

TABLES: Final = (
    Table(
        "grid_points",
        "zone TEXT NOT NULL, method TEXT NOT NULL, start INTEGER NOT NULL, "
        "vintage INTEGER NOT NULL, learned INTEGER NOT NULL, seconds INTEGER NOT NULL, "
        "grams_per_kwh REAL, renewable REAL, nuclear REAL, quality INTEGER NOT NULL, "
        "PRIMARY KEY (zone, method, start, vintage, learned)",
        rowid=False,
    ),
)
_SAID: Final = "seconds, grams_per_kwh, renewable, nuclear, quality"


@dataclass(frozen=True, slots=True)
class Learned:
    """A point, and when it was learned."""

    point: Point
    at: datetime


class Vintages:
    """The values of all zones and methods."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def learn(self, method: str, points: Iterable[Point], now: datetime) -> int:
        """Keep what is new or differs from what was said before; how many that were.

        Raises:
            StoreError: it cannot be written.
        """
        added = 0
        with self._database.write() as write:
            for p in points:
                at = (p.zone, method, _seconds(p.start), int(p.vintage))
                said = (p.seconds, p.grams_per_kwh, p.renewable, p.nuclear, p.quality.code)
                before = write.execute(
                    f"SELECT {_SAID} FROM grid_points WHERE zone = ? AND method = ? "  # noqa: S608
                    "AND start = ? AND vintage = ? ORDER BY learned DESC LIMIT 1",
                    at,
                ).fetchone()
                if before is None or tuple(before) != said:
                    write.execute(
                        "INSERT OR REPLACE INTO grid_points VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
                        (*at, _seconds(now), *said),
                    )
                    added += 1
        return added

    def known(
        self, zone: str, method: str, start: datetime, end: datetime, at: datetime
    ) -> Sequence[Learned]:
        """The best value of each time, of what was known `at` a time: the latest vintage, newest.

        A forecast is no value of what has been.
        """
        rows = self._database.rows(
            f"SELECT start, vintage, learned, {_SAID} FROM grid_points "  # noqa: S608
            "WHERE zone = ? AND method = ? AND start >= ? AND start < ? AND learned <= ? "
            "AND vintage > ? ORDER BY start, vintage, learned",
            zone, method, _seconds(start), _seconds(end), _seconds(at), int(Vintage.FORECAST),
        )  # fmt: skip
        best = {row["start"]: row for row in rows}
        return [
            Learned(
                Point(
                    zone, datetime.fromtimestamp(row["start"], UTC), row["seconds"],
                    row["grams_per_kwh"], row["renewable"], row["nuclear"],
                    Vintage(row["vintage"]), list(Quality)[row["quality"]],
                ),
                datetime.fromtimestamp(row["learned"], UTC),
            )
            for row in best.values()
        ]  # fmt: skip


def _seconds(moment: datetime) -> int:
    return round(moment.timestamp())
