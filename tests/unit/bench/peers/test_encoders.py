"""Every format carries the same readings: what was sent can be read out of each again."""

import struct
from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pytest

from bench.peers import frames, line_protocol, remote_write
from bench.peers.telemetry import FIELDS, GPUS, Telemetry, Tick, Workload
from vigie import frame
from vigie.catalogue import Gpu

START = 1_790_000_040


@pytest.fixture(scope="module")
def tick() -> Tick:
    *_, last = Telemetry(Workload(3, 2, START)).ticks()
    return last


Samples = dict[tuple[str, str, str], tuple[int, float]]
"""Seconds and value, by field, container and GPU."""


def sent(tick: Tick) -> Samples:
    return {
        (f.name, frames.short(n), f"g{g:03d}"): (tick.time, float(tick.values[f][n][g]))
        for f in FIELDS
        for n in range(3)
        for g in range(GPUS)
    }


def test_a_remote_write_decodes_to_what_was_sent(tick: Tick) -> None:
    template = remote_write.Template(2)
    bodies = list(remote_write.bodies(tick, 2, template))
    assert len(bodies) == 2
    found: Samples = {}
    for body in bodies:
        for labels, value, milliseconds in series(unsnapped(body)):
            assert list(labels) == sorted(labels), "a receiver may refuse labels out of order"
            name = labels["__name__"].removeprefix("gpu_")
            found[name, labels["container"], labels["gpu"]] = (milliseconds // 1000, value)
    assert found == sent(tick)


def test_any_series_can_be_written() -> None:
    labels = {"zone": "z", "__name__": "n" * 200}
    body = remote_write.request([(labels, [(START, 1.5), (START + 60, -2.0)])])
    ((_, message),) = fields(unsnapped(body))
    assert isinstance(message, bytes)
    parts = [content for number, content in fields(message) if number == 2]
    samples = [dict(fields(part)) for part in parts if isinstance(part, bytes)]
    assert [s[2] for s in samples] == [START * 1000, (START + 60) * 1000]
    assert [s[1] for s in samples] == [struct.pack("<d", 1.5), struct.pack("<d", -2.0)]
    ((said, value, _),) = series(unsnapped(remote_write.request([(labels, [(START, 1.5)])])))
    assert (said, value) == (labels, 1.5)


def test_lines_say_what_was_sent(tick: Tick) -> None:
    bodies = list(line_protocol.bodies(tick, 2, line_protocol.tags(3)))
    assert len(bodies) == 2
    found: Samples = {}
    for line in b"".join(bodies).decode().splitlines():
        tags, fields, seconds = line.split(" ")
        measurement, container, gpu = tags.split(",")
        assert measurement == "gpu"
        for pair in fields.split(","):
            name, value = pair.split("=")
            key = (name, container.partition("=")[2], gpu.partition("=")[2])
            found[key] = (int(seconds), float(value.removesuffix("i")))
    assert found == sent(tick)


def test_whole_numbers_are_marked_in_lines(tick: Tick) -> None:
    line = bytes(next(line_protocol.bodies(tick, 1, line_protocol.tags(3)))).decode().split("\n")[0]
    marked = {pair.partition("=")[0] for pair in line.split(" ")[1].split(",") if pair[-1] == "i"}
    assert marked == {f.name for f in FIELDS if frame.column_type(f) == "int64"}


def test_frames_say_what_was_sent(tick: Tick) -> None:
    found: Samples = {}
    for number in range(3):
        (made,) = frame.unpack(frames.one(tick, number))
        assert made.header.container == frames.container(number)
        ((_, data),) = made.section_bytes()
        rows = pa.ipc.open_stream(data).read_all()
        _, uuids = frames.boards(number)
        assert rows[Gpu.gpu.name].to_pylist() == uuids
        for declared in FIELDS:
            for gpu, value in enumerate(rows[declared.name].to_pylist()):
                key = (declared.name, frames.short(number), f"g{gpu:03d}")
                found[key] = (rows["time"][gpu].value // 1_000_000, float(value))
    assert found == sent(tick)


def test_a_batch_of_many_is_one_body_of_many_frames(tick: Tick) -> None:
    from zstandard import ZstdDecompressor

    (body,) = frames.bodies(tick, 10)
    headers = [f.header for f in frame.unpack(ZstdDecompressor().decompress(body))]
    assert [h.container for h in headers] == [frames.container(n) for n in range(3)]


def test_the_truth_is_that_of_the_ticks_made() -> None:
    telemetry = Telemetry(Workload(2, 12, START))
    ticks = list(telemetry.ticks())
    watts = np.array([t.values[Gpu.power_watts] for t in ticks])
    assert telemetry.truth.power == pytest.approx(watts.mean(axis=(0, 2)))
    minutes = watts.reshape(2, 6, 2, GPUS).mean(axis=1).sum(axis=(1, 2))
    assert [power for power, _ in telemetry.truth.fleet] == pytest.approx(list(minutes))
    hottest = np.sort(ticks[-1].values[Gpu.temperature_celsius], axis=None)[-20:]
    assert telemetry.truth.hottest == hottest.sum()


def test_the_same_seed_tells_the_same() -> None:
    one, other = (list(Telemetry(Workload(1, 2, START)).ticks()) for _ in range(2))
    for declared in FIELDS:
        assert (one[1].values[declared] == other[1].values[declared]).all()


def unsnapped(body: bytes) -> bytes:
    size = shift = at = 0
    while True:
        size |= (body[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if body[at - 1] < 0x80:
            return bytes(pa.decompress(body, size, codec="snappy", asbytes=True))


def fields(message: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Numbers and contents of a protobuf message's fields."""
    at = 0

    def varint() -> int:
        nonlocal at
        number = shift = 0
        while True:
            byte = message[at]
            number, shift, at = number | (byte & 0x7F) << shift, shift + 7, at + 1
            if byte < 0x80:
                return number

    while at < len(message):
        key = varint()
        if key & 7 == 0:
            yield key >> 3, varint()
        else:
            size = 8 if key & 7 == 1 else varint()
            yield key >> 3, message[at : at + size]
            at += size


def series(request: bytes) -> Iterator[tuple[dict[str, str], float, int]]:
    """Labels, value and milliseconds of each time series, of which each has one sample."""
    for _, message in fields(request):
        labels: dict[str, str] = {}
        sample: dict[int, bytes | int] = {}
        assert isinstance(message, bytes)
        for number, content in fields(message):
            assert isinstance(content, bytes)
            if number == 1:
                name, value = (part for _, part in fields(content))
                assert isinstance(name, bytes)
                assert isinstance(value, bytes)
                labels[name.decode()] = value.decode()
            else:
                sample = dict(fields(content))
        value, milliseconds = sample[1], sample[2]
        assert isinstance(value, bytes)
        assert isinstance(milliseconds, int)
        yield labels, struct.unpack("<d", value)[0], milliseconds
