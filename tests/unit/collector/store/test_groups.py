import threading

import pytest

from collector.store.entry import Decoded
from collector.store.groups import Appended, Groups, Waiting
from tests.build import requests
from vigie.errors import Unavailable


def waiting(size: int = 1) -> Waiting:
    return Waiting(requests.envelope(), b"", Decoded((), {}), lambda _: None, size)


def test_what_came_while_a_group_was_written_is_the_next_group() -> None:
    groups: list[int] = []
    writing, written = threading.Event(), threading.Event()

    def commit(group: list[Waiting]) -> None:
        groups.append(len(group))
        writing.set()
        assert written.wait(60)

    queue = Groups(commit, window=0)
    queue.start()
    queue.put(waiting())
    assert writing.wait(60)
    for _ in range(5):
        queue.put(waiting())
    written.set()
    queue.stop()
    assert groups == [1, 5]


def test_too_much_in_the_queue_is_refused_until_there_is_room() -> None:
    queue = Groups(lambda _: None, window=0, queue_bytes=10)
    queue.put(waiting(20))  # alone it may be larger: it would never get in otherwise
    with pytest.raises(Unavailable) as refused:
        queue.put(waiting(1))
    assert refused.value.retry_after
    queue.start()
    queue.stop()


def test_everything_queued_is_written_before_the_end_and_nothing_after() -> None:
    groups: list[int] = []
    queue = Groups(lambda group: groups.append(len(group)), window=60)
    queue.start()
    for _ in range(3):
        queue.put(waiting())
    queue.stop()
    assert sum(groups) == 3
    with pytest.raises(Unavailable):
        queue.put(waiting())


def test_the_answer_is_a_value() -> None:
    assert Appended({}) == Appended({})
