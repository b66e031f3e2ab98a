"""What stays the same is told once in a while, not with every request."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Final

import pyarrow.compute as pc

from collector.store.entry import Decoded, DecodedFrame
from vigie.catalogue import CLOCK_WRONG

AGAIN_SECONDS: Final = 600.0
"""An agent whose clock stays wrong would else tell so every second."""
MAX_AGENTS: Final = 10_000


class Told:
    """Which agents' clocks were said to be wrong, and when; safe from any thread."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` is monotonic, in seconds."""
        self._clock = clock
        self._lock = threading.Lock()
        self._last: dict[tuple[str, str], float] = {}

    def thinned(self, decoded: Decoded) -> Decoded:
        """The same, without what was told a moment ago."""
        if not any(frame.events.num_rows for frame in decoded.frames):
            return decoded
        with self._lock:
            return replace(decoded, frames=tuple(map(self._frame, decoded.frames)))

    def _frame(self, frame: DecodedFrame) -> DecodedFrame:
        wrong = pc.equal(frame.events.column("code"), CLOCK_WRONG.code)
        if not pc.any(wrong).as_py() or self._new((frame.header.container, frame.header.agent)):
            return frame
        return replace(frame, events=frame.events.filter(pc.invert(wrong)))

    def _new(self, agent: tuple[str, str]) -> bool:
        now = self._clock()
        last = self._last.get(agent)
        if last is not None and now - last < AGAIN_SECONDS:
            return False
        self._last.pop(agent, None)
        self._last[agent] = now
        if len(self._last) > MAX_AGENTS:
            del self._last[next(iter(self._last))]
        return True
