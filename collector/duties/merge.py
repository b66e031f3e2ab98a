"""Small files of one hour into one, so that a question opens few."""

from datetime import datetime
from typing import Protocol


class Shelf(Protocol):
    """What this duty needs of the store."""

    def merge(self, now: datetime) -> object:
        """Do one turn."""


class Merge:
    """The duty."""

    def __init__(self, store: Shelf) -> None:
        self._store = store

    def run(self, now: datetime) -> None:
        """Do one turn."""
        self._store.merge(now)
