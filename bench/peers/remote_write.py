"""Prometheus' remote write: one snappy protobuf a request, a time series and sample a value.

Every label has one length, so that all messages of a field do: a tick is a matrix of bytes into
which times and values are written, without a call a value.
"""

import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from bench.peers.frames import short
from bench.peers.telemetry import FIELDS, GPUS, Tick
from vigie.catalogue import Gpu

TIME_BYTES = 6
"""Of a varint of milliseconds, from 2004 until 2109."""
MILLISECONDS = 1000
HEADERS: Mapping[str, str] = {
    "Content-Encoding": "snappy",
    "Content-Type": "application/x-protobuf",
    "X-Prometheus-Remote-Write-Version": "0.1.0",
}


def metric(name: str) -> str:
    """What a field is called there."""
    return f"{Gpu.name}_{name}"


def varint(number: int) -> bytes:
    """A number as protobuf writes it."""
    out = bytearray()
    while number > 0x7F:
        out.append(number & 0x7F | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


def series(name: str, container: str, gpu: str) -> bytes:
    """One TimeSeries of a WriteRequest with one sample, of time and value 0."""
    labels = b"".join(
        _field(1, _field(1, label.encode()) + _field(2, value.encode()))
        for label, value in (("__name__", metric(name)), ("container", container), ("gpu", gpu))
    )
    sample = b"\x09" + bytes(8) + b"\x10" + bytes(TIME_BYTES)
    return _field(1, labels + _field(2, sample))


Series = tuple[Mapping[str, str], Sequence[tuple[int, float]]]
"""Labels, and samples of Unix time and value."""


def request(given: Sequence[Series]) -> bytes:
    """A small request of any series, one after the other."""
    parts = []
    for labels, samples in given:
        pairs = sorted(labels.items())
        said = [_field(1, _field(1, k.encode()) + _field(2, v.encode())) for k, v in pairs]
        for time, value in samples:
            at = b"\x10" + varint(time * MILLISECONDS)
            said.append(_field(2, b"\x09" + struct.pack("<d", value) + at))
        parts.append(_field(1, b"".join(said)))
    packed: bytes = pa.compress(b"".join(parts), codec="snappy", asbytes=True)
    return packed


def _field(number: int, content: bytes) -> bytes:
    return bytes([number << 3 | 2]) + varint(len(content)) + content


class Template:
    """Messages of `each` containers, to be filled with what a tick says."""

    def __init__(self, each: int) -> None:
        self._bytes = _matrix(0, each)
        ends = np.cumsum([len(series(f.name, short(0), "g000")) for f in FIELDS])
        self._times = [int(end) - TIME_BYTES for end in ends]
        name = np.frombuffer(short(0).encode(), np.uint8)
        row = bytes(self._bytes[0])
        places = [i for i in range(len(row)) if row.startswith(b"\x12\x06" + bytes(name), i)]
        self._names = np.concatenate([np.arange(p + 2, p + 2 + len(name)) for p in places])

    def body(self, tick: Tick, first: int, count: int) -> bytes:
        """The request of `count` containers from `first` on."""
        filled = self._bytes[: count * GPUS].copy()
        words = b"".join(short(first + n).encode() * len(FIELDS) for n in range(count))
        names = np.frombuffer(words, np.uint8).reshape(count, -1)
        filled[:, self._names] = np.repeat(names, GPUS, axis=0)
        time = np.frombuffer(varint(tick.time * MILLISECONDS), np.uint8)
        for at, declared in zip(self._times, FIELDS, strict=True):
            numbers = tick.values[declared][first : first + count].astype("<f8").reshape(-1, 1)
            filled[:, at - 9 : at - 1] = numbers.view(np.uint8)
            filled[:, at : at + TIME_BYTES] = time
        packed: bytes = pa.compress(filled, codec="snappy", asbytes=True)
        return packed


def _matrix(first: int, count: int) -> NDArray[Any]:
    rows = [
        b"".join(series(f.name, short(first + n), f"g{g:03d}") for f in FIELDS)
        for n in range(count)
        for g in range(GPUS)
    ]
    return np.frombuffer(b"".join(rows), np.uint8).reshape(len(rows), -1)


def bodies(tick: Tick, each: int, template: Template) -> Iterator[bytes]:
    """The request bodies of a tick, `each` containers in one; `template` is of as many."""
    containers = len(tick.values[FIELDS[0]])
    for first in range(0, containers, each):
        yield template.body(tick, first, min(each, containers - first))
