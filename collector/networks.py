"""The network in time: every version that was accepted, whole, and since when it is in force."""

import json
import threading
from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any, Final

from vigie.database import Database, Table
from vigie.errors import VigieError
from vigie.network import content, traits
from vigie.network.network import Network
from vigie.network.places import Lifecycle

TABLES: Final = (
    Table("network_contents", "version TEXT PRIMARY KEY, content TEXT NOT NULL"),
    Table(
        "network_versions",
        "number INTEGER PRIMARY KEY, version TEXT NOT NULL, name TEXT NOT NULL, "
        "valid_from REAL NOT NULL, containers TEXT NOT NULL, changed TEXT NOT NULL",
    ),
    # Which version declared a container last: those that left the files keep their names.
    Table("network_containers", "path TEXT PRIMARY KEY, version TEXT NOT NULL"),
)
REBUILT: Final = 16
"""Old versions kept in memory once they were asked for."""


@dataclass(frozen=True, slots=True)
class Version:
    """One content in force from an instant until that of the next; `hash` is of the content.

    `containers` are the paths that it declares, `changed` those of which it does not declare the
    same as the version before, with those that came and left.
    """

    hash: str
    name: str
    valid_from: datetime
    containers: tuple[str, ...]
    changed: tuple[str, ...]


class Networks:
    """All versions; safe to use from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._lock = threading.Lock()
        self._rebuilt: dict[str, Network] = {}
        rows = database.rows("SELECT * FROM network_versions ORDER BY number")
        self._history = tuple(_version(dict(row)) for row in rows)
        self._current: Network | None = None
        if self._history:
            self._current = self.network(self._history[-1].hash)
        self._retired: Mapping[str, str] = MappingProxyType({})
        self._look_for_retired()

    @property
    def known(self) -> bool:
        """Whether any version was ever accepted."""
        return self._current is not None

    def current(self) -> Network:
        """The network in force.

        Raises:
            VigieError: none was ever accepted.
        """
        if self._current is None:
            raise VigieError("no network was accepted yet")
        return self._current

    def history(self) -> tuple[Version, ...]:
        """Every version, oldest first; one content may stand there twice."""
        return self._history

    def at(self, instant: datetime) -> Network:
        """The network in force at an instant; of a time before the first version, that one.

        Raises:
            VigieError: none was ever accepted.
        """
        history = self._history
        number = bisect_right(history, instant, key=lambda version: version.valid_from)
        if number == len(history):
            return self.current()
        return self.network(history[max(0, number - 1)].hash)

    def network(self, version: str) -> Network:
        """The content of a version.

        Raises:
            VigieError: there is none of that hash.
        """
        with self._lock:
            if version in self._rebuilt:
                return self._rebuilt[version]
        row = self._database.row("SELECT content FROM network_contents WHERE version = ?", version)
        if row is None:
            raise VigieError(f"no network version {version!r:.80}")
        found = content.read(row["content"])
        self._remember(version, found)
        return found

    def retired(self) -> Mapping[str, str]:
        """Containers that no file declares any more: path → the last version that did."""
        return self._retired

    def lifecycle(self, path: str) -> Lifecycle | None:
        """Where the container that a path lies in is in its life; None was never declared."""
        found = self._current.container(path) if self._current else None
        if found is not None:
            return found.lifecycle
        container = "/".join(path.split("/")[:2])
        return Lifecycle.RETIRED if container in self._retired else None

    def in_service(self, path: str) -> bool:
        """Whether what a path lies in is expected to report: also what was never declared."""
        return self.lifecycle(path) in {Lifecycle.IN_SERVICE, None}

    def accept(self, network: Network, now: float) -> bool:
        """Put a network in force from `now` (Unix time) on; False where it is so already.

        Raises:
            StoreError: it cannot be kept; the old one stays in force.
        """
        version = network.version
        if self._history and self._history[-1].hash == version:
            self._current = network
            return False
        # A clock that was set back must not make a later version an earlier one.
        since = max([now, *(v.valid_from.timestamp() for v in self._history[-1:])])
        found = Version(
            version,
            network.name,
            datetime.fromtimestamp(since, UTC),
            tuple(container.path for container in network.containers),
            tuple(traits.changed(self._current, network)),
        )
        with self._database.write() as write:
            write.execute(
                "INSERT OR IGNORE INTO network_contents VALUES (?, ?)",
                (version, content.written(network)),
            )
            write.execute(
                "INSERT INTO network_versions (version, name, valid_from, containers, changed) "
                "VALUES (?, ?, ?, ?, ?)",
                (
                    version,
                    network.name,
                    since,
                    json.dumps(found.containers),
                    json.dumps(found.changed),
                ),
            )
            write.executemany(
                "INSERT OR REPLACE INTO network_containers VALUES (?, ?)",
                [(container.path, version) for container in network.containers],
            )
        self._remember(version, network)
        self._current = network
        self._history += (found,)
        self._look_for_retired()
        return True

    def _look_for_retired(self) -> None:
        declared = {c.path for c in self._current.containers} if self._current else set()
        rows = self._database.rows("SELECT path, version FROM network_containers ORDER BY path")
        gone = {row["path"]: row["version"] for row in rows if row["path"] not in declared}
        self._retired = MappingProxyType(gone)

    def _remember(self, version: str, network: Network) -> None:
        with self._lock:
            while len(self._rebuilt) >= REBUILT:
                del self._rebuilt[next(iter(self._rebuilt))]
            self._rebuilt[version] = network


def _version(row: Mapping[str, Any]) -> Version:
    return Version(
        row["version"],
        row["name"],
        datetime.fromtimestamp(row["valid_from"], UTC),
        tuple(json.loads(row["containers"])),
        tuple(json.loads(row["changed"])),
    )
