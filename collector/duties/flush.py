"""From the tail to table files; the journal segments that nobody needs then go."""

from datetime import datetime
from typing import Protocol

from vigie.units import NANOSECONDS_PER_SECOND


class Shelf(Protocol):
    """What this duty needs of the store."""

    def flush(self, now: int) -> object:
        """Do one turn; `now` in nanoseconds."""


class Flush:
    """The duty."""

    def __init__(self, store: Shelf) -> None:
        self._store = store

    def run(self, now: datetime) -> None:
        """Do one turn."""
        self._store.flush(round(now.timestamp()) * NANOSECONDS_PER_SECOND)
