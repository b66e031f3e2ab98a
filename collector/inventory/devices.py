"""Inventories as agents list them: the newest snapshot and what changed since, in SQLite."""

import json
import threading
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from collector.store.entry import DecodedFrame
from vigie import catalogue
from vigie.database import Database, Table, Writer
from vigie.frame import Header, InventoryPart
from vigie.network.places import inside
from vigie.shape import Inventory

MAX_ROWS: Final = 100_000
"""Rows kept of one agent's inventory; what is over is left out."""

TABLES: Final = (
    Table(
        "inventory_rows",
        "inventory TEXT NOT NULL, container TEXT NOT NULL, agent TEXT NOT NULL, "
        "identity TEXT NOT NULL, time INTEGER NOT NULL, content TEXT NOT NULL, "
        "PRIMARY KEY (inventory, container, agent, identity)",
    ),
    Table(
        "inventory_snapshots",
        "inventory TEXT NOT NULL, container TEXT NOT NULL, agent TEXT NOT NULL, "
        "time INTEGER NOT NULL, PRIMARY KEY (inventory, container, agent)",
    ),
)


@dataclass(frozen=True, slots=True)
class Row:
    """One thing: where it is, when it was last listed (ns UTC), and its columns."""

    container: str
    agent: str
    time: int
    content: Mapping[str, str | None]


class Inventories:
    """What every agent listed. A part that arrives again, or late, changes nothing newer."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._known = {
            (row["container"], row["agent"], row["inventory"])
            for row in database.rows("SELECT inventory, container, agent FROM inventory_snapshots")
        }

    def wants(self, container: str, agent: str) -> list[str]:
        """Inventories of which a snapshot of that agent is not there."""
        return [
            i.name for i in catalogue.INVENTORIES if (container, agent, i.name) not in self._known
        ]

    def take(self, frames: Iterable[DecodedFrame]) -> None:
        """Keep the inventories of acknowledged frames."""
        parts = list(_parts(frames))
        if not parts:
            return
        with self._lock:
            with self._database.write() as write:
                for header, part, declared in parts:
                    _keep(write, header, part, declared)
            self._known.update((h.container, h.agent, p.name) for h, p, _ in parts if p.snapshot)

    def rows(self, inventory: str, scope: str) -> list[Row]:
        """The rows of one inventory within a scope."""
        found = self._database.rows(
            "SELECT * FROM inventory_rows WHERE inventory = ? ORDER BY container, identity",
            inventory,
        )
        rows = [Row(r["container"], r["agent"], r["time"], json.loads(r["content"])) for r in found]
        return [r for r in rows if inside(r.container, scope) or inside(_path(r), scope)]


def _path(row: Row) -> str:
    return f"{row.container}/{row.content.get('host')}"


def _parts(
    frames: Iterable[DecodedFrame],
) -> Iterator[tuple[Header, InventoryPart, type[Inventory]]]:
    for frame in frames:
        for part in frame.header.inventories:
            declared = catalogue.inventory(part.name)
            if declared is not None:
                yield frame.header, part, declared


def _keep(write: Writer, header: Header, part: InventoryPart, declared: type[Inventory]) -> None:
    sender = (part.name, header.container, header.agent)
    last = write.execute(
        "SELECT time FROM inventory_snapshots WHERE inventory = ? AND container = ? AND agent = ?",
        sender,
    ).fetchone()
    if part.snapshot:
        if last and last["time"] > header.time:
            return
        write.execute(
            "DELETE FROM inventory_rows WHERE inventory = ? AND container = ? AND agent = ? "
            "AND time <= ?",
            (*sender, header.time),
        )
        write.execute(
            "INSERT OR REPLACE INTO inventory_snapshots VALUES (?, ?, ?, ?)",
            (*sender, header.time),
        )
    elif last is None or last["time"] > header.time:
        return  # a change of what is not there yet; the snapshot that was asked for has it
    for row in part.rows[:MAX_ROWS]:
        content: dict[str, Any] = {f.name: row.get(f.name) for f in declared.fields}
        if any(not content[key.name] for key in declared.keys):
            continue
        identity = json.dumps([content[key.name] for key in declared.keys], ensure_ascii=False)
        write.execute(
            "INSERT INTO inventory_rows VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE "
            "SET time = excluded.time, content = excluded.content WHERE excluded.time >= time",
            (*sender, identity, header.time, json.dumps(content, ensure_ascii=False)),
        )
