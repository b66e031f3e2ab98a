"""What the collector keeps of a host's fragments, message by message, and over a restart."""

import contextlib
import random
import secrets
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from collector.counters import Counters
from collector.inventory import fragments as module
from collector.inventory import records as arrays
from collector.inventory.fragments import Fragments
from collector.inventory.margins import Margins
from collector.inventory.progress import ALL, bits, numbers
from collector.store.quarantine import Quarantine
from tests.build.fragments import CODE, Host, oid, record
from tests.build.receiving import NOW, Centre
from vigie.errors import FrameError, Refused, Unavailable, VigieError
from vigie.fragments import (
    BUCKETS,
    Record,
    Scheme,
    Status,
    bucket,
    pack,
    record_hash,
    unpack,
)
from vigie.replies import FragmentsHeld


@pytest.fixture
def centre(tmp_path: Path) -> Iterator[Centre]:
    made = Centre(tmp_path)
    yield made
    made.kept.close()


def some(host: Host, count: int, idx: int = 0) -> Host:
    host.change(record(number, idx) for number in range(count))
    return host


def test_the_first_time_all_buckets_are_wanted_and_then_nothing(centre: Centre) -> None:
    host = some(Host(), 300)
    first = centre.post(host.delta())
    assert (first.epoch, first.held, first.digests) == ("e1", 300, False)
    assert first.buckets == list(range(BUCKETS))
    last = host.tell(centre.post)
    assert last == FragmentsHeld("e1", 300, digests=False, buckets=[])
    assert host.sent == ["delta"] + ["buckets 512"] * 8
    assert centre.records() == host.records


def test_the_first_message_may_be_of_any_kind(centre: Centre) -> None:
    for name, first in (("a", Host.delta), ("b", Host.digests), ("c", lambda h: h.buckets([3, 4]))):
        host = some(Host(host=name), 50)
        make: Callable[[Host], bytes] = first
        held = centre.post(make(host))
        assert held.held == 50
        assert len(held.buckets) == (BUCKETS - 2 if name == "c" else BUCKETS)
        assert not held.digests, "what is wanted whole needs no digest"


def test_an_empty_store_is_an_inventory_too(centre: Centre) -> None:
    held = Host().tell(centre.post)
    assert held == FragmentsHeld("e1", 0, digests=False, buckets=[])
    assert [i.records for i in centre.kept.inventories("")] == [0]


def test_changes_are_taken_once_however_often_they_come(centre: Centre) -> None:
    host = some(Host(), 20)
    host.tell(centre.post)
    host.change([record(1, 0, Status.CORRUPT), record(1, 0, Status.OK), record(2, 0, Status.GONE)])
    late = host.delta(21)
    for body in (late, late, host.delta(22), host.delta(15), late):
        assert centre.post(body) == FragmentsHeld("e1", 23, digests=False, buckets=[])
    host.change([record(1, 0, Status.MISSING)])
    assert centre.post(host.delta(24)).held == 24
    assert centre.post(late).held == 24
    assert centre.records() == host.records
    assert centre.counters.value("fragments_changes_total") == 20 + 4


def test_buckets_that_were_sent_twice_are_there_once(centre: Centre) -> None:
    host = some(Host(), 200)
    centre.post(host.delta())
    everything = host.buckets(range(BUCKETS))
    assert centre.post(everything) == centre.post(everything)
    assert centre.records() == host.records
    assert centre.kept.inventories("")[0].records == 200


def test_missing_changes_are_found_by_digests_and_only_their_buckets_are_wanted(
    centre: Centre,
) -> None:
    host = some(Host(), 400)
    host.tell(centre.post)
    host.sent.clear()
    host.change([record(7, 0, Status.CORRUPT), record(8, 0, Status.GONE)])
    host.forget_log()
    host.change([record(9, 0, Status.MISSING)])
    told = centre.post(host.delta())
    assert (told.held, told.digests, told.buckets) == (403, True, [])
    assert not centre.kept.complete({"pool"}, "")
    wanted = centre.post(host.digests())
    assert (wanted.digests, wanted.buckets) == (False, sorted({bucket(oid(7)), bucket(oid(8))}))
    assert centre.post(host.buckets(wanted.buckets)).buckets == []
    assert centre.kept.complete({"pool"}, "")
    assert centre.records() == host.records
    assert [i.gaps for i in centre.kept.inventories("")] == [1]


def test_a_gap_that_is_told_without_a_change_is_one(centre: Centre) -> None:
    host = some(Host(), 10)
    host.tell(centre.post)
    host.change([record(3, 0, Status.CORRUPT)])
    host.forget_log()
    assert centre.post(host.delta()).digests
    host.tell(centre.post)
    assert centre.records() == host.records


