"""A decoded request as plain values that two processes pass on, and the same again. Pure."""

from functools import lru_cache
from typing import Any

import pyarrow as pa

from collector.intake.happenings import nothing
from collector.intake.plan import MEASUREMENTS
from collector.store.entry import Batch, Clock, Decoded, DecodedFrame, Envelope
from vigie.frame import Header

Parcel = tuple[Any, ...]


def sealed(envelope: Envelope) -> Parcel:
    """An envelope as plain values."""
    clocks = [(c.boot, c.wall, c.monotonic) for c in envelope.clocks.values()]
    return (
        envelope.principal, envelope.scope, envelope.simulated, envelope.received,
        envelope.compressed, clocks, dict(envelope.scopes),
    )  # fmt: skip


def opened(parcel: Parcel) -> Envelope:
    """What `sealed` was given."""
    principal, scope, simulated, received, compressed, clocks, scopes = parcel
    told = {boot: Clock(boot, wall, monotonic) for boot, wall, monotonic in clocks}
    return Envelope(principal, scope, simulated, received, compressed, told, scopes)


def plain(decoded: Decoded) -> bool:
    """Whether a request holds readings alone, as nearly all do."""
    return not any(
        frame.events.num_rows or frame.header.inventories or frame.header.gaps
        for frame in decoded.frames
    )


def packed(decoded: Decoded) -> Parcel:
    """A plain request as values."""
    return (
        [
            (
                f.header.agent, f.header.boot, f.header.sequence, f.header.container,
                f.header.time, f.header.monotonic, f.header.catalogue, f.digest, f.offset,
                [_batch(b) for b in f.batches],
            )
            for f in decoded.frames
        ],
        {name: list(columns) for name, columns in decoded.dropped.items()},
    )  # fmt: skip


def unpacked(parcel: Parcel) -> Decoded:
    """What `packed` was given."""
    frames, dropped = parcel
    return Decoded(
        tuple(
            DecodedFrame(Header(*identity), digest, tuple(map(_rows, batches)), nothing(), offset)
            for *identity, digest, offset, batches in frames
        ),
        {name: tuple(columns) for name, columns in dropped.items()},
    )


def _batch(batch: Batch) -> Parcel:
    schema = _written(batch.rows.schema) if batch.rows.num_columns else b""
    rows = batch.rows.serialize().to_pybytes()
    return batch.measurement.name, batch.container, batch.keys, schema, rows


def _rows(parcel: Parcel) -> Batch:
    name, container, keys, schema, rows = parcel
    batch = pa.ipc.read_record_batch(pa.py_buffer(rows), _read(schema))
    return Batch(MEASUREMENTS[name], container, keys, batch)


_SCHEMAS: list[tuple[pa.Schema, bytes]] = []


def _written(schema: pa.Schema) -> bytes:
    for known, text in _SCHEMAS:
        if schema.equals(known):
            return text
    fresh: bytes = schema.serialize().to_pybytes()
    _SCHEMAS[:] = [*_SCHEMAS[-63:], (schema, fresh)]
    return fresh


@lru_cache(maxsize=256)
def _read(text: bytes) -> pa.Schema:
    return pa.ipc.read_schema(pa.py_buffer(text))
