"""What became of alerts, as their history in the database tells it: one episode an alert."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from alerts import text
from alerts.lifecycle import State, Subject
from vigie.database import Database

_HISTORY: Final = "SELECT * FROM alert_changes WHERE alert IN ({}) ORDER BY alert, change"


@dataclass(frozen=True, slots=True)
class Turn:
    """One change of an alert, at a Unix time: by a person, or by itself."""

    state: State
    time: float
    person: str | None = None
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Episode:
    """One alert from its beginning to its end; Unix times.

    `began` is since when it was so, which nobody may have known then. `announced` says whether
    people were told: one that was inhibited or silenced all the time was not.
    """

    id: str
    rule: str
    about: Subject
    priority: int
    began: float
    turns: tuple[Turn, ...]
    announced: bool = True
    simulated: bool = False
    detail: str = ""

    @property
    def container(self) -> str:
        """The path of the container, or site, that it is about."""
        return self.about.container

    @property
    def subject(self) -> str:
        """The container's path with the keys."""
        return text.subject_path(self.about)

    @property
    def fired(self) -> float | None:
        """When it fired; None where it has not, or was history when it was learned."""
        return self._first(State.FIRING)

    @property
    def known(self) -> float | None:
        """When anybody could know of it: it fired, or was learned as history."""
        return self.fired if self.fired is not None else self.ended

    @property
    def taken(self) -> Turn | None:
        """When a person took it in hand, and who."""
        return next((t for t in self.turns if t.state is State.ACKNOWLEDGED), None)

    @property
    def ended(self) -> float | None:
        """When it was over; None while it is not, or is again."""
        last = self.turns[-1] if self.turns else None
        return last.time if last is not None and last.state is State.RESOLVED else None

    def spans(self, now: float) -> list[tuple[float, float]]:
        """From when until when it was so, until now where it still is; it may have come again."""
        found: list[tuple[float, float]] = []
        since: float | None = self.began
        for turn in self.turns:
            if turn.state is not State.RESOLVED:
                since = turn.time if since is None else since
            elif since is not None:
                found.append((since, turn.time))
                since = None
        return found if since is None else [*found, (since, now)]

    @property
    def transitions(self) -> list[float]:
        """When it came, and when it was over, each time."""
        return [t.time for t in self.turns if t.state in {State.FIRING, State.RESOLVED}]

    def _first(self, state: State) -> float | None:
        return next((turn.time for turn in self.turns if turn.state is state), None)


class Chronicle:
    """Reads what the register of alerts wrote; safe to use from any thread."""

    def __init__(self, database: Database) -> None:
        """`database` holds the tables of the register."""
        self._database = database

    def between(self, start: float, end: float) -> list[Episode]:
        """Alerts that were there at any time from `start` until before `end`, oldest first."""
        chosen = "FROM alerts WHERE since < ? AND (state != ? OR changed >= ?)"
        return self._read(chosen, end, State.RESOLVED, start)

    def of(self, ids: Iterable[str]) -> list[Episode]:
        """Alerts of these identities, oldest first; those that are no longer kept are left out."""
        return self._read(
            "FROM alerts WHERE id IN (SELECT value FROM json_each(?))", json.dumps(list(ids))
        )

    def _read(self, chosen: str, *parameters: Any) -> list[Episode]:
        turns: dict[str, list[Turn]] = {}
        history = _HISTORY.format(f"SELECT id {chosen}")
        for row in self._database.rows(history, *parameters):
            turn = Turn(State(row["state"]), row["time"], row["person"], row["note"])
            turns.setdefault(row["alert"], []).append(turn)
        rows = self._database.rows(f"SELECT * {chosen} ORDER BY since, id", *parameters)
        return [_episode(dict(row), turns.get(row["id"], ())) for row in rows]


def _episode(row: Mapping[str, Any], turns: Sequence[Turn]) -> Episode:
    subject = Subject(row["container"], tuple(json.loads(row["keys"])))
    return Episode(
        id=row["id"], rule=row["rule"], about=subject, priority=row["priority"],
        began=row["since"] if row["happened"] is None else row["happened"],
        turns=tuple(turns), announced=row["told"] is not None, simulated=bool(row["simulated"]),
        detail=row["detail"],
    )  # fmt: skip
