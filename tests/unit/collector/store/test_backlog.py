from collector.store.apply import Entry
from collector.store.backlog import Backlog
from collector.store.envelope import Note


def group(*positions: int) -> list[Entry]:
    return [Entry(position, Note(0), None) for position in positions]


def test_groups_wait_and_are_then_applied_in_order_with_those_that_come_meanwhile() -> None:
    applied: list[int] = []

    def apply(entries: list[Entry]) -> None:
        applied.extend(e.position for e in entries)
        if len(applied) == 2:
            assert backlog.take(group(5), 10) is False

    backlog = Backlog(apply)  # type: ignore[arg-type]
    assert backlog.take(group(1, 2), 10) is False
    assert backlog.take(group(3, 4), 20) is False
    assert (applied, backlog.bytes, backlog.through) == ([], 30, False)
    backlog.drain(lambda: False)
    assert (applied, backlog.bytes, backlog.through) == ([1, 2, 3, 4, 5], 0, True)
    assert backlog.take(group(6), 10) is True
    assert applied[-1] == 6


def test_a_store_that_ends_leaves_what_waits_to_the_next_start() -> None:
    applied: list[object] = []
    backlog = Backlog(applied.append)
    backlog.take(group(1), 10)
    backlog.drain(lambda: True)
    assert (applied, backlog.through) == ([], False)


def test_once_too_much_waits_no_more_is_taken_until_nothing_does() -> None:
    backlog = Backlog(lambda _: None)
    backlog.take(group(1), 10)
    assert not backlog.refuses(over=False)
    assert backlog.refuses(over=True)
    assert backlog.refuses(over=False)
    backlog.drain(lambda: False)
    assert not backlog.refuses(over=False)
    assert backlog.refuses(over=True)
    assert not backlog.refuses(over=False)
