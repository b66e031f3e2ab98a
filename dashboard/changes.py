"""When something last changed that boards show, by who may see it: no board from before will do."""

import threading
from collections.abc import Callable, Hashable


class Changes:
    """The instant of the last change for each kind of rights; they are few."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` is that of the boards."""
        self._clock = clock
        self._lock = threading.Lock()
        self._at: dict[Hashable, float] = {}

    def note(self, rights: Hashable) -> None:
        """Something changed just now for those with these rights."""
        with self._lock:
            self._at[rights] = self._clock()

    def at(self, rights: Hashable) -> float:
        """When something last did."""
        return self._at.get(rights, float("-inf"))
