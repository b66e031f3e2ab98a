import itertools
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from agent.fragments import inventory as module
from agent.fragments import row
from agent.fragments.inventory import Inventory
from vigie.errors import StoreError
from vigie.fragments import (
    BUCKETS,
    DIGEST,
    RECORD,
    Record,
    Scheme,
    Status,
    bucket,
    object_id,
    record_hash,
)

NOW = 1_700_000_000
CODE = Scheme(10, 14)
KEY = b"k" * 32


def oid(number: int) -> bytes:
    return object_id(KEY, "store", str(number))


def looks(
    numbers: range, *, size: int = 100, changed: int = 1, root: int = 0
) -> dict[bytes, bytes]:
    """What a walk sees of so many fragments, all of index 3."""
    return {
        row.key(oid(n), 3): row.look(size, changed * 10**9, row.where(root, 5)) for n in numbers
    }


def see(inventory: Inventory, found: Mapping[bytes, bytes], now: int = NOW) -> int:
    """A walk comes upon these; how many are news."""
    news = inventory.news({key: (look, "") for key, look in found.items()})
    number = inventory.scheme(CODE)
    inventory.upsert(news, dict.fromkeys(news.sightings, number), now)
    return len(news.sightings)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store.db"


@pytest.fixture
def inventory(path: Path) -> Iterator[Inventory]:
    opened = Inventory.open(path, "mark")
    opened.root("/srv/d1", "disk-1")
    yield opened
    opened.close()


def records(inventory: Inventory) -> list[Record]:
    """All records, from the buckets."""
    _, told, payload = inventory.bucket(range(BUCKETS), 10**9)
    assert sum(n for _, n in told) * RECORD.size == len(payload)
    return [Record(*fields) for fields in RECORD.iter_unpack(payload)]


def recomputed(inventory: Inventory) -> bytes:
    """The digests, from scratch."""
    found = [0] * BUCKETS
    for record in records(inventory):
        found[bucket(record.oid)] ^= record_hash(inventory.epoch, record.pack())
    return DIGEST.pack(*found)


def test_a_new_fragment_is_there_and_not_vouched_for(inventory: Inventory) -> None:
    assert see(inventory, looks(range(1))) == 1
    assert inventory.record(oid(0), 3) == Record(oid(0), 3, 0, 100, 0, NOW, 0, 0, Status.UNVERIFIED)
    assert inventory.record(oid(0), 4) is None
    assert inventory.counters["added"] == inventory.sequence == inventory.total == 1


def test_seeing_the_same_again_changes_nothing(inventory: Inventory) -> None:
    see(inventory, looks(range(10)))
    assert see(inventory, looks(range(10)), NOW + 9) == 0
    assert inventory.sequence == 10


@pytest.mark.parametrize("change", [{"size": 101}, {"changed": 2}])
def test_a_changed_file_has_to_be_verified_again(
    inventory: Inventory, change: dict[str, int]
) -> None:
    see(inventory, looks(range(1)))
    inventory.checked(oid(0), 3, Status.OK, NOW + 5, 100)
    assert see(inventory, looks(range(1), **change), NOW + 9) == 1
    found = inventory.record(oid(0), 3)
    assert found is not None
    assert (found.status, found.verified, found.since) == (Status.UNVERIFIED, 0, NOW + 9)
    assert inventory.counters["added"] == 1


def test_a_check_is_kept_and_counted(inventory: Inventory) -> None:
    see(inventory, looks(range(3)))
    with inventory.change():
        inventory.checked(oid(0), 3, Status.OK, NOW + 5, 100)
        inventory.checked(oid(1), 3, Status.CORRUPT, NOW + 6, 100)
        inventory.checked(oid(2), 3, Status.UNREADABLE, NOW + 7, 40)
    found = [inventory.record(oid(n), 3) for n in range(3)]
    assert [(f.status, f.verified, f.since) for f in found if f] == [
        (Status.OK, NOW + 5, NOW + 5),
        (Status.CORRUPT, NOW + 6, NOW + 6),
        (Status.UNREADABLE, NOW + 7, NOW + 7),
    ]
    told = {"verified": 3, "verified_bytes": 240, "verify_errors": 2}
    assert told.items() <= inventory.counters.items()
    assert inventory.damaged() == {
        Status.CORRUPT: 1, Status.MISSING: 0, Status.UNREADABLE: 1,
    }  # fmt: skip


def test_since_is_when_the_status_became_so_and_not_when_it_was_seen_again(
    inventory: Inventory,
) -> None:
    see(inventory, looks(range(1)))
    inventory.checked(oid(0), 3, Status.CORRUPT, NOW + 5, 100)
    inventory.checked(oid(0), 3, Status.CORRUPT, NOW + 50, 100)
    found = inventory.record(oid(0), 3)
    assert found is not None
    assert (found.since, found.verified) == (NOW + 5, NOW + 50)


def test_a_good_check_of_another_size_vouches_for_nothing(inventory: Inventory) -> None:
    see(inventory, looks(range(1)))
    inventory.checked(oid(0), 3, Status.OK, NOW + 5, 150)
    found = inventory.record(oid(0), 3)
    assert found is not None
    assert found.status == Status.UNVERIFIED


