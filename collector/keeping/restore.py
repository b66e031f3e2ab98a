"""A store out of a backup, in a place where there is none; no collector runs there meanwhile."""

import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pyarrow as pa

from collector.keeping import manifest
from collector.keeping.manifest import Copied, CopiedTable, Manifest
from collector.store import disk, parquet
from collector.store.parquet import Commit
from collector.store.schema import TIME_TYPE
from collector.store.tables import COLLECTOR, COMMIT, NAMESPACE, POSITION, Tables, commit_name
from vigie.errors import StoreError
from vigie.frame import TIME_COLUMN

PART: Final = "collector"
"""The collector's part of a data directory."""
UNFINISHED: Final = "collector.restoring"

Tell = Callable[[int, int], None]


def restore(source: Path, data: Path, tell: Tell) -> Manifest:
    """Make a data directory hold what a backup holds; every file is checked on its way.

    Raises:
        StoreError: there is a store already, no sound manifest, or a file is not what was written.
        OSError: the disk is full, or failed; begin again.
    """
    said = manifest.read(source)
    home, fresh = data / PART, data / UNFINISHED
    if home.is_dir() and any(home.iterdir()):
        raise StoreError(
            f"{home} is not empty: name a data directory without a store, or move this one away"
        )
    shutil.rmtree(fresh, ignore_errors=True)
    disk.make_directory(data)
    fresh.mkdir(mode=0o700)
    done, total = 0, said.size
    for file, place in _places(said):
        _copied(source, file, fresh / place)
        done += file.size
        tell(done, total)
    for directory in {fresh / place.parent for _, place in _places(said)}:
        disk.sync_directory(directory)
    if home.is_dir():
        home.rmdir()
    fresh.rename(home)
    disk.sync_directory(data)
    # Iceberg names whole paths, so the tables are made where they will stay.
    tables = Tables(home / "tables", said.collector, threading.Lock())
    try:
        tables.open()
        for table in said.tables:
            _table(tables, table)
    finally:
        tables.close()
    return said


def _places(said: Manifest) -> list[tuple[Copied, Path]]:
    """Every file, and where in the collector's part it belongs."""
    found = [(file, Path(file.path).relative_to(said.folder)) for file in said.parts]
    for table in said.tables:
        home = Path("tables", NAMESPACE, table.name, "data")
        root = Path(manifest.TABLES, table.name)
        found += [(file, home / Path(file.path).relative_to(root)) for file in table.files]
    return found


def _copied(source: Path, file: Copied, place: Path) -> None:
    problem = manifest.fault(source, file)
    if problem:
        raise StoreError(f"{source / file.path}: {problem}; nothing was restored")
    disk.make_directory(place.parent)
    shutil.copyfile(source / file.path, place)
    place.chmod(0o600)
    disk.sync_file(place)


def _table(tables: Tables, table: CopiedTable) -> None:
    """Make a table of the files that are in its place: their list, and the ids they carry."""
    tables.make(table.name, pa.schema([pa.field(TIME_COLUMN, TIME_TYPE, nullable=False)]))
    tables.describe(table.name, table.described)
    files = []
    for file in table.files:
        root = Path(manifest.TABLES, table.name)
        path = tables.data(table.name) / Path(file.path).relative_to(root)
        files.append(parquet.footer(path)[1])
    ours = {POSITION, COLLECTOR, COMMIT}
    properties = {name: text for name, text in table.properties.items() if name not in ours}
    tables.commit(table.name, Commit(commit_name(), table.position, properties), files)
