"""How long the disk will do, as a metric."""

from datetime import datetime
from typing import Protocol


class Shelf(Protocol):
    """What this duty needs of who keeps the store."""

    def measure(self) -> object:
        """Do one turn."""


class Room:
    """The duty."""

    def __init__(self, keeper: Shelf) -> None:
        self._keeper = keeper

    def run(self, now: datetime) -> None:
        """Do one turn."""
        self._keeper.measure()
