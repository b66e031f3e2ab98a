"""The tables on disk: Iceberg metadata, a catalog in SQLite, and which files are current.

This process is the only one that writes. It keeps the list of each table's current files, with
their bounds in time, so that a query plans without reading metadata.
"""

import contextlib
import logging
import threading
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pyiceberg.catalog.sql import SqlCatalog
from pyiceberg.conversions import from_bytes
from pyiceberg.exceptions import NamespaceAlreadyExistsError, NoSuchTableError
from pyiceberg.io.pyarrow import parquet_file_to_data_file
from pyiceberg.manifest import DataFile
from pyiceberg.partitioning import PartitionField, PartitionSpec
from pyiceberg.schema import Schema
from pyiceberg.table import Table
from pyiceberg.table.update import AddSchemaUpdate, SetCurrentSchemaUpdate
from pyiceberg.transforms import DayTransform, HourTransform, MonthTransform, Transform
from pyiceberg.types import StringType, TimestamptzType
from sqlalchemy import event

from collector.store import disk, iceberg
from collector.store.chunk import Times
from collector.store.encodings import Encodings
from collector.store.files import SyncedFiles, local, sidecar
from collector.store.parquet import SUFFIX, Commit, TableFile
from collector.store.schema import CONTAINER_COLUMN
from vigie.errors import StoreError
from vigie.frame import TIME_COLUMN

log = logging.getLogger(__name__)

NAMESPACE: Final = "vigie"
POSITION: Final = "vigie.position"
COLLECTOR: Final = "vigie.collector"
COMMIT: Final = "vigie.commit"
CATALOG: Final = "catalog.db"

PROPERTIES: Final = {
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
    "commit.manifest-merge.enabled": "true",
    "commit.manifest.min-count-to-merge": "50",
    "format-version": "2",
    # Bounds of every column would make metadata large and commits slow; rows are found by these.
    "write.metadata.metrics.default": "none",
    "write.metadata.metrics.column.time": "full",
    "write.metadata.metrics.column.container": "full",
}


class Overtaken(StoreError):
    """Files that a commit was to replace are no longer the table's: another one was first."""


def partition_of(table: str) -> tuple[str, Transform[Any, Any]]:
    """How a table is cut in time: readings by hour, minutes by day, hours by month."""
    if table.endswith("_1m"):
        return "day", DayTransform()
    if table.endswith("_1h"):
        return "month", MonthTransform()
    return "hour", HourTransform()