def test_digests_that_come_unasked_find_what_went_wrong(centre: Centre) -> None:
    host = some(Host(), 100)
    host.tell(centre.post)
    assert centre.post(host.digests()).buckets == []
    host.records[oid(5), 0] = record(5, 0, Status.CORRUPT)
    assert centre.post(host.digests()).buckets == [bucket(oid(5))]


def test_digests_and_buckets_of_the_past_say_nothing_of_now(centre: Centre) -> None:
    host = some(Host(), 100)
    host.tell(centre.post)
    digests, buckets = host.digests(), host.buckets([bucket(oid(5))])
    host.change([record(5, 0, Status.CORRUPT)])
    centre.post(host.delta(101))
    for late in (digests, buckets):
        assert centre.post(late) == FragmentsHeld("e1", 101, digests=False, buckets=[])
    assert centre.records() == host.records


def test_buckets_ahead_of_the_changes_end_where_those_do(centre: Centre) -> None:
    host = some(Host(), 100)
    centre.post(host.delta())
    host.change([record(5, 0, Status.CORRUPT), record(5, 0, Status.OK), record(300, 0)])
    assert centre.post(host.buckets(range(BUCKETS))).held == 100
    centre.post(host.delta(101, most=1))
    centre.post(host.delta(102))
    assert centre.records() == host.records
    assert centre.post(host.digests()).buckets == []


def test_a_new_epoch_wants_all_again_and_keeps_what_was_told_until_it_comes(centre: Centre) -> None:
    host = some(Host(disks=("disk-1", "disk-2"), schemes=(CODE, Scheme(1, 2))), 200)
    host.tell(centre.post)
    host.change([record(1, 0, Status.CORRUPT, disk=1)])
    centre.post(host.delta(201))
    host.records.pop((oid(3), 0))
    host.disks, host.schemes = ("disk-2", "disk-1"), (Scheme(1, 2), CODE)
    host.records = {key: one._replace(scheme=1) for key, one in host.records.items()}
    host.begin("e2")
    told = centre.post(host.delta())
    assert (told.epoch, told.held, len(told.buckets)) == ("e2", 0, BUCKETS)
    assert centre.kept.inventories("")[0].records == 200
    part = centre.post(host.buckets(range(1000)))
    assert part.buckets == list(range(1000, BUCKETS))
    host.tell(centre.post)
    assert centre.kept.inventories("")[0].records == 199
    assert centre.post(host.digests()).buckets == []
    assert centre.margins.margins({"pool"})[0].scheme == "3-of-5"
    assert [m.objects for m in centre.margins.margins({"pool"})] == [199]


def test_an_epoch_that_ended_does_not_begin_again(centre: Centre) -> None:
    host = some(Host(), 10)
    late = host.delta()
    host.tell(centre.post)
    host.begin("e2")
    host.tell(centre.post)
    with pytest.raises(Refused) as refused:
        centre.post(late)
    assert refused.value.status == 409
    assert centre.kept._all()[0].progress.epoch == "e2"


def test_all_that_was_acknowledged_is_there_after_a_restart(centre: Centre) -> None:
    host = some(Host(), 500)
    centre.post(host.delta())
    held = centre.post(host.buckets(range(2000)))
    host.change([record(1, 0, Status.CORRUPT), record(900, 1)])
    told = centre.post(host.delta(501))
    before = centre.margins.margins({"pool"}), centre.kept.inventories("")
    centre.restart()
    assert (centre.margins.margins({"pool"}), centre.kept.inventories("")) == before
    again = centre.post(host.delta(503))
    assert again == told == replace(held, held=502)
    host.sent.clear()
    host.tell(centre.post)
    assert host.sent[1:] == ["buckets 512"] * 4 + ["buckets 48"], "only what was still wanted"
    assert centre.records() == host.records


