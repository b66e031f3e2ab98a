"""What one question may take: time, rows, cells, threads; and how it is given up."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import islice
from typing import Final, TypeVar

from vigie.errors import QueryError, Unavailable

SECONDS: Final = 30.0
MAX_ROWS: Final = 400_000_000
"""Rows read piece by piece."""
MAX_CELLS: Final = 50_000_000
"""Cells that must be in memory together."""
THREADS: Final = 2

In = TypeVar("In")
Out = TypeVar("Out")

_pool_lock = threading.Lock()
_pool: list[ThreadPoolExecutor] = []


class Budget:
    """Of one question; `cancel` may be called from any thread."""

    def __init__(
        self, seconds: float = SECONDS, clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`clock` tells seconds."""
        self._clock, self._seconds = clock, seconds
        self._end = clock() + seconds
        self._cancelled = threading.Event()

    def cancel(self) -> None:
        """Nobody wants the answer any more."""
        self._cancelled.set()

    def check(self) -> None:
        """Go on, or not; asked after every piece of work.

        Raises:
            Unavailable: it takes too long, or nobody waits for the answer.
        """
        if self._cancelled.is_set():
            raise Unavailable("whoever asked is gone")
        if self._clock() > self._end:
            raise Unavailable(
                f"the answer took longer than {self._seconds:g} s: ask for a shorter span, longer "
                "steps or fewer devices"
            )

    def rows(self, count: int) -> None:
        """Allow so many rows to be read piece by piece.

        Raises:
            QueryError: they are too many.
        """
        if count > MAX_ROWS:
            raise QueryError(
                f"{count} rows are too much to read: ask for a shorter span, fewer containers, or "
                "for steps of whole minutes or hours, which rollups answer"
            )

    def cells(self, count: int) -> None:
        """Allow so many cells in memory at once.

        Raises:
            QueryError: they are too many.
        """
        if count > MAX_CELLS:
            raise QueryError(
                "that is too much to read at once: ask for a shorter span, fewer containers, or "
                "for steps of whole minutes or hours"
            )

    def each(self, work: Callable[[In], Out], of: Iterable[In]) -> Iterator[Out]:
        """What is made of each, in order, two at a time and little ahead.

        Raises:
            Unavailable: as `check`.
        """
        todo = iter(of)
        running: list[Future[Out]] = []
        try:
            running += [_threads().submit(work, item) for item in islice(todo, THREADS + 1)]
            while running:
                self.check()
                made = running.pop(0).result()
                running += [_threads().submit(work, item) for item in islice(todo, 1)]
                yield made
        finally:
            for future in running:
                future.cancel()


def _threads() -> ThreadPoolExecutor:
    """Shared by all questions: however many there are, they take no more than these."""
    with _pool_lock:
        if not _pool:
            _pool.append(ThreadPoolExecutor(THREADS, "question"))
        return _pool[0]
