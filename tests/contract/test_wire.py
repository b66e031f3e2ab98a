"""What the agent writes is what the collector reads: the two meet in bytes alone."""

import json

import pyarrow as pa
import pytest

from agent.devices import Devices
from agent.encode import Contents, Encoder
from agent.health import Health, Vitals, rows
from agent.source import Found, Source
from agent.sources import sources
from collector.intake.decode import decode
from collector.store.entry import Clock, Decoded, Envelope
from vigie import catalogue
from vigie.catalogue import DiskIo
from vigie.errors import SourceError
from vigie.frame import Gap, Happening
from vigie.settings import AgentSettings
from vigie.shape import Quality

NOW = 1_800_000_000_123_456_789
BOOT = "0123456789abcdef"


def envelope(*, compressed: bool = True) -> Envelope:
    return Envelope(
        "agent:h1",
        "lyon/c1/h1",
        False,
        NOW,
        compressed,
        {BOOT: Clock(BOOT, NOW, 5_000_000_000)},
    )


def received(contents: Contents) -> Decoded:
    encoder = Encoder("h1", BOOT, "lyon/c1")
    return decode(encoder.frame(3, NOW, 5_000_000_000, contents), envelope())


def reading(source: Source) -> Found:
    """What a source says of this machine, which may have nothing for it, or not let it."""
    try:
        source.open()
        return source.read(NOW)
    except SourceError as error:
        pytest.skip(str(error))
    finally:
        source.close()


@pytest.mark.parametrize("source", sources(AgentSettings()), ids=lambda s: s.name)
def test_every_reading_arrives_as_it_was_taken(source: Source) -> None:
    arrives(reading(source))


def test_the_runner_s_own_readings_arrive() -> None:
    health = Health("host")
    health.begin(1.0)
    health.gave(3, 0.1, 1.1)
    arrives(Found(rows([health, Health("disk_io")], Vitals(1, 2, 3, 4, 5.0, None), 2.0)))


def arrives(found: Found) -> None:
    contents = Contents()
    contents.add(NOW, found, "h1")
    got = received(contents)
    assert got.dropped == {}
    batches = {b.measurement.name: b for b in got.frames[0].batches}
    assert set(batches) - {"event"} == {f.measurement for f in found.columns}
    for field, sent in found.columns.items():
        table = batches[field.measurement].rows
        assert set(table.column("host").to_pylist()) <= {"h1"}
        assert set(table.column("time").cast(pa.int64()).to_pylist()) <= {NOW // 1000}
        if field.name != "host":
            assert table.column(field.name).to_pylist() == list(sent)


def test_how_a_value_came_to_be_known_arrives() -> None:
    qualities = [Quality.MEASURED, Quality.ESTIMATED]
    contents = Contents()
    contents.add(NOW, Found({DiskIo.device: ["a", "b"]}, quality={"disk_io": qualities}), "h1")
    [batch] = received(contents).frames[0].batches
    assert batch.rows.column("quality").to_pylist() == [q.code for q in qualities]


def test_what_a_source_tells_arrives_under_the_host_s_name() -> None:
    contents = Contents()
    lost = Happening(catalogue.GPU_LOST.code, NOW // 1000, {"gpu": "GPU-1"}, "fell off the bus")
    contents.add(NOW, Found({}, happenings=[lost]), "h1")
    events = received(contents).frames[0].events.to_pylist()
    [told] = [e for e in events if e["code"] == "gpu_lost"]
    assert json.loads(told["keys"]) == {"host": "h1", "gpu": "GPU-1"}


def test_events_and_inventories_arrive() -> None:
    contents = Contents()
    contents.events.append(
        Happening(
            catalogue.SOURCE_CHANGED.code, NOW // 1000, {"host": "h1", "source": "host"}, "ok → x"
        )
    )
    contents.inventories.append(Devices("h1").snapshot())
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
