"""What keeps the tables: flush, merge, expiry, rollups, and a look at every file now and then."""

import contextlib
import logging
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pyarrow as pa

from collector.counters import Counters
from collector.store import flush, merge, recovery, snapshot, state
from collector.store.apply import Memory
from collector.store.chunk import Chunk
from collector.store.expiry.expire import GRACE_SECONDS, Expiry
from collector.store.expiry.holds import Holds
from collector.store.expiry.keep import Policy
from collector.store.journal import Journal
from collector.store.mend import Replaced, mended
from collector.store.order import Order, Rows
from collector.store.parquet import TableFile, encoded
from collector.store.quarantine import Quarantine
from collector.store.scan import View
from collector.store.series import Series
from collector.store.sweep import Loose, Piece, Source, some, sweep
from collector.store.tables import Overtaken, Tables
from vigie.database import Database
from vigie.errors import StoreError
from vigie.settings import StoreSettings

log = logging.getLogger(__name__)

ROLLED_UNTIL: Final = "vigie.rolled_until"
"""Property of a commit of rollups: the end of the newest window they have, in microseconds."""
ROLLED_SINCE: Final = "vigie.rolled_since"
"""Likewise the beginning of the oldest: what is before it was never in the table."""
MERGE_TRIES: Final = 3
"""How often a table is begun with in one turn, when others write it meanwhile."""
MEND_TRIES: Final = 5
"""Likewise of windows that are replaced."""
VERIFY_BYTES: Final = 256 * 2**20
"""Table files read whole by one `verify`."""


