"""The spool: what is in it survives, what leaves it early becomes a gap, and it stays bounded."""

import errno
import json
import os
import random
from collections.abc import Sequence
from pathlib import Path

import pytest

from agent import segment
from agent.spool import Spool
from vigie.catalogue import VERSION
from vigie.frame import Gap, Header, pack, unpack

A, B = "http://a", "http://b"
RECORD = segment.HEAD_BYTES + 100


def gap_frame(boot: str, sequence: int, gaps: Sequence[Gap]) -> bytes:
    return pack(Header("agent", boot, sequence, "s/c", 0, 0, VERSION, gaps=tuple(gaps)), b"")


def make(
    directory: Path, upstreams: Sequence[str] = (A,), *, limit: int = 10**6, age: float = 3600
) -> Spool:
    spool = Spool(directory, upstreams, gap_frame, limit_bytes=limit, limit_seconds=age)
    spool.open(now=0.0)
    return spool


def fill(spool: Spool, count: int, *, size: int = 100, now: float = 0.0) -> None:
    for _ in range(count):
        spool.append(bytes(size), time=spool.next * 1_000_000, now=now)


def waiting(spool: Spool, upstream: str = A) -> list[int]:
    """Numbers that come when the backlog is worked off, without gap frames."""
    seen: list[int] = []
    while records := spool.backlog(upstream):
        seen += [r.sequence for r in records if not segment.carried(r)]
        spool.hold(upstream, [r.sequence for r in records])
    return seen


def told(spool: Spool, upstream: str = A) -> list[tuple[str, Gap]]:
    """Gaps that come when the backlog is worked off, with the boot that they are of."""
    gaps: list[tuple[str, Gap]] = []
    while records := spool.backlog(upstream):
        for record in records:
            if record.payload.startswith(b"VGF1"):
                header = next(unpack(record.payload)).header
                assert (header.boot, header.sequence) == (record.boot, record.sequence)
                gaps += [(header.boot, gap) for gap in header.gaps]
        spool.hold(upstream, [r.sequence for r in records])
    return gaps


def test_frames_wait_in_order_until_they_are_held(tmp_path: Path) -> None:
    spool = make(tmp_path)
    fill(spool, 5)
    assert spool.waiting[0] == 5
    assert waiting(spool) == [0, 1, 2, 3, 4]
    assert (spool.waiting, spool.backlog(A), spool.live(A)) == ((0, 0), [], None)


def test_live_is_the_newest_frame_until_held(tmp_path: Path) -> None:
    spool = make(tmp_path)
    fill(spool, 3)
    newest = spool.live(A)
    assert newest is not None
    assert newest.sequence == 2
    spool.hold(A, [2])
    assert spool.live(A) is None
    assert [r.sequence for r in spool.backlog(A)] == [0, 1]


def test_each_upstream_has_its_own_position(tmp_path: Path) -> None:
    spool = make(tmp_path, (A, B))
    fill(spool, 4)
    spool.hold(A, range(4))
    spool.hold(B, [0])
    assert (waiting(spool, A), spool.waiting[0]) == ([], 3)
    assert waiting(spool, B) == [1, 2, 3]


def test_positions_outlive_a_restart(tmp_path: Path) -> None:
    first = make(tmp_path, (A, B))
    fill(first, 4)
    first.hold(A, [0, 1, 3])
    first.close()
    second = make(tmp_path, (A, B))
    assert waiting(second, A) == [2]
    assert waiting(second, B) == [0, 1, 2, 3]


def test_a_restart_is_another_boot_whose_numbers_go_on(tmp_path: Path) -> None:
    first = make(tmp_path)
    fill(first, 2)
    second = make(tmp_path)
    fill(second, 1)
    assert second.boot != first.boot
    assert [(r.boot, r.sequence) for r in second.backlog(A)] == [(first.boot, 0), (first.boot, 1)]
    spool = make(tmp_path)
    assert spool.next == 3


def test_numbers_go_on_although_all_was_held_and_removed(tmp_path: Path) -> None:
    first = make(tmp_path, limit=40_000)
    fill(first, 100)
    first.hold(A, range(100))
    first.tend(now=1.0)
    first.close()
    assert len(list(tmp_path.glob("*.spool"))) == 1
    second = make(tmp_path)
    assert second.next == 100
    fill(second, 1)
    assert waiting(second) == [100]


def test_segments_go_when_every_upstream_holds_them(tmp_path: Path) -> None:
    spool = make(tmp_path, (A, B), limit=40_000)
    fill(spool, 100)
    files = len(list(tmp_path.glob("*.spool")))
    spool.hold(A, range(100))
    spool.tend(now=1.0)
    assert len(list(tmp_path.glob("*.spool"))) == files
    spool.hold(B, range(100))
    spool.tend(now=1.0)
    assert len(list(tmp_path.glob("*.spool"))) == 1