def test_changes_are_folded_when_they_are_many(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FOLD_CHANGES", 30)
    host = some(Host(), 100)
    host.tell(centre.post)
    centre.kept.fold()
    for number in range(29):
        host.change([record(number, 0, Status.CORRUPT)])
        centre.post(host.delta(host.sequence))
    centre.kept.fold()
    assert centre.kept._all()[0].changes == 29
    host.change([record(99, 0, Status.GONE)])
    centre.post(host.delta(host.sequence))
    centre.kept.fold()
    assert centre.kept._all()[0].changes == 0
    assert centre.post(host.digests()).buckets == [], "digests are kept along"
    centre.restart()
    assert centre.records() == host.records


def test_who_changes_faster_than_is_folded_waits(
    centre: Centre, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "FOLD_CHANGES", 10)
    host = some(Host(), 100)
    centre.post(host.delta())
    host.change([record(1, 0, Status.CORRUPT)])
    with pytest.raises(Unavailable):
        centre.post(host.delta(101))
    centre.kept.fold()
    assert centre.post(host.delta(101)).held == 101


def test_a_bucket_that_is_damaged_on_the_disk_is_asked_for_again(centre: Centre) -> None:
    host = some(Host(), 100)
    host.tell(centre.post)
    damage(centre, "UPDATE buckets SET records = zeroblob(43) WHERE bucket = ?", bucket(oid(4)))
    assert centre.post(host.delta(101)).buckets == [bucket(oid(4))]
    assert [found.path.name for found in centre.found] == ["fragments.db"]
    host.tell(centre.post)
    assert centre.records() == host.records


def test_a_bucket_found_damaged_when_folding_is_asked_for_again(centre: Centre) -> None:
    host = some(Host(), 100)
    host.tell(centre.post)
    centre.fold()
    rows = centre.kept._opened()
    with rows.write() as write:
        write.execute("UPDATE buckets SET checksum = 1 WHERE bucket = ?", (bucket(oid(4)),))
    host.change([record(4, 1), record(4, 2)])
    centre.post(host.delta(101))
    centre.fold()
    assert centre.post(host.delta(103)).buckets == [bucket(oid(4))]
    host.tell(centre.post)
    assert centre.records() == host.records


def test_changes_that_are_damaged_on_the_disk_are_found_by_digests(centre: Centre) -> None:
    host = some(Host(), 100)
    host.tell(centre.post)
    host.change([record(4, 1)])
    centre.post(host.delta(101))
    damage(centre, "UPDATE changes SET checksum = 0 WHERE first = ?", 101)
    assert centre.post(host.delta(102)).digests
    host.tell(centre.post)
    assert centre.records() == host.records


def test_a_file_that_is_none_is_put_away_and_all_is_asked_for_again(centre: Centre) -> None:
    host = some(Host(), 100)
    host.tell(centre.post)
    centre.kept.close()
    path = centre.directory / "fragments.db"
    path.write_bytes(b"no database" * 1000)
    centre.start()
    assert (centre.directory / "quarantine" / "fragments.db").exists()
    assert "asked for again" in centre.found[-1].detail
    assert len(centre.post(host.delta(101)).buckets) == BUCKETS
    host.tell(centre.post)
    assert centre.records() == host.records


def damage(centre: Centre, sql: str, *parameters: Any) -> None:
    """Change what is on the disk, and start again."""
    centre.kept.close()
    connection = sqlite3.connect(centre.directory / "fragments.db")
    with connection:
        assert connection.execute(sql, parameters).rowcount == 1
    connection.close()
    centre.start()


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        (record(1, 5), "index"),
        (record(1, 0, scheme=1), "scheme"),
        (record(1, 0, disk=1), "disk"),
        (record(1, 0, 77), "status"),
    ],
)
def test_records_that_cannot_be_are_refused_whole(centre: Centre, wrong: Record, why: str) -> None:
    host = some(Host(), 3)
    host.tell(centre.post)
    host.change([record(2, 1), wrong])
    with pytest.raises(FrameError, match=why) as refused:
        centre.post(host.delta(4))
    assert refused.value.fault == "record"
    assert centre.kept.inventories("")[0].records == 3


def test_buckets_that_cannot_be_are_refused_whole(centre: Centre) -> None:
    host = some(Host(), 3)
    at, packed = bucket(oid(1)), record(1, 0).pack()
    for buckets, payload in (
        (((at, 2),), packed * 2),
        (((at ^ 1, 1),), packed),
        (((at, 1), (at, 0)), packed),
        (((at, 1),), record(1, 0, Status.GONE).pack()),
    ):
        header = replace(host.message("buckets"), buckets=buckets)
        with pytest.raises(FrameError):
            centre.post(pack(header, payload))
    assert centre.kept.inventories("") == []


def test_codes_and_disks_are_only_added_to_in_an_epoch(centre: Centre) -> None:
    host = some(Host(), 3)
    host.tell(centre.post)
    host.disks = ("disk-1", "disk-2")
    host.change([record(1, 0, disk=1)])
    before = Host(sequence=4).delta(5)
    centre.post(host.delta(4))
    assert centre.post(before).held == 4, "who says less, from before, does not contradict"
    host.disks = ("disk-2", "disk-1")
    with pytest.raises(FrameError) as refused:
        centre.post(host.delta(5))
    assert refused.value.fault == "numbering"


