"""Small files of one hour into one, so that a question opens few."""

from datetime import datetime
from typing import Protocol

from vigie.units import NANOSECONDS_PER_SECOND


class Shelf(Protocol):
    """What this duty needs of the store."""

    def merge(self, now: int) -> object:
        """Do one turn; `now` in nanoseconds."""


class Merge:
    """The duty."""

    def __init__(self, store: Shelf) -> None:
        self._store = store

    def run(self, now: datetime) -> None:
        """Do one turn."""
        self._store.merge(round(now.timestamp()) * NANOSECONDS_PER_SECOND)
