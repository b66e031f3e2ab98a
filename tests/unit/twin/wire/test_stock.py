"""Fragments of a model, told by the agent's own sender to the collector's own inventory."""

import dataclasses
import json
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
import zstandard

from agent.credential import Credential
from agent.fragments.ship import Sender
from agent.identity import Identity
from agent.ship import Answer, Line
from collector.inventory import records as arrays
from tests.build.receiving import Centre
from twin.turn import Holding
from twin.wire.stock import WIRE, Stock
from vigie.fragments import BUCKETS, DIGEST, OBJECT_BYTES, RECORD, Status, bucket, record_hash

NOW = 1_790_000_000


def holding(count: int, seed: int = 1) -> Holding:
    chance = np.random.default_rng(seed)
    return Holding(
        "host-1", "tahoe", 10, 14,
        np.frombuffer(chance.bytes(count * OBJECT_BYTES), f"V{OBJECT_BYTES}").copy(),
        (np.arange(count) % 14).astype(np.uint16),
        np.full(count, 2**20, np.uint64),
        np.full(count, Status.OK, np.uint8),
        np.full(count, NOW - 1_000, np.uint32),
    )  # fmt: skip


def without(held: Holding, rows: slice) -> Holding:
    return dataclasses.replace(
        held, objects=np.delete(held.objects, rows), indexes=np.delete(held.indexes, rows),
        sizes=np.delete(held.sizes, rows), status=np.delete(held.status, rows),
        verified=np.delete(held.verified, rows),
    )  # fmt: skip


def stocked(held: Holding) -> Stock:
    stock = Stock.of(held, "epoch-1")
    stock.take(held, NOW)
    return stock


class Desk(Line):
    """The collector's own inventory behind the sender's line."""

    def __init__(self, centre: Centre) -> None:
        super().__init__("http://127.0.0.1:1")
        self.centre, self.kinds = centre, list[str]()

    def post(self, body: bytes, headers: Mapping[str, str]) -> Answer:
        plain = zstandard.ZstdDecompressor().decompress(body)
        held = self.centre.post(plain)
        self.kinds.append(plain[8:40].split(b'"')[3].decode())
        return Answer(200, json.dumps(dataclasses.asdict(held)).encode(), None)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    centre = Centre(tmp_path)
    yield Desk(centre)
    centre.kept.close()


def sender(stock: Stock, desk: Desk, tmp_path: Path) -> Sender:
    known = Credential(tmp_path / "credential", "http://127.0.0.1:1", "token", "site/c1")
    return Sender(stock.store, Identity(stock.host, "site/c1"), stock, known, desk)


def tell(sending: Sender) -> None:
    for _ in range(40):
        sending.step()
        assert sending.trouble is None
    assert not sending.ended


def test_records_are_as_the_vocabulary_packs_them() -> None:
    assert WIRE.itemsize == RECORD.size
    stock = stocked(holding(1))
    first, payload, last = stock.changes(0, 10) or (0, b"", 0)
    assert (first, last) == (1, 1)
    fields = RECORD.unpack(payload)
    assert fields[0] == holding(1).objects[0].tobytes()
    assert fields[1:] == (0, 0, 2**20, NOW - 1_000, NOW, 0, 0, Status.OK)


def test_the_collector_comes_to_hold_what_the_model_holds(desk: Desk, tmp_path: Path) -> None:
    stock = stocked(holding(5_000))
    tell(sender(stock, desk, tmp_path))
    (told,) = desk.centre.kept.inventories("")
    assert (told.host, told.store, told.records, told.gaps) == ("host-1", "tahoe", 5_000, 0)
    assert desk.centre.kept.complete({"tahoe"}, "")
    assert set(desk.kinds) == {"delta", "buckets"}


