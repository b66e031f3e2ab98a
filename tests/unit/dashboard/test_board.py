import threading
from collections.abc import Callable
from contextlib import suppress

import pytest

from dashboard.board import (
    MAX_ASIDE,
    MAX_BOARDS,
    RESTS,
    RETRY_SECONDS,
    Board,
    Boards,
    Pending,
)
from vigie.errors import Refused, Unavailable


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


class Source:
    """Counts how often it is read; gives `content`, or raises `fault`."""

    def __init__(self, content: object = "a") -> None:
        self.content, self.reads = content, 0
        self.fault: Exception | None = None

    def __call__(self) -> object:
        self.reads += 1
        if self.fault:
            raise self.fault
        return self.content


def settled(boards: Boards, source: Source, **more: float) -> Board:
    """The board of "k" once its reading aside has ended."""
    with suppress(Pending):
        boards.aside("k", source, tick=more.get("tick", 5.0), patience=60.0)
    return boards.aside("k", source, tick=1e9, patience=60.0)


def test_what_takes_long_is_not_waited_for_and_is_there_later() -> None:
    go, boards = threading.Event(), Boards(Clock())

    def read() -> str:
        assert go.wait(200)
        return "a"

    with pytest.raises(Pending):
        boards.aside("k", read, tick=5, patience=0.01)
    with pytest.raises(Pending):  # and it is read once, however many ask
        boards.aside("k", read, tick=5, patience=0.01)
    go.set()
    assert boards.aside("k", read, tick=5, patience=60).content == "a"


def test_the_last_reading_is_shown_while_the_next_is_made() -> None:
    clock, source = Clock(), Source()
    boards = Boards(clock)
    assert settled(boards, source).content == "a"
    clock.now += 6
    source.content = "b"
    boards.aside("k", source, tick=5)
    assert settled(boards, source).content in {"a", "b"}
    for thread in threading.enumerate():
        if thread.name == "aside":
            thread.join(60)
    assert boards.aside("k", source, tick=1e9).content == "b"
    assert source.reads == 2


def test_few_long_readings_are_made_at_a_time() -> None:
    go, boards = threading.Event(), Boards(Clock())
    begun: list[int] = []

    def reading(number: int) -> Callable[[], object]:
        def read() -> int:
            begun.append(number)
            assert go.wait(200)
            return number

        return read

    for number in range(MAX_ASIDE + 2):
        with pytest.raises(Pending):
            boards.aside(number, reading(number), tick=5, patience=0.01)
    assert sorted(begun) == list(range(MAX_ASIDE))
    go.set()


def test_a_long_reading_that_failed_says_why_and_is_made_again_soon() -> None:
    clock, source = Clock(), Source()
    boards = Boards(clock)
    source.fault = Refused(403, "not yours")
    with pytest.raises(Refused, match="not yours"):
        boards.aside("k", source, tick=60, patience=60)
    source.fault = None
    with pytest.raises(Refused, match="not yours"):
        boards.aside("k", source, tick=60, patience=60)
    clock.now += RETRY_SECONDS + 1
    with suppress(Refused):
        boards.aside("k", source, tick=60, patience=60)
    assert settled(boards, source).content == "a"


def test_one_reading_serves_everybody_within_a_tick() -> None:
    clock, source = Clock(), Source()
    boards = Boards(clock)
    boards.get("k", source)
    clock.now += 0.5
    boards.get("k", source)
    assert source.reads == 1
    clock.now += 0.5
    boards.get("k", source)
    assert source.reads == 2


def test_news_are_read_at_once() -> None:
    clock, source = Clock(), Source()
    boards = Boards(clock)
    boards.get("k", source)
    clock.now += 0.01
    for _ in range(200):  # pages that all heard of it
        boards.get("k", source, newer=clock.now)
    assert source.reads == 2


def test_a_board_that_was_being_read_when_something_changed_is_read_again() -> None:
    clock, reads = Clock(), []

    def read() -> str:
        reads.append(clock.now)
        clock.now += 1
        return "a"

    boards = Boards(clock)
    boards.get("k", read)
    boards.get("k", read, newer=100.5)
    assert reads == [100.0, 101.0]


def test_a_board_that_takes_long_rests_longer_than_it_was_read() -> None:
    clock, reads = Clock(), []

    def read() -> None:
        reads.append(clock.now)
        clock.now += 2

    boards = Boards(clock)
    for _ in range(100):
        boards.get("k", read)
        clock.now += 0.1
    spent, passed = 2 * len(reads), clock.now - 100
    assert spent <= passed / RESTS


def test_an_api_that_is_away_leaves_the_last_board_dated_and_says_why() -> None:
    clock, source = Clock(), Source("a")
    boards = Boards(clock)
    boards.get("k", source)
    clock.now += 60
    source.fault = Unavailable("no answer")
    board = boards.get("k", source)
    assert (board.content, boards.age(board), board.trouble) == ("a", 60, "no answer")
    clock.now += 2
    source.fault = None
    assert not boards.get("k", source).trouble


def test_without_any_board_the_fault_is_told() -> None:
    source = Source()
    source.fault = Unavailable("no answer")
    with pytest.raises(Unavailable):
        Boards(Clock()).get("k", source)


def test_a_person_who_may_no_longer_see_gets_no_old_board() -> None:
    clock, source = Clock(), Source()
    boards = Boards(clock)
    boards.get("k", source)
    clock.now += 2
    source.fault = Refused(403, "out of scope")
    with pytest.raises(Refused):
        boards.get("k", source)


def test_other_rights_have_their_own_board() -> None:
    boards = Boards(Clock())
    assert boards.get(("", ("reader",)), Source("all")).content == "all"
    assert boards.get(("north", ("reader",)), Source("some")).content == "some"


def test_boards_are_bounded() -> None:
    boards = Boards(Clock())
    for index in range(1000):
        boards.get(index, Source())
    assert len(boards._slots) <= MAX_BOARDS


def test_who_waits_while_another_reads_gets_what_that_one_read() -> None:
    begun, go_on = threading.Event(), threading.Event()
    reads = []

    def slow() -> str:
        reads.append(1)
        begun.set()
        go_on.wait(5)
        return "a"

    boards, got = Boards(Clock()), []
    threads = [
        threading.Thread(target=lambda: got.append(boards.get("k", slow).content)) for _ in range(3)
    ]
    threads[0].start()
    begun.wait(5)
    for thread in threads[1:]:
        thread.start()
    go_on.set()
    for thread in threads:
        thread.join(60)
    assert got == ["a", "a", "a"]
    assert len(reads) == 1
