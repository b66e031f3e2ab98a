from itertools import pairwise
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from collector.store import ledger
from collector.store.ledger import LEDGER_TABLE, Ledger, Verdict, holds, joined
from vigie.database import Database
from vigie.replies import Interval

spans = st.tuples(st.integers(0, 60), st.integers(0, 5)).map(lambda s: (s[0], s[0] + s[1]))


@given(st.lists(spans))
def test_intervals_hold_what_a_set_holds(added: list[Interval]) -> None:
    intervals: list[Interval] = []
    numbers: set[int] = set()
    for first, last in added:
        joined(intervals, first, last)
        numbers.update(range(first, last + 1))
    assert {n for n in range(70) if holds(intervals, n)} == numbers
    assert {n for first, last in intervals for n in range(first, last + 1)} == numbers
    # Sorted, disjoint, and never adjacent: the shortest way to say it.
    assert all(left[1] + 1 < right[0] for left, right in pairwise(intervals))


def test_a_frame_is_fresh_once() -> None:
    known = Ledger()
    assert known.judge("a", "b", 7, b"x" * 32) is Verdict.FRESH
    known.hold("a", "b", 7, b"x" * 32, 0)
    assert known.judge("a", "b", 7, b"x" * 32) is Verdict.HELD
    assert known.judge("a", "b", 7, b"y" * 32) is Verdict.REUSED
    assert known.judge("a", "c", 7, b"y" * 32) is Verdict.FRESH


def test_a_declared_gap_is_held() -> None:
    known = Ledger()
    known.hold("a", "b", 1, b"x", 0)
    known.close("a", "b", 2, 9, 0)
    assert known.held("a") == {"b": [(1, 9)]}


def test_digests_are_bounded_and_what_is_older_counts_as_held() -> None:
    known = Ledger()
    for sequence in range(ledger.DIGESTS + 1):
        known.hold("a", "b", sequence, b"%d" % sequence, 0)
    assert known.judge("a", "b", 0, b"another") is Verdict.HELD
    assert known.judge("a", "b", 1, b"another") is Verdict.REUSED


def test_what_is_written_is_known_again(tmp_path: Path) -> None:
    database = Database(tmp_path / "state.db", [LEDGER_TABLE])
    known = Ledger()
    known.hold("a", "b", 2**62, b"x", 5)
    known.hold("a", "b", 3, b"", 5)
    ledger.write(database, known.changes())
    assert known.changes() == {}
    again = Ledger()
    again.load(database)
    assert again.held("a") == known.held("a")
    assert again.judge("a", "b", 2**62, b"y") is Verdict.REUSED
    assert again.judge("a", "b", 3, b"") is Verdict.HELD
    database.close()


def test_boots_not_seen_for_long_are_forgotten() -> None:
    known = Ledger()
    known.hold("a", "old", 1, b"", 5)
    known.hold("a", "new", 1, b"", 9)
    known.changes()
    known.forget(before=9)
    assert known.held("a") == {"new": [(1, 1)]}
    assert known.changes() == {("a", "old"): None}


def test_of_a_sender_so_many_boots_are_known_and_the_oldest_goes_from_the_disk(
    tmp_path: Path,
) -> None:
    database = Database(tmp_path / "state.db", [LEDGER_TABLE])
    known = Ledger()
    for boot in range(ledger.MAX_BOOTS):
        known.hold("a", f"{boot}", 1, b"", now=boot)
    known.hold("a", "0", 2, b"", now=ledger.MAX_BOOTS)
    ledger.write(database, known.changes())
    known.hold("a", "another", 1, b"", now=ledger.MAX_BOOTS + 1)
    ledger.write(database, known.changes())
    again = Ledger()
    again.load(database)
    assert again.held("a") == known.held("a")
    assert len(again.held("a")) == ledger.MAX_BOOTS
    assert "1" not in again.held("a"), "the one seen longest ago"
    assert "0" in again.held("a")
    database.close()


def test_what_is_held_and_written_of_a_sender_does_not_grow_with_its_frames() -> None:
    """A campus has thousands of senders, and each is written at every flush."""

    def sizes(frames: int) -> tuple[int, int]:
        known = Ledger()
        for sequence in range(frames):
            known.hold("site/container	agent", "boot", sequence, b"x" * 16, sequence)
        (boot,) = known.changes().values()
        assert boot is not None
        return len(boot.recent), len(boot.intervals)

    assert sizes(50 * ledger.DIGESTS) == sizes(ledger.DIGESTS) == (512, 1)


def test_only_who_sent_since_the_last_flush_is_written() -> None:
    known = Ledger()
    for sender in "abc":
        known.hold(sender, "boot", 1, b"", 0)
    known.changes()
    known.hold("b", "boot", 2, b"", 0)
    assert list(known.changes()) == [("b", "boot")]


def test_a_boot_with_too_many_holes_names_its_oldest() -> None:
    known = Ledger()
    for sequence in range(0, 2 * ledger.MAX_INTERVALS, 2):
        known.hold("a", "b", sequence, b"", 0)
    assert known.overfull("a", "b") is None
    known.hold("a", "b", 10**6, b"", 0)
    assert known.overfull("a", "b") == (1, 1)
