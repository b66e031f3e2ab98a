"""Frames as pyarrow and the vocabulary read them."""

from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pytest
import zstandard

from agent.encode import Contents, Encoder
from agent.source import Found
from vigie import catalogue
from vigie.frame import Gap, Happening, InventoryPart, column_type, unpack
from vigie.shape import Columns, Field, Kind, Quality, Value

NOW = 1_700_000_000_123_456_789
ARROW = {
    "string": pa.string(), "bool": pa.bool_(), "int32": pa.int32(), "int64": pa.int64(),
    "double": pa.float64(),
}  # fmt: skip


def sample(field: Field) -> list[Value]:
    """Two cells of the field, the second null where it may be."""
    if field.kind is Kind.KEY:
        return [f"{field.name} é", "b"]
    value: dict[str, Value] = {"bool": True, "int32": 2, "int64": 2**40, "double": 1.5}
    return [value[column_type(field)], None]


def read(frame: bytes) -> tuple[Any, dict[str, pa.Table]]:
    got = next(unpack(zstandard.ZstdDecompressor().decompress(frame)))
    tables = {s.measurement: pa.ipc.open_stream(raw).read_all() for s, raw in got.section_bytes()}
    assert {s.measurement: s.rows for s in got.header.sections} == {
        name: table.num_rows for name, table in tables.items()
    }
    return got.header, tables


@pytest.mark.parametrize("measurement", catalogue.MEASUREMENTS, ids=lambda m: m.name)
def test_every_measurement_travels_whole_and_typed(measurement: type[catalogue.Host]) -> None:
    columns = {f: sample(f) for f in measurement.fields}
    contents = Contents()
    contents.add(NOW, Found(columns), "h")
    _, tables = read(Encoder("a", "b", "s/c").frame(7, NOW, 5, contents))
    table = tables[measurement.name]
    assert table.schema.field("time").type == pa.timestamp("us", "UTC")
    assert not table.schema.field("time").nullable
    for field in measurement.fields:
        assert table.schema.field(field.name).type == ARROW[column_type(field)]
        assert table.schema.field(field.name).nullable is (field.kind is not Kind.KEY)
        assert table.column(field.name).to_pylist() == columns[field]
    assert table.column("time").cast(pa.int64()).to_pylist() == [NOW // 1000] * 2


def test_a_frame_damaged_on_the_way_is_noticed() -> None:
    frame = Encoder("a", "b", "s/c").frame(7, NOW, 5, Contents())
    assert zstandard.get_frame_parameters(frame).has_checksum


def test_the_header_says_who_where_when_and_what() -> None:
    contents = Contents(
        events=[Happening("agent_started", 3)],
        inventories=[InventoryPart("device", snapshot=True, rows=({"host": "h", "model": None},))],
    )
    header, tables = read(Encoder("a", "b", "s/c").frame(7, NOW, 5, contents))
    assert (header.agent, header.boot, header.container) == ("a", "b", "s/c")
    assert (header.sequence, header.time, header.monotonic) == (7, NOW, 5)
    assert header.catalogue == catalogue.VERSION
    assert (header.events[0].code, header.inventories[0].rows[0]["model"]) == (
        "agent_started", None,
    )  # fmt: skip
    assert tables == {}


def test_a_host_is_filled_in_where_the_source_gives_none() -> None:
    contents = Contents()
    contents.add(NOW, Found({catalogue.Host.load1: [1.0]}), "h1")
    mount: Columns = {catalogue.Filesystem.host: ["h2"], catalogue.Filesystem.mount: ["/"]}
    contents.add(NOW, Found(mount), "h1")
    _, tables = read(Encoder("a", "b", "s/c").frame(0, NOW, 5, contents))
    assert tables["host"].column("host").to_pylist() == ["h1"]
    assert tables["filesystem"].column("host").to_pylist() == ["h2"]


def test_turns_with_different_fields_share_a_section() -> None:
    contents = Contents()
    first: Columns = {catalogue.Host.load1: [1.0]}
    second: Columns = {catalogue.Host.cpu_count: [4]}
    contents.add(1_000_000_000, Found(first), "h")
    contents.add(2_000_000_000, Found(second), "h")
    _, tables = read(Encoder("a", "b", "s/c").frame(0, NOW, 5, contents))
    table = tables["host"].to_pydict()
    assert table["load1"] == [1.0, None]
    assert table["cpu_count"] == [None, 4]
    assert table["time"] == [datetime.fromtimestamp(n, UTC) for n in (1, 2)]


def test_columns_of_two_measurements_become_two_sections() -> None:
    contents = Contents()
    both: Columns = {catalogue.Host.load1: [1.0], catalogue.DiskIo.device: ["a", "b"]}
    contents.add(NOW, Found(both), "h")
    _, tables = read(Encoder("a", "b", "s/c").frame(0, NOW, 5, contents))
    assert {name: t.num_rows for name, t in tables.items()} == {"host": 1, "disk_io": 2}


def test_quality_travels_where_it_is_not_the_best_and_only_there() -> None:
    contents = Contents()
    load: Columns = {catalogue.Host.load1: [1.0]}
    contents.add(1, Found(load), "h")
    encoder = Encoder("a", "b", "s/c")
    _, tables = read(encoder.frame(0, NOW, 5, contents))
    assert "quality" not in tables["host"].column_names
    contents.add(2, Found(load, quality={"host": [Quality.ESTIMATED]}), "h")
    _, tables = read(encoder.frame(1, NOW, 5, contents))
    assert tables["host"].column("quality").to_pylist() == [0, Quality.ESTIMATED.code]


def test_an_event_about_a_host_is_told_its_name() -> None:
    contents = Contents()
    lost = Happening(catalogue.GPU_LOST.code, 3, {"gpu": "G"}, "gone")
    other = Happening(catalogue.GPU_LOST.code, 3, {"host": "h2", "gpu": "G"})
    contents.add(NOW, Found({}, [lost, other]), "h1")
    assert [e.keys for e in contents.events] == [
        {"host": "h1", "gpu": "G"}, {"host": "h2", "gpu": "G"},
    ]  # fmt: skip
    assert contents.rows == {}


def test_a_gap_frame_is_of_the_boot_that_lost_frames() -> None:
    gap = Gap(1, 2, 3, 4, "full")
    frame = next(unpack(Encoder("a", "new", "s/c").gap_frame("old", 9, NOW, 5, [gap])))
    assert (frame.header.boot, frame.header.sequence, frame.header.gaps) == ("old", 9, (gap,))
