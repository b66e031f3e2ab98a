"""The store: frames in, each kept once and never lost; rows, newest values and answers out."""

import logging
import os
import threading
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

from collector.counters import Counters
from collector.store import apply, late, schema
from collector.store import envelope as envelopes
from collector.store.apply import EVENTS_TABLE, Entry, Memory, check, noted
from collector.store.entry import Decoded, Envelope
from collector.store.groups import Appended, Done, Groups, Waiting, answer
from collector.store.happenings import Row
from collector.store.journal import Journal
from collector.store.late import Dirty
from collector.store.ledger import Verdict
from collector.store.live import Live
from collector.store.reserve import Reserve
from collector.store.scope import condition
from vigie import catalogue
from vigie.database import Database
from vigie.errors import QueryError, Unavailable
from vigie.replies import Interval
from vigie.settings import StoreSettings

log = logging.getLogger(__name__)

Decode = Callable[[bytes, Envelope], Decoded]


def end_process(error: BaseException) -> None:
    """What is on the disk is unknown: only a restart finds out."""
    log.critical("the disk failed; the process ends and starts again", exc_info=error)
    os._exit(70)


class Store:
    """The seam between what comes in and what is asked; safe to use from any thread."""

    def __init__(  # noqa: PLR0917
        self, directory: Path, decode: Decode, settings: StoreSettings, database: Database,
        counters: Counters, clock: Callable[[], int], *,
        fatal: Callable[[BaseException], None] = end_process,
    ) -> None:  # fmt: skip
        """`clock` tells nanoseconds UTC; `fatal` must end the process."""
        directory.mkdir(parents=True, exist_ok=True)
        self._directory, self._decode, self._settings = directory, decode, settings
        self._database, self._counters, self._clock, self._fatal = database, counters, clock, fatal
        self._memory = Memory(round(settings.late_limit * 1e6), counters)
        self._journal = Journal(directory / "journal")
        self._groups = Groups(self._commit, window=settings.sync)
        self._reserve = Reserve(directory, settings.reserve_bytes, lambda: self._memory.tail.bytes)
        self._turn = threading.Lock()
        """Held while a group is written and applied, and while a flush sets the tail apart."""

    @property
    def live(self) -> Live:
        """The newest row of every series."""
        return self._memory.live

    @property
    def full(self) -> bool:
        """Below the disk reserve: nothing is taken."""
        return self._reserve.full

    def open(self) -> None:
        """Recover, and begin to take."""
        self._journal.begin(0, damaged=False)
        self._groups.start()

    def close(self) -> None:
        """Write what waits, and end; everything acknowledged is on the disk anyway."""
        self._groups.stop()
        self._journal.close()

    def append(self, envelope: Envelope, body: bytes, decoded: Decoded, done: Done) -> None:
        """Keep a request; `done` is called once it is synced and can be asked for.

        Raises:
            Unavailable: the disk is nearly full, or too much waits; `done` is not called.
            StoreError: the rows are not those of their measurement.
        """
        if self._held(decoded):
            done(Appended(self._intervals(decoded)))
            return
        if self.full:
            raise Unavailable("the collector's disk is nearly full", retry_after=30)
        check(decoded)
        self._groups.put(Waiting(envelope, body, decoded, done, len(body) + _size(decoded)))

    def note(self, events: Sequence[Row]) -> None:
        """Keep events of the collector's own; they are there soon, and survive a crash then."""
        body = noted(events)
        waiting = Waiting(envelopes.Note(self._clock()), body, None, lambda _: None, len(body))
        self._groups.put(waiting)

    def held(self, agent: str) -> dict[str, list[Interval]]:
        """Sequence numbers held of each boot of an agent."""
        return self._memory.ledger.held(agent)

    def events_since(self, position: int) -> pa.Table:
        """Recent events of records after that position, in order, with a `position` column."""
        return self._memory.recent.since(position)

    def scan(  # noqa: PLR0917
        self, table: str, columns: Sequence[str] | None, start: datetime | None,
        end: datetime | None, scopes: Sequence[str], where: Mapping[str, Sequence[str]],
    ) -> pa.Table:  # fmt: skip
        """Rows of a table from `start` until before `end`, each once, in no promised order.

        Raises:
            QueryError: there is no such table or column.
        """
        wanted = self._schema(table)
        chosen = condition(wanted, _microseconds(start), _microseconds(end), scopes, where)
        with self._memory.lock:
            chunks = self._memory.tail.chunks(table)
        rows = [c.table(wanted) for c in chunks]
        together = pa.concat_tables(rows) if rows else wanted.empty_table()
        together = together.filter(chosen)
        return together if columns is None else together.select(list(columns))

    def rolled(self, measurement: str, until: datetime) -> None:
        """What was kept so far is about to be rolled up until then: an older row is late now.

        Said before the rows are read, so that each row is read or late, and none is neither.
        """
        with self._turn:
            self._memory.late.rolled(measurement, round(until.timestamp() * 1e6))

    def dirty(self) -> list[Dirty]:
        """Hours whose rollups miss late rows."""
        return self._memory.late.dirty()

    def clean(self, done: Sequence[Dirty]) -> None:
        """Those hours are computed again."""
        late.erase(self._database, self._memory.late.clean(done))

    def _schema(self, table: str) -> pa.Schema:
        if table == EVENTS_TABLE:
            return schema.EVENTS
        measurement = catalogue.measurement(table)
        if measurement is None:
            raise QueryError(f"no table {table!r}")
        return schema.raw(measurement)

    def _commit(self, group: list[Waiting]) -> None:
        """Write, sync, apply, answer: the one place where a frame becomes held."""
        entries = [(envelopes.pack(w.envelope), w.body) for w in group]
        with self._turn:
            try:
                first = self._journal.append(entries)
            except Unavailable as error:
                for waiting in group:
                    answer(waiting, error)
                return
            except OSError as error:
                self._fatal(error)
                raise
            self._apply(group, first)
        for waiting in group:
            pairs = {} if waiting.decoded is None else self._intervals(waiting.decoded)
            answer(waiting, Appended(pairs))

    def _apply(self, group: Sequence[Waiting], first: int) -> None:
        entries = [
            Entry(position, w.envelope, w.decoded, _events(w))
            for position, w in enumerate(group, first)
        ]
        try:
            self._memory.apply(entries, {})
        except Exception as error:
            # Memory may hold half a group: only a replay of the journal makes it whole again.
            self._fatal(error)
            raise

    def _held(self, decoded: Decoded) -> bool:
        judge = self._memory.ledger.judge
        return all(
            judge(f.header.agent, f.header.boot, f.header.sequence, f.digest) is Verdict.HELD
            for f in decoded.frames
        )

    def _intervals(self, decoded: Decoded) -> dict[tuple[str, str], list[Interval]]:
        pairs = {(f.header.agent, f.header.boot) for f in decoded.frames}
        return self._memory.ledger.intervals(pairs)


def _events(waiting: Waiting) -> tuple[Row, ...]:
    return apply.notes(waiting.body) if waiting.decoded is None else ()


def _size(decoded: Decoded) -> int:
    """About how much memory a decoded request takes."""
    return sum(
        batch.rows.num_rows * batch.rows.num_columns * 8
        for frame in decoded.frames
        for batch in frame.batches
    )


def _microseconds(time: Any) -> int | None:
    return None if time is None else round(time.timestamp() * 1e6)
