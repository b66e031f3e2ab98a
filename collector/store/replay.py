"""The records that a journal held at a start, applied again in order.

They are decoded a little ahead, by threads that let go of the interpreter where they can.
"""

import logging
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final

from collector.store import apply
from collector.store import envelope as envelopes
from collector.store.apply import Entry
from collector.store.entry import Decoded, Envelope
from collector.store.envelope import Note, Told
from collector.store.journal import Damage, Record, Segment, missing
from collector.store.quarantine import Quarantine

log = logging.getLogger(__name__)

GROUP: Final = 128
GROUP_BYTES: Final = 2**20
"""Records, and bytes of their bodies, that are applied at once."""
DECODERS: Final = 2
AHEAD: Final = 4
"""Groups that are decoded ahead."""


@dataclass(frozen=True, slots=True)
class _Unreadable:
    """A record that cannot be decoded any more, and why."""

    record: Record
    why: str


class Replay:
    """One reading of the segments that a start found; `damaged` things are put away and named."""

    def __init__(
        self, segments: Sequence[Segment], decode: Callable[[bytes, Envelope], Decoded],
        quarantine: Quarantine, *, after: int, stored: Mapping[str, int],
    ) -> None:  # fmt: skip
        """Records up to `after` are in the tables; `stored` says up to where each table has its."""
        self._segments, self._decode, self._quarantine = segments, decode, quarantine
        self._after = after
        self._edges = sorted({after, *stored.values()})
        self._damaged = False
        self._read = self._all = 0
        self.replayed = 0
        self.last = max(after, *stored.values(), 0)
        """The newest position seen."""

    @property
    def share(self) -> float:
        """How much of the journal is read, from 0 to 1."""
        return self._read / self._all if self._all else 0.0

    def run(self, take: Callable[[Sequence[Entry]], None], stop: Callable[[], bool]) -> None:
        """Hand on every group until `stop` says so, in order and by this thread."""
        self._all = sum(segment.path.stat().st_size for segment in self._segments)
        pool = ThreadPoolExecutor(DECODERS, thread_name_prefix="replay")
        ahead: deque[tuple[Segment, Future[list[Entry | _Unreadable]]]] = deque()
        try:
            for segment, records in self._groups():
                ahead.append((segment, pool.submit(self._decoded, records)))
                if len(ahead) > AHEAD:
                    self._hand_on(*ahead.popleft(), take)
                if stop():
                    return
            while ahead and not stop():
                self._hand_on(*ahead.popleft(), take)
        finally:
            pool.shutdown(cancel_futures=True)

    def _hand_on(
        self, segment: Segment, decoded: "Future[list[Entry | _Unreadable]]",
        take: Callable[[Sequence[Entry]], None],
    ) -> None:  # fmt: skip
        entries: list[Entry] = []
        for found in decoded.result():
            if isinstance(found, Entry):
                entries.append(found)
            else:
                detail = f"journal: record {found.record.position} cannot be read: {found.why}"
                self._quarantine.bytes(
                    segment.path, found.record.position, found.record.body, detail
                )
        if entries:
            take(entries)
            self.replayed += len(entries)

    def _groups(self) -> Iterator[tuple[Segment, list[Record]]]:
        """Records to apply at once: all of a group are stored in a table, or none is."""
        for segment in self._segments:
            group: list[Record] = []
            size = 0
            for record in self._records(segment):
                apart = group and any(
                    group[-1].position <= edge < record.position for edge in self._edges
                )
                if apart or len(group) >= GROUP or size >= GROUP_BYTES:
                    yield segment, group
                    group, size = [], 0
                group.append(record)
                size += len(record.body)
            if group:
                yield segment, group

    def _records(self, segment: Segment) -> Iterator[Record]:
        # What damage hides is named itself.
        if missing(self.last, segment.first) and not self._damaged:
            detail = f"journal: records {self.last + 1} to {segment.first - 1} are missing"
            self._quarantine.missing(segment.path, detail)
        self.last = max(self.last, segment.first - 1)
        for found in segment.read():
            if isinstance(found, Damage):
                self._damaged = True
                self._quarantine.bytes(found.path, found.offset, found.data, "journal")
                self._read += len(found.data)
                continue
            self._read += len(found.body)
            self.last = max(self.last, found.position)
            if found.position > self._after:
                yield found

    def _decoded(self, records: Sequence[Record]) -> list[Entry | _Unreadable]:
        return [self._entry(record) for record in records]

    def _entry(self, record: Record) -> Entry | _Unreadable:
        try:
            envelope = envelopes.unpack(record.envelope)
            if isinstance(envelope, Note | Told):
                return apply.own(record.position, envelope, record.body)
            decoded = self._decode(record.body, envelope)
            apply.check(decoded)
            return Entry(record.position, envelope, decoded)
        except Exception as error:
            # One record that nobody can read any more must not keep the others from being.
            log.exception("a record of the journal cannot be read")
            return _Unreadable(record, str(error))
