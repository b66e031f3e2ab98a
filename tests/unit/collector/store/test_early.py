import threading
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from collector.counters import Counters
from collector.store.early import Early

BOUND = 1_600


class Upkeep:
    """Empties the tail, as a flush does; or fails, as on a full disk."""

    def __init__(self, tail: SimpleNamespace) -> None:
        self.tail, self.failures = tail, 0
        self.flushed: list[int] = []
        self.done = threading.Semaphore(0)

    def flush(self, *, drop: bool) -> None:
        assert drop
        if self.failures:
            self.failures -= 1
            raise OSError("No space left on device")
        self.flushed.append(self.tail.bytes)
        self.tail.bytes = 0
        self.done.release()


@pytest.fixture
def parts() -> Iterator[tuple[Early, Upkeep, SimpleNamespace]]:
    tail = SimpleNamespace(bytes=0)
    upkeep = Upkeep(tail)
    early = Early(upkeep, tail, BOUND, Counters())  # type: ignore[arg-type]
    early.start()
    yield early, upkeep, tail
    early.stop()


def test_a_large_tail_is_flushed_and_a_small_one_is_left(
    parts: tuple[Early, Upkeep, SimpleNamespace],
) -> None:
    early, upkeep, tail = parts
    tail.bytes = BOUND
    early.look()
    assert not upkeep.done.acquire(timeout=0.05)
    tail.bytes = BOUND + 1
    early.look()
    assert upkeep.done.acquire(timeout=10)
    assert upkeep.flushed == [BOUND + 1]


def test_a_replay_is_flushed_soon_and_then_after_twice_as_much(
    parts: tuple[Early, Upkeep, SimpleNamespace],
) -> None:
    early, upkeep, tail = parts
    for size in (101, 201, 401, 801, 801):
        tail.bytes = size
        early.make_room()
        assert upkeep.done.acquire(timeout=10)
    tail.bytes = 799
    early.make_room()
    assert not upkeep.done.acquire(timeout=0.05)
    assert upkeep.flushed == [101, 201, 401, 801, 801]


def test_a_replay_waits_where_the_tail_is_full_and_nothing_can_be_written(
    parts: tuple[Early, Upkeep, SimpleNamespace], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collector.store.early.RETRY_SECONDS", 0.001)
    early, upkeep, tail = parts
    upkeep.failures = 5
    tail.bytes = BOUND + 1
    early.make_room()
    assert tail.bytes == 0
    assert upkeep.failures == 0
