"""What a start does before it takes anything: find damage, put it away, and make whole again."""

import logging
import shutil
from collections.abc import Callable, Sequence
from typing import Final

import pyarrow as pa

from collector.store import flush, schema
from collector.store.apply import Memory
from collector.store.chunk import known
from collector.store.merge import read
from collector.store.parquet import SUFFIX, Commit, Footer, TableFile, footer, sound
from collector.store.quarantine import Quarantine
from collector.store.rebuild import choose
from collector.store.tables import CATALOG, Tables, commit_name
from vigie import catalogue
from vigie.errors import StoreError

log = logging.getLogger(__name__)

GROUP: Final = 64
VERIFY_BYTES: Final = 512 * 2**20
"""Table files read whole at a start, newest first; `Store.verify` reads the others later."""
LIVE_SECONDS: Final = 86_400


def open_tables(tables: Tables, quarantine: Quarantine, replayable: int | None) -> None:
    """Open every table; what is damaged is made again of the files that are sound."""
    try:
        tables.open()
    except StoreError as error:
        tables.close()
        quarantine.file(tables.directory / CATALOG, f"catalog: {error}")
        tables.open()
    for table in tables.names():
        try:
            tables.load(table)
        except StoreError as error:
            _rebuild(tables, table, quarantine, replayable, str(error))
        _check(tables, table, quarantine)
        _sweep(tables, table)


def _rebuild(
    tables: Tables, table: str, quarantine: Quarantine, replayable: int | None, detail: str
) -> None:
    """Make a table again of what its files say of themselves."""
    found: list[tuple[Footer, TableFile]] = []
    for path in sorted(tables.data(table).rglob(f"*{SUFFIX}")):
        try:
            found.append(footer(path))
        except StoreError as error:
            quarantine.file(path, f"table {table}: {error}")
    tables.forget(table)
    metadata = tables.home(table) / "metadata"
    if metadata.exists() and found:
        quarantine.file(metadata, f"table {table} is made again of {len(found)} files: {detail}")
    elif metadata.exists():
        # No file of rows was ever named here: a crash came while the table was being made.
        shutil.rmtree(metadata)
    choice = choose(found, replayable)
    try:
        tables.make(table, flush.columns(table))
    except StoreError:
        log.warning("a table that the catalogue does not know", extra={"table": table})
        return
    commit = Commit(commit_name(), choice.position, choice.properties)
    tables.commit(table, commit, choice.files)


def _check(tables: Tables, table: str, quarantine: Quarantine) -> None:
    """Every file is there with its size; `prove` reads what is in them."""
    for file in tables.files(table):
        problem = problem_of(file, content=False)
        if problem:
            drop_damaged(tables, table, file, quarantine, problem)


def prove(
    tables: Tables, check: Callable[[str, Sequence[TableFile]], int], stop: Callable[[], bool]
) -> int:
    """Have the newest files checked, those of every table in turn; how many are damaged."""
    left, damaged = VERIFY_BYTES, 0
    newest = [
        (age, table, file)
        for table in tables.names()
        for age, file in enumerate(
            sorted(tables.files(table), key=lambda f: f.path.name, reverse=True)
        )
    ]
    for _, table, file in sorted(newest, key=lambda one: one[0]):
        left -= file.size
        if left < 0 or stop():
            break
        damaged += check(table, [file])
    return damaged


def problem_of(file: TableFile, *, content: bool) -> str:
    """What is wrong with a file, or nothing."""
    try:
        size = file.path.stat().st_size
    except OSError as error:
        return str(error)
    if size != file.size:
        return f"{size} bytes where {file.size} were written"
    if content and not sound(file.path):
        return "the content is not what was written"
    return ""


def drop_damaged(
    tables: Tables, table: str, file: TableFile, quarantine: Quarantine, problem: str
) -> None:
    """Take a damaged file out of its table and put it away, named with what is lost."""
    tables.commit(table, Commit(commit_name(), 0, {}), (), [file])
    detail = (
        f"table {table}: {file.rows} rows between {file.start} and {file.end} us are lost: "
        f"{problem}"
    )
    if file.path.exists():
        quarantine.file(file.path, detail)
    else:
        quarantine.missing(file.path, detail)


def _sweep(tables: Tables, table: str) -> None:
    """Remove data files that are not current: a crash left them, and nobody reads at a start."""
    current = {file.path for file in tables.files(table)}
    for path in tables.data(table).rglob("*"):
        if path.is_file() and path not in current:
            path.unlink()


def newest_of_tables(tables: Tables, memory: Memory, names: Sequence[str], now: int) -> None:
    """Make live again of the last day's readings, for measurements whose snapshot is lost.

    `now` in microseconds.
    """
    for name in names:
        measurement = catalogue.measurement(name)
        if measurement is None:
            continue
        newest = memory.live.newest(measurement)
        columns = schema.raw(measurement)
        start = now - LIVE_SECONDS * 1_000_000
        for file in tables.files(name):
            if file.end < start:
                continue
            rows = pa.Table.from_arrays(
                [c.cast(f.type) for c, f in zip(read(tables, name, [file]).select(
                    columns.names).columns, columns, strict=True)], schema=columns,
            )  # fmt: skip
            if len(rows):
                memory.live.update([(newest, known(newest.series, rows))])
