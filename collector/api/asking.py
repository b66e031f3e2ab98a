"""Questions that may be heavy: few at once, off the loop, and given up when whoever asked goes."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from fastapi import Request

from collector.counters import Counters
from collector.process import yielding
from collector.store.questions.budget import Budget
from vigie.errors import Unavailable

AT_ONCE: Final = 2
WAITING: Final = 32
PATIENCE_SECONDS: Final = 10.0
"""How long a question waits for its turn."""
RETRY_SECONDS: Final = 3.0

Out = TypeVar("Out")


class Gone(Unavailable):
    """Whoever asked has hung up; nobody reads the answer."""


class Gate:
    """Where questions queue."""

    def __init__(
        self, counters: Counters, *, at_once: int = AT_ONCE, waiting: int = WAITING,
        patience: float = PATIENCE_SECONDS,
    ) -> None:  # fmt: skip
        self._counters, self._waiting, self._patience = counters, waiting, patience
        self._turn = asyncio.Semaphore(at_once)
        self._pool = ThreadPoolExecutor(at_once, "asking", yielding)
        self._in = 0
        counters.watch("questions_open", lambda: self._in)

    async def ask(self, request: Request, work: Callable[[Budget], Out]) -> Out:
        """What `work` finds; it is to look at its budget often.

        Raises:
            Unavailable: too many are asked at once, or it takes too long.
            Gone: the client hung up; the work was told.
        """
        if self._in >= self._waiting:
            self._counters.add("questions_refused_total")
            raise Unavailable("too many questions are asked at once; ask again", RETRY_SECONDS)
        self._in += 1
        budget = Budget()
        answering = asyncio.ensure_future(self._answer(work, budget))
        leaving = asyncio.ensure_future(_left(request))
        try:
            await asyncio.wait({answering, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not answering.done():
                self._counters.add("questions_cancelled_total")
                raise Gone("whoever asked is gone")
            return answering.result()
        finally:
            self._in -= 1
            leaving.cancel()
            if not answering.done():
                budget.cancel()
                answering.add_done_callback(_heard)

    async def _answer(self, work: Callable[[Budget], Out], budget: Budget) -> Out:
        try:
            await asyncio.wait_for(self._turn.acquire(), self._patience)
        except TimeoutError:
            self._counters.add("questions_refused_total")
            raise Unavailable(
                "other questions are being answered; ask again, or for less", RETRY_SECONDS
            ) from None
        try:
            return await asyncio.get_running_loop().run_in_executor(self._pool, work, budget)
        finally:
            self._turn.release()


def _heard(answering: "asyncio.Future[Out]") -> None:
    """Take note of how work ended that nobody waits for."""
    if not answering.cancelled():
        answering.exception()


async def _left(request: Request) -> None:
    """Wait until the client hangs up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
