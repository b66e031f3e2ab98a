"""A copy of a store while it runs, from which another one can begin with all that was held.

A first short step, during which no flush runs but everything is taken as ever, gives each file that
belongs to the store now a second name in a folder of our own; nothing that happens later takes it
away. Then, without any lock, those files are linked or copied to where the backup is wanted. Files
of tables never change and their names carry their checksum, so a file that is there already is not
copied again. The manifest comes last: until then the backup that was there before is the valid one.

A state a little older than the journal is what a crash leaves too: the start replays the rest.
"""

import contextlib
import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from collector import times
from collector.keeping import manifest
from collector.keeping.manifest import Copied, CopiedTable, Manifest
from collector.keeping.tasks import Outcome, Tell
from collector.store import disk
from collector.store.parquet import SUFFIX, TableFile
from collector.store.parts import Parts
from collector.store.tables import COLLECTOR
from vigie import database
from vigie.errors import Refused, StoreError

MARK: Final = ".vigie-backup"
STAGING: Final = "backup.staging"
STATE: Final = "state.db"
JOURNAL: Final = "journal"
LIVE: Final = "live"


@dataclass(frozen=True, slots=True)
class _Listed:
    """A table as it was when the backup began."""

    name: str
    position: int
    properties: dict[str, str]
    described: str
    files: tuple[TableFile, ...]


def check_target(target: Path, store: Path) -> None:
    """Whether a backup may be put there.

    Raises:
        Refused: 400, the path is not absolute, lies in the store, or holds something else.
    """
    if not target.is_absolute() or ".." in target.parts:
        raise Refused(400, f"directory: an absolute path is wanted, not {str(target)!r:.200}")
    place, own = target.resolve(), store.resolve()
    if place.is_relative_to(own) or own.is_relative_to(place):
        raise Refused(400, f"directory: {target} and the store {store} lie in each other")
    if not target.parent.is_dir():
        raise Refused(400, f"directory: {target.parent} is no folder; make it first")
    if target.exists() and not target.is_dir():
        raise Refused(400, f"directory: {target} is no folder")
    if target.is_dir() and any(target.iterdir()) and not (target / MARK).is_file():
        raise Refused(400, f"directory: {target} holds something else than a backup of ours")


def back_up(
    parts: Parts, others: Mapping[str, Path], target: Path, clock: Callable[[], float], tell: Tell,
    *, keys: Sequence[Path] = (),
) -> Outcome:  # fmt: skip
    """Make the folder `target` a backup of the store, or bring the one in it up to now.

    `others` are databases that belong to it, by name, `keys` secrets that lie beside them.

    Raises:
        Refused: as `check_target`.
        OSError, StoreError: a disk is full or failed; the backup that was there is still valid.
    """
    check_target(target, parts.directory)
    begun = clock()
    target.mkdir(mode=0o700, exist_ok=True)
    target.chmod(0o700)
    disk.put(target / MARK, b"A backup by `vigie store backup`; see docs/store.md.\n")
    with _staging(parts.directory) as staging:
        listed, position = _stage(parts, staging)
        for name, path in others.items():
            if path.is_file():
                database.copied(path, staging / name)
                (staging / name).chmod(0o600)
                disk.sync_file(staging / name)
        held = [path for path in keys if path.is_file()]
        for path in held:
            (staging / path.name).touch(0o600)
            shutil.copyfile(path, staging / path.name)
            disk.sync_file(staging / path.name)
        outcome = _copy(staging, target, listed, position, begun=begun, clock=clock, tell=tell)
    secret = "".join(f"; with {path.name}: whoever reads that signs as we do" for path in held)
    return replace(outcome, detail=outcome.detail + secret)


@contextlib.contextmanager
def _staging(directory: Path) -> Iterator[Path]:
    """A folder beside the store's own files, so that links to them are possible; gone after."""
    staging = directory / STAGING
    shutil.rmtree(staging, ignore_errors=True)
    staging.mkdir(mode=0o700)
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _stage(parts: Parts, staging: Path) -> tuple[list[_Listed], int]:
    """Give everything that is the store now a second name; the tables, and the newest position."""
    with parts.upkeep.flushing:
        parts.database.copy(staging / STATE)
        (staging / STATE).chmod(0o600)
        disk.sync_file(staging / STATE)
        with parts.tables.writing:
            listed = [_listed(parts, table) for table in parts.tables.names()
                      if parts.tables.schema(table) is not None]  # fmt: skip
            for table in listed:
                for file in table.files:
                    _second(file.path, staging / _aside(table.name, file))
        following = parts.journal.next
        parts.journal.rotate()  # a segment that began before is never written to again
        for segment in parts.journal.segments():
            if segment.first < following:
                _second(segment.path, staging / JOURNAL / segment.path.name)
        for path in sorted((parts.directory / LIVE).glob("*")):
            _second(path, staging / LIVE / path.name)
    return listed, following - 1


