import asyncio
import socket
from typing import Any

import pytest

from collector.api.gates.channel import Channel


@pytest.mark.parametrize("size", [0, 10, 300_000])
def test_messages_arrive_whole_and_in_order(size: int) -> None:
    async def story() -> list[Any]:
        heard: list[Any] = []
        all_there, lost = asyncio.Event(), asyncio.Event()

        def hear(message: Any) -> None:
            heard.append(message)
            if len(heard) == 50:
                all_there.set()

        loop = asyncio.get_running_loop()
        ours, theirs = socket.socketpair()
        sends, hears = Channel(hear, lost.set), Channel(hear, lost.set)
        await loop.create_unix_connection(lambda: sends, sock=ours)
        await loop.create_unix_connection(lambda: hears, sock=theirs)
        for number in range(50):
            sends.say((number, b"x" * size, {"a": None}))
        await asyncio.wait_for(all_there.wait(), 60)
        sends.close()
        await asyncio.wait_for(lost.wait(), 60)
        return heard

    assert asyncio.run(story()) == [(n, b"x" * size, {"a": None}) for n in range(50)]
