import asyncio
import threading
from functools import partial

from collector.api.frames import Wakeups


def test_every_call_is_made_in_the_loop_whichever_thread_asks() -> None:
    made: list[tuple[int, int]] = []

    def note(number: int) -> None:
        made.append((number, threading.get_ident()))

    async def story() -> None:
        wakeups = Wakeups()
        wakeups.here()
        soon = wakeups.soon
        done = asyncio.Event()

        def ask() -> None:
            for number in range(2_000):
                soon(partial(note, number))
            soon(done.set)

        thread = threading.Thread(target=ask)
        thread.start()
        await asyncio.wait_for(done.wait(), 60)
        thread.join()

    asyncio.run(story())
    assert made == [(number, threading.get_ident()) for number in range(2_000)]


def test_an_answer_that_cannot_be_given_holds_up_no_other() -> None:
    def fail() -> None:
        raise ValueError("the connection is gone")

    async def story() -> bool:
        wakeups = Wakeups()
        wakeups.here()
        soon = wakeups.soon
        done = asyncio.Event()
        soon(fail)
        soon(done.set)
        return await asyncio.wait_for(done.wait(), 60)

    assert asyncio.run(story())
