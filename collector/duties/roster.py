"""The duty that reads the roster and its calendars again when they change."""

from datetime import datetime
from typing import Final

from alerts.roster.book import Rosterbook
from collector.counters import Counters

BROKEN: Final = "roster_faults"


class Refresh:
    """Looks at one roster."""

    def __init__(self, book: Rosterbook, counters: Counters) -> None:
        self._book, self._counters = book, counters
        counters.set(BROKEN, 0)

    def run(self, now: datetime) -> None:
        """One turn: nothing where nothing changed."""
        self._book.refresh(now.timestamp())
        self._counters.set(BROKEN, len(self._book.faults))
