"""How far 200 million fragments are from lost: memory and time, beside DuckDB doing the same.

Ours in a fresh process, fed as the collector feeds it: bucket by bucket of each host. DuckDB on a
twentieth, where ours is measured too, because a ratio of two sizes would say nothing.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from collector.inventory.margins import Margins, Owner
from collector.inventory.records import RECORD, Records
from vigie.fragments import BUCKETS, Scheme

SCHEME = Scheme(10, 14)
CONTAINERS = 20
STEP = 64
"""Buckets told at once."""
LIMITS = {"rss MB": 400, "histogram s": 0.2, "what-if s": 0.3}
ASKED = """
    SELECT live, count(*) FROM (
        SELECT object, count(DISTINCT idx) AS live FROM fragments {} GROUP BY object
    ) GROUP BY live
"""


def heads(objects: int, first: int) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    """The objects of some buckets, in order: the same whoever asks."""
    count = objects * STEP // BUCKETS
    low = np.sort(np.random.default_rng(first).integers(0, STEP << 52, count, dtype=np.uint64))
    return low + np.uint64(first << 52)


def told(objects: int, first: int, container: int) -> Records:
    """What one container holds of them: index i of object o lies in container (o + i) mod 20."""
    names = heads(objects, first)
    idx = (container - np.arange(len(names))) % CONTAINERS
    held = np.flatnonzero(idx < SCHEME.n)
    records = np.zeros(len(held), RECORD)
    records["head"], records["idx"] = names[held], idx[held]
    return records


def rss() -> float:
    """Of this process, in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096 / 1e6


def fed(objects: int) -> tuple[Margins, float]:
    """Margins that were told all, and in how many seconds."""
    margins, spent = Margins(), 0.0
    for container in range(CONTAINERS):
        owner = Owner(container + 1, f"bench/c{container}", "bench")
        for first in range(0, BUCKETS, STEP):
            records = told(objects, first, container)
            began = time.perf_counter()
            margins.replace(owner, range(first, first + STEP), records, [SCHEME])
            spent += time.perf_counter() - began
    return margins, spent


def ours(objects: int) -> Iterator[tuple[str, float]]:
    """Figures by name."""
    margins, spent = fed(objects)
    (placement,) = margins.placements()
    fragments = objects // BUCKETS * BUCKETS * SCHEME.n
    yield "million told/s", fragments / spent / 1e6
    yield "arrays MB", margins.size / 1e6
    began = time.perf_counter()
    counts = margins.counts(placement)
    yield "histogram s", time.perf_counter() - began
    if counts[SCHEME.n] != counts.sum():
        raise SystemExit("bench margins: some fragments were lost")
    began = time.perf_counter()
    margins.counts(placement, ["bench/c3"])
    yield "what-if s", time.perf_counter() - began
    began = time.perf_counter()
    margins.margins(["bench"])
    yield "tolerance s", time.perf_counter() - began
    began = time.perf_counter()
    margins.margins(["bench"])
    yield "again, unchanged s", time.perf_counter() - began
    yield "rss MB", rss()
    yield "million changes/s", changed(margins, objects) / 1e6


def changed(margins: Margins, objects: int) -> float:
    """Changes a second: a thousandth of each stretch goes bad, in one container."""
    owner = Owner(4, "bench/c3", "bench")
    some = np.concatenate(
        [told(objects, first, 3)[::100] for first in range(0, BUCKETS, STEP)], dtype=RECORD
    )
    some["status"] = 2
    began = time.perf_counter()
    margins.tell(owner, some, [SCHEME])
    return len(some) / (time.perf_counter() - began)


def theirs(objects: int) -> Iterator[tuple[str, float]]:
    """The same by DuckDB, in memory, on two threads."""
    import duckdb  # here, so that it is no part of our memory

    database = duckdb.connect(config={"threads": 2})
    database.execute("CREATE TABLE fragments (object UBIGINT, idx UTINYINT, container UTINYINT)")
    for container in range(CONTAINERS):
        for first in range(0, BUCKETS, STEP):
            records = told(objects, first, container)
            columns = {
                "object": records["head"].astype(np.uint64),
                "idx": records["idx"].astype(np.uint8),
            }
            database.register("told", columns)
            database.execute("INSERT INTO fragments SELECT object, idx, ? FROM told", [container])
    for name, where in (("histogram s", ""), ("what-if s", "WHERE container != 3")):
        began = time.perf_counter()
        database.execute(ASKED.format(where)).fetchall()
        yield name, time.perf_counter() - began
    yield "rss MB", rss()


def apart(who: str, objects: int) -> dict[str, float]:
    """Figures of a fresh process."""
    command = [sys.executable, "-m", "bench.margins", "--only", who, "--objects", str(objects)]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    lines = [line.rpartition(" ") for line in done.stdout.splitlines()]
    return {name: float(figure) for name, _, figure in lines}


def main() -> int:
    """Run both and print them; 1 where a limit is not kept."""
    parser = argparse.ArgumentParser(prog="bench margins", description=__doc__)
    parser.add_argument("--objects", type=int, default=14_300_000)
    parser.add_argument("--only", choices=("ours", "theirs"))
    options = parser.parse_args()
    if options.only:
        for name, figure in {"ours": ours, "theirs": theirs}[options.only](options.objects):
            print(name, figure)
        return 0
    large = apart("ours", options.objects)
    print(f"{options.objects:,} objects of {SCHEME.word} on {CONTAINERS} containers")
    for name, figure in large.items():
        limit = f"   limit {LIMITS[name]}" if name in LIMITS else ""
        print(f"  {name:<20}{figure:12,.3f}{limit}")
    less = options.objects // 20
    own, duck = apart("ours", less), apart("theirs", less)
    print(f"{less:,} objects: ours, DuckDB, ratio")
    for name, figure in duck.items():
        print(f"  {name:<20}{own[name]:12,.4f}{figure:12,.4f}{figure / own[name]:8,.1f}")
    full = options.objects >= 14_300_000
    return int(full and any(large[name] > limit for name, limit in LIMITS.items()))


if __name__ == "__main__":
    raise SystemExit(main())
