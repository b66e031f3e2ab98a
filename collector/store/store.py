"""The store: frames in, each kept once and never lost; rows, newest values and answers out."""

import logging
import os
import secrets
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa

from collector.counters import Counters
from collector.store import (
    apply,
    disk,
    flush,
    holding,
    late,
    recovery,
    state,
    told,
)
from collector.store import envelope as envelopes
from collector.store.apply import Entry, Memory, check, noted
from collector.store.backlog import Backlog
from collector.store.catchup import CatchUp, Recovery
from collector.store.damages import Damages
from collector.store.early import Early
from collector.store.entry import Decoded, Envelope
from collector.store.expiry.expire import GRACE_SECONDS
from collector.store.groups import Appended, Done, Groups, Waiting, answer
from collector.store.happenings import Row
from collector.store.journal import Journal
from collector.store.late import Dirty
from collector.store.ledger import Verdict
from collector.store.live import Live
from collector.store.order import Rows
from collector.store.parts import Parts
from collector.store.quarantine import Found, Quarantine
from collector.store.reserve import Reserve
from collector.store.scan import View
from collector.store.scope import condition
from collector.store.tables import Tables
from collector.store.upkeep import ROLLED_UNTIL, Upkeep
from vigie.database import Database
from vigie.errors import QueryError, StoreError, Unavailable
from vigie.replies import Interval
from vigie.settings import StoreSettings
from vigie.shape import Measurement

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
        """`clock` tells nanoseconds UTC; `fatal` must end the process.

        `database` is the state, opened with `state.TABLES` among its tables.
        """
        disk.make_directory(directory)
        self._directory, self._decode, self._settings = directory, decode, settings
        self._database, self._counters, self._clock, self._fatal = database, counters, clock, fatal
        self._memory = Memory(round(settings.late_limit * 1e6), counters)
        self._journal = Journal(directory / "journal")
        self._tables = Tables(directory / "tables", self._collector(), self._memory.lock)
        self._damages = Damages(self.note, counters, clock)
        self._quarantine = Quarantine(directory / "quarantine", self._damages.add)
        self._groups = Groups(self._commit, window=settings.sync)
        self._reserve = Reserve(directory, settings.reserve_bytes, lambda: self._waiting)
        self._upkeep = Upkeep(
            directory, self._memory, self._tables, self._journal, database=database,
            quarantine=self._quarantine, settings=settings, counters=counters,
        )  # fmt: skip
        self._early = Early(self._upkeep, self._memory.tail, settings.tail_bytes, counters)
        self._backlog = Backlog(self._take)
        self._catchup = CatchUp(
            directory, self._memory, self._tables, self._upkeep, self._early, database=database,
            quarantine=self._quarantine, decode=decode,
        )  # fmt: skip
        self._closed = False

    @property
    def live(self) -> Live:
        """The newest row of every series."""
        return self._memory.live

    @property
    def quarantine(self) -> Quarantine:
        """Where what is damaged goes, and is told as an event."""
        return self._quarantine

    @property
    def parts(self) -> Parts:
        """What it is made of, for those who keep it."""
        return Parts(self._directory, self._settings, self._database, self._tables, self._journal,
                     self._memory, self._upkeep)  # fmt: skip

    @property
    def full(self) -> bool:
        """Below the disk reserve: nothing is taken."""
        return self._reserve.full

    @property
    def behind(self) -> bool:
        """More waits for the tables than memory bears: nothing is taken."""
        return self._backlog.refuses(over=self._waiting > 2 * self._settings.tail_bytes)

    @property
    def _waiting(self) -> int:
        """Bytes in memory that no table has."""
        return self._memory.tail.bytes + self._backlog.bytes

    @property
    def catching_up(self) -> str:
        """Why less is known than is held, or nothing once `catch_up` is done."""
        if self._backlog.through:
            return ""
        return f"catching up: {self._catchup.share:.0%} of the journal is read"

    def open(self, found: Sequence[Found] = ()) -> Recovery:
        """Begin, catch up, and look at the newest files: all that a start does."""
        self.begin(found)
        recovered = self.catch_up()
        self.prove()
        recovered.damaged[:] = self._damages.found
        return recovered

    def begin(self, found: Sequence[Found] = ()) -> None:
        """Take from now on; `found` is damage met before, in the state database.

        What is sent is synced and acknowledged, and can be asked for after `catch_up`, which needs
        a time that grows with the journal. This does not.
        """
        for one in found:
            self._damages.add(one)
        self._journal.begin(self._catchup.begin(self._journal.segments()))
        self._groups.start()
        self._early.start()

    def catch_up(self) -> Recovery:
        """Know all that is held: tables, newest rows, what waited in the journal, what came since.

        It returns early when `close` or `give_up` is called meanwhile.
        """
        now = self._clock() // 1_000
        oldest = now - round(self._settings.retention.longest_raw * 1e6)
        done = self._catchup.run(oldest, now, lambda: self._closed)
        self._backlog.drain(lambda: self._closed)
        return done

    def prove(self) -> int:
        """Read the newest table files whole, as `verify` does the others later; how many went."""
        return recovery.prove(self._tables, self._upkeep.check, lambda: self._closed)

    def give_up(self) -> None:
        """Have `catch_up` return soon: what it has not read stays in the journal."""
        self._closed = True

    def close(self) -> None:
        """Write what waits, and end; everything acknowledged is on the disk anyway."""
        self._groups.stop()
        self._closed = True
        self._early.stop()
        self._journal.close()
        self._tables.close()

    def append(self, envelope: Envelope, body: bytes, decoded: Decoded, done: Done) -> None:
        """Keep a request; `done` is called once it is synced and can be asked for.

        Raises:
            Unavailable: the disk is nearly full, too much waits, or there are too many series;
                `done` is not called.
            StoreError: the rows are not those of their measurement.
        """
        if holding.held(self._memory.ledger, decoded):
            repeated = len(decoded.frames)
            self._counters.add("store_frames_repeated_total", repeated, verdict=Verdict.HELD.value)
            done(Appended(holding.intervals(self._memory.ledger, decoded)))
            return
        if self.full:
            raise Unavailable("the collector's disk is nearly full", retry_after=30)
        if self.behind:
            raise Unavailable("the collector's tables do not keep up", retry_after=5)
        check(decoded)
        if self.live.crowded(decoded):
            raise Unavailable("more series came than memory is meant for", retry_after=60)
        self._groups.put(Waiting(envelope, body, decoded, done, len(body) + _size(decoded)))

    def note(self, events: Sequence[Row]) -> None:
        """Keep events of the collector's own (`happenings.row`); soon they survive a crash."""
        body = noted(events)
        envelope = envelopes.Note(self._clock())
        self._groups.put(Waiting(envelope, body, None, lambda _: None, len(body)))

    def tell(self, rows: Mapping[type[Measurement], pa.Table]) -> None:
        """Keep rows of `catalogue.OWN`, as `schema.raw` has them. Raises Unavailable."""
        if self.full or self.behind:
            raise Unavailable("the collector's disk or tables do not keep up", retry_after=5)
        body = told.body(rows)
        self._groups.put(
            Waiting(envelopes.Told(self._clock()), body, None, lambda _: None, len(body))
        )

    def held(self, sender: str) -> dict[str, list[Interval]]:
        """Sequence numbers held of each boot of a `DecodedFrame.sender`."""
        return self._memory.ledger.held(sender)

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
        for _ in range(10):
            view = self.view(table).within(_microseconds(start), _microseconds(end))
            unknown = set(columns or ()) - set(view.schema.names)
            if unknown:
                raise QueryError(f"{table} has no column {', '.join(sorted(unknown))}")
            chosen = condition(view.schema, _microseconds(start), _microseconds(end), scopes, where)
            try:
                return view.read(columns, chosen)
            except (OSError, pa.ArrowException):
                # A damaged file goes, and is named; a file merged away meanwhile is no damage.
                log.exception("a table file cannot be read", extra={"table": table})
                self._upkeep.check(table, view.files)
        raise StoreError(f"{table}: its files cannot be read")

    def check(self, table: str, view: View) -> None:
        """Look at the files of a view one of which could not be read; damaged ones go."""
        self._upkeep.check(table, view.files)

    def size(self, table: str, start: datetime, end: datetime) -> int:
        """About how many rows a table has from `start` until before `end`."""
        view = self.view(table).within(_microseconds(start), _microseconds(end))
        return sum(f.rows for f in view.files) + sum(len(c.times) for c in view.chunks)

    def rolling(self, measurement: str, until: datetime) -> None:
        """Say that windows up to `until` are about to be computed, before scanning for them.

        A row older than that which comes from now on is late: the scan may not have seen it.
        """
        with self._upkeep.turn:  # a group that is judged in time is also there to be scanned
            self._memory.late.rolled(measurement, round(until.timestamp() * 1e6))

    def rolled_until(self, table: str, said: str = ROLLED_UNTIL) -> datetime | None:
        """The end of a rollup table, or with `ROLLED_SINCE` its beginning, as its commits say."""
        until = self._tables.properties(table).get(said)
        return None if until is None else datetime.fromtimestamp(int(until) / 1e6, UTC)

    def sweep(
        self, table: str, start: datetime, end: datetime, containers: Sequence[str] | None = None
    ) -> Rows:
        """Rows of `start` <= time < `end`, each once, whole containers in order, keys as words.

        Raises:
            OSError: a file is damaged, now or when its part comes.
        """
        first, last = _microseconds(start) or 0, _microseconds(end) or 0
        return self._upkeep.sweep(table, first, last, containers)

    def write_rollup(self, table: str, rows: pa.Table | Rows, properties: Mapping[str, str]) -> int:
        """Add windows to a rollup table; how many. `ROLLED_UNTIL` of `properties` moves its end.

        Raises:
            OSError, StoreError: the disk is full or failed; nothing is added.
        """
        return self._upkeep.write_rollup(table, rows, properties)

    def replace_rollup(
        self, table: str, rows: pa.Table, containers: str | Sequence[str],
        start: datetime, end: datetime, *, properties: Mapping[str, str],
    ) -> None:  # fmt: skip
        """Put windows in the place of those of some containers from `start` until before `end`.

        `properties` are as those of `write_rollup`.

        Raises:
            OSError, StoreError: the disk is full or failed; all is as it was.
        """
        self._upkeep.replace_rollup(table, rows, containers, start, end, properties=properties)

    def dirty(self) -> list[Dirty]:
        """Hours whose rollups miss late rows; all of these rows can be scanned."""
        with self._upkeep.turn:  # a group that made an hour dirty is in the tail, too
            return self._memory.late.dirty()

    def clean(self, done: Sequence[Dirty]) -> None:
        """Those hours are computed again."""
        late.erase(self._database, self._memory.late.clean(done))

    def flush(self, now: int) -> None:
        """Bring the tail into the tables, and let go of what the journal need not hold.

        Raises:
            OSError, StoreError: something could not be written; all is kept, for the next time.
        """
        self._damages.tell()
        self._upkeep.flush(drop=True)

    def merge(self, now: int) -> int:
        """Make large files of small ones; how many commits that took. `now` in nanoseconds."""
        return self._upkeep.merge(now, stop=lambda: self.full or self._closed)

    def expire(self, now: int, grace: float = GRACE_SECONDS) -> int:
        """Let go of what is past its time; how many files went. `now` in nanoseconds."""
        return self._upkeep.expire(now, grace)

    def verify(self, now: int) -> int:
        """Read some table files whole; how many were damaged, put away and named."""
        return self._upkeep.verify()

    def view(self, table: str) -> View:
        """What a table is now: its files, which stay for a while, and what is in none.

        Raises:
            QueryError: there is no such table.
            Unavailable: the journal is still being read.
        """
        if not self._backlog.through:
            raise Unavailable(self.catching_up, retry_after=2)
        try:
            columns = flush.columns(table)
        except StoreError as error:
            raise QueryError(str(error)) from error
        with self._memory.lock:
            chunks = self._memory.tail.chunks(table)
            files = self._tables.files(table)
        return View(columns, files, chunks)

    def _commit(self, group: list[Waiting]) -> None:
        """Write, sync, apply, answer: the one place where a frame becomes held."""
        records = [(envelopes.pack(w.envelope), w.body) for w in group]
        try:
            first = self._journal.append(records)
        except Unavailable as error:
            for waiting in group:
                answer(waiting, error)
            return
        except OSError as error:
            self._fatal(error)
            raise
        entries = [
            apply.own(n, w.envelope, w.body) if w.decoded is None
            else Entry(n, w.envelope, w.decoded) for n, w in enumerate(group, first)
        ]  # fmt: skip
        applied = self._backlog.take(entries, sum(w.size for w in group))
        held = holding.intervals if applied else holding.synced
        for waiting in group:
            of = waiting.decoded
            answer(waiting, Appended({} if of is None else held(self._memory.ledger, of)))

    def _take(self, entries: Sequence[Entry]) -> None:
        try:
            with self._upkeep.turn:
                self._memory.apply(entries, {})
        except Exception as error:
            # Memory may hold half a group: only a replay of the journal makes it whole again.
            self._fatal(error)
            raise
        self._early.look()

    def _collector(self) -> str:
        """The name of this collector in every commit; made once."""
        name = state.mark(self._database, state.COLLECTOR)
        if name is None:
            name = secrets.token_hex(8)
            state.put_mark(self._database, state.COLLECTOR, name)
        return name


def _size(decoded: Decoded) -> int:
    """About how much memory a decoded request takes."""
    return sum(
        batch.count * len(batch.schema) * 8 for frame in decoded.frames for batch in frame.batches
    )


def _microseconds(time: datetime | None) -> int | None:
    return None if time is None else round(time.timestamp() * 1e6)
