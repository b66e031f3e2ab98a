"""Seconds to encode one tick of the full campus, on one core; and how the agent's own way compares.

50 halls of 10,000 GPUs with 20 fields each, as noisy as a model makes them.
"""

import argparse
import time

import numpy as np

from agent.encode import Contents, Encoder
from agent.source import Found
from twin.turn import Column, Turn
from twin.wire.frames import Framer
from vigie.catalogue import Gpu
from vigie.frame import column_type
from vigie.shape import Field, Kind

FIELDS = 20


def hall(gpus: int, seed: int) -> dict[Field, Column]:
    """The GPUs of one hall: every value differs, rounded as drivers round them."""
    chance = np.random.default_rng(seed)
    numbers = [f for f in Gpu.values if f.kind in {Kind.GAUGE, Kind.COUNTER}][:FIELDS]
    cells: dict[Field, Column] = {
        Gpu.host: [f"hall-{seed:02d}-host-{n // 8:04d}" for n in range(gpus)],
        Gpu.gpu: [f"GPU-{seed:08x}-0000-0000-0000-{n:012x}" for n in range(gpus)],
    }
    for f in numbers:
        high = 1e9 if f.integer else (f.high or 1e6)
        drawn = chance.uniform(0, high, gpus)
        cells[f] = drawn.astype(np.int64) if column_type(f) == "int64" else np.round(drawn, 3)
    return cells


def tell(way: str, rows: int, seconds: float) -> None:
    """One line of the answer."""
    values = rows * FIELDS / seconds / 1e6
    print(f"{way:<8} {rows:9,} rows  {seconds:8.3f} s  {values:6.1f} M values/s")


def main() -> int:
    """Measure both ways and print them."""
    parser = argparse.ArgumentParser(prog="bench twinframes", description=__doc__)
    parser.add_argument("--halls", type=int, default=50)
    parser.add_argument("--gpus", type=int, default=10_000)
    options = parser.parse_args()
    halls = [Turn(0, {Gpu: hall(options.gpus, n)}) for n in range(options.halls)]
    framers = [Framer() for _ in halls]
    encoder = Encoder("twin", "0" * 16, "site/c1")
    for framer, turn in zip(framers, halls, strict=True):
        framer.contents([turn])  # keys are encoded once
    begun, size = time.process_time(), 0
    for number, (framer, turn) in enumerate(zip(framers, halls, strict=True)):
        for contents in framer.contents([turn]):
            size += len(encoder.frame(number, 0, 0, contents))
    tell("arrays", options.halls * options.gpus, time.process_time() - begun)
    print(f"{size / 1e6:.0f} MB")
    few = hall(max(1, options.gpus // 10), 0)
    found = Found({f: c.tolist() if isinstance(c, np.ndarray) else c for f, c in few.items()})
    begun = time.process_time()
    contents = Contents()
    contents.add(0, found, "host")
    encoder.frame(0, 0, 0, contents)
    tell("lists", max(1, options.gpus // 10), time.process_time() - begun)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
