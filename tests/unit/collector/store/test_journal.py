import random
import threading
from pathlib import Path

import pytest

from collector.store.journal import LEAP, Damage, Journal, Record, Segment, missing


def written(directory: Path, *bodies: bytes) -> Segment:
    journal = Journal(directory)
    for body in bodies:
        journal.append([(b"[]", body)])
    journal.close()
    (segment,) = journal.segments()
    return segment


def test_what_was_appended_is_read_in_order(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    assert journal.append([(b"a", b"one"), (b"b", b"two")]) == 1
    assert journal.append([(b"c", b"")]) == 3
    (segment,) = journal.segments()
    assert list(segment.read()) == [
        Record(1, b"a", b"one"),
        Record(2, b"b", b"two"),
        Record(3, b"c", b""),
    ]


def test_a_cut_anywhere_in_the_last_record_loses_that_record_alone(tmp_path: Path) -> None:
    segment = written(tmp_path, b"first", b"last")
    data = segment.path.read_bytes()
    start = len(data) - len(b"last") - 28 - 2
    for end in range(start, len(data)):
        segment.path.write_bytes(data[:end])
        found = list(segment.read())
        assert found[0] == Record(1, b"[]", b"first")
        assert found[1:] == ([Damage(segment.path, start, data[start:end])] if end > start else [])


def test_a_zeroed_tail_is_named_and_nothing_before_it_is_lost(tmp_path: Path) -> None:
    segment = written(tmp_path, b"first", b"last")
    whole = segment.path.read_bytes()
    segment.path.write_bytes(whole + bytes(4096))
    *records, damage = segment.read()
    assert [r.body for r in records if isinstance(r, Record)] == [b"first", b"last"]
    assert damage == Damage(segment.path, len(whole), bytes(4096))


def test_a_flipped_bit_loses_one_record_at_most(tmp_path: Path) -> None:
    noise = random.Random(5)
    bodies = [noise.randbytes(noise.randrange(200)) for _ in range(5)]
    segment = written(tmp_path, *bodies)
    whole = segment.path.read_bytes()
    for _ in range(1_000):
        data = bytearray(whole)
        data[noise.randrange(len(data))] ^= 1 << noise.randrange(8)
        segment.path.write_bytes(data)
        found = list(segment.read())
        records = [r for r in found if isinstance(r, Record)]
        assert len(records) == 4
        assert all(r.body == bodies[r.position - 1] for r in records)
        assert sum(isinstance(d, Damage) for d in found) == 1


def test_a_record_forged_inside_a_body_is_never_taken_for_one(tmp_path: Path) -> None:
    forged = written(tmp_path / "other", b"forged").path.read_bytes()
    segment = written(tmp_path / "mine", b"x" * 100 + forged, b"last")
    data = bytearray(segment.path.read_bytes())
    data[8] ^= 1
    segment.path.write_bytes(data)
    assert [r.body for r in segment.read() if isinstance(r, Record)] == [b"last"]


def test_positions_grow_over_restarts_whatever_can_be_read_of_what_is_there(tmp_path: Path) -> None:
    written(tmp_path, b"one", b"two")
    journal = Journal(tmp_path)
    journal.begin(0)
    third = journal.append([(b"[]", b"three")])
    assert third == 1 + LEAP
    assert not missing(2, third)
    journal.close()
    journal = Journal(tmp_path)
    journal.begin(third + 7)  # the tables know of more than the journal has
    assert journal.append([(b"[]", b"four")]) == third + 7 + LEAP + 1


def test_a_journal_that_never_held_anything_begins_with_one(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    journal.begin(0)
    assert journal.append([(b"[]", b"x")]) == 1


@pytest.mark.parametrize(
    ("last", "first", "lost"),
    [(2, 3, False), (2, 4, True), (2, LEAP, False), (2, 2 * LEAP, True), (0, 1, False)],
)
def test_a_lost_segment_leaves_another_hole_than_a_start(
    last: int, first: int, *, lost: bool
) -> None:
    assert missing(last, first) is lost


def test_a_segment_that_is_being_made_is_never_dropped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path)
    journal.append([(b"[]", b"x")])
    journal.rotate()
    dropping: list[threading.Thread] = []

    def drop_meanwhile(_: Path) -> None:
        if not dropping:
            dropping.append(threading.Thread(target=journal.drop, args=(1,)))
            dropping[0].start()
            dropping[0].join(0.2)

    monkeypatch.setattr("collector.store.journal.sync_directory", drop_meanwhile)
    assert journal.append([(b"[]", b"y")]) == 2
    dropping[0].join()
    assert [s.first for s in journal.segments()] == [2]


def test_a_segment_goes_when_all_its_positions_are_in_the_tables(tmp_path: Path) -> None:
    journal = Journal(tmp_path)
    for _ in range(3):
        journal.append([(b"[]", b"x"), (b"[]", b"y")])
        journal.rotate()
    assert journal.drop(3) == 1
    assert [s.first for s in journal.segments()] == [3, 5]
    assert journal.drop(6) == 2
    assert journal.append([(b"[]", b"z")]) == 7


def test_a_segment_ends_when_it_is_large(tmp_path: Path) -> None:
    journal = Journal(tmp_path, segment_bytes=100)
    for _ in range(3):
        journal.append([(b"[]", bytes(100))])
    assert len(journal.segments()) == 3
    assert journal.size() == 3 * (28 + 2 + 100)
