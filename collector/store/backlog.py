"""Groups that are synced, and wait until older records are applied."""

import threading
from collections import deque
from collections.abc import Callable, Sequence

from collector.store.apply import Entry


class Backlog:
    """Hands groups on in the order in which they came: at first it keeps them, until `drain`.

    A group that it keeps is on the disk: it can be acknowledged, and cannot yet be asked for.
    """

    def __init__(self, apply: Callable[[Sequence[Entry]], None]) -> None:
        """`apply` takes one group in; it is never called by two threads at once."""
        self._apply = apply
        self._lock = threading.Lock()
        self._groups: deque[tuple[Sequence[Entry], int]] = deque()
        self._full = False
        self.bytes = 0
        """Memory that is held by groups that wait."""
        self.through = False
        """Nothing waits any more: each group is applied as it comes."""

    def take(self, entries: Sequence[Entry], size: int) -> bool:
        """Apply a group, or keep it; whether it is applied. For one thread."""
        with self._lock:
            if not self.through:
                self._groups.append((entries, size))
                self.bytes += size
                return False
        self._apply(entries)
        return True

    def refuses(self, *, over: bool) -> bool:
        """Whether to take no more: once `over` a bound, until nothing waits any more.

        Else senders that try again fill each room that is made, and nothing is ever caught up.
        """
        self._full = not self.through and (self._full or over)
        return self._full or over

    def drain(self, stop: Callable[[], bool]) -> None:
        """Apply what waits, and what comes meanwhile, until nothing does or `stop` says so."""
        while not stop():
            with self._lock:
                if not self._groups:
                    self.through = True
                    return
                entries, size = self._groups.popleft()
            self._apply(entries)
            with self._lock:
                self.bytes -= size
