"""What each agent's clocks said last, and when: its frames may wait here for long."""

import threading
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from agent.relay.parcel import Clock
from agent.relay.segments import Kept

MAX_BOOTS: Final = 50_000


@dataclass(frozen=True, slots=True)
class _Told:
    clock: Clock
    credential: str


class Clocks:
    """The newest clocks by boot; safe to use from any thread."""

    def __init__(self, machine: str) -> None:
        """`machine` changes when this machine starts anew, and its monotonic clock with it."""
        self._machine = machine
        self._lock = threading.Lock()
        self._told: dict[str, _Told] = {}

    def note(self, clock: Clock, credential: str) -> None:
        """An agent told them; nobody else's of the same boot take their place."""
        with self._lock:
            before = self._told.get(clock.boot)
            if before is not None:
                if before.credential != credential:
                    return
                del self._told[clock.boot]
            self._told[clock.boot] = _Told(clock, credential)
            if len(self._told) > MAX_BOOTS:
                del self._told[next(iter(self._told))]

    def header(self, some: Iterable[Kept], now: int) -> str:
        """What `Vigie-Clock` is to say of these; `now` is our monotonic clock in ns.

        Of an agent that has been silent since our own start, what came with its frames is told. Of
        frames from before this machine started nothing is: how long that took, nobody knows.
        """
        clocks: dict[str, Clock] = {}
        with self._lock:
            for kept in some:
                own = kept.parcel.clock
                if own is not None and kept.machine == self._machine and own.received <= now:
                    clocks.setdefault(own.boot, own)
                for boot in kept.parcel.boots:
                    if (told := self._told.get(boot)) is not None:
                        clocks[boot] = told.clock
        return ",".join(clock.told(now) for clock in clocks.values())
