import threading

import pytest

from dashboard.board import Boards
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


def test_the_version_changes_with_the_content_only() -> None:
    clock, source = Clock(), Source("a")
    boards = Boards(clock)
    first = boards.get("k", source)
    clock.now += 2
    assert boards.get("k", source).versions == first.versions
    clock.now += 2
    source.content = "b"
    assert boards.get("k", source).versions != first.versions


def test_a_part_that_did_not_change_keeps_its_version() -> None:
    clock, source = Clock(), Source({"a": 1, "tables": {"x": [1], "y": [1]}})
    boards = Boards(clock)
    first = boards.get("k", source).versions
    source.content = {"a": 1, "tables": {"x": [1], "y": [2]}}
    clock.now += 2
    second = boards.get("k", source).versions
    assert set(first) == {"a", "tables.x", "tables.y"}
    assert [name for name in first if first[name] != second[name]] == ["tables.y"]


def test_news_are_read_at_once() -> None:
    clock, source = Clock(), Source()
    boards = Boards(clock)
    boards.get("k", source)
    clock.now += 0.01
    boards.get("k", source, fresh=True)
    assert source.reads == 2


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
    assert len(boards._slots) <= 64


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
        thread.join(5)
    assert got == ["a", "a", "a"]
    assert len(reads) == 1
