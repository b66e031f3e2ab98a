"""What goes with age: readings past their retention, snapshots, and files that nobody names."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from collector.store.parquet import Commit, TableFile
from collector.store.tables import Tables, commit_name
from vigie.settings import Retention

GRACE_SECONDS: Final = 900.0
"""How long a file stays after no current list names it: longer than the longest query."""


def past(files: tuple[TableFile, ...], before: int) -> list[TableFile]:
    """Files all of whose rows are older than that, in microseconds."""
    return [file for file in files if file.end < before]


def kept_seconds(table: str, retention: Retention) -> float:
    """How long a table keeps its rows; events as long as the hours, for they are few."""
    if table.endswith("_1m"):
        return retention.minute
    if table.endswith("_1h") or table == "events":
        return retention.hour
    return retention.raw


def expire(
    tables: Tables, table: str, now: datetime, retention: Retention, grace: float = GRACE_SECONDS
) -> int:
    """Drop what is too old from a table, and unlink what nobody can be reading; files unlinked."""
    before = now - timedelta(seconds=kept_seconds(table, retention))
    with tables.writing:
        old = past(tables.files(table), round(before.timestamp() * 1e6))
        if old:
            tables.commit(table, Commit(commit_name(), 0, {}), (), old)
        edge = now - timedelta(seconds=grace)
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