@pytest.mark.parametrize("cut", range(1, RECORD))
def test_a_cut_in_the_last_record_costs_that_frame_and_is_told(tmp_path: Path, cut: int) -> None:
    first = make(tmp_path)
    fill(first, 3)
    path = next(tmp_path.glob("*.spool"))
    path.write_bytes(path.read_bytes()[: 2 * RECORD + cut])
    second = make(tmp_path)
    fill(second, 1)
    assert second.next > 3
    gaps = told(second)
    assert gaps == [(first.boot, Gap(2, 2, 1_000_000, 1_000_000, "damaged on disk"))]
    assert len(list((tmp_path / "quarantine").iterdir())) == 1
    assert told(make(tmp_path, (B,)), B) == gaps  # told once, not at each start


def test_waiting_is_told_in_frames_and_bytes(tmp_path: Path) -> None:
    spool = make(tmp_path, (A, B))
    fill(spool, 4)
    spool.hold(A, range(4))
    spool.hold(B, [0])
    assert spool.waiting == (3, 3 * RECORD)


def test_any_start_after_random_damage_is_good_and_accounts_for_every_number(
    tmp_path: Path,
) -> None:
    chance = random.Random(11)
    for round_ in range(60):
        directory = tmp_path / str(round_)
        first = make(directory)
        fill(first, 6)
        path = next(directory.glob("*.spool"))
        data = bytearray(path.read_bytes())
        for _ in range(chance.randint(1, 3)):
            data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)
        path.write_bytes(data[: chance.choice([len(data), chance.randrange(len(data))])])
        second = make(directory)
        fill(second, 1)
        seen: set[int] = set()
        while records := second.backlog(A):
            seen |= {r.sequence for r in records}
            for gap in (g for r in records for g in segment.carried(r)):
                seen |= set(range(gap.first, gap.last + 1))
            second.hold(A, [r.sequence for r in records])
        assert set(range(second.next)) - seen <= {0}  # the first of all has nobody to name it


def test_foreign_files_are_left_alone(tmp_path: Path) -> None:
    (tmp_path / "notes.spool").write_text("mine")
    spool = make(tmp_path)
    fill(spool, 1)
    assert waiting(spool) == [0]
    assert (tmp_path / "notes.spool").read_text() == "mine"


def test_a_segment_that_cannot_be_read_is_no_reason_not_to_start(tmp_path: Path) -> None:
    (tmp_path / "0000000000000005.spool").mkdir()
    spool = make(tmp_path)
    fill(spool, 1)
    assert waiting(spool) == [1_000_005]


def test_a_disk_full_while_mending_is_told_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = make(tmp_path)
    fill(spool, 5)
    path = next(tmp_path.glob("*.spool"))
    data = bytearray(path.read_bytes())
    data[2 * RECORD + 70] ^= 1
    path.write_bytes(data)

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("agent.files.replace", refuse)
    for now in (1.0, 2.0, 3.0):
        assert spool.backlog(A)
        spool.tend(now)
    assert len(told(spool)) == 1


@pytest.mark.parametrize("cut", [0, 1, RECORD - 1])
def test_a_boot_that_died_at_its_first_frame_leaves_no_number_untold(
    tmp_path: Path, cut: int
) -> None:
    first = make(tmp_path)
    fill(first, 2)
    second = make(tmp_path)
    fill(second, 1)
    path = max(tmp_path.glob("*.spool"))
    path.write_bytes(path.read_bytes()[:cut])
    third = make(tmp_path)
    fill(third, 1)
    seen: set[int] = set()
    while records := third.backlog(A):
        seen |= {r.sequence for r in records}
        seen |= {g.first for r in records for g in segment.carried(r)}
        third.hold(A, [r.sequence for r in records])
    assert seen == set(range(third.next))


def test_a_damaged_frame_in_the_middle_costs_no_other(tmp_path: Path) -> None:
    first = make(tmp_path)
    fill(first, 5)
    path = next(tmp_path.glob("*.spool"))
    data = bytearray(path.read_bytes())
    data[2 * RECORD + 70] ^= 1
    path.write_bytes(data)
    spool = make(tmp_path, (B,))
    assert waiting(spool, B) == [0, 1, 3, 4]
    again = make(tmp_path, (A,))
    assert told(again) == [(first.boot, Gap(2, 2, 1_000_000, 3_000_000, "damaged on disk"))]


def test_damage_that_comes_while_running_is_found_and_told(tmp_path: Path) -> None:
    spool = make(tmp_path)
    fill(spool, 5)
    path = next(tmp_path.glob("*.spool"))
    data = bytearray(path.read_bytes())
    data[2 * RECORD + 70] ^= 1
    path.write_bytes(data)
    assert [r.sequence for r in spool.backlog(A)] == [0, 1, 3, 4]
    spool.tend(now=1.0)
    assert spool.dropped == 1
    assert told(spool) == [(spool.boot, Gap(2, 2, 1_000_000, 3_000_000, "damaged on disk"))]


