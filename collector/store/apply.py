"""What synced records do to the store's memory: ledger, live, tail, late hours, recent events.

The same records do the same again when the journal is replayed after a crash.
"""

import json
import logging
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import numpy as np
import pyarrow as pa

from collector.counters import Counters
from collector.store import happenings, schema, told
from collector.store.chunk import Chunk, gathered, integers
from collector.store.entry import Batch, Decoded, DecodedFrame, Envelope
from collector.store.envelope import Note, Told
from collector.store.happenings import Recent, Row
from collector.store.late import Late
from collector.store.ledger import Ledger, Verdict
from collector.store.live import Live
from collector.store.plausible import suspects
from collector.store.tail import Tail
from vigie import catalogue
from vigie.errors import StoreError
from vigie.frame import TIME_COLUMN, Gap
from vigie.shape import Measurement

log = logging.getLogger(__name__)

EVENTS_TABLE: Final = "events"
MAX_TOLD: Final = 10_000
MAX_SCHEMAS: Final = 32
_SOUND: Final[dict[type[Measurement], list[pa.Schema]]] = {}
"""Sets of columns that were found to fit: a sender has the same in every frame."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One synced record: a request decoded, or what the collector told: events, or rows."""

    position: int
    envelope: Envelope | Note | Told
    decoded: Decoded | None
    events: tuple[Row, ...] = ()
    rows: tuple[Batch, ...] = ()


@dataclass(slots=True)
class _Fresh:
    """What a group brings."""

    batches: dict[type[Measurement], list[Batch]] = field(default_factory=dict)
    events: list[tuple[int, pa.Table]] = field(default_factory=list)
    frames: int = 0


def check(decoded: Decoded) -> None:
    """Make sure that every batch can be stored.

    Raises:
        StoreError: a batch has not the columns of its measurement.
    """
    for frame in decoded.frames:
        for batch in frame.batches:
            sent = batch.schema
            known = _SOUND.setdefault(batch.measurement, [])
            if any(sent is one or sent.equals(one) for one in known):
                continue
            if not schema.fits(sent, batch.measurement):
                raise StoreError(f"{batch.measurement.name}: rows do not have its columns")
            known[:] = [*known[-MAX_SCHEMAS:], sent]


def noted(events: Sequence[Row]) -> bytes:
    """The body of a record of the store's own."""
    return json.dumps([dict(e) for e in events], separators=(",", ":")).encode()


def notes(body: bytes) -> tuple[Row, ...]:
    """What `noted` was given."""
    return tuple(json.loads(body))


def own(position: int, envelope: Envelope | Note | Told, body: bytes) -> Entry:
    """What a record says that no sender sent. Raises StoreError."""
    if isinstance(envelope, Told):
        return Entry(position, envelope, None, rows=told.batches(body))
    return Entry(position, envelope, None, notes(body))


