"""What a model tells as frames: read back by pyarrow and by the collector's own decoder."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
import zstandard

from agent.encode import Contents, Encoder
from collector.intake.decode import decode
from collector.store.entry import Envelope
from twin.turn import Column, Turn
from twin.wire import frames
from twin.wire.frames import Framer
from vigie import catalogue, frame
from vigie.catalogue import Gpu, Power
from vigie.frame import Happening, column_type, unpack
from vigie.shape import Field, Kind, Measurement

NOW = 1_790_000_000_000_000_000


def sent(contents: Sequence[Contents]) -> list[bytes]:
    encoder = Encoder("twin", "boot", "site/c1")
    return [encoder.frame(n, NOW, 5, some) for n, some in enumerate(contents)]


def tables(payload: bytes) -> dict[str, Any]:
    found = next(unpack(zstandard.ZstdDecompressor().decompress(payload)))
    return {s.measurement: pa.ipc.open_stream(raw).read_all() for s, raw in found.section_bytes()}


def accepted(payload: bytes) -> Any:
    envelope = Envelope("p", "site/c1", True, NOW, True)
    return decode(payload, envelope)


def of_all_kinds(measurement: type[Measurement]) -> dict[Field, Column]:
    """Three rows; the last one's values are unknown."""
    known: dict[str, Any] = {
        "bool": [1.0, 0.0, np.nan], "int32": [1.0, 0.0, np.nan],
        "int64": [2.0**40, 3.4, np.nan], "double": [1.5, -2.0, np.nan],
    }  # fmt: skip
    return {
        f: [f"{f.name} é", "b", "c"] if f.kind is Kind.KEY else np.array(known[column_type(f)])
        for f in measurement.fields
        if f.origin == "agent"
    }


def power(meters: int, watts: float = 5.0) -> dict[Field, Column]:
    words: dict[Field, Column] = {
        f: [f"{f.name}-{n}" for n in range(meters)] for f in Power.keys if f.name != "host"
    }
    return {**words, Power.power_watts: np.full(meters, watts)}


