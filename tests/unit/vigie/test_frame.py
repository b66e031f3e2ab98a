import contextlib
import json
from dataclasses import asdict, replace
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from vigie import frame
from vigie.errors import FrameError
from vigie.frame import Gap, Happening, Header, InventoryPart, Section, pack, unpack

FULL = Header(
    agent="a", boot="b", sequence=7, container="local/this", time=1, monotonic=2, catalogue=1,
    sections=(Section("host", 3, 1), Section("gpu", 2, 4)),
    events=(Happening("gap", 5, {"host": "h"}, "détail"),),
    inventories=(InventoryPart("device", snapshot=True, rows=({"host": "h", "model": None},)),),
    gaps=(Gap(1, 2, 3, 4, "full"),),
)  # fmt: skip


def fields(**changed: Any) -> dict[str, Any]:
    blank = {
        "agent": "a", "boot": "b", "sequence": 0, "container": "c", "time": 0, "monotonic": 0,
        "catalogue": 1,
    }  # fmt: skip
    return {**blank, **changed}


def body(header: Any, payload: bytes = b"") -> bytes:
    text = json.dumps(header).encode()
    return frame.PREFIX.pack(frame.MAGIC, len(text), len(payload)) + text + payload


def fault(data: bytes) -> str:
    with pytest.raises(FrameError) as error:
        list(unpack(data))
    return error.value.fault


def test_what_was_packed_comes_out() -> None:
    (found,) = unpack(pack(FULL, b"abcde"))
    assert found.header == FULL
    assert [(s.measurement, bytes(b)) for s, b in found.section_bytes()] == [
        ("host", b"abc"),
        ("gpu", b"de"),
    ]


@pytest.mark.parametrize("length", range(1, 9))
def test_a_payload_is_aligned_whatever_the_header(length: int) -> None:
    data = pack(replace(FULL, agent="a" * length), b"abcde")
    assert data.index(b"abcde") % 8 == 0
    assert len(list(unpack(data))) == 1


def test_frames_back_to_back_keep_their_own_bytes() -> None:
    one, two = pack(FULL, b"abcde"), body(fields(sequence=8))
    first, second = unpack(one + two)
    assert (bytes(first.raw), bytes(second.raw)) == (one, two)
    assert second.header.sequence == 8


def test_an_empty_body_holds_no_frame() -> None:
    assert list(unpack(b"")) == []


def test_unknown_members_of_a_header_are_of_no_concern() -> None:
    (found,) = unpack(body(fields(tomorrow=[1])))
    assert found.header.agent == "a"


@pytest.mark.parametrize(
    ("data", "word"),
    [
        (b"VGF1", "truncated"),
        (b"X" * 12, "magic"),
        (pack(FULL, b"abcde")[:-1], "truncated"),
        (frame.PREFIX.pack(frame.MAGIC, frame.MAX_HEADER_BYTES + 1, 0), "header"),
        (pack(FULL, b"abcdef"), "sections"),
        (body(fields(sections=[{"measurement": "host", "size": 0, "rows": 200_001}])), "rows"),
        (body(fields()) * (frame.MAX_FRAMES + 1), "frames"),
        (body([]), "header"),
    ],
    ids=["prefix", "magic", "payload", "long header", "sizes", "rows", "frames", "list"],
)
def test_what_breaks_the_contract_is_named(data: bytes, word: str) -> None:
    assert fault(data) == word


@pytest.mark.parametrize(
    "changed",
    [
        {"agent": ""},
        {"agent": "a" * 129},
        {"agent": "a\nb"},
        {"agent": None},
        {"agent": "\ud800"},
        {"sequence": -1},
        {"sequence": True},
        {"sequence": 1.0},
        {"sequence": 2**63},
        {"sections": None},
        {"sections": [1]},
        {"sections": [{"measurement": "host", "size": 0}]},
        {"events": [{"code": "gap"}]},
        {"events": [{"code": "gap", "time": 1, "keys": {"host": 1}}]},
        {"events": [{"code": "gap", "time": 1, "detail": "\ud800"}]},
        {"events": [{"code": "gap", "time": 1}] * 1001},
        {"inventories": [{"name": "device", "snapshot": True, "rows": [{"a": 1}]}]},
        {"inventories": [{"name": "device", "snapshot": True, "rows": [{}] * 20_001}]},
        {"gaps": [{"first": 1}]},
    ],
    ids=lambda changed: str(changed)[:90],
)
def test_a_header_is_checked_member_by_member(changed: dict[str, Any]) -> None:
    assert fault(body(fields(**changed))) == "header"


def test_a_header_of_too_many_parts_is_refused_before_it_is_read() -> None:
    with pytest.raises(FrameError, match="parts"):
        frame.parse_header(b'{"x":[' + b"[]," * 60_000 + b"[]]}")


def test_a_header_without_an_identity_names_what_is_missing() -> None:
    short = fields()
    del short["boot"]
    with pytest.raises(FrameError, match="boot"):
        list(unpack(body(short)))


def test_a_long_detail_is_cut_at_a_whole_character() -> None:
    (found,) = unpack(body(fields(events=[{"code": "gap", "time": 1, "detail": "é" * 600}])))
    assert found.header.events[0].detail == "é" * 512


MEMBERS = st.sampled_from(["measurement", "size", "rows", "code", "time", "keys", "name", "first"])
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(MEMBERS, inner, max_size=4),
    max_leaves=4,
)


@given(st.binary(max_size=200))
@example(b"VGF1" + b"\xff" * 8)
@example(frame.PREFIX.pack(frame.MAGIC, 100_000, 0) + b"[" * 100_000)
@example(frame.PREFIX.pack(frame.MAGIC, 5_000, 0) + b"1" * 5_000)
@example(frame.PREFIX.pack(frame.MAGIC, 2, 0) + b"\xff\xfe")
def test_any_bytes_are_frames_or_a_frame_error(data: bytes) -> None:
    frames_or_error(data)


@given(st.binary(max_size=100))
def test_any_bytes_after_a_true_beginning_are_frames_or_a_frame_error(data: bytes) -> None:
    frames_or_error(frame.PREFIX.pack(frame.MAGIC, len(data), 0) + data)


@given(st.dictionaries(st.sampled_from(list(asdict(FULL))), JSON, max_size=3))
def test_any_json_header_is_a_frame_or_a_frame_error(changed: dict[str, Any]) -> None:
    frames_or_error(body(fields(**changed)))


@given(st.integers(0, 400), st.integers(0, 255))
def test_a_byte_changed_on_the_way_is_a_frame_or_a_frame_error(at: int, value: int) -> None:
    data = bytearray(pack(FULL, b"abcde"))
    data[at % len(data)] = value
    frames_or_error(bytes(data))


def frames_or_error(data: bytes) -> None:
    with contextlib.suppress(FrameError):
        for found in unpack(data):
            assert sum(len(b) for _, b in found.section_bytes()) == len(found.payload)
