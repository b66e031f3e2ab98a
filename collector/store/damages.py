"""What was found damaged since the start, told as events as soon as they can be kept."""

import threading
from collections.abc import Callable, Sequence

from collector.counters import Counters
from collector.store import happenings
from collector.store.happenings import Row
from collector.store.quarantine import Found
from vigie import catalogue
from vigie.errors import Unavailable


class Damages:
    """Every damage that was found, from any thread."""

    def __init__(
        self, note: Callable[[Sequence[Row]], None], counters: Counters, clock: Callable[[], int]
    ) -> None:
        """`note` keeps events, and raises `Unavailable` when it cannot now; `clock` in ns."""
        self._note, self._counters, self._clock = note, counters, clock
        self._lock = threading.Lock()
        self._untold: list[Row] = []
        self.found: list[Found] = []

    def add(self, found: Found) -> None:
        """Count a damage, and tell it."""
        self._counters.add("store_damaged_total")
        now = self._clock() // 1_000
        detail = f"{found.path.name}: {found.detail}"
        with self._lock:
            self.found.append(found)
            self._untold.append(
                happenings.row(catalogue.DAMAGED, time=now, learned=now, detail=detail)
            )
        self.tell()

    def tell(self) -> None:
        """Tell what could not be told before."""
        with self._lock:
            if self._untold:
                try:
                    self._note(self._untold)
                except Unavailable:  # under full load, or at the end: the next call tells it
                    return
                self._untold = []