@pytest.mark.parametrize("measurement", catalogue.MEASUREMENTS, ids=lambda m: m.name)
def test_every_measurement_arrives_as_the_catalogue_types_it(
    measurement: type[Measurement],
) -> None:
    given = of_all_kinds(measurement)
    (payload,) = sent(Framer().contents([Turn(NOW, {measurement: given})]))
    table = tables(payload)[measurement.name]
    expected: dict[str, list[Any]] = {
        "bool": [True, False, None], "int32": [1, 0, None], "int64": [2**40, 3, None],
        "double": [1.5, -2.0, None],
    }  # fmt: skip
    for field, cells in given.items():
        wanted = cells if field.kind is Kind.KEY else expected[column_type(field)]
        assert table.column(field.name).to_pylist() == wanted, field.name
    table.validate(full=True)
    assert table.column("time").cast(pa.int64()).to_pylist() == [NOW // 1000] * 3


def test_the_collector_takes_what_was_packed_and_drops_nothing() -> None:
    rows = {m: of_all_kinds(m) for m in catalogue.MEASUREMENTS}
    (payload,) = sent(Framer().contents([Turn(NOW, rows)]))
    decoded = accepted(payload)
    assert not decoded.dropped
    assert sum(b.rows.num_rows for b in decoded.frames[0].batches) == 3 * len(rows)


def test_lists_are_taken_too_and_none_is_null() -> None:
    cells: dict[Field, Column] = {**power(3), Power.power_watts: [1.0, None, 3]}
    (payload,) = sent(Framer().contents([Turn(NOW, {Power: cells})]))
    assert tables(payload)["power"].column("power_watts").to_pylist() == [1.0, None, 3.0]


def test_what_belongs_to_no_host_says_so() -> None:
    (payload,) = sent(Framer().contents([Turn(NOW, {Power: power(2)})]))
    assert tables(payload)["power"].column("host").to_pylist() == ["none", "none"]


def test_turns_of_the_past_share_a_frame_and_each_keeps_its_time() -> None:
    minute = 60 * 10**9
    turns = [Turn(NOW + n * minute, {Power: power(2, n)}) for n in range(3)]
    (payload,) = sent(Framer().contents(turns))
    table = tables(payload)["power"].to_pydict()
    assert table["power_watts"] == [0, 0, 1, 1, 2, 2]
    assert table["meter"] == ["meter-0", "meter-1"] * 3
    assert [t.timestamp() for t in table["time"][::2]] == [
        (NOW + n * minute) / 1e9 for n in range(3)
    ]


def test_rows_that_come_and_go_between_turns_take_their_keys_along() -> None:
    framer = Framer()
    first, second = Turn(NOW, {Power: power(1)}), Turn(NOW + 10**9, {Power: power(3)})
    (payload,) = sent(framer.contents([first, second]))
    assert tables(payload)["power"].column("meter").to_pylist() == [
        "meter-0", "meter-0", "meter-1", "meter-2",
    ]  # fmt: skip
    assert [len(tables(p)["power"]) for t in (first, second) for p in sent(framer.contents([t]))]
    (payload,) = sent(framer.contents([first]))
    assert tables(payload)["power"].column("meter").to_pylist() == ["meter-0"]


def test_a_field_that_one_turn_lacks_is_unknown_there() -> None:
    bare = {f: c for f, c in power(1).items() if f is not Power.power_watts}
    (payload,) = sent(Framer().contents([Turn(NOW, {Power: bare}), Turn(NOW, {Power: power(1)})]))
    assert tables(payload)["power"].column("power_watts").to_pylist() == [None, 5.0]


def test_a_hall_of_many_gpus_is_cut_into_frames_within_every_limit() -> None:
    count = 250_000
    names: dict[Field, Column] = {
        Gpu.host: [f"host-{n // 8}" for n in range(count)],
        Gpu.gpu: [f"GPU-{n:06d}" for n in range(count)],
    }
    load = np.random.default_rng(1).uniform(0, 1, count)
    cells = {**names, Gpu.utilization_ratio: load, Gpu.power_watts: 700 * load}
    framer = Framer()
    payloads = sent(framer.contents([Turn(NOW, {Gpu: cells})]))
    assert len(payloads) > 1
    got = [tables(p)["gpu"] for p in payloads]
    table = pa.concat_tables(got)
    assert table.column("gpu").to_pylist() == cells[Gpu.gpu]
    assert table.column("power_watts").to_pylist() == (700 * load).tolist()
    for payload in payloads:
        assert len(payload) <= frame.MAX_REQUEST_BYTES
        plain = zstandard.ZstdDecompressor().decompress(payload)
        assert len(plain) <= frame.MAX_REQUEST_BYTES
    again = sent(framer.contents([Turn(NOW, {Gpu: cells})]))
    assert again == payloads


def test_many_events_take_several_frames_and_none_is_lost() -> None:
    events = [Happening(catalogue.GPU_LOST.code, n, {"gpu": f"G{n}"}) for n in range(2_500)]
    contents = Framer().contents([Turn(NOW, {Power: power(1)}, events)])
    assert [len(c.events) for c in contents] == [1_000, 1_000, 500]
    assert [len(c.blocks) for c in contents] == [1, 0, 0]
    assert [e.time for c in contents for e in c.events] == list(range(2_500))
    assert contents[0].events[0].keys == {"host": "none", "gpu": "G0"}


def test_nothing_told_is_no_frame() -> None:
    assert Framer().contents([Turn(NOW, {Power: power(0)})]) == []


def test_a_large_inventory_is_a_snapshot_and_what_follows_it() -> None:
    rows = [{"host": f"h{n}", "device": f"d{n}", "kind": "gpu"} for n in range(7_000)]
    contents = frames.joined(
        Framer().contents([Turn(NOW, {Power: power(1)})]), frames.devices(rows)
    )
    parts = [part for c in contents for part in c.inventories]
    assert [part.snapshot for part in parts] == [True, False, False]
    assert [row for part in parts for row in part.rows] == rows
    assert len(contents[0].blocks) == 1
    for payload in sent(contents):
        accepted(payload)


def test_an_empty_inventory_is_told_as_such() -> None:
    (contents,) = frames.devices([])
    assert contents.inventories[0].snapshot
    assert not contents.inventories[0].rows
