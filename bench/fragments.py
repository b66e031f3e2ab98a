"""What the receiving end of fragments does with one host of 10 million: snapshot, changes, restart.

Messages as an agent sends them, taken through all but HTTP: read, checked, hashed, synced, known.
"""

import argparse
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from bench.margins import rss
from collector.counters import Counters
from collector.inventory.fragments import Fragments
from collector.inventory.margins import Margins
from collector.inventory.records import RECORD, Records
from collector.store.quarantine import Quarantine
from vigie.fragments import BUCKETS, MAX_RECORDS, Message, Scheme, pack, unpack

CHANGES = 100_000
DELTAS = 10


def bucket(number: int, count: int) -> Records:
    """The content of one."""
    records = np.zeros(count, RECORD)
    chance = np.random.default_rng(number)
    records["head"] = np.sort(chance.integers(0, 2**52, count, dtype=np.uint64)) + np.uint64(
        number << 52
    )
    records["tail"] = chance.integers(0, 2**64, count, dtype=np.uint64)
    records["idx"] = chance.integers(0, 14, count)
    return records


def header(kind: str, sequence: int) -> Message:
    """Of a message of the host."""
    return Message(
        kind, "bench/c1", "h1", "bench", "e1", sequence, 0, (Scheme(10, 14),), ("disk-1",)
    )


def snapshot(total: int) -> Iterator[bytes]:
    """All buckets, as many in a message as may be."""
    each = total // BUCKETS
    step = max(1, MAX_RECORDS // max(1, each))
    for first in range(0, BUCKETS, step):
        numbers = range(first, min(first + step, BUCKETS))
        message = replace(header("buckets", 0), buckets=tuple((n, each) for n in numbers))
        yield pack(message, b"".join(bucket(n, each).tobytes() for n in numbers))


def deltas(total: int) -> Iterator[bytes]:
    """Some of everything was verified, or went bad, a hundredth is new."""
    each = total // BUCKETS
    for turn in range(DELTAS):
        chance = np.random.default_rng(turn)
        wanted = chance.integers(0, BUCKETS, 64)
        pool = np.concatenate([bucket(int(n), each) for n in wanted], dtype=RECORD)
        records = pool[chance.integers(0, len(pool), CHANGES)]
        new = chance.random(CHANGES) < 0.01
        records["head"] = np.where(
            new, chance.integers(0, 2**64, CHANGES, dtype=np.uint64), records["head"]
        )
        records["status"] = chance.choice([0, 2], CHANGES, p=[0.95, 0.05])
        first = turn * CHANGES + 1
        message = replace(header("delta", first + CHANGES - 1), first=first)
        yield pack(message, records.tobytes())


def taken(kept: Fragments, bodies: Iterator[bytes]) -> float:
    """Seconds that it took to take them; making them is not counted."""
    spent = 0.0
    for body in bodies:
        began = time.perf_counter()
        kept.receive(*unpack(body))
        spent += time.perf_counter() - began
    return spent


def opened(directory: Path) -> tuple[Fragments, Margins]:
    """As at a start."""
    margins = Margins()
    quarantine = Quarantine(directory / "quarantine", lambda _: None)
    kept = Fragments(directory / "fragments.db", quarantine, margins, Counters(), time.time)
    kept.load()
    return kept, margins


def measure(total: int, directory: Path) -> Iterator[tuple[str, float]]:
    """Figures by name."""
    kept, _ = opened(directory)
    spent = taken(kept, snapshot(total))
    yield "snapshot s", spent
    yield "million records/s", total / spent / 1e6
    spent = taken(kept, deltas(total))
    yield "thousand changes/s", CHANGES * DELTAS / spent / 1e3
    began = time.perf_counter()
    for inventory in kept.inventories(""):
        if inventory.wanted:
            raise SystemExit("bench fragments: buckets are missing")
    kept.receive(*unpack(pack(header("digests", CHANGES * DELTAS), bytes(8 * BUCKETS))))
    yield "fold of all changes s", time.perf_counter() - began
    kept.close()
    yield "file MB", (directory / "fragments.db").stat().st_size / 1e6
    began = time.perf_counter()
    kept, margins = opened(directory)
    yield "restart s", time.perf_counter() - began
    yield "margins MB", margins.size / 1e6
    yield "rss MB", rss()
    kept.close()


def main() -> int:
    """Print the figures."""
    parser = argparse.ArgumentParser(prog="bench fragments", description=__doc__)
    parser.add_argument("--records", type=int, default=10_000_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        for name, figure in measure(options.records, Path(directory)):
            print(f"  {name:<24}{figure:12,.3f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
