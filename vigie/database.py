"""Small mutable state in SQLite: the one way to open it and to change it.

Each owner declares its tables as `Table`s and opens the file with them; every commit is synced
(`synchronous=FULL`), every change runs inside `Database.write`.
"""

import contextlib
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from vigie.errors import StoreDamaged, StoreError

JOURNAL_BYTES: Final = 4 << 20
"""What is left of a journal that has grown with one large transaction."""
Writer = sqlite3.Connection
"""What `Database.write` hands to its block."""


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its name and its columns as SQL."""

    name: str
    columns: str
    indexes: tuple[str, ...] = ()
    """Column lists, one index each."""
    added: tuple[str, ...] = ()
    """Columns that came later, null or with a default: a file from before gets them."""
    rowid: bool = True
    """False keeps the rows in the order of the primary key, and saves a second tree."""


class Database:
    """One SQLite file, shared by threads: any number of readers, one writer at a time."""

    def __init__(
        self, path: Path, tables: Sequence[Table], *, check: bool = True, erase: bool = True,
        cache_bytes: int = 2 << 20,
    ) -> None:  # fmt: skip
        """Open `path`, creating it and the tables that it lacks.

        `check` reads the whole file to see that it is sound: leave it out where another process
        has done so. Without `erase` what is deleted is not written over, where SQLite does so by
        itself: less to write, where nothing in it is secret.

        Raises:
            StoreDamaged: the file exists and is not a sound database.
            StoreError: the disk or its rights do not let it be opened.
        """
        self._path = path
        self._lock = threading.RLock()
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            self._connection = sqlite3.connect(
                path, isolation_level=None, check_same_thread=False, timeout=10
            )
            # Whoever lets go of the object lets go of the file, also where opening fails below.
            weakref.finalize(self, self._connection.close)
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=FULL")
            self._connection.execute(f"PRAGMA cache_size=-{cache_bytes >> 10}")
            if not erase:
                self._connection.execute("PRAGMA secure_delete=OFF")
            self._connection.execute(f"PRAGMA journal_size_limit={JOURNAL_BYTES}")
            damage = "ok"
            if check:
                damage = self._connection.execute("PRAGMA quick_check(1)").fetchone()[0]
            if damage != "ok":
                raise StoreDamaged(f"{path}: {damage}")
            for table in tables:
                self._make(table)
        except sqlite3.DatabaseError as error:
            raise _spoken(path, error) from error

    def _make(self, table: Table) -> None:
        """Create a table that is not there, and the columns and indexes that it lacks."""
        kept = "STRICT" if table.rowid else "STRICT, WITHOUT ROWID"
        self._connection.execute(
            f"CREATE TABLE IF NOT EXISTS {table.name} ({table.columns}) {kept}"
        )
        known = {
            row["name"] for row in self._connection.execute(f"PRAGMA table_info({table.name})")
        }
        for column in table.added:
            if column.split()[0] not in known:
                self._connection.execute(f"ALTER TABLE {table.name} ADD COLUMN {column}")
        for number, columns in enumerate(table.indexes):
            self._connection.execute(
                f"CREATE INDEX IF NOT EXISTS {table.name}_{number} ON {table.name} ({columns})"
            )

    def rows(self, sql: str, *parameters: Any) -> list[sqlite3.Row]:
        """All rows of a query. Raises StoreError."""
        with self._lock, self._told():
            return self._connection.execute(sql, parameters).fetchall()

    def row(self, sql: str, *parameters: Any) -> sqlite3.Row | None:
        """The first row of a query, or None. Raises StoreError."""
        with self._lock, self._told():
            first: sqlite3.Row | None = self._connection.execute(sql, parameters).fetchone()
            return first

    @contextlib.contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: all of the block's changes, synced, or none.

        Inside another one it is part of that one.

        Raises:
            StoreError: SQLite refused, as for a full disk or a key that exists.
        """
        with self._lock, self._told():
            if self._connection.in_transaction:
                yield self._connection
                return
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                self._roll_back()
                raise

    def copy(self, path: Path) -> None:
        """Write a sound copy of the whole file to `path`, which must not exist; not synced.

        Raises:
            StoreError: the disk is full, or failed.
        """
        with self._lock, self._told():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            self._connection.execute("VACUUM INTO ?", (str(path),))

    def _roll_back(self) -> None:
        # SQLite may have done it by itself, as on a full disk.
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise _spoken(self._path, error) from error

    def close(self) -> None:
        """Close the file; the object is of no further use."""
        with self._lock:
            self._connection.close()


def copied(path: Path, copy: Path) -> None:
    """Write a sound copy of a database that others write meanwhile to `copy`, which must not exist.

    Raises:
        StoreError: it is damaged, or the disk is full or failed.
    """
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as opened:
            opened.execute("VACUUM INTO ?", (str(copy),))
    except sqlite3.Error as error:
        raise _spoken(path, error) from error


def problem(path: Path) -> str:
    """What is wrong with a database that others may write meanwhile, or nothing."""
    try:
        with contextlib.closing(sqlite3.connect(path, isolation_level=None, timeout=60)) as opened:
            found = str(opened.execute("PRAGMA quick_check(1)").fetchone()[0])
    except sqlite3.Error as error:
        return str(error)
    return "" if found == "ok" else found


def _spoken(path: Path, error: sqlite3.Error) -> StoreError:
    """SQLite's error as ours; damage is told from a full or failing disk."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the rest of the code is detail
    kind = StoreDamaged if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB} else StoreError
    return kind(f"{path}: {error}")
