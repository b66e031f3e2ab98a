"""What is not yet in the tables, in memory: chunks by table, newest last."""

from collections.abc import Sequence
from typing import Final

from collector.store.chunk import Chunk, combined

SMALL_ROWS: Final = 2_000
SMALL_CHUNKS: Final = 32
"""So many small chunks at the end become one, so that a scan meets few."""


class Tail:
    """Chunks of every table; its owner locks."""

    def __init__(self) -> None:
        self._open: dict[str, list[Chunk]] = {}
        self._sealed: dict[str, list[Chunk]] = {}
        self.bytes = 0

    def add(self, table: str, chunk: Chunk) -> None:
        """Take a chunk in."""
        chunks = self._open.setdefault(table, [])
        chunks.append(chunk)
        self.bytes += chunk.bytes
        recent = chunks[-SMALL_CHUNKS:]
        if len(recent) == SMALL_CHUNKS and all(len(c.times) <= SMALL_ROWS for c in recent):
            chunks[-SMALL_CHUNKS:] = [combined(recent)]

    def chunks(self, table: str) -> list[Chunk]:
        """All chunks of a table, those being flushed first."""
        return [*self._sealed.get(table, ()), *self._open.get(table, ())]

    def seal(self) -> dict[str, list[Chunk]]:
        """Set apart what is there for a flush; still part of `chunks` until `drop`."""
        for table, chunks in self._open.items():
            if chunks:
                self._sealed.setdefault(table, []).extend(chunks)
        self._open = {}
        return {table: list(chunks) for table, chunks in self._sealed.items() if chunks}

    def drop(self, table: str, chunks: Sequence[Chunk]) -> None:
        """Forget sealed chunks: the table has them."""
        gone = {id(chunk) for chunk in chunks}
        self._sealed[table] = [c for c in self._sealed.get(table, ()) if id(c) not in gone]
        self.bytes -= sum(chunk.bytes for chunk in chunks)

    def pending(self) -> bool:
        """Whether a flush has something to do."""
        return any(self._open.values()) or any(self._sealed.values())
