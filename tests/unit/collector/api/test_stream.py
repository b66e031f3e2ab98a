import asyncio
import json
from typing import Any

import pytest

from collector.api import stream
from collector.api.stream import Listener, Publisher, tick, written
from collector.counters import Counters
from vigie.errors import Unavailable


def drained(listener: Listener) -> list[bytes | None]:
    found = []
    while not listener.queue.empty():
        found.append(listener.queue.get_nowait())
    return found


async def settled() -> None:
    for _ in range(3):
        await asyncio.sleep(0)


def test_an_event_is_one_message() -> None:
    assert written("tick", {"commit": 7}) == b'event: tick\ndata: {"commit": 7}\n\n'
    assert written("alert", {"title": "a\nb"}).count(b"\n") == 3


def test_everybody_hears_what_lies_in_their_scope() -> None:
    async def story() -> None:
        publisher = Publisher(Counters())
        all_of_it, site, host = (publisher.listen(s) for s in ("", "paris", "paris/a/h1"))
        publisher.publish("alert", {"container": "paris/a", "subject": "paris/a/h2"})
        publisher.publish("alert", {"container": "lyon/a", "subject": "lyon/a"})
        publisher.publish("tick", {"commit": 1})
        await settled()
        assert [len(drained(heard)) for heard in (all_of_it, site, host)] == [3, 2, 1]

    asyncio.run(story())


def test_a_listener_too_slow_is_let_go() -> None:
    async def story() -> None:
        publisher = Publisher(Counters())
        slow = publisher.listen("")
        for number in range(stream.QUEUED + 1):
            publisher.publish("tick", {"commit": number})
        await settled()
        assert drained(slow) == [None]

    asyncio.run(story())


def test_who_may_listen_no_more_hears_nothing_of_what_comes_then() -> None:
    async def story() -> None:
        publisher, allowed = Publisher(Counters()), True
        listener = publisher.listen("")
        heard = stream._follow(publisher, listener, 7, lambda: allowed)
        assert b"7" in await anext(heard)
        publisher.publish("tick", {"commit": 8})
        assert b"8" in await anext(heard)
        allowed = False
        publisher.publish("tick", {"commit": 9})
        with pytest.raises(StopAsyncIteration):
            await anext(heard)

    asyncio.run(story())


def test_the_end_is_told_to_all_and_nobody_comes_after() -> None:
    async def story() -> None:
        publisher = Publisher(Counters())
        listener = publisher.listen("")
        publisher.close()
        await settled()
        assert drained(listener) == [None]
        with pytest.raises(Unavailable):
            publisher.listen("")

    asyncio.run(story())


def test_ticks_come_at_most_once_in_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "LOOK_SECONDS", 0.001)
    monkeypatch.setattr(stream, "TICK_SECONDS", 0.05)
    told: list[Any] = []

    async def story() -> None:
        commits = iter(range(1_000_000))
        publisher = Publisher(Counters())
        listener = publisher.listen("")
        task = asyncio.create_task(tick(publisher, lambda: next(commits)))
        await asyncio.sleep(0.16)
        task.cancel()
        told.extend(json.loads(m.split(b"data: ")[1]) for m in drained(listener) if m)

    asyncio.run(story())
    assert 2 <= len(told) <= 4
