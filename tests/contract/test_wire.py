"""What the agent writes is what the collector reads: the two meet in bytes alone."""

from collections.abc import Sequence

import pyarrow as pa
import pytest

from agent import devices
from agent.encode import Contents, Encoder
from agent.health import Health, Vitals, rows
from agent.source import Source
from agent.sources import SOURCES
from collector.intake.decode import decode
from collector.store.entry import Clock, Decoded, Envelope
from vigie import catalogue
from vigie.frame import Gap, Happening
from vigie.shape import Columns, Value

NOW = 1_800_000_000_123_456_789
BOOT = "0123456789abcdef"


def envelope(*, compressed: bool = True) -> Envelope:
    return Envelope(
        "agent:h1", "lyon/c1/h1", False, NOW, compressed, Clock(BOOT, NOW, 5_000_000_000)
    )


def received(contents: Contents) -> Decoded:
    encoder = Encoder("h1", BOOT, "lyon/c1")
    return decode(encoder.frame(3, NOW, 5_000_000_000, contents), envelope())


def reading(source: Source) -> Columns:
    """What a source says of this machine."""
    source.open()
    try:
        return source.read(NOW)
    finally:
        source.close()


def cells(columns: Columns, name: str) -> Sequence[Value]:
    return next((list(cells) for field, cells in columns.items() if field.name == name), [])


@pytest.mark.parametrize("source", SOURCES, ids=lambda s: s.name)
def test_every_reading_arrives_as_it_was_taken(source: Source) -> None:
    arrives(reading(source))


def test_the_runner_s_own_readings_arrive() -> None:
    health = Health("host")
    health.begin(1.0)
    health.gave(3, 0.1, 1.1)
    arrives(rows([health, Health("disk_io")], Vitals(1, 2, 3, 4, 5.0, None), 2.0))


def arrives(columns: Columns) -> None:
    contents = Contents()
    contents.add(NOW, columns, "h1")
    got = received(contents)
    assert got.dropped == {}
    [batch] = got.frames[0].batches
    assert batch.measurement.name == next(iter(columns)).measurement
    assert set(batch.rows.column("host").to_pylist()) == {"h1"}
    times = batch.rows.column("time").cast(pa.int64()).to_pylist()
    assert set(times) == {NOW // 1000}
    for field in columns:
        if field.name != "host":
            assert batch.rows.column(field.name).to_pylist() == cells(columns, field.name)


def test_events_and_inventories_arrive() -> None:
    contents = Contents()
    contents.events.append(
        Happening(
            catalogue.SOURCE_CHANGED.code, NOW // 1000, {"host": "h1", "source": "host"}, "ok → x"
        )
    )
    contents.inventories.append(devices.snapshot("h1"))
    got = received(contents)
    assert got.dropped == {}
    assert got.frames[0].header.inventories == tuple(contents.inventories)
    assert "source_changed" in got.frames[0].events.column("code").to_pylist()


def test_a_gap_frame_of_an_earlier_boot_arrives() -> None:
    gap = Gap(1, 4, NOW // 1000 - 5_000_000, NOW // 1000 - 1_000_000, "spool full")
    frame = Encoder("h1", BOOT, "lyon/c1").gap_frame("f" * 16, 5, NOW, 5_000_000_000, [gap])
    got = decode(frame, envelope(compressed=False))
    header = got.frames[0].header
    assert (header.boot, header.sequence, header.gaps) == ("f" * 16, 5, (gap,))
