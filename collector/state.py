"""The small mutable state of a collector: one SQLite file, a copy of it, and what damage costs.

A damaged file is set aside, never repaired in place: the last copy takes its place, or an empty
file where there is none, and the loss is told.
"""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from vigie.database import Database, Table
from vigie.errors import StoreError

log = logging.getLogger(__name__)

FILE: Final = "state.db"
COPY: Final = "state.copy.db"
QUARANTINE: Final = "quarantine"
_COMPANIONS: Final = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Opened:
    """The state, and what was found damaged in words for the log and the event."""

    database: Database
    damage: tuple[str, ...]


def opened(directory: Path, tables: Sequence[Table], now: float) -> Opened:
    """The state in a collector's folder, made if need be; `now` is Unix time."""
    path, copy = directory / FILE, directory / COPY
    damage: list[str] = []
    try:
        return Opened(Database(path, tables), ())
    except StoreError as error:
        damage.append(f"{FILE} is damaged and in quarantine: {error}")
    _set_aside(path, directory, now)
    if copy.exists():
        copy.replace(path)
        try:
            database = Database(path, tables)
        except StoreError as error:
            damage.append(f"{COPY} is damaged and in quarantine: {error}")
            _set_aside(path, directory, now + 1)
        else:
            damage.append(f"{FILE} is as the last copy had it; later changes are gone")
            _tell(damage)
            return Opened(database, tuple(damage))
    damage.append(f"{FILE} is new: every credential is gone, enrol agents and people again")
    _tell(damage)
    return Opened(Database(path, tables), tuple(damage))


def keep_copy(database: Database, directory: Path) -> None:
    """Write a copy of the state beside it, whole or not at all."""
    new = directory / f"{COPY}.new"
    new.unlink(missing_ok=True)
    database.rows("VACUUM INTO ?", str(new))
    with new.open("rb") as written:
        os.fsync(written.fileno())
    new.replace(directory / COPY)
    folder = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _set_aside(path: Path, directory: Path, now: float) -> None:
    quarantine = directory / QUARANTINE
    quarantine.mkdir(exist_ok=True)
    for companion in _COMPANIONS:
        found = path.with_name(path.name + companion)
        if found.exists():
            found.replace(quarantine / f"{now:.0f}-{found.name}")


def _tell(damage: Sequence[str]) -> None:
    for words in damage:
        log.error("state damaged: %s", words)