def _listed(parts: Parts, table: str) -> _Listed:
    tables = parts.tables
    return _Listed(table, tables.position(table), dict(tables.properties(table)),
                   tables.described(table), tables.files(table))  # fmt: skip


def _place(table: str, file: TableFile) -> str:
    return f"{manifest.TABLES}/{table}/{file.path.parent.name}/{file.path.name}"


def _aside(table: str, file: TableFile) -> str:
    """Its second name: without a folder a partition, for those take long to make and to remove."""
    return f"{manifest.TABLES}/{table}/{file.path.name}"


def _second(path: Path, name: Path) -> None:
    """Another name for a file that does not change; a copy where the system has no links."""
    name.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(path, name)
    except FileNotFoundError:
        raise
    except OSError:
        shutil.copyfile(path, name)


class _Counted:
    """How far a copy is."""

    def __init__(self, total: int, tell: Tell) -> None:
        self.total, self._tell = total, tell
        self.files = self.copied_files = self.copied_bytes = self._done = 0
        self.changed: set[Path] = set()

    def add(self, place: Path, size: int, *, copied: bool) -> None:
        self.files += 1
        self._done += size
        if copied:
            self.copied_files += 1
            self.copied_bytes += size
            self.changed.add(place.parent)
        self._tell(self._done, self.total)


def _copy(
    staging: Path, target: Path, listed: list[_Listed], position: int, *, begun: float,
    clock: Callable[[], float], tell: Tell,
) -> Outcome:  # fmt: skip
    """From the staging folder to the backup, and the manifest last."""
    folder = f"at-{round(begun * 1e3):013d}"
    every = sorted(path for path in staging.rglob("*") if path.is_file())
    counted = _Counted(sum(path.stat().st_size for path in every), tell)
    tables = []
    for table in listed:
        files = []
        for file in table.files:
            place = _place(table.name, file)
            checksum = file.path.name.removesuffix(SUFFIX).rpartition(".")[2]
            copied = Copied(place, file.size, checksum)
            new = _brought(staging / _aside(table.name, file), target / place, copied)
            counted.add(target / place, file.size, copied=new)
            files.append(copied)
        tables.append(CopiedTable(table.name, table.position, table.properties, table.described,
                                  tuple(files)))  # fmt: skip
    parts = []
    for path in every:
        name = path.relative_to(staging).as_posix()
        if not name.startswith(f"{manifest.TABLES}/"):
            copied = Copied(f"{folder}/{name}", path.stat().st_size, manifest.crc(path))
            new = _brought(path, target / copied.path, copied)
            counted.add(target / copied.path, copied.size, copied=new)
            parts.append(copied)
    names = {table.properties.get(COLLECTOR, "") for table in tables} - {""}
    made = Manifest(times.text(begun), times.text(clock()), ", ".join(sorted(names)), position,
                    folder, tuple(parts), tuple(tables))  # fmt: skip
    for directory in counted.changed:
        disk.sync_directory(directory)
    manifest.write(target, made)
    _prune(target, made)
    detail = f"{target}: everything acknowledged before {made.begun}"
    return Outcome(detail, (), counted.files, counted.copied_files, counted.copied_bytes)


def _brought(source: Path, place: Path, wanted: Copied) -> bool:
    """Put a file into the backup, unless it is there; whether it had to be.

    Raises:
        StoreError: the file is not what was written: the store is damaged.
    """
    if place.is_file() and place.stat().st_size == wanted.size:
        return False
    disk.make_directory(place.parent)
    fresh = place.with_name(place.name + ".new")
    fresh.unlink(missing_ok=True)
    try:
        os.link(source, fresh)  # synced when it was written
    except OSError:  # on another disk, where it is to be safe
        shutil.copyfile(source, fresh)
        shutil.copymode(source, fresh)
        if manifest.crc(fresh) != wanted.crc:
            fresh.unlink()
            said = "the content is not what was written; see vigie store verify"
            raise StoreError(f"{source.name}: {said}") from None
        disk.sync_file(fresh)
    fresh.rename(place)
    return True


def _prune(target: Path, made: Manifest) -> None:
    """Remove what the backup before had and this one has not."""
    named = {target / file.path for file in made.files}
    left: set[Path] = set()
    for folder in (target / manifest.TABLES, *target.glob("at-*")):
        for path in folder.rglob("*"):
            if path.is_file() and path not in named:
                path.unlink()
                left.update(parent for parent in path.parents if parent.is_relative_to(folder))
    for folder in sorted(left, reverse=True):
        with contextlib.suppress(OSError):  # not empty
            folder.rmdir()
