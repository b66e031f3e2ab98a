"""Rows past their retention go, and files that no question can still read."""

from datetime import datetime
from typing import Protocol

from vigie.units import NANOSECONDS_PER_SECOND


class Shelf(Protocol):
    """What this duty needs of the store."""

    def expire(self, now: int) -> object:
        """Do one turn; `now` in nanoseconds."""


class Expire:
    """The duty."""

    def __init__(self, store: Shelf) -> None:
        self._store = store

    def run(self, now: datetime) -> None:
        """Do one turn."""
        self._store.expire(round(now.timestamp()) * NANOSECONDS_PER_SECOND)
