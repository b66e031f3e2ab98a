"""The store's own rows in the state database, and that database's backup."""

import zlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final

from collector.store import late, ledger
from collector.store.disk import keep
from collector.store.expiry import holds
from collector.store.late import DIRTY_TABLE, Dirty
from collector.store.ledger import LEDGER_TABLE, Boot
from collector.store.quarantine import Quarantine
from vigie.database import Database, Table
from vigie.errors import StoreError

MARK_TABLE: Final = Table("store_mark", "name TEXT PRIMARY KEY, value TEXT NOT NULL")
TABLES: Final = (LEDGER_TABLE, DIRTY_TABLE, MARK_TABLE, *holds.TABLES)

FLUSHED: Final = "flushed"
COLLECTOR: Final = "collector"


def mark(database: Database, name: str) -> str | None:
    """What was marked under a name; None too where that is damaged."""
    row = database.row(f"SELECT value FROM {MARK_TABLE.name} WHERE name = ?", name)  # noqa: S608
    value, _, checksum = str(row["value"]).rpartition(" ") if row else ("", "", "")
    return value if checksum == _checksum(name, value) else None


def put_mark(database: Database, name: str, value: str) -> None:
    """Mark something."""
    with database.write() as connection:
        connection.execute(
            f"INSERT OR REPLACE INTO {MARK_TABLE.name} VALUES (?, ?)",  # noqa: S608
            (name, f"{value} {_checksum(name, value)}"),
        )


def _checksum(name: str, value: str) -> str:
    return f"{zlib.crc32(f'{name} {value}'.encode()):08x}"


def flushed(
    database: Database, position: int, dirty: Sequence[Dirty],
    held: Mapping[tuple[str, str], Boot | None],
) -> None:  # fmt: skip
    """In one transaction: all tables have their rows up to `position`, and this is held."""
    with database.write():
        ledger.write(database, held)
        late.write(database, dirty)
        put_mark(database, FLUSHED, str(position))


def back_up(database: Database, path: Path) -> None:
    """A synced copy of the whole database.

    Raises:
        StoreError: it could not be written.
    """
    copy = backup(path)
    fresh = copy.with_name(copy.name + ".new")
    fresh.unlink(missing_ok=True)
    try:
        database.copy(fresh)
        keep(fresh, copy)
    except OSError as error:
        raise StoreError(f"{copy}: {error}") from error


def backup(path: Path) -> Path:
    """Where the copy of a database stands."""
    return path.with_name(path.name + ".backup")


def open_state(path: Path, tables: Sequence[Table], quarantine: Quarantine) -> Database:
    """Open the state database; a damaged one is put away and its last backup taken instead.

    So is one that went back in time: the journal no longer has what it does not know.
    """
    database, detail = _opened(path, tables)
    copy = backup(path)
    if database and copy.exists():
        kept, _ = _opened(copy, tables)
        if kept:
            if _position(kept) > _position(database):
                database.close()
                database, detail = None, "it is older than its backup"
            kept.close()
    if database:
        return database
    for part in (path, *(path.with_name(path.name + end) for end in ("-wal", "-shm"))):
        if part.exists():
            quarantine.file(part, f"state database: {detail}")
    if copy.exists():
        fresh = path.with_name(path.name + ".new")
        fresh.write_bytes(copy.read_bytes())
        keep(fresh, path)
        database, detail = _opened(path, tables)
        if database:
            return database
        quarantine.file(path, f"backup of the state database: {detail}")
    quarantine.missing(path, "no sound backup of the state database: it begins anew")
    return Database(path, tables)


def _opened(path: Path, tables: Sequence[Table]) -> tuple[Database | None, str]:
    try:
        return Database(path, tables), ""
    except StoreError as error:
        return None, str(error)


def _position(database: Database) -> int:
    return int(mark(database, FLUSHED) or 0)
