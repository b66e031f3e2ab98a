"""Requests as agents send them, and a small decode of them, for tests of the store."""

import hashlib
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from collector.store import schema
from collector.store.entry import Batch, Decoded, DecodedFrame, Envelope
from tests.build.world import stream
from vigie import catalogue
from vigie.frame import Gap, Happening, Header, Section, pack, unpack
from vigie.shape import Measurement

CONTAINER = "local/this"
SECOND = 1_000_000
START = 1_700_000_000 * SECOND
"""Where the clock of most tests begins, in microseconds: a whole hour before 22:14."""


def envelope(received: int = START, principal: str = "agent-1", scope: str = CONTAINER) -> Envelope:
    """What intake says of a request; `received` in microseconds."""
    return Envelope(principal, scope, simulated=False, received=received * 1_000,
                    compressed=False)  # fmt: skip


def section(measurement: type[Measurement], columns: Mapping[str, Any]) -> bytes:
    """One measurement's stream; `time` in microseconds."""
    values = {f: columns[f.name] for f in measurement.fields if f.name in columns}
    return stream(measurement, columns["time"], values)


def frame(  # noqa: PLR0917
    sequence: int, time: int, readings: Mapping[type[Measurement], Mapping[str, Any]],
    agent: str = "agent-1", boot: str = "boot-1", events: Sequence[Happening] = (),
    gaps: Sequence[Gap] = (), container: str = CONTAINER,
) -> bytes:  # fmt: skip
    """One frame; `time` in microseconds is that of every reading without its own."""
    parts, sections = [], []
    for measurement, columns in readings.items():
        rows = len(next(iter(columns.values())))
        data = section(measurement, {"time": [time] * rows, **columns})
        parts.append(data)
        sections.append(Section(measurement.name, len(data), rows))
    header = Header(agent, boot, sequence, container, time * 1_000, 0, catalogue.VERSION,
                    tuple(sections), tuple(events), (), tuple(gaps))  # fmt: skip
    return pack(header, b"".join(parts))


def decode(body: bytes, sent: Envelope) -> Decoded:
    """What intake would make of a sound request."""
    frames = []
    for one in unpack(body):
        batches = []
        for part, data in one.section_bytes():
            measurement = catalogue.measurement(part.measurement)
            assert measurement is not None
            batches.append(_batch(measurement, one.header.container, bytes(data)))
        events = pa.RecordBatch.from_pylist(
            [_event(happening, one.header, sent) for happening in one.header.events],
            schema=schema.EVENTS,
        )
        digest = hashlib.sha256(one.raw).digest()
        frames.append(DecodedFrame(one.header, digest, tuple(batches), events, 0.0))
    return Decoded(tuple(frames), {})


def _batch(measurement: type[Measurement], container: str, data: bytes) -> Batch:
    rows = pa.ipc.open_stream(data).read_next_batch()
    sent = [f for f in schema.raw(measurement) if f.name in rows.schema.names]
    columns = [rows.column(f.name) for f in sent]
    keys = repr([rows.column(k.name).to_pylist() for k in measurement.keys]).encode()
    return Batch(measurement, container, keys, pa.record_batch(columns, schema=pa.schema(sent)))


def _event(happening: Happening, header: Header, sent: Envelope) -> dict[str, Any]:
    declared = catalogue.event(happening.code)
    assert declared is not None
    return {
        "time": happening.time, "learned": sent.received // 1_000,
        "container": header.container, "agent": header.agent, "code": happening.code,
        "severity": str(declared.severity), "keys": "{}", "detail": happening.detail,
    }  # fmt: skip
