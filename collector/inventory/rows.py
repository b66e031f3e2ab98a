"""Inventories of fragments as rows of SQLite, each with the checksum of what was written."""

import json
import zlib
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from collector.inventory.margins import Owner
from collector.inventory.progress import Progress
from collector.inventory.records import RECORD, Records
from vigie.database import Database, Table, Writer
from vigie.fragments import BUCKETS, Scheme

TABLES: Final = (
    Table(
        "inventories",
        "number INTEGER PRIMARY KEY, container TEXT NOT NULL, host TEXT NOT NULL, "
        "store TEXT NOT NULL, learned REAL NOT NULL, held INTEGER NOT NULL, wanted BLOB NOT NULL, "
        "progress TEXT NOT NULL, UNIQUE (container, host, store)",
    ),
    Table(
        "buckets",
        "inventory INTEGER NOT NULL, bucket INTEGER NOT NULL, digest BLOB NOT NULL, "
        "checksum INTEGER NOT NULL, records BLOB NOT NULL, PRIMARY KEY (inventory, bucket)",
    ),
    Table(
        "changes",
        "inventory INTEGER NOT NULL, first INTEGER NOT NULL, checksum INTEGER NOT NULL, "
        "records BLOB NOT NULL, PRIMARY KEY (inventory, first)",
    ),
)
DIGEST_BYTES: Final = 8


@dataclass(frozen=True, slots=True)
class Known:
    """One inventory: whose, how far, and when (Unix time) it was last heard of."""

    owner: Owner
    host: str
    progress: Progress
    learned: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """All records of one bucket, sorted, and the digest of them on the wire."""

    number: int
    digest: int
    records: Records


@dataclass(frozen=True, slots=True)
class Changes:
    """What is not folded, in order; `last` is the first number of the last of the messages."""

    records: Records
    messages: int
    last: int
    damaged: bool


class Rows:
    """The open file; raises StoreError where it is damaged or the disk fails."""

    def __init__(self, path: Path, tell: Callable[[str], None]) -> None:
        """`tell` is called with what of it is damaged; none of that is given out."""
        self._database, self._tell = Database(path, TABLES, check=False), tell

    def write(self) -> AbstractContextManager[Writer]:
        """One transaction, as `Database.write`."""
        return self._database.write()

    def close(self) -> None:
        """Close the file."""
        self._database.close()

    def inventories(self) -> list[Known]:
        """Every inventory."""
        return [
            Known(Owner(row["number"], row["container"], row["store"]), row["host"],
                  _progress(row), row["learned"])
            for row in self._database.rows("SELECT * FROM inventories ORDER BY number")
        ]  # fmt: skip

    def note(self, write: Writer, known: Known) -> None:
        """How far an inventory is now."""
        owner, progress = known.owner, known.progress
        text = json.dumps({
            "epoch": progress.epoch, "digests": progress.digests, "gaps": progress.gaps,
            "ended": progress.ended, "schemes": [(s.k, s.n) for s in progress.schemes],
            "disks": progress.disks, "told_schemes": progress.told_schemes,
            "told_disks": progress.told_disks,
        })  # fmt: skip
        wanted = progress.wanted.to_bytes(BUCKETS // 8, "little")
        write.execute(
            "INSERT OR REPLACE INTO inventories VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (owner.number, owner.container, known.host, owner.store, known.learned,
             progress.held, wanted, text),
        )  # fmt: skip

    def put_buckets(self, write: Writer, owner: Owner, buckets: Sequence[Bucket]) -> None:
        """Buckets as they are now."""
        write.executemany(
            "INSERT OR REPLACE INTO buckets VALUES (?, ?, ?, ?, ?)",
            [
                (owner.number, bucket.number, bucket.digest.to_bytes(DIGEST_BYTES, "little"),
                 *_packed(bucket.records))
                for bucket in buckets
            ],
        )  # fmt: skip

    def buckets(self, owner: Owner, begin: int, end: int) -> tuple[list[Bucket], list[int]]:
        """Those with a number from `begin` to before `end`, and the numbers of damaged ones.

        One that was never told is in neither.
        """
        found, damaged = [], []
        for row in self._database.rows(
            "SELECT bucket, digest, checksum, records FROM buckets "
            "WHERE inventory = ? AND bucket >= ? AND bucket < ? ORDER BY bucket",
            owner.number, begin, end,
        ):  # fmt: skip
            if self._sound(row, owner):
                digest = int.from_bytes(row["digest"], "little")
                found.append(Bucket(row["bucket"], digest, np.frombuffer(row["records"], RECORD)))
            else:
                damaged.append(row["bucket"])
        return found, damaged

    def digests(self, owner: Owner) -> list[int]:
        """Of each bucket; 0 of an empty one."""
        digests = [0] * BUCKETS
        for row in self._database.rows(
            "SELECT bucket, digest FROM buckets WHERE inventory = ?", owner.number
        ):
            digests[row["bucket"]] = int.from_bytes(row["digest"], "little")
        return digests

    def put_changes(self, write: Writer, owner: Owner, first: int, records: Records) -> None:
        """Changes, of which the first has that number."""
        write.execute(
            "INSERT OR REPLACE INTO changes VALUES (?, ?, ?, ?)",
            (owner.number, first, *_packed(records)),
        )

    def changes(self, owner: Owner) -> Changes:
        """All that are kept."""
        rows = self._database.rows(
            "SELECT first, checksum, records FROM changes WHERE inventory = ? ORDER BY first",
            owner.number,
        )
        sound = [row["records"] for row in rows if self._sound(row, owner)]
        records = np.frombuffer(b"".join(sound), RECORD)
        last = rows[-1]["first"] if rows else 0
        return Changes(records, len(rows), last, len(sound) < len(rows))

    def drop_changes(self, write: Writer, owner: Owner, last: int) -> None:
        """Let go of messages of changes up to the one that begins with `last`."""
        write.execute(
            "DELETE FROM changes WHERE inventory = ? AND first <= ?", (owner.number, last)
        )

    def _sound(self, row: Any, owner: Owner) -> bool:
        if zlib.crc32(row["records"]) == row["checksum"]:
            return True
        self._tell(f"fragments of {owner.store} in {owner.container} are asked for again")
        return False


def _packed(records: Records) -> tuple[int, bytes]:
    """Checksum and bytes."""
    packed = records.tobytes()
    return zlib.crc32(packed), packed


def _progress(row: Any) -> Progress:
    told = json.loads(row["progress"])
    return Progress(
        told["epoch"], row["held"], told["digests"], int.from_bytes(row["wanted"], "little"),
        told["gaps"], tuple(told["ended"]), tuple(Scheme(*s) for s in told["schemes"]),
        tuple(told["disks"]), tuple(told["told_schemes"]), tuple(told["told_disks"]),
    )  # fmt: skip
