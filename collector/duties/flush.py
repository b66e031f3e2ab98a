"""From the tail to table files; the journal segments that nobody needs then go."""

from collections.abc import Callable
from datetime import datetime
from typing import Protocol

from vigie.units import NANOSECONDS_PER_SECOND


class Shelf(Protocol):
    """What this duty needs of the store."""

    def flush(self, now: int) -> object:
        """Do one turn; `now` in nanoseconds."""


class Flush:
    """The duty."""

    def __init__(self, store: Shelf, after: Callable[[], None] = lambda: None) -> None:
        """`after` is called when it is done: most of what it needed is free then."""
        self._store, self._after = store, after

    def run(self, now: datetime) -> None:
        """Do one turn."""
        self._store.flush(round(now.timestamp()) * NANOSECONDS_PER_SECOND)
        self._after()
