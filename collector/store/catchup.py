"""What a start has yet to do while the store already takes: tables, newest rows, old records."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from collector.store import recovery, snapshot, upkeep
from collector.store.apply import Entry, Memory
from collector.store.early import Early
from collector.store.entry import Decoded, Envelope
from collector.store.journal import Segment
from collector.store.quarantine import Found, Quarantine
from collector.store.replay import Replay
from collector.store.tables import Tables
from collector.store.upkeep import Upkeep
from vigie.database import Database


@dataclass(slots=True)
class Recovery:
    """What a start found; `last` is the newest position of before."""

    replayed: int = 0
    damaged: list[Found] = field(default_factory=list)
    last: int = 0


class CatchUp:
    """From what is on the disk to what memory held before."""

    def __init__(
        self, directory: Path, memory: Memory, tables: Tables, upkeep: Upkeep, early: Early, *,
        database: Database, quarantine: Quarantine, decode: Callable[[bytes, Envelope], Decoded],
    ) -> None:  # fmt: skip
        self._directory, self._memory, self._tables = directory, memory, tables
        self._upkeep, self._early, self._database = upkeep, early, database
        self._quarantine, self._decode = quarantine, decode
        self._segments: Sequence[Segment] = ()
        self._replay: Replay | None = None

    @property
    def share(self) -> float:
        """How much of the journal is read, from 0 to 1."""
        return self._replay.share if self._replay else 0.0

    def begin(self, segments: Sequence[Segment]) -> int:
        """Know who sent what; a position that no record of before is after, given the segments.

        Nothing here takes a time that grows with the journal or the tables.
        """
        self._segments = segments
        for agent, boot in self._memory.ledger.load(self._database):
            detail = f"what is held of {agent}, boot {boot}, is not what was written"
            self._quarantine.missing(self._directory / "state.db", detail)
        flushed = upkeep.flushed(self._database)
        if not flushed:  # of a store that is new, or whose state was lost: the tables know
            self._open_tables()
            flushed = max(self._stored().values(), default=0)
        return flushed

    def run(self, oldest: int, now: int, stop: Callable[[], bool]) -> Recovery:
        """Make memory whole up to the last record of before; times in microseconds.

        Series that are silent since `oldest` are forgotten.
        """
        if not self._tables.opened:
            self._open_tables()
        self._memory.late.load(self._database)
        for table in self._tables.names():
            self._upkeep.rolled(table)
        lost = snapshot.load(self._directory / "live", self._memory, self._quarantine, oldest)
        recovery.newest_of_tables(self._tables, self._memory, lost, now)
        flushed, stored = upkeep.flushed(self._database), self._stored()

        def take(entries: Sequence[Entry]) -> None:
            with self._upkeep.turn:
                self._memory.apply(entries, stored)
            self._early.make_room()

        self._replay = replay = Replay(
            self._segments, self._decode, self._quarantine, after=flushed, stored=stored
        )
        replay.run(take, stop)
        if not stop():
            self._memory.live.advance(replay.last)
        return Recovery(replay.replayed, [], replay.last)

    def _open_tables(self) -> None:
        oldest = self._segments[0].first if self._segments else None
        recovery.open_tables(self._tables, self._quarantine, oldest)

    def _stored(self) -> dict[str, int]:
        return {table: self._tables.position(table) for table in self._tables.names()}
