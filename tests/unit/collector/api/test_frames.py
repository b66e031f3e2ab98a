import asyncio
import threading

from collector.api.frames import Wakeups
from collector.store.groups import Appended
from vigie.errors import Unavailable


def test_every_waiting_request_is_woken_from_another_thread() -> None:
    async def story() -> None:
        wakeups = Wakeups()
        pairs = [wakeups.future() for _ in range(2_000)]

        def resolve() -> None:
            for number, (_, done) in enumerate(pairs):
                done(
                    Unavailable("full")
                    if number % 2
                    else Appended({("s/c\ta", "b"): [(0, number)]})
                )

        thread = threading.Thread(target=resolve)
        thread.start()
        results = await asyncio.wait_for(
            asyncio.gather(*(future for future, _ in pairs), return_exceptions=True), 10
        )
        thread.join()
        for number, result in enumerate(results):
            if number % 2:
                assert isinstance(result, Unavailable)
            else:
                assert isinstance(result, Appended)
                assert result.held["s/c\ta", "b"] == [(0, number)]

    asyncio.run(story())
