import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent import files
from agent.relay.segments import Kept
from agent.relay.shelf import Shelf
from tests.build.parcels import MACHINE, frame, parcel
from vigie.errors import Unavailable
from vigie.frame import unpack

UP, OTHER = "http://up:1", "http://other:1"
HOUR = 3600.0


def shelf(path: Path, *, limit: int = 10**7, upstreams: Sequence[str] = (UP,)) -> Shelf:
    made = Shelf(path, upstreams, MACHINE, limit_bytes=limit, limit_seconds=HOUR)
    made.open(0.0)
    return made


def never(_: Kept) -> bool:
    return False


def numbers(some: Sequence[Kept]) -> list[int]:
    return [named.sequence for k in some for named in k.parcel.frames]


def noisy(sequence: int) -> bytes:
    return frame(sequence, payload=os.urandom(900))


def lacking(of: Shelf, upstream: str) -> list[Kept]:
    """All that an upstream is to be sent, live first."""
    found = of.live(upstream, never)
    while more := of.backlog(upstream):
        of.hold(upstream, [k.number for k in more])
        found += more
    return found


def test_what_is_put_leaves_until_it_is_held(tmp_path: Path) -> None:
    found = shelf(tmp_path)
    found.put([parcel(frame(1)), parcel(frame(2))], 0.0)
    assert numbers(found.live(UP, never)) == [1, 2]
    assert numbers(found.live(UP, lambda _: True)) == [2], "the newest first"
    found.hold(UP, [found.live(UP, never)[0].number])
    assert numbers(found.live(UP, never)) == [2]


def test_the_same_frame_sent_twice_is_kept_once_over_a_restart_too(tmp_path: Path) -> None:
    found = shelf(tmp_path)
    found.put([parcel(frame(1)), parcel(frame(1))], 0.0)
    found.put([parcel(frame(1), frame(2))], 0.0)
    again = shelf(tmp_path)
    again.put([parcel(frame(1), frame(2))], 0.0)
    assert numbers(lacking(again, UP)) == [1, 2]


def test_after_a_kill_everything_put_is_there(tmp_path: Path) -> None:
    found = shelf(tmp_path, limit=10**5)
    for n in range(40):
        found.put([parcel(noisy(n))], 0.0)
    found.hold(UP, [1, 2])
    found.save(0.0)
    assert sorted(numbers(lacking(shelf(tmp_path, limit=10**5), UP))) == list(range(2, 40))


def test_a_write_that_was_cut_short_costs_only_what_was_not_acknowledged(tmp_path: Path) -> None:
    found = shelf(tmp_path)
    found.put([parcel(frame(1))], 0.0)
    found.put([parcel(frame(2))], 0.0)
    (path,) = tmp_path.glob("*.spool")
    path.write_bytes(path.read_bytes()[:-7])
    again = shelf(tmp_path)
    assert numbers(lacking(again, UP)) == [1]
    assert again.dropped == 0, "nobody was told that it is held"
    again.put([parcel(frame(2))], 0.0)
    assert numbers(again.live(UP, never)) == [2]


def test_what_rots_on_disk_is_named_by_its_label(tmp_path: Path) -> None:
    found = shelf(tmp_path)
    for n in (1, 2, 3):
        found.put([parcel(noisy(n))], 0.0)
    (path,) = tmp_path.glob("*.spool")
    data = bytearray(path.read_bytes())
    data[len(data) // 2 + 200] ^= 0xFF
    path.write_bytes(bytes(data))
    again = shelf(tmp_path)
    told = {
        f.header.sequence: [(g.first, g.last, g.reason) for g in f.header.gaps]
        for k in lacking(again, UP) for f in unpack(k.parcel.plain())
    }  # fmt: skip
    assert told == {1: [], 2: [(2, 2, "damaged on disk")], 3: []}
    assert list((tmp_path / "quarantine").iterdir())


def test_what_is_too_much_becomes_gaps_and_the_newest_stays(tmp_path: Path) -> None:
    found = shelf(tmp_path, limit=70_000)
    for n in range(120):
        found.put([parcel(noisy(n))], 0.0)
        found.tend(0.0)
    assert found.bytes <= 90_000
    left, gaps = set[int](), set[int]()
    for k in lacking(found, UP):
        for f in unpack(k.parcel.plain()):
            spans = [range(g.first, g.last + 1) for g in f.header.gaps]
            gaps.update(n for span in spans for n in span)
            left |= {f.header.sequence} if not spans else set()
    assert left | gaps == set(range(120))
    assert not left & gaps
    assert 119 in left
    assert found.dropped == len(gaps) > 0


def test_what_is_too_old_becomes_gaps(tmp_path: Path) -> None:
    found = shelf(tmp_path)
    found.put([parcel(frame(1))], 0.0)
    again = shelf(tmp_path)
    again.put([parcel(frame(2))], HOUR + 1)
    again.tend(HOUR + 1)
    assert again.dropped == 1
    assert sorted(numbers(lacking(again, UP))) == [1, 2]


def test_what_is_just_being_sent_is_not_evicted(tmp_path: Path) -> None:
    found = shelf(tmp_path)
    found.put([parcel(frame(1))], 0.0)
    again = shelf(tmp_path)
    sending = again.here(UP, again.backlog(UP), again.evictions)
    again.put([parcel(frame(2))], 0.0)
    again.tend(HOUR + 1)
    assert again.dropped == 0
    again.rest(UP)
    again.tend(HOUR + 1)
    assert again.dropped == 1
    assert again.here(UP, sending, 0) == [], "its number is that of a gap now"


def test_each_upstream_has_its_own_position_and_files_go_when_all_hold_them(
    tmp_path: Path,
) -> None:
    found = shelf(tmp_path, upstreams=(UP, OTHER))
    found.put([parcel(frame(1))], 0.0)
    found.hold(UP, [1])
    found.close()
    again = shelf(tmp_path, upstreams=(UP, OTHER))
    assert (numbers(again.backlog(UP)), numbers(again.backlog(OTHER))) == ([], [1])
    assert again.unsent(OTHER, 5.0) == (1, 5.0)
    again.hold(OTHER, [1])
    again.tend(0.0)
    assert again.bytes == 0
    assert not list(tmp_path.glob("*.spool"))


def test_a_disk_that_refuses_is_told_and_nothing_is_half_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = shelf(tmp_path)
    found.put([parcel(frame(1))], 0.0)

    def full(descriptor: int, data: bytes) -> None:
        os.write(descriptor, data[:20])
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(files, "append", full)
        with pytest.raises(Unavailable):
            found.put([parcel(frame(2))], 0.0)
    refused = found.takes
    found.put([parcel(frame(2))], 0.0)
    assert (refused, found.takes) == (False, True)
    assert sorted(numbers(lacking(shelf(tmp_path), UP))) == [1, 2]


def test_far_over_its_limit_it_takes_nothing(tmp_path: Path) -> None:
    found, taken = shelf(tmp_path, limit=20_000), 0
    for n in range(60):  # and nobody tends
        try:
            found.put([parcel(noisy(n))], 0.0)
            taken += 1
        except Unavailable:
            break
    assert 10 < taken < 30
    assert found.bytes < 30_000
    assert not found.takes
