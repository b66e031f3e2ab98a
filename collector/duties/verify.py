"""Table files read whole, a few at a time, so that damage is found before it is needed."""

from datetime import datetime
from typing import Protocol

from vigie.units import NANOSECONDS_PER_SECOND


class Shelf(Protocol):
    """What this duty needs of the store."""

    def verify(self, now: int) -> object:
        """Do one turn; `now` in nanoseconds."""


class Verify:
    """The duty."""

    def __init__(self, store: Shelf) -> None:
        self._store = store

    def run(self, now: datetime) -> None:
        """Do one turn."""
        self._store.verify(round(now.timestamp()) * NANOSECONDS_PER_SECOND)
