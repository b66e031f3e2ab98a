import asyncio
import threading
from collections.abc import Awaitable
from typing import Any

import pytest
from fastapi import Request

from collector.api.asking import Gate, Gone
from collector.counters import Counters
from collector.store.questions.budget import Budget
from vigie.errors import QueryError, Unavailable


def request(left: asyncio.Event) -> Request:
    """A request whose client hangs up when told."""
    begun = False

    async def receive() -> dict[str, Any]:
        nonlocal begun
        if not begun:
            begun = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await left.wait()
        return {"type": "http.disconnect"}

    return Request({"type": "http", "headers": []}, receive)


def test_an_answer_or_an_error_comes_back() -> None:
    def wrong(_: Budget) -> int:
        raise QueryError("no such field")

    async def story() -> None:
        gate = Gate(Counters())
        assert await gate.ask(request(asyncio.Event()), lambda _: 7) == 7
        with pytest.raises(QueryError, match="no such field"):
            await gate.ask(request(asyncio.Event()), wrong)

    asyncio.run(story())


def test_who_hangs_up_ends_the_work() -> None:
    ended = threading.Event()
    begun = threading.Event()

    def work(budget: Budget) -> None:
        begun.set()
        try:
            while True:
                budget.check()
        except Unavailable:
            ended.set()
            raise

    async def story() -> None:
        left, counters = asyncio.Event(), Counters()
        asked = asyncio.ensure_future(Gate(counters).ask(request(left), work))
        await asyncio.to_thread(begun.wait, 10)
        left.set()
        with pytest.raises(Gone):
            await asked
        assert await asyncio.to_thread(ended.wait, 10)

    asyncio.run(story())


def test_few_are_answered_at_once_and_the_rest_wait_or_are_told_to_come_back() -> None:
    running: list[int] = []
    begun = threading.Semaphore(0)
    most: list[int] = []
    go = threading.Event()

    def work(_: Budget) -> None:
        running.append(1)
        most.append(len(running))
        begun.release()
        go.wait(200)
        running.pop()

    async def story() -> None:
        gate = Gate(Counters(), at_once=2, waiting=3, patience=60)
        asked: list[Awaitable[None]] = [
            asyncio.ensure_future(gate.ask(request(asyncio.Event()), work)) for _ in range(3)
        ]
        for _ in range(2):
            await asyncio.to_thread(begun.acquire)
        with pytest.raises(Unavailable, match="too many") as refused:
            await gate.ask(request(asyncio.Event()), work)
        assert refused.value.retry_after
        go.set()
        await asyncio.gather(*asked)
        assert max(most) == 2
        begun.acquire()  # that of the third
        hasty = Gate(Counters(), at_once=1, patience=0.01)
        go.clear()
        first = asyncio.ensure_future(hasty.ask(request(asyncio.Event()), work))
        await asyncio.to_thread(begun.acquire)
        with pytest.raises(Unavailable, match="other questions"):
            await hasty.ask(request(asyncio.Event()), work)
        go.set()
        await first

    asyncio.run(story())