class Memory:
    """Everything that is known beside the tables; one thread applies."""

    def __init__(self, late_limit: int, counters: Counters) -> None:
        self.ledger = Ledger()
        self.live = Live()
        self.tail = Tail()
        self.late = Late(late_limit)
        self.recent = Recent()
        self.lock = threading.Lock()
        """Held while the tail, or the files that take its place, change."""
        self._counters = counters
        self._told: dict[object, None] = {}

    def apply(self, entries: Sequence[Entry], stored: Mapping[str, int]) -> None:
        """Take synced records in; `stored` is the position up to which each table has its rows.

        No group may hold positions on both sides of one of those.
        """
        first, last = entries[0].position, entries[-1].position
        fresh = _Fresh()
        for entry in entries:
            self._one(entry, fresh)
        chunks = {
            measurement: gathered(self.live.newest(measurement).series, batches, first, last)
            for measurement, batches in fresh.batches.items()
        }
        now = entries[-1].envelope.received // 1_000
        for measurement, chunk in chunks.items():
            bits, rows = suspects(measurement, chunk.rows)
            if bits is not None:
                chunks[measurement] = replace(chunk, rows=rows).suspect(bits)
            self._late(measurement.name, chunk, now, fresh)
        newest = [(self.live.newest(m), chunk) for m, chunk in chunks.items()]
        marked = self.live.update(newest)
        self._keep(zip((m.name for m in chunks), marked, strict=True), fresh, stored, first, last)
        self.live.advance(last)
        self._counters.add("store_frames_total", fresh.frames)
        self._counters.add("store_rows_total", sum(len(c.times) for c in marked))

    def _one(self, entry: Entry, fresh: _Fresh) -> None:
        if entry.decoded is None:
            for batch in entry.rows:
                fresh.batches.setdefault(batch.measurement, []).append(batch)
            if entry.events:
                fresh.events.append((entry.position, happenings.table(entry.events)))
            return
        received = entry.envelope.received
        for frame in entry.decoded.frames:
            header = frame.header
            verdict = self.ledger.judge(frame.sender, header.boot, header.sequence, frame.digest)
            if verdict is not Verdict.FRESH:
                self._repeated(verdict, frame, entry, fresh)
                continue
            self.ledger.hold(frame.sender, header.boot, header.sequence, frame.digest, received)
            fresh.frames += 1
            for batch in frame.batches:
                if batch.count:
                    fresh.batches.setdefault(batch.measurement, []).append(batch)
            if len(frame.events):
                rows = pa.Table.from_batches([frame.events])
                fresh.events.append((entry.position, rows))
            for gap in header.gaps:
                self._gap(gap, frame, entry, fresh)
            self._bound(frame, entry, fresh)

    def _repeated(self, verdict: Verdict, frame: DecodedFrame, entry: Entry, fresh: _Fresh) -> None:
        header = frame.header
        self._counters.add("store_frames_repeated_total", verdict=verdict.value)
        if verdict is Verdict.REUSED and self._new((frame.sender, header.boot, header.sequence)):
            learned = entry.envelope.received // 1_000
            log.error("frame identity reused", extra={"agent": header.agent})
            self._tell(entry.position, fresh, happenings.of_frame(
                catalogue.IDENTITY_REUSED, frame, time=learned, learned=learned,
                detail=f"boot {header.boot}, frame {header.sequence}",
            ))  # fmt: skip

    def _gap(self, gap: Gap, frame: DecodedFrame, entry: Entry, fresh: _Fresh) -> None:
        received = entry.envelope.received
        header = frame.header
        self.ledger.close(frame.sender, header.boot, gap.first, gap.last, received)
        self._tell(entry.position, fresh, happenings.of_frame(
            catalogue.GAP, frame, time=gap.from_time, learned=received // 1_000,
            detail=happenings.gap_detail(gap),
        ))  # fmt: skip

    def _bound(self, frame: DecodedFrame, entry: Entry, fresh: _Fresh) -> None:
        """An agent that leaves thousands of holes has its oldest one closed, and named."""
        hole = self.ledger.overfull(frame.sender, frame.header.boot)
        if hole is not None:
            time = frame.header.time // 1_000
            self._gap(Gap(*hole, time, time, "too many holes to keep"), frame, entry, fresh)

    def _late(self, measurement: str, chunk: Chunk, now: int, fresh: _Fresh) -> None:
        for late in self.late.mark(measurement, chunk, now):
            if self._new((late.container, measurement, late.hour)):
                self._tell(chunk.last, fresh, happenings.row(
                    catalogue.TOO_LATE, time=late.hour, learned=now, container=late.container,
                    detail=f"{measurement}: {late.rows} rows or more of this hour",
                ))  # fmt: skip

    def _tell(self, position: int, fresh: _Fresh, event: Row) -> None:
        fresh.events.append((position, happenings.table([event])))
        self._counters.add("store_events_total", code=event["code"])

    def _new(self, subject: object) -> bool:
        """Whether this was not told of before, as far as we remember."""
        if subject in self._told:
            return False
        self._told[subject] = None
        if len(self._told) > MAX_TOLD:
            del self._told[next(iter(self._told))]
        return True

    def _keep(
        self, chunks: Any, fresh: _Fresh, stored: Mapping[str, int], first: int, last: int
    ) -> None:
        """Into the tail goes what no table has yet."""
        with self.lock:
            for table, chunk in chunks:
                if last > stored.get(table, 0):
                    self.tail.add(table, chunk)
            if fresh.events and last > stored.get(EVENTS_TABLE, 0):
                rows = pa.concat_tables([rows for _, rows in fresh.events]).combine_chunks()
                times = integers(rows.column(TIME_COLUMN))
                chunk = Chunk(None, np.zeros(0, np.int32), times, rows, first, last)
                self.tail.add(EVENTS_TABLE, chunk)
        for position, rows in fresh.events:
            self.recent.add(position, rows)
