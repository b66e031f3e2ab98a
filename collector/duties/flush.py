"""From the tail to table files, and the journal segments that are then no longer needed go."""

from datetime import datetime
from typing import Protocol


class Shelf(Protocol):
    """What this duty needs of the store."""

    def flush(self, now: datetime) -> object:
        """Do one turn."""


class Flush:
    """The duty."""

    def __init__(self, store: Shelf) -> None:
        self._store = store

    def run(self, now: datetime) -> None:
        """Do one turn."""
        self._store.flush(now)