class Upkeep:
    """The work on one store's tables; each method may be called from any thread."""

    def __init__(
        self, directory: Path, memory: Memory, tables: Tables, journal: Journal, *,
        database: Database, quarantine: Quarantine, settings: StoreSettings, counters: Counters,
    ) -> None:  # fmt: skip
        self._directory, self._memory, self._tables = directory, memory, tables
        self._journal, self._database, self._quarantine = journal, database, quarantine
        self._settings, self._counters = settings, counters
        self._one = threading.Lock()
        self._verified: set[Path] = set()
        self._orders: dict[str, Order] = {}
        self._saved: Mapping[str, int] = {}
        self._holds, self._expiry = Holds(database), Expiry(tables)
        self.turn = threading.Lock()
        """Held while a group is written and applied, and while a flush sets the tail apart."""
        self.flushing = self._one
        """Held while a flush is under way: while it is, no row moves from journal to tables."""

    def flush(self, *, drop: bool) -> None:
        """Bring the tail into the tables; with `drop`, segments that are not needed then go.

        Raises:
            OSError, StoreError: something could not be written; a repetition does it.
        """
        with self._one:
            with self.turn:
                position = self._memory.live.commit
                with self._memory.lock:
                    sealed = self._memory.tail.seal()
                self._journal.rotate()
                held, dirty = self._memory.ledger.changes(), self._memory.late.dirty()
            if not sealed and not held and position == flushed(self._database):
                return
            try:
                for table, chunks in sealed.items():
                    self._flush_table(table, chunks, position)
                self._saved = snapshot.save(
                    self._directory / "live", self._memory, position, self._saved
                )
                state.flushed(self._database, position, dirty, held)
            except BaseException:
                self._memory.ledger.again(held)
                raise
            state.back_up(self._database, self._directory / "state.db")
            if drop:
                self._journal.drop(position)
            self._counters.add("store_flushes_total")

    def _flush_table(self, table: str, chunks: Sequence[Chunk], position: int) -> None:
        self._tables.make(table, flush.columns(table))
        rows = flush.of_chunks(table, chunks, self._order(table, chunks[0].series))
        flush.put(
            self._tables, table, rows, position,
            along=lambda: self._memory.tail.drop(table, chunks), group_rows=flush.GROUP_ROWS,
        )  # fmt: skip

    def _order(self, table: str, series: Series | None) -> Order | None:
        """The order of a table's series; sorted again only when there are more of them."""
        if series is None:
            return None
        known = self._orders.get(table)
        if known is None or len(known.rank) < len(series):
            known = self._orders[table] = Order(series)
        return known

    def merge(self, now: int, stop: Callable[[], bool]) -> int:
        """Make large files of small ones until `stop` says so; how many commits it took."""
        merged = 0
        for table in self._tables.names():
            growing = flush.folder(table, now // 1_000)
            for _ in range(MERGE_TRIES):
                if stop():
                    return merged
                try:
                    merged += self._merge_table(table, growing, now // 1_000, stop)
                    break
                except merge.Stopped:
                    return merged
                except Overtaken:
                    # Late hours were replaced, or old files went: begin with what is there now.
                    self._counters.add("store_merges_overtaken_total")
        return merged

    def _merge_table(self, table: str, growing: str, now: int, stop: Callable[[], bool]) -> int:
        merged = 0
        stretch = merge.HOUR * (24 if table.endswith("_1h") else 1)
        for group in merge.groups(self._tables.files(table), growing, now, stretch):
            if stop():
                break
            try:
                merge.merge(self._tables, table, group, stop)
            except (OSError, pa.ArrowException):
                log.exception("a merge failed", extra={"table": table})
                self.check(table, group)
                continue
            merged += 1
            self._counters.add("store_merges_total")
        return merged

    def expire(self, now: int, grace: float = GRACE_SECONDS) -> int:
        """Let go of what is past its time; how many files went."""
        moment = datetime.fromtimestamp(now / 1e9, UTC)
        kept = self._settings.retention
        policy = Policy(kept, self._holds.active())
        gone = 0
        for table in self._tables.names():
            if self._tables.schema(table) is None:
                continue
            try:
                gone += self._expiry.run(table, moment, policy, grace)
            except (OSError, pa.ArrowException):
                log.exception("an expiry failed", extra={"table": table})
                self.check(table, self._expiry.old(table, moment, policy))
        self._memory.ledger.forget(now - round(kept.longest_raw * 1e9))
        return gone

    def verify(self) -> int:
        """Read some files whole, others each time until all were; how many are damaged."""
        left = VERIFY_BYTES
        damaged = 0
        everything = [(t, f) for t in self._tables.names() for f in self._tables.files(t)]
        fresh = [(t, f) for t, f in everything if f.path not in self._verified]
        if not fresh:
            self._verified.clear()
        for table, file in fresh:
            damaged += self.check(table, [file])
            self._verified.add(file.path)
            left -= file.size
            if left < 0:
                break
        return damaged

    def check(self, table: str, files: Sequence[TableFile]) -> int:
        """Put away those of the files that are damaged; how many. Those merged away are not."""
        damaged = 0
        for file in files:
            problem = recovery.problem_of(file, content=True)
            with self._tables.writing:
                current = next((f for f in self._tables.files(table) if f.path == file.path), None)
                if problem and current:
                    recovery.drop_damaged(self._tables, table, current, self._quarantine, problem)
                    damaged += 1
        return damaged

    def sweep(
        self, table: str, start: int, end: int, containers: Collection[str] | None = None
    ) -> Rows:
        """Rows of a table from `start` until before `end` (microseconds), containers in order.

        Raises:
            OSError: a file is damaged, now or when its part comes.
        """
        with self._memory.lock:
            chunks = self._memory.tail.chunks(table)
            files = self._tables.files(table)
        view = View(flush.columns(table), files, chunks).within(start, end)
        words = flush.keys(table)
        sources: list[Source] = [
            Piece(file.path, words, start, end, containers) for file in view.files
        ]
        if view.chunks and (order := self._order(table, view.chunks[0].series)) is not None:
            sources.append(Loose(order.of(view.chunks, start, end), containers))
        return sweep(sources)

    def write_rollup(self, table: str, rows: pa.Table | Rows, properties: Mapping[str, str]) -> int:
        """Add windows to a rollup table, with properties of that commit; how many.

        Of a sweep that brings none there is no commit.

        Raises:
            OSError, StoreError: the disk is full or failed; nothing is added.
        """
        self._tables.make(table, flush.columns(table))
        known = encoded(rows, flush.keys(table)) if isinstance(rows, pa.Table) else some(rows)
        if known is None:
            return 0
        count = flush.put(
            self._tables, table, known, 0, properties=properties,
            group_rows=flush.WINDOW_GROUP_ROWS,
        )  # fmt: skip
        self.rolled(table)
        return count

    def replace_rollup(
        self, table: str, rows: pa.Table, containers: str | Collection[str],
        start: datetime, end: datetime, *, properties: Mapping[str, str],
    ) -> None:  # fmt: skip
        """Put windows in the place of those of some containers from `start` until before `end`.

        Raises:
            OSError, StoreError: the disk is full or failed; all is as it was.
        """
        self._tables.make(table, flush.columns(table))
        names = [containers] if isinstance(containers, str) else containers
        first, last = (round(t.timestamp() * 1e6) for t in (start, end))
        replaced = Replaced(names, first, last)
        for _ in range(MEND_TRIES):
            files = [f for f in self._tables.files(table) if replaced.touches(f)]
            with contextlib.suppress(Overtaken):  # merged meanwhile: begin with what is there now
                made = mended(table, files, rows, replaced)
                flush.put(self._tables, table, made, 0, properties=properties, gone=files)
                return
        raise StoreError(f"{table}: others wrote it again and again; the next turn mends it")

    def rolled(self, table: str) -> None:
        """Take note of how far a table of minutes goes: older rows are late from then on."""
        until = self._tables.properties(table).get(ROLLED_UNTIL)
        if until is not None and table.endswith("_1m"):
            self._memory.late.rolled(flush.base(table), int(until))


def flushed(database: Database) -> int:
    """Up to which position all tables have their rows."""
    return int(state.mark(database, state.FLUSHED) or 0)
