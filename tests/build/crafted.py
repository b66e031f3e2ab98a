"""Frames made by hand, column by column: what no honest agent sends."""

import time
from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from vigie import frame
from vigie.frame import Header, Section

TIME = pa.timestamp("us", tz="UTC")


def stream(columns: Mapping[str, Any], *, compression: str | None = None) -> bytes:
    """An Arrow IPC stream of these columns; their time is now, unless they say otherwise."""
    rows = len(next(iter(columns.values())))
    whole = {"time": pa.array([time.time_ns() // 1000] * rows, TIME), **columns}
    batch = pa.record_batch(whole)
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, batch.schema, options=options) as writer:
        writer.write_batch(batch)
    return bytes(sink.getvalue())


def packed(
    container: str, *sections: tuple[str, bytes, int], sequence: int = 0, **more: Any
) -> bytes:
    """A frame of these sections, each (measurement, stream, rows it is said to have).

    Its agent is called as its container is: no two of them share an identity.
    """
    header = Header(
        container, "boot-1", sequence, container, time.time_ns(), 1, 1,
        tuple(Section(name, len(data), rows) for name, data, rows in sections), **more,
    )  # fmt: skip
    return frame.pack(header, b"".join(data for _, data, _ in sections))


def host(
    container: str, load1: Sequence[Any], *, sequence: int = 0,
    columns: Mapping[str, Any] | None = None, compression: str | None = None,
) -> bytes:  # fmt: skip
    """A frame of one `host` row for each value, of host-1 unless `columns` says otherwise."""
    names = ["host-1"] + [f"host-{n}" for n in range(2, len(load1) + 1)]
    all_of_them = {"host": names, "load1": load1, **(columns or {})}
    data = stream(all_of_them, compression=compression)
    return packed(container, ("host", data, len(load1)), sequence=sequence)
