"""InfluxDB's line protocol, which VictoriaMetrics takes too: a line a GPU, all fields in it.

Whole numbers carry their `i`: InfluxDB packs them better so. Times are in seconds.
"""

from collections.abc import Iterator

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from bench.peers.frames import short
from bench.peers.telemetry import FIELDS, GPUS, Tick
from vigie.catalogue import Gpu


def tags(containers: int) -> pa.Array:
    """What every line of a tick begins with, up to its fields."""
    return pa.array(
        [
            f"{Gpu.name},container={short(n)},gpu=g{g:03d} {FIELDS[0].name}="
            for n in range(containers)
            for g in range(GPUS)
        ],
        pa.large_string(),
    )


def bodies(tick: Tick, each: int, starts: pa.Array) -> Iterator[memoryview]:
    """The request bodies of a tick, `each` containers in one; `starts` as `tags` makes them."""
    parts: list[pa.Array | pa.Scalar] = [starts]
    for number, declared in enumerate(FIELDS):
        if number:
            parts.append(_text(f"{'i' if FIELDS[number - 1].integer else ''},{declared.name}="))
        numbers = pa.array(np.ascontiguousarray(tick.values[declared]).reshape(-1))
        parts.append(numbers.cast(pa.large_string()))
    parts += [_text(f"{'i' if FIELDS[-1].integer else ''} {tick.time}\n"), _text("")]
    lines = pc.binary_join_element_wise(*parts)
    _, offsets, data = lines.buffers()
    at, text = np.frombuffer(offsets, np.int64)[: len(lines) + 1], memoryview(data)
    for first in range(0, len(lines), each * GPUS):
        yield text[at[first] : at[min(first + each * GPUS, len(lines))]]


def _text(word: str) -> pa.Scalar:
    return pa.scalar(word, pa.large_string())