def test_corrupt_stays_corrupt_however_often_it_is_seen(inventory: Inventory) -> None:
    see(inventory, looks(range(1)))
    inventory.checked(oid(0), 3, Status.CORRUPT, NOW + 5, 100)
    assert see(inventory, looks(range(1)), NOW + 9) == 0


def test_a_check_of_an_unknown_fragment_is_counted_only(inventory: Inventory) -> None:
    inventory.checked(oid(7), 3, Status.OK, NOW, 100)
    assert (inventory.total, inventory.counters["verified"]) == (0, 1)


def test_what_is_missing_and_comes_back_is_verified_again(inventory: Inventory) -> None:
    see(inventory, looks(range(2)))
    inventory.miss([row.key(oid(0), 3)], NOW + 5)
    assert inventory.damaged()[Status.MISSING] == 1
    assert inventory.here(inventory.roots[0]) == 1
    assert see(inventory, looks(range(2)), NOW + 9) == 1
    found = inventory.record(oid(0), 3)
    assert found is not None
    assert found.status == Status.UNVERIFIED
    assert (inventory.counters["removed"], inventory.counters["added"]) == (1, 3)


def test_what_cannot_even_be_looked_at_is_unreadable_where_it_was_known(
    inventory: Inventory,
) -> None:
    see(inventory, looks(range(1)))
    see(inventory, dict.fromkeys(looks(range(2)), b""), NOW + 9)
    found = inventory.record(oid(0), 3)
    assert found is not None
    assert (found.status, found.size) == (Status.UNREADABLE, 100)
    assert inventory.total == 1


def test_changes_have_numbers_without_holes_and_tell_how_it_is_now(inventory: Inventory) -> None:
    see(inventory, looks(range(3)))
    inventory.checked(oid(1), 3, Status.OK, NOW + 5, 100)
    inventory.forget([row.key(oid(2), 3)], NOW + 6)
    told = inventory.changes(0, 100)
    assert told is not None
    first, payload, last = told
    found = [Record(*fields) for fields in RECORD.iter_unpack(payload)]
    assert (first, last, len(found)) == (1, 5, 5)
    assert [r.status for r in found[3:]] == [Status.OK, Status.GONE]
    assert {r.oid for r in found[:3]} == {oid(0), oid(1), oid(2)}
    assert next(r for r in found if r.oid == oid(2)).status == Status.GONE


def test_changes_are_told_some_at_a_time_from_anywhere(inventory: Inventory) -> None:
    for number in range(6):
        see(inventory, looks(range(number, number + 1)))
    whole = inventory.changes(0, 100)
    assert whole is not None
    for after, limit in itertools.product(range(6), (1, 2, 9)):
        told = inventory.changes(after, limit)
        assert told is not None
        last = min(6, after + limit)
        assert told == (after + 1, whole[1][after * RECORD.size : last * RECORD.size], last)


def test_the_log_has_an_end(inventory: Inventory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "LOG_CHANGES", 10)
    for number in range(30):
        see(inventory, looks(range(number, number + 1)))
    assert inventory.changes(5, 100) is None
    told = inventory.changes(21, 100)
    assert told is not None
    assert told[2] == 30


@pytest.mark.slow
def test_digests_follow_every_change(inventory: Inventory) -> None:
    see(inventory, looks(range(300)))
    see(inventory, looks(range(100), size=7), NOW + 1)
    inventory.checked(oid(5), 3, Status.CORRUPT, NOW + 2, 7)
    inventory.miss([row.key(oid(n), 3) for n in range(50)], NOW + 3)
    inventory.forget([row.key(oid(n), 3) for n in range(20)], NOW + 4)
    assert inventory.digests() == (inventory.sequence, recomputed(inventory))
    assert inventory.total == len(records(inventory)) == 280


@pytest.mark.slow
def test_what_is_new_in_bulk_is_put_aside_and_merged_in_order(
    inventory: Inventory, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "BULK", 50)
    see(inventory, looks(range(200)))
    assert (inventory.total, inventory.staged) == (0, 200)
    see(inventory, looks(range(10), size=9), NOW + 1)  # known to nobody yet: told at once
    inventory.close()
    again = Inventory.open(path, "mark")
    assert again.staged == 200
    again.merge(NOW + 2)
    assert (again.total, again.staged, again.counters["added"]) == (200, 0, 200)
    newer, older = again.record(oid(0), 3), again.record(oid(10), 3)
    assert newer is not None
    assert older is not None
    assert (newer.size, older.size) == (9, 100)
    assert again.digests() == (again.sequence, recomputed(again))
    again.close()


def test_everything_is_there_after_opening_again(inventory: Inventory, path: Path) -> None:
    see(inventory, looks(range(40)))
    inventory.checked(oid(1), 3, Status.OK, NOW + 5, 100)
    inventory.set_cursor("scrub", "a/b")
    before = (
        inventory.epoch, inventory.sequence, inventory.digests(), inventory.summary(NOW + 9),
        inventory.counters, inventory.roots, inventory.changes(0, 9),
    )  # fmt: skip
    inventory.close()
    again = Inventory.open(path, "mark")
    assert before == (
        again.epoch, again.sequence, again.digests(), again.summary(NOW + 9),
        again.counters, again.roots, again.changes(0, 9),
    )  # fmt: skip
    assert (again.cursor("scrub"), again.cursor("other")) == ("a/b", "")
    again.close()