class Tables:
    """Every table of one directory. Writers take `writing`; who reads takes a list once."""

    def __init__(self, directory: Path, collector: str, lock: threading.Lock) -> None:
        """`collector` names this collector in every commit; `lock` is held while lists change."""
        self.directory = directory
        self._collector = collector
        self._lock = lock
        self._catalog: SqlCatalog | None = None
        self._tables: dict[str, Table] = {}
        self._files: dict[str, tuple[TableFile, ...]] = {}
        self._properties: dict[str, dict[str, str]] = {}
        self.encodings = Encodings()
        self.writing = threading.RLock()

    def open(self) -> None:
        """Open the catalog, or make one.

        Raises:
            StoreError: it is damaged.
        """
        disk.make_directory(self.directory)
        path = self.directory / CATALOG
        try:
            catalog = SqlCatalog(
                NAMESPACE,
                uri=f"sqlite:///{path}",
                warehouse=self.directory.absolute().as_uri(),
                **{"py-io-impl": f"{SyncedFiles.__module__}.{SyncedFiles.__name__}"},
            )
            event.listen(catalog.engine, "connect", _durable)
            catalog.engine.dispose()
            with catalog.engine.connect() as connection:
                damage = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar()
            if damage != "ok":
                raise StoreError(f"{path}: {damage}")  # noqa: TRY301
            with contextlib.suppress(NamespaceAlreadyExistsError):
                catalog.create_namespace(NAMESPACE)
        except Exception as error:
            raise StoreError(f"{path}: {error}") from error
        self._catalog = catalog

    @property
    def opened(self) -> bool:
        """Whether the catalog is open."""
        return self._catalog is not None

    def close(self) -> None:
        """Let go of the catalog."""
        if self._catalog is not None:
            self._catalog.engine.dispose()
            self._catalog = None

    def names(self) -> list[str]:
        """Tables that there are folders of, whether the catalog knows them or not."""
        root = self.directory / NAMESPACE
        return sorted(p.name for p in root.iterdir() if p.is_dir()) if root.is_dir() else []

    def home(self, table: str) -> Path:
        """The folder of a table."""
        return self.directory / NAMESPACE / table

    def data(self, table: str) -> Path:
        """The folder of a table's files."""
        return self.home(table) / "data"

    def load(self, table: str) -> None:
        """Read a table's metadata, all of which must be sound.

        Raises:
            StoreError: the catalog does not know the table, or its metadata are damaged.
        """
        try:
            loaded = self._known().load_table((NAMESPACE, table))
            # Iceberg names whole paths: in a copied folder they lead to the original.
            home = self.home(table).absolute()
            if not local(loaded.metadata_location).is_relative_to(home):
                raise StoreError(f"its metadata are those of {loaded.metadata_location}")  # noqa: TRY301
            files = list(_current(loaded))
        except Exception as error:
            raise StoreError(f"{self.home(table)}: {error}") from error
        self._tables[table], self._files[table] = loaded, tuple(files)
        self._properties[table] = _said(loaded)

    def make(self, table: str, schema: pa.Schema) -> None:
        """Make a table, or give it the columns that it lacks."""
        with self.writing:
            if table not in self._tables:
                self._create(table, schema)
            known = self._tables[table]
            names = {f.name for f in known.schema().fields}
            if set(schema.names) - names:
                with known.update_schema() as update:
                    for column in schema:
                        if column.name not in names:
                            update.add_column(column.name, iceberg.iceberg_type(column.type, 0))
                self._tables[table] = self._known().load_table((NAMESPACE, table))

    def forget(self, table: str) -> None:
        """Take a damaged table out of the catalog; its files stay where they are."""
        self._tables.pop(table, None)
        self._files.pop(table, None)
        self._properties.pop(table, None)
        with contextlib.suppress(NoSuchTableError):
            self._known().drop_table((NAMESPACE, table))

    def schema(self, table: str) -> pa.Schema | None:
        """Columns of a table with their ids, or None where there is no such table."""
        known = self._tables.get(table)
        return None if known is None else iceberg.arrow(known.schema())

    def described(self, table: str) -> str:
        """The columns of a table with their ids, as Iceberg writes them."""
        return self._tables[table].schema().model_dump_json()

    def describe(self, table: str, described: str) -> None:
        """Give a table that has no files yet the columns and ids of another one."""
        wanted = Schema.model_validate_json(described)
        schema = Schema(*wanted.fields, schema_id=self._tables[table].schema().schema_id + 1)
        with self.writing:
            with self._tables[table].transaction() as change:
                # No public act keeps ids, and the files to come carry them already.
                newest = SetCurrentSchemaUpdate.model_validate({"schema-id": -1})
                change._apply((AddSchemaUpdate(schema=schema), newest))  # noqa: SLF001
            self._tables[table] = self._known().load_table((NAMESPACE, table))

    def files(self, table: str) -> tuple[TableFile, ...]:
        """The files that are the table now."""
        return self._files.get(table, ())

    def properties(self, table: str) -> Mapping[str, str]:
        """What the newest commit said of the table, `vigie.position` among it."""
        return self._properties.get(table, {})

    def position(self, table: str) -> int:
        """Up to which record of the journal the table has its rows."""
        return int(self.properties(table).get(POSITION, 0))

    def commit(
        self, table: str, commit: Commit, added: Sequence[TableFile],
        gone: Iterable[TableFile] = (), along: Callable[[], None] | None = None,
    ) -> None:  # fmt: skip
        """Add files and remove others in one step; `along` is called when readers see it.

        A failed commit leaves the table as it was, and the added files to whoever wrote them.

        Raises:
            Overtaken: a file of `gone` went already; what was made of it holds too much.
        """
        removed = list(gone)
        with self.writing:
            if not {file.path for file in removed} <= {file.path for file in self.files(table)}:
                raise Overtaken(f"{table}: files that were to be replaced are no longer current")
            known = self._tables[table]
            said = {**self.properties(table), **commit.properties, COLLECTOR: self._collector}
            said[POSITION] = str(max(commit.position, self.position(table)))
            said[COMMIT] = commit.name
            fresh = [replace(file, entry=_entry(known, file)) for file in added]
            try:
                iceberg.change(known, said, fresh, removed)
            except Exception:
                # The catalog alone knows whether what failed came before or after the change.
                self._tables[table] = known = self._known().load_table((NAMESPACE, table))
                if _said(known).get(COMMIT) != commit.name:
                    raise
                log.exception("a commit succeeded with an error", extra={"table": table})
            paths = {file.path for file in removed}
            with self._lock:
                kept = [file for file in self.files(table) if file.path not in paths]
                self._files[table] = (*kept, *fresh)
                self._properties[table] = said
                if along is not None:
                    along()

    def expire(self, table: str, before: datetime) -> None:
        """Forget snapshots that were no longer the newest at that time."""
        with self.writing:
            known = self._tables[table]
            snapshots = sorted(known.snapshots(), key=lambda s: s.sequence_number or 0)
            old = [
                snapshot.snapshot_id
                for snapshot, successor in pairwise(snapshots)
                if successor.timestamp_ms < before.timestamp() * 1e3
            ]
            if old:
                known.maintenance.expire_snapshots().by_ids(old).commit()
                self._tables[table] = self._known().load_table((NAMESPACE, table))

    def named(self, table: str) -> set[Path]:
        """Every file that some snapshot of the table still names, metadata and data."""
        with self.writing:
            known = self._tables[table]
            paths = {local(known.metadata_location)}
            paths |= {local(entry.metadata_file) for entry in known.metadata.metadata_log}
            for snapshot in known.snapshots():
                paths.add(local(snapshot.manifest_list))
                for manifest in snapshot.manifests(known.io):
                    path = local(manifest.manifest_path)
                    if path not in paths:
                        paths.add(path)
                        entries = manifest.fetch_manifest_entry(known.io)
                        paths |= {local(e.data_file.file_path) for e in entries}
            return paths | {sidecar(p) for p in paths if p.suffix != SUFFIX}

    def _known(self) -> SqlCatalog:
        if self._catalog is None:
            raise StoreError(f"{self.directory}: the catalog is not open")
        return self._catalog

    def _create(self, table: str, schema: pa.Schema) -> None:
        name, transform = partition_of(table)
        self._tables[table] = self._known().create_table(
            (NAMESPACE, table),
            iceberg.schema(schema),
            location=self.home(table).absolute().as_uri(),
            partition_spec=PartitionSpec(PartitionField(1, 1000, transform, f"time_{name}")),
            properties=PROPERTIES,
        )
        disk.sync_directory(self.directory / NAMESPACE)
        self._files[table] = ()


