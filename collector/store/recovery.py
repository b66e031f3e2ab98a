"""What a start does before it takes anything: find damage, put it away, and make whole again."""

import logging
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import pyarrow as pa

from collector.store import apply, flush, schema
from collector.store import envelope as envelopes
from collector.store.apply import Entry, Memory
from collector.store.chunk import known
from collector.store.entry import Decoded, Envelope
from collector.store.envelope import Note
from collector.store.journal import Damage, Journal, Record, missing
from collector.store.merge import read
from collector.store.parquet import SUFFIX, Commit, Footer, TableFile, footer, sound
from collector.store.quarantine import Found, Quarantine
from collector.store.rebuild import choose
from collector.store.tables import CATALOG, Tables, commit_name
from vigie import catalogue
from vigie.errors import StoreError

log = logging.getLogger(__name__)

GROUP: Final = 64
VERIFY_BYTES: Final = 512 * 2**20
"""Table files read whole at a start, newest first; `Store.verify` reads the others later."""
LIVE_SECONDS: Final = 86_400


@dataclass(slots=True)
class Recovery:
    """What a start found."""

    replayed: int = 0
    damaged: list[Found] = field(default_factory=list)
    last: int = 0
    """The newest position seen."""


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
    """Every file is there with its size; of the newest the content is read."""
    left = VERIFY_BYTES
    for file in sorted(tables.files(table), key=lambda f: f.path.name, reverse=True):
        left -= file.size
        problem = problem_of(file, content=left >= 0)
        if problem:
            drop_damaged(tables, table, file, quarantine, problem)


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


def replay(
    journal: Journal, memory: Memory, decode: Callable[[bytes, Envelope], Decoded], *,
    after: int, stored: Mapping[str, int], quarantine: Quarantine, room: Callable[[], None],
) -> Recovery:  # fmt: skip
    """Apply every record after that position again; `room` is called between groups."""
    recovery = Recovery(last=max(after, *stored.values(), 0))
    edges = sorted({after, *stored.values()})
    group: list[Entry] = []
    for entry in _entries(journal, decode, quarantine, recovery):
        if entry.position <= after:
            continue
        # A group lies on one side of every table's position: all of it is stored there, or none.
        apart = group and any(group[-1].position <= edge < entry.position for edge in edges)
        if apart or len(group) >= GROUP:
            memory.apply(group, stored)
            group = []
            room()
        group.append(entry)
        recovery.replayed += 1
    if group:
        memory.apply(group, stored)
    memory.live.advance(recovery.last)
    return recovery


def _entries(
    journal: Journal, decode: Callable[[bytes, Envelope], Decoded], quarantine: Quarantine,
    recovery: Recovery,
) -> Iterator[Entry]:  # fmt: skip
    for segment in journal.segments():
        # What damage hides is named itself.
        if missing(recovery.last, segment.first) and not recovery.damaged:
            detail = f"journal: records {recovery.last + 1} to {segment.first - 1} are missing"
            quarantine.missing(segment.path, detail)
        recovery.last = max(recovery.last, segment.first - 1)
        for found in segment.read():
            if isinstance(found, Damage):
                recovery.damaged.append(Found(found.path, ""))
                quarantine.bytes(found.path, found.offset, found.data, "journal")
                continue
            recovery.last = max(recovery.last, found.position)
            try:
                yield _entry(found, decode)
            except Exception as error:
                # One record that nobody can read any more must not keep the others from being.
                log.exception("a record of the journal cannot be read")
                detail = f"journal: record {found.position} cannot be read: {error}"
                quarantine.bytes(segment.path, found.position, found.body, detail)


def _entry(record: Record, decode: Callable[[bytes, Envelope], Decoded]) -> Entry:
    envelope = envelopes.unpack(record.envelope)
    if isinstance(envelope, Note):
        return Entry(record.position, envelope, None, apply.notes(record.body))
    decoded = decode(record.body, envelope)
    apply.check(decoded)
    return Entry(record.position, envelope, decoded)


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
