import contextlib
import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vigie.errors import FrameError
from vigie.fragments import (
    BUCKETS,
    DIGEST,
    MAX_HEADER_BYTES,
    MAX_RECORDS,
    PREFIX,
    RECORD,
    Message,
    Record,
    Scheme,
    Status,
    bucket,
    object_hasher,
    object_id,
    pack,
    record_hash,
    record_hasher,
    unpack,
)

WORDS = st.text(st.characters(exclude_categories=("C", "Z")), min_size=1, max_size=30)
U16, U32, U64 = (st.integers(0, 2**bits - 1) for bits in (16, 32, 64))
RECORDS = st.builds(
    Record, oid=st.binary(min_size=16, max_size=16), idx=U16, scheme=U16, size=U64, verified=U32,
    since=U32, disk=U16, generation=U32, status=st.sampled_from(Status),
)  # fmt: skip
SCHEMES = st.integers(1, 2**16 - 1).flatmap(
    lambda n: st.builds(Scheme, k=st.integers(1, n), n=st.just(n))
)
HEADERS = st.builds(
    Message, kind=st.just("delta"), container=WORDS, host=WORDS, store=WORDS, epoch=WORDS,
    sequence=st.just(0), total=st.integers(0, 2**62),
    schemes=st.lists(SCHEMES, max_size=3).map(tuple), disks=st.lists(WORDS, max_size=3).map(tuple),
)  # fmt: skip
DELTA = Message("delta", "s/c", "h", "store", "e", 5, 9, (Scheme(2, 3),), ("d",), first=4)
ONE = Record(b"o" * 16, 1, 0, 100, 0, 7, 0, 0, Status.OK).pack()


@given(RECORDS)
def test_a_record_is_43_bytes_and_comes_back(record: Record) -> None:
    assert len(record.pack()) == RECORD.size == 43
    assert Record(*RECORD.unpack(record.pack())) == record


@given(HEADERS, st.lists(RECORDS, max_size=5), st.integers(1, 2**40))
def test_a_delta_comes_back(header: Message, records: list[Record], first: int) -> None:
    message = replace(header, first=first, sequence=first + len(records) - 1)
    payload = b"".join(record.pack() for record in records)
    told, came = unpack(pack(message, payload))
    assert (told, bytes(came)) == (message, payload)


@given(HEADERS, st.lists(RECORDS, max_size=5), st.data())
def test_buckets_come_back(header: Message, records: list[Record], data: st.DataObject) -> None:
    cut = data.draw(st.integers(0, len(records)))
    buckets = ((7, cut), (BUCKETS - 1, len(records) - cut))
    message = replace(header, kind="buckets", buckets=buckets)
    payload = b"".join(record.pack() for record in records)
    told, came = unpack(pack(message, payload))
    assert (told, bytes(came)) == (message, payload)


@given(HEADERS, st.binary(min_size=1, max_size=8))
def test_digests_come_back(header: Message, some: bytes) -> None:
    payload = (some * DIGEST.size)[: DIGEST.size]
    message = replace(header, kind="digests")
    told, came = unpack(pack(message, payload))
    assert (told, bytes(came)) == (message, payload)


@given(st.binary(max_size=300))
def test_whatever_comes_is_a_message_or_a_fault(body: bytes) -> None:
    for tried in (body, b"VGI1" + body, PREFIX.pack(b"VGI1", max(0, len(body) - 8)) + body):
        with contextlib.suppress(FrameError):
            unpack(tried)