def partitions(table: str, times: Times) -> Times:
    """The partition of each time (microseconds), as Iceberg numbers them."""
    unit = {"hour": "h", "day": "D", "month": "M"}[partition_of(table)[0]]
    found: Times = times.astype("datetime64[us]").astype(f"datetime64[{unit}]").astype(np.int64)
    return found


def commit_name() -> str:
    """A name for a set of files that no other has."""
    return uuid.uuid4().hex[:12]


def _entry(known: Table, file: TableFile) -> DataFile:
    entry = parquet_file_to_data_file(known.io, known.metadata, file.path.absolute().as_uri())
    entry.spec_id = known.spec().spec_id
    return entry


def _said(known: Table) -> dict[str, str]:
    snapshot = known.current_snapshot()
    summary = snapshot.summary if snapshot else None
    said = summary.additional_properties if summary else {}
    return {name: value for name, value in said.items() if name.startswith("vigie.")}


def _current(known: Table) -> Iterator[TableFile]:
    """The files of the newest snapshot; that each is there, with its size, is made sure of."""
    snapshot = known.current_snapshot()
    time = known.schema().find_field(TIME_COLUMN).field_id
    container = known.schema().find_field(CONTAINER_COLUMN).field_id
    for manifest in snapshot.manifests(known.io) if snapshot else ():
        for found in manifest.fetch_manifest_entry(known.io):
            data = found.data_file
            yield TableFile(
                local(data.file_path),
                data.record_count,
                data.file_size_in_bytes,
                int(from_bytes(TimestamptzType(), data.lower_bounds[time])),
                int(from_bytes(TimestamptzType(), data.upper_bounds[time])),
                _containers(data, container),
                data,
            )


def _containers(data: DataFile, field: int) -> tuple[str, str] | None:
    """The first and the last container of a file."""
    sides = (data.lower_bounds, data.upper_bounds)
    if not all(side and field in side for side in sides):
        return None
    low, high = (str(from_bytes(StringType(), side[field])) for side in sides)
    return low, high


def _durable(connection: Any, _: object) -> None:
    """A commit of the catalog is on the disk when it returns.

    FULL would not do: after a power cut the journal that a commit unlinked may be back, and would
    undo it, while the segments that it stands for are gone.
    """
    connection.execute("PRAGMA synchronous=EXTRA")
