"""What a screen shows, read once per tick for everybody who may see the same.

A board is read when somebody asks and the one at hand is older than a tick: one reader at a time
for each board. One that takes long to read is read less often, so that reading is never all that
is done. What the API may take long for is read `aside`, in a thread that nobody waits for; few of
those at a time, since each is work for the API.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, replace
from typing import Any, Final

from vigie.errors import Refused, Unavailable

TICK_SECONDS: Final = 0.9
"""A board younger than this is handed out again. Pages ask every 2 s."""
RESTS: Final = 3
"""A board rests this many times as long as reading it took, where that is more than its tick."""
MAX_BOARDS: Final = 256
MAX_ASIDE: Final = 3
"""Long readings at a time."""
RETRY_SECONDS: Final = 8.0
"""After which what could not be read aside is read again, where it is not due before."""
PATIENCE_SECONDS: Final = 1.5
"""How long somebody waits for a first reading before going on without it."""


@dataclass(frozen=True, slots=True)
class Board:
    """One reading of everything on a screen.

    `made` is when it was last read without fault; `trouble` is why it could not be since.
    """

    content: Any
    made: float
    trouble: str = ""


class Pending(Unavailable):
    """It is being read for the first time, or waits its turn to be: ask again."""


class Boards:
    """The boards at hand, the least recently asked for dropped first."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._slots: OrderedDict[Hashable, _Slot] = OrderedDict()
        self._aside = threading.Semaphore(MAX_ASIDE)

    def get(
        self, key: Hashable, read: Callable[[], Any], *, newer: float = float("-inf"),
        tick: float = TICK_SECONDS,
    ) -> Board:  # fmt: skip
        """The board of `key`, read now with `read` if it is due or was begun before `newer`.

        Raises:
            Refused: the API refused the whole board to this person.
            Unavailable: the API does not answer and there is no older board to show.
        """
        slot, asked = self._slot(key), self._clock()
        with slot.lock:
            # Whoever waited here while another read gets what that one read.
            rest = max(tick, RESTS * (slot.tried - slot.begun))
            if slot.board is None or slot.tried < asked - rest or slot.begun < newer:
                begun = self._clock()
                slot.board = self._read(slot.board, read)
                slot.begun, slot.tried = begun, self._clock()
            return slot.board

    def now(self) -> float:
        """The instant, by the boards' clock."""
        return self._clock()

    def aside(
        self, key: Hashable, read: Callable[[], Any], *, tick: float,
        patience: float = PATIENCE_SECONDS,
    ) -> Board:  # fmt: skip
        """The last board of `key`; one older than `tick` is read again meanwhile, in a thread.

        Raises:
            Refused: the API refused it to this person.
            Unavailable: the API did not answer and there is no older board to show.
            Pending: there is none yet, and it does not come within `patience` seconds.
        """
        slot = self._slot(key)
        with slot.lock:
            well = slot.fault is None and not (slot.board and slot.board.trouble)
            due = slot.tried < self._clock() - (tick if well else min(tick, RETRY_SECONDS))
            if due and slot.done.is_set() and self._aside.acquire(blocking=False):
                slot.done.clear()
                threading.Thread(
                    target=self._fill, args=(slot, read), name="aside", daemon=True
                ).start()
        if slot.board is None and slot.fault is None:
            slot.done.wait(patience)
        if slot.fault is not None:
            raise slot.fault
        if slot.board is None:
            raise Pending("it is being read")
        return slot.board

    def _fill(self, slot: "_Slot", read: Callable[[], Any]) -> None:
        """Read a slot's board; a fault is kept for whoever asks next."""
        try:
            slot.board, slot.fault = self._read(slot.board, read), None
        except (Refused, Unavailable) as error:
            slot.board, slot.fault = None, error
        finally:
            slot.tried = self._clock()
            self._aside.release()
            slot.done.set()

    def _slot(self, key: Hashable) -> "_Slot":
        with self._lock:
            slot = self._slots.setdefault(key, _Slot())
            self._slots.move_to_end(key)
            if len(self._slots) > MAX_BOARDS:
                self._slots.popitem(last=False)
        return slot

    def age(self, board: Board) -> float:
        """Seconds since this board was last read without fault."""
        return self._clock() - board.made

    def _read(self, last: Board | None, read: Callable[[], Any]) -> Board:
        try:
            content = read()
        except Unavailable as error:
            if last is None:
                raise
            return replace(last, trouble=str(error))
        except Refused as error:
            if last is None or error.status in {401, 403}:
                raise
            return replace(last, trouble=str(error))
        return Board(content, self._clock())


class _Slot:
    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.board: Board | None = None
        self.begun = self.tried = -1e18  # never; a difference of these is 0
        self.fault: Refused | Unavailable | None = None
        self.done = threading.Event()
        self.done.set()