def test_only_what_changed_is_told_and_since_when(desk: Desk, tmp_path: Path) -> None:
    held = holding(3_000)
    stock = stocked(held)
    sending = sender(stock, desk, tmp_path)
    tell(sending)
    status = held.status.copy()
    status[7] = Status.CORRUPT
    later = without(dataclasses.replace(held, status=status), slice(0, 2))
    assert stock.take(later, NOW + 60) == 3
    assert stock.take(later, NOW + 120) == 0
    first, payload, last = stock.changes(3_000, 100) or (0, b"", 0)
    assert (first, last) == (3_001, 3_003)
    records = np.frombuffer(payload, WIRE)
    assert sorted(records["status"]) == [Status.CORRUPT, Status.GONE, Status.GONE]
    corrupt = records[records["status"] == Status.CORRUPT][0]
    assert corrupt["oid"].tobytes() == held.objects[7].tobytes()
    assert corrupt["since"] == NOW + 60
    tell(sending)
    (told,) = desk.centre.kept.inventories("")
    assert (told.records, told.gaps) == (2_998, 0)
    _, wire = stock.digests()
    desk.centre.kept.fold()
    sequence = stock.sequence
    assert np.array_equal(
        np.frombuffer(wire, "<u8").nonzero()[0],
        np.unique([bucket(o.tobytes()) for o in later.objects]),
    )
    assert sequence == 3_003


def test_what_is_verified_again_is_a_change_and_keeps_its_since() -> None:
    held = holding(10)
    stock = stocked(held)
    verified = held.verified.copy()
    verified[3] = NOW + 50
    assert stock.take(dataclasses.replace(held, verified=verified), NOW + 60) == 1
    _, payload, _ = stock.changes(10, 100) or (0, b"", 0)
    (record,) = np.frombuffer(payload, WIRE)
    assert (record["verified"], record["since"]) == (NOW + 50, NOW)


def test_digests_are_the_xor_of_the_hashes_of_records() -> None:
    stock = stocked(holding(2_000))
    _, payload, _ = stock.changes(0, 10_000) or (0, b"", 0)
    expected = [0] * BUCKETS
    for at in range(0, len(payload), RECORD.size):
        record = payload[at : at + RECORD.size]
        expected[bucket(record)] ^= record_hash("epoch-1", record)
    sequence, wire = stock.digests()
    assert (sequence, list(DIGEST.unpack(wire))) == (2_000, expected)


def test_buckets_come_whole_and_up_to_a_limit() -> None:
    stock = stocked(holding(20_000))
    sequence, told, payload = stock.bucket(range(BUCKETS), 1_000)
    assert sequence == 20_000
    assert 900 < sum(count for _, count in told) <= 1_000
    records = np.frombuffer(payload, arrays.RECORD)
    assert [n for n, count in told for _ in range(count)] == arrays.bucket(records).tolist()


def test_changes_are_told_in_pieces_and_the_oldest_forgotten(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("twin.wire.stock.KEPT", 100)
    held = holding(90)
    stock = stocked(held)
    told = [stock.changes(after, 40) for after in (0, 40, 80, 90)]
    assert [(t[0], t[2]) for t in told if t] == [(1, 40), (41, 80), (81, 90), (91, 90)]
    stock.take(without(held, slice(0, 90)), NOW)
    stock.take(held, NOW)
    assert stock.changes(0, 40) is None
    assert stock.changes(89, 200) is None
    assert (stock.changes(180, 200) or (0, b"", 0))[2] == 270


def test_after_a_restart_a_new_epoch_replaces_the_old(desk: Desk, tmp_path: Path) -> None:
    tell(sender(stocked(holding(500)), desk, tmp_path))
    held = holding(400, seed=2)
    again = Stock.of(held, "epoch-2")
    again.take(held, NOW)
    tell(sender(again, desk, tmp_path))
    (told,) = desk.centre.kept.inventories("")
    assert told.records == 400


def test_ids_that_end_in_zeros_are_told_apart() -> None:
    held = holding(3)
    ids = np.zeros((3, OBJECT_BYTES), np.uint8)
    ids[:, 0] = [1, 1, 1]
    ids[1:, 1] = [0, 1]
    held = dataclasses.replace(held, objects=ids.view(f"V{OBJECT_BYTES}").ravel())
    stock = stocked(held)
    assert stock.total == 3
    assert stock.take(held, NOW) == 0