def test_a_disk_that_is_listed_twice_is_two(centre: Centre) -> None:
    host = Host(disks=("same", "same"))
    host.change([record(1, 0, disk=0), record(2, 0, disk=1)])
    host.tell(centre.post)
    assert centre.post(host.digests()).buckets == []
    assert arrays.numbered(("a",), ("a", "b", "a")) == (("a", "b", "a"), (0, 1, 2))


def test_nothing_is_taken_or_told_before_all_is_read(tmp_path: Path) -> None:
    quarantine = Quarantine(tmp_path / "quarantine", lambda _: None)
    kept = Fragments(tmp_path / "f.db", quarantine, Margins(), Counters(), lambda: NOW)
    with pytest.raises(Unavailable):
        kept.receive(*unpack(Host().delta()))
    with pytest.raises(Unavailable):
        kept.inventories("")
    kept.fold()


def test_each_sees_the_inventories_of_its_scope(centre: Centre) -> None:
    for container, host in (("a/c1", "h1"), ("a/c1", "h2"), ("b/c1", "h1")):
        some(Host(container, host), 2).tell(centre.post)
    listed = [
        [(i.container, i.host) for i in centre.kept.inventories(scope)]
        for scope in ("", "a", "a/c1/h2", "b/c1", "c")
    ]
    assert listed == [
        [("a/c1", "h1"), ("a/c1", "h2"), ("b/c1", "h1")], [("a/c1", "h1"), ("a/c1", "h2")],
        [("a/c1", "h2")], [("b/c1", "h1")], [],
    ]  # fmt: skip


def test_the_digest_of_records_is_the_one_of_the_wire() -> None:
    some_records = [record(number, number % 5) for number in range(100)]
    expected = 0
    for one in some_records:
        expected ^= record_hash("e9", one.pack())
    assert arrays.digest("e9", b"".join(one.pack() for one in some_records)) == expected
    assert arrays.digest("e9", b"") == 0


@given(st.sets(st.integers(0, BUCKETS - 1)))
def test_buckets_that_are_wanted_are_bits_of_a_number(buckets: set[int]) -> None:
    assert numbers(bits(list(buckets))) == sorted(buckets)
    assert numbers(ALL) == list(range(BUCKETS))


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
@pytest.mark.slow
def test_whatever_is_lost_doubled_or_late_both_sides_end_with_the_same(
    tmp_path_factory: pytest.TempPathFactory, seed: int
) -> None:
    chance = random.Random(seed)
    centre, host = Centre(tmp_path_factory.mktemp("chance")), Host()
    late: list[bytes] = []

    def post(body: bytes) -> FragmentsHeld:
        held = centre.post(body)
        if chance.random() < 0.2:
            late.append(body)
        if late and chance.random() < 0.2:
            with_late = chance.choice(late)
            try:
                held = centre.post(with_late)
            except Refused:
                late.remove(with_late)
        if chance.random() < 0.05:
            centre.restart()
        return held

    for _ in range(6):
        host.change(
            record(chance.randrange(40), chance.randrange(3), chance.choice(list(Status)))
            for _ in range(chance.randrange(20))
        )
        if chance.random() < 0.3:
            host.forget_log()
        if chance.random() < 0.15:
            host.begin(f"e{chance.random()}")
        host.tell(post, most=chance.randrange(1, 12))
        if chance.random() < 0.3:
            centre.fold()
    host.tell(centre.post)
    assert centre.records() == host.records
    counted = centre.margins.margins({"pool"})
    centre.restart()
    assert centre.margins.margins({"pool"}) == counted
    centre.kept.close()


@settings(max_examples=6, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**32))
@pytest.mark.slow
def test_bytes_that_were_changed_are_refused_or_true_and_never_break_anything(
    centre: Centre, seed: int
) -> None:
    chance, host = random.Random(seed), some(Host(epoch=secrets.token_hex(8)), 30)
    host.tell(centre.post)
    for make in (host.delta, host.digests, partial(host.buckets, range(0, BUCKETS, 7))):
        body = bytearray(make())
        for _ in range(chance.randrange(1, 8)):
            body[chance.randrange(len(body))] = chance.randrange(256)
        with contextlib.suppress(VigieError):
            centre.post(bytes(body))
    host.begin(secrets.token_hex(8))
    host.tell(centre.post)
    number = next(i.owner.number for i in centre.kept._all() if i.owner.store == "pool")
    assert centre.post(host.digests()).buckets == []
    assert centre.records(number) == host.records