def spoilt(**fields: Any) -> bytes:
    """A delta whose header says something else."""
    body = pack(DELTA, ONE * 2)
    _, size = PREFIX.unpack_from(body)
    header = json.loads(body[PREFIX.size : PREFIX.size + size]) | fields
    text = json.dumps({k: v for k, v in header.items() if v is not ...}).encode()
    return PREFIX.pack(b"VGI1", len(text)) + text + ONE * 2


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "snapshot"}, {"kind": 1}, {"kind": ...}, {"container": ""}, {"host": None},
        {"store": "x" * 129}, {"epoch": "line\nbreak"}, {"sequence": -1}, {"sequence": 2**63},
        {"sequence": True}, {"sequence": 5.0}, {"total": "9"}, {"total": ...}, {"first": 0},
        {"first": None}, {"schemes": {}}, {"schemes": [{"k": 3, "n": 2}]},
        {"schemes": [{"k": 0, "n": 2}]}, {"schemes": [{"k": 1, "n": 2**16}]}, {"schemes": [[1, 2]]},
        {"schemes": [{"k": 1, "n": 1}] * 257}, {"disks": ["d"] * 4_097}, {"disks": [3]},
        {"buckets": [[BUCKETS, 1]]}, {"buckets": [[1, -1]]}, {"buckets": [[1]]},
        {"buckets": [[0, 0]] * 4_097}, {"buckets": 5},
    ],
)  # fmt: skip
def test_a_header_that_is_none_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(FrameError) as fault:
        unpack(spoilt(**fields))
    assert fault.value.fault == "header"


BODY = pack(DELTA, ONE * 2)
SPOILERS: dict[str, tuple[Callable[[], bytes], str]] = {
    "nothing": (lambda: b"", "truncated"),
    "a few bytes": (lambda: BODY[:7], "truncated"),
    "half a header": (lambda: BODY[:40], "truncated"),
    "another magic": (lambda: b"VGF1" + BODY[4:], "magic"),
    "a header without end": (
        lambda: PREFIX.pack(b"VGI1", MAX_HEADER_BYTES + 1) + bytes(MAX_HEADER_BYTES + 1),
        "truncated",
    ),
    "no JSON": (lambda: PREFIX.pack(b"VGI1", 3) + b"no!", "header"),
    "a list": (lambda: PREFIX.pack(b"VGI1", 2) + b"[]", "header"),
    "depth": (lambda: PREFIX.pack(b"VGI1", 99_999) + b"[" * 99_999, "header"),
    "no UTF-8": (lambda: PREFIX.pack(b"VGI1", 2) + b"\xff\xfe", "header"),
    "half a record": (lambda: BODY[:-1], "payload"),
    "a record too few": (lambda: BODY[: -RECORD.size], "payload"),
    "a record too many": (lambda: BODY + ONE, "payload"),
    "digests of another size": (
        lambda: pack(replace(DELTA, kind="digests"), bytes(DIGEST.size - 8)), "payload",
    ),
    "fewer records than its buckets say": (
        lambda: pack(replace(DELTA, kind="buckets", buckets=((1, 3),)), ONE * 2), "payload",
    ),
    "more records than one message may have": (
        lambda: pack(
            replace(DELTA, first=1, sequence=MAX_RECORDS + 1), ONE * (MAX_RECORDS + 1)
        ),
        "payload",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", SPOILERS)
def test_a_body_that_is_no_message_is_refused(case: str) -> None:
    spoil, fault = SPOILERS[case]
    with pytest.raises(FrameError) as raised:
        unpack(spoil())
    assert raised.value.fault == fault


@given(st.binary(min_size=16, max_size=16))
def test_a_bucket_is_the_first_12_bits(oid: bytes) -> None:
    assert bucket(oid) == int.from_bytes(oid, "big") >> 116


def test_an_object_is_known_by_key_store_and_name_and_its_name_by_nobody() -> None:
    key, other = b"k" * 32, b"o" * 32
    told = object_id(key, "store", "name")
    assert len(told) == 16
    assert told != object_id(other, "store", "name")
    assert told != object_id(key, "another", "name")
    assert told != object_id(key, "store", "another")
    assert told == object_hasher(key, "store")("name")
    # A name that is no UTF-8 is as good as any.
    assert object_id(key, "store", "\udcff") != object_id(key, "store", "\udcfe")


def test_what_hosts_and_collector_compute_is_written_in_stone() -> None:
    assert object_id(b"k" * 32, "store", "name").hex() == "7b5a994893f5b3b56c8db29bc0d213db"
    assert record_hash("epoch", ONE) == 0x68EBB5B3DF9759FE
    assert record_hasher("epoch")(ONE) == record_hash("epoch", ONE)