def test_a_block_that_fails_leaves_file_and_memory_as_they_were(inventory: Inventory) -> None:
    see(inventory, looks(range(3)))
    before = inventory.sequence, inventory.digests(), dict(inventory.counters), inventory.total

    def fail() -> None:
        with inventory.change():
            see(inventory, looks(range(3, 9)))
            inventory.checked(oid(0), 3, Status.OK, NOW, 100)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail()
    assert before == (
        inventory.sequence, inventory.digests(), inventory.counters, inventory.total
    )  # fmt: skip
    assert inventory.digests()[1] == recomputed(inventory)


def test_a_damaged_file_is_put_aside_and_a_new_epoch_begins(
    inventory: Inventory, path: Path
) -> None:
    see(inventory, looks(range(2_000)))
    epoch = inventory.epoch
    inventory.close()
    with path.open("r+b") as file:
        file.seek(3 * 4096)
        file.write(b"\xff" * 4096 * 4)
    again = Inventory.open(path, "mark")
    assert again.set_aside is not None
    assert again.set_aside.exists()
    assert (again.total, again.sequence) == (0, 0)
    assert again.epoch != epoch
    again.close()


def test_another_key_or_layout_begins_a_new_epoch(inventory: Inventory, path: Path) -> None:
    see(inventory, looks(range(2)))
    epoch = inventory.epoch
    inventory.close()
    again = Inventory.open(path, "another mark")
    assert (again.total, again.set_aside) == (0, None)
    assert again.epoch != epoch
    again.close()


def test_another_process_may_glance_at_it(inventory: Inventory, path: Path) -> None:
    see(inventory, looks(range(5)))
    glance = Inventory.glance(path)
    assert glance.summary(NOW) == inventory.summary(NOW)
    glance.close()
    with pytest.raises(StoreError, match="no inventory"):
        Inventory.glance(path.with_name("none.db"))


def test_a_root_on_another_disk_is_another_root(inventory: Inventory) -> None:
    first = inventory.root("/srv/d1", "disk-1")
    second = inventory.root("/srv/d1", "disk-2")
    assert (first.number, second.number) == (0, 1)
    assert inventory.root("/srv/d1", "disk-1") == first


def test_summaries_count_by_scheme_and_status_and_tell_ages(inventory: Inventory) -> None:
    see(inventory, looks(range(4)))
    for number, hours in enumerate((1, 2, 10)):
        inventory.checked(oid(number), 3, Status.OK, NOW - hours * 3600, 100)
    inventory.miss([row.key(oid(3), 3)], NOW)
    summary = inventory.summary(NOW)[CODE]
    assert summary.counts[Status.OK] == 3
    assert summary.counts[Status.MISSING] == 1
    assert summary.size == 300
    assert summary.oldest is not None
    assert summary.median is not None
    assert summary.oldest == pytest.approx(10 * 3600, abs=3600)
    assert summary.median == pytest.approx(2 * 3600, abs=3600)


def test_who_never_checked_has_no_age(inventory: Inventory) -> None:
    see(inventory, looks(range(4)))
    summary = inventory.summary(NOW)[CODE]
    assert (summary.oldest, summary.median) == (None, None)


def test_it_is_behind_from_the_first_change_that_no_upstream_holds(inventory: Inventory) -> None:
    assert inventory.behind(NOW) == 0
    see(inventory, looks(range(4)))
    see(inventory, looks(range(4, 5)), NOW + 50)
    assert inventory.behind(NOW + 60) == 60
    inventory.acknowledge("http://a", 4)
    assert inventory.behind(NOW + 60) == 60
    assert inventory.acknowledged(["http://a", "http://b"]) == 4
    inventory.acknowledge("http://a", 5)
    assert inventory.behind(NOW + 60) == 0


@pytest.mark.slow
def test_buckets_are_cut_before_they_are_too_many_records(inventory: Inventory) -> None:
    see(inventory, looks(range(3_000)))
    inventory.merge(NOW)
    sequence, told, payload = inventory.bucket(range(BUCKETS), 100)
    assert sequence == inventory.sequence
    assert 0 < len(payload) // RECORD.size <= 100
    assert [n for n, _ in told] == list(range(len(told)))
    whole = records(inventory)
    assert len(whole) == 3_000
    assert [bucket(r.oid) for r in whole] == sorted(bucket(r.oid) for r in whole)


def test_what_a_walk_did_not_note_is_found(inventory: Inventory) -> None:
    see(inventory, looks(range(100)))
    inventory.see([row.key(oid(n), 3) for n in range(100) if n not in {7, 50}])
    unseen = {key for some in inventory.unseen() for key, _ in some}
    assert unseen == {row.key(oid(7), 3), row.key(oid(50), 3)}
    inventory.unsee()
    assert sum(len(some) for some in inventory.unseen()) == 100
