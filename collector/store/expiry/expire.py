"""What goes with age: readings past their retention, snapshots, and files that nobody names."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.dataset as ds
import pyarrow.parquet as pq

from collector.store import flush
from collector.store.expiry import keep
from collector.store.expiry.holds import Held
from collector.store.expiry.keep import Policy
from collector.store.order import Rows
from collector.store.parquet import Commit, TableFile, encoded, sound
from collector.store.tables import Overtaken, Tables, commit_name
from vigie.errors import StoreError

GRACE_SECONDS: Final = 900.0
"""How long a file stays after no current list names it: longer than the longest query."""
REWRITES: Final = 16
"""Files of one table of which a part stays, looked at in one turn: the next ones take the next."""

BATCH_ROWS: Final = 32_768


def past(files: Sequence[TableFile], before: int) -> list[TableFile]:
    """Files all of whose rows are older than that, in microseconds."""
    return [file for file in files if file.end < before]


class Expiry:
    """Lets go of what is past its time, table by table.

    Old files of which rows must stay are written anew with those rows alone, and the old one goes
    in the same commit. That is done beside whoever else writes: of two that meet, the first counts.
    """

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._whole: dict[Path, tuple[Held, ...]] = {}

    def run(self, table: str, now: datetime, policy: Policy, grace: float = GRACE_SECONDS) -> int:
        """Drop what is too old, and unlink what nobody can be reading; files unlinked.

        Raises:
            OSError, ArrowException: a file is damaged, or the disk is full; nothing of it is lost.
        """
        self._drop(table, round(now.timestamp() * 1e6), policy)
        return _sweep(self._tables, table, now - timedelta(seconds=grace))

    def old(self, table: str, now: datetime, policy: Policy) -> list[TableFile]:
        """Files of which nothing need stay by the settings."""
        return past(
            self._tables.files(table), keep.edge(table, policy, round(now.timestamp() * 1e6))
        )

    def _drop(self, table: str, now: int, policy: Policy) -> None:
        old = past(self._tables.files(table), keep.edge(table, policy, now))
        gone: list[TableFile] = []
        parts: list[tuple[TableFile, Any]] = []
        for file, stays in self._judged(table, old, now, policy):
            if stays is None:
                gone.append(file)
            else:
                parts.append((file, stays))
        if gone:
            self._commit(table, gone)
        for file, stays in parts:
            self._rewrite(table, file, stays)

    def _judged(
        self, table: str, old: Sequence[TableFile], now: int, policy: Policy
    ) -> Iterator[tuple[TableFile, Any | None]]:
        """Old files, each with the rows of it that stay; files that stay whole are left out."""
        schema = self._schema(table)
        current = {file.path for file in old}
        looked = 0
        for file in old:
            stays = keep.staying(table, schema, policy, now, (file.start, file.end))
            if stays is None:
                yield file, None
                continue
            if self._whole.get(file.path) == policy.holds or looked >= REWRITES:
                continue
            looked += 1
            rows = _data([file], schema).count_rows(filter=stays)
            if rows < file.rows:
                yield file, stays if rows else None
            elif keep.fixed(table, now, file.start):
                self._whole[file.path] = policy.holds
        home = self._tables.home(table)
        for path in [p for p in self._whole if p.is_relative_to(home) and p not in current]:
            del self._whole[path]

    def _commit(self, table: str, gone: Sequence[TableFile]) -> None:
        with self._tables.writing:
            known = {file.path for file in self._tables.files(table)}
            left = [file for file in gone if file.path in known]
            if left:
                self._tables.commit(table, Commit(commit_name(), 0, {}), (), left)

    def _rewrite(self, table: str, file: TableFile, stays: Any) -> None:
        if not sound(file.path):  # a page's checksum would not tell of every flipped bit
            raise OSError(f"{file.path}: the content is not what was written")
        rows = _left(file, flush.keys(table), self._schema(table), stays)
        try:
            flush.put(self._tables, table, rows, self._tables.position(table), gone=[file])
        except Overtaken:
            return  # merged meanwhile: the next turn looks at what became of it

    def _schema(self, table: str) -> pa.Schema:
        found = self._tables.schema(table)
        if found is None:
            raise StoreError(f"no table {table!r} was made")
        return found


def _left(file: TableFile, keys: Sequence[str], schema: pa.Schema, stays: Any) -> Rows:
    """The rows of a file that stay, in its order, few in memory at a time."""
    there = pq.read_schema(file.path).names
    names = [field.name for field in schema if field.name in there]
    batches = _data([file], schema).to_batches(
        columns=names, filter=stays, batch_size=BATCH_ROWS, batch_readahead=1,
        fragment_readahead=1, use_threads=False,
    )  # fmt: skip
    parts = (encoded(pa.Table.from_batches([b]), keys) for b in batches if b.num_rows)
    return Rows(names, parts)


def _data(files: Sequence[TableFile], schema: pa.Schema) -> Any:
    kind = ds.ParquetFileFormat(
        default_fragment_scan_options=ds.ParquetFragmentScanOptions(page_checksum_verification=True)
    )
    return ds.dataset([str(file.path) for file in files], schema=schema, format=kind)


def _sweep(tables: Tables, table: str, edge: datetime) -> int:
    """Forget snapshots that ended before that, and unlink what none names; how many files."""
    with tables.writing:
        tables.expire(table, edge)
        # Listed first: what is written after this is named by no snapshot yet.
        present = [path for path in tables.home(table).rglob("*") if path.is_file()]
        named = tables.named(table)
        gone = [p for p in present if p not in named and _older(p, edge)]
    for path in gone:
        path.unlink(missing_ok=True)
    return len(gone)


def _older(path: Path, edge: datetime) -> bool:
    try:
        written = path.stat().st_mtime
    except FileNotFoundError:
        return False
    return datetime.fromtimestamp(written, UTC) < edge
