"""The receiving end of fragments on a disk, without the rest of a collector."""

import sqlite3
from pathlib import Path

from collector.counters import Counters
from collector.inventory.fragments import Fragments
from collector.inventory.margins import Margins
from collector.store.quarantine import Found, Quarantine
from vigie.fragments import RECORD, Record, unpack
from vigie.replies import FragmentsHeld

NOW = 1_700_000_000.0


class Centre:
    """`restart` is a start after a kill: nothing is written at the end."""

    def __init__(self, directory: Path) -> None:
        self.directory, self.counters = directory, Counters()
        self.found: list[Found] = []
        self.start()

    def start(self) -> None:
        self.margins = Margins()
        quarantine = Quarantine(self.directory / "quarantine", self.found.append)
        self.kept = Fragments(
            self.directory / "fragments.db", quarantine, self.margins, self.counters, lambda: NOW
        )
        self.kept.load()

    def restart(self) -> None:
        self.kept.close()
        self.start()

    def post(self, body: bytes) -> FragmentsHeld:
        return self.kept.receive(*unpack(body))

    def fold(self) -> None:
        """As the duty does once there are many."""
        rows = self.kept._opened()
        for inventory in self.kept._all():
            self.kept._fold(rows, inventory)

    def records(self, number: int = 1) -> dict[tuple[bytes, int], Record]:
        """What is on the disk, by object and index, of the inventory of that number."""
        self.fold()
        with sqlite3.connect(self.directory / "fragments.db") as connection:
            blobs = connection.execute(
                "SELECT records FROM buckets WHERE inventory = ?", (number,)
            ).fetchall()
        connection.close()
        found = [Record(*one) for (blob,) in blobs for one in RECORD.iter_unpack(blob)]
        assert len({(r.oid, r.idx) for r in found}) == len(found)
        return {(r.oid, r.idx): r for r in found}