def test_damage_to_what_everybody_holds_is_no_loss(tmp_path: Path) -> None:
    first = make(tmp_path)
    fill(first, 3)
    first.hold(A, range(3))
    first.close()
    path = next(tmp_path.glob("*.spool"))
    path.write_bytes(bytes(len(path.read_bytes())))
    second = make(tmp_path)
    assert (told(second), second.dropped, second.next > 2) == ([], 0, True)


def test_a_full_spool_drops_its_oldest_segment_whole_and_says_so(tmp_path: Path) -> None:
    spool = make(tmp_path, limit=40_000)
    fill(spool, 400)
    spool.tend(now=1.0)
    assert spool.bytes <= 40_000
    gaps = told(spool, A)
    assert len(gaps) == 1
    boot, gap = gaps[0]
    assert (boot, gap.first, gap.reason) == (spool.boot, 0, "spool full")
    assert (gap.from_time, gap.to_time) == (0, gap.last * 1_000_000)
    assert spool.dropped == gap.last + 1


def test_held_and_gap_together_leave_no_number_out(tmp_path: Path) -> None:
    spool = make(tmp_path, limit=40_000)
    for _ in range(20):
        fill(spool, 50)
        spool.tend(now=1.0)
    seen: set[int] = set()
    while records := spool.backlog(A):
        for record in records:
            seen.add(record.sequence)
            for gap in segment.carried(record):
                seen |= set(range(gap.first, gap.last + 1))
        spool.hold(A, [r.sequence for r in records])
    assert seen == set(range(spool.next))


def test_what_all_upstreams_hold_is_evicted_without_a_gap(tmp_path: Path) -> None:
    spool = make(tmp_path, (A, B), limit=40_000)
    fill(spool, 100)
    spool.hold(A, range(100))
    spool.hold(B, range(50))
    fill(spool, 300)
    spool.tend(now=1.0)
    assert min(gap.first for _, gap in told(spool, B)) == 50


def test_old_frames_leave_by_age_in_running_time(tmp_path: Path) -> None:
    spool = make(tmp_path, limit=40_000, age=60)
    fill(spool, 60, now=0.0)
    fill(spool, 60, now=50.0)
    spool.tend(now=59.0)
    assert spool.dropped == 0
    spool.tend(now=70.0)
    assert spool.dropped > 0
    assert told(spool)[0][1].reason == "too old for the spool"


def test_frames_of_an_earlier_boot_are_evicted_under_its_name(tmp_path: Path) -> None:
    first = make(tmp_path, limit=40_000)
    fill(first, 100)
    second = make(tmp_path, limit=40_000)
    fill(second, 300)
    second.tend(now=1.0)
    assert told(second)[0][0] == first.boot


def test_a_disk_that_refuses_loses_the_frame_and_says_so_when_it_can(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spool = make(tmp_path)
    fill(spool, 1)

    def refuse(_: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as broken:
        broken.setattr(os, "fdatasync", refuse)
        fill(spool, 2)
        newest = spool.live(A)
        assert newest is not None
        assert newest.sequence == 2  # it may still leave live
        spool.hold(A, [2])
        spool.tend(now=1.0)
    fill(spool, 1)
    spool.tend(now=2.0)
    assert told(spool)[0][1] == Gap(1, 1, 1_000_000, 1_000_000, "could not be written to disk")
    assert spool.dropped == 1
    assert waiting(make(tmp_path, (B,)), B) == [0, 3]


@pytest.mark.parametrize("text", ["", "{", '{"held": 3}', '{"held": [["a", 1]]}'])
def test_an_unreadable_position_only_sends_again(tmp_path: Path, text: str) -> None:
    first = make(tmp_path)
    fill(first, 2)
    first.hold(A, [0])
    first.close()
    next(tmp_path.glob("*.position")).write_text(text)
    assert waiting(make(tmp_path)) == [0, 1]


def test_the_position_of_an_upstream_that_is_gone_is_forgotten(tmp_path: Path) -> None:
    make(tmp_path, (A, B)).close()
    make(tmp_path, (B,))
    assert [json.loads(p.read_text())["upstream"] for p in tmp_path.glob("*.position")] == [B]


def test_refused_frames_are_kept_for_people_but_not_without_end(tmp_path: Path) -> None:
    spool = make(tmp_path)
    fill(spool, 100)
    for record in spool.backlog(A):
        spool.bury(A, record, "400 bad")
    assert 0 < len(list((tmp_path / "dead").iterdir())) <= 64


def test_any_prefix_of_the_last_segment_is_a_good_start(tmp_path: Path) -> None:
    first = make(tmp_path)
    fill(first, 3, size=10)
    path = next(tmp_path.glob("*.spool"))
    data = path.read_bytes()
    for length in range(len(data)):
        for old in tmp_path.glob("*.spool"):
            old.unlink()
        path.write_bytes(data[:length])
        spool = make(tmp_path, (f"http://{length}",))
        sound = length // (segment.HEAD_BYTES + 10)
        assert waiting(spool, f"http://{length}") == list(range(sound))
