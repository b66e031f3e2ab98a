"""Rows past their retention, and files that no question can still read."""

from datetime import datetime
from typing import Protocol


class Shelf(Protocol):
    """What this duty needs of the store."""

    def expire(self, now: datetime) -> object:
        """Do one turn."""


class Expire:
    """The duty."""

    def __init__(self, store: Shelf) -> None:
        self._store = store

    def run(self, now: datetime) -> None:
        """Do one turn."""
        self._store.expire(now)
