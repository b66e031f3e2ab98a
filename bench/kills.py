"""Acknowledged and lost, over many SIGKILLs under full load: every frame is looked for.

A sender in a process of its own posts frames of 104 GPUs, closed loop over many connections, and
notes which were acknowledged; what was not, it sends again, and now and then what was, too. The
collector is killed at random moments, while it still catches up with its journal too. At the end
every row of every acknowledged frame must be in the tables once.
"""

import argparse
import json
import random
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import duckdb
import numpy as np
import psutil

from bench import load
from bench.sending import PERIOD, ROWS, Sending
from collector.store.tables import Tables
from tests.build.programs import ANSWERS, Collector

START_SECONDS = 300.0
"""Of a start before it counts as failed: what else runs may starve it."""
FLUSH = {"VIGIE_COLLECTOR_STORE_FLUSH": "5s"}
"""Merge, expiry and rollups follow from it: they are at work at most kills."""
POLL_SECONDS = 0.05
MOST_FAILED = 3


@dataclass
class Starts:
    """What was seen of them, in seconds from exec."""

    acknowledging: list[float] = field(default_factory=list)
    used: list[float] = field(default_factory=list)
    """Seconds of processor until then: on a machine that does other things too."""
    caught_up: list[float] = field(default_factory=list)
    journal_bytes: list[int] = field(default_factory=list)
    failed: int = 0


@dataclass(frozen=True)
class Verdict:
    """What the tables say of what was acknowledged, in frames."""

    acknowledged: int
    lost: int
    doubled: int
    torn: int
    """Of which some rows are there and others not."""


def live_through(
    collector: Collector, sending: Sending, kills: int, chance: random.Random
) -> Starts:
    """Kill and start again, that many times."""
    starts = Starts()
    for number in range(1, kills + 1):
        time.sleep(chance.uniform(0.0, 6.0))
        until = time.monotonic() + chance.uniform(0.0, 4.0)
        while time.monotonic() < until and not collector.answers(ANSWERS):
            time.sleep(POLL_SECONDS)
        collector.kill()
        waits = sum(p.stat().st_size for p in (collector.data / "collector/journal").iterdir())
        sending.forget_first()
        begun = time.monotonic()
        starts.journal_bytes.append(waits)
        try:
            collector.start(until="/healthz", seconds=START_SECONDS)
            starts.acknowledging.append(sending.first(START_SECONDS) - begun)
            used = psutil.Process(collector.pid).cpu_times()
            starts.used.append(used.user + used.system)
        except (AssertionError, TimeoutError) as error:
            starts.failed += 1
            print(f"kill {number}: {error}", flush=True)
            if starts.failed == MOST_FAILED:
                raise
            continue
        following = threading.Thread(target=_follow, args=(collector, begun, starts), daemon=True)
        following.start()
        if number % 10 == 0 or number == kills:
            print(
                f"{number} kills, {sending.acknowledged} frames acknowledged, journal "
                f"{waits / 1e6:.0f} MB, first 200 after {starts.acknowledging[-1]:.1f} s, "
                f"slowest {max(starts.acknowledging):.1f} s",
                flush=True,
            )
    return starts


def _follow(collector: Collector, begun: float, starts: Starts) -> None:
    """Note when this start knows all it holds, if it comes to that before it is killed."""
    process = collector.process
    while process is not None and process.poll() is None:
        if collector.answers(ANSWERS):
            starts.caught_up.append(time.monotonic() - begun)
            return
        time.sleep(POLL_SECONDS)


def judge(directory: Path, ticks: Sequence[int], start: int) -> Verdict:
    """Look for every acknowledged frame: `ticks` says how many there are of each container."""
    counts = np.zeros((len(ticks), max(ticks, default=0) + 1), np.int32)
    whole = np.zeros(counts.shape, np.bool_)
    found = _stored(directory)
    numbers = np.array([int(str(name)[-4:]) for name in found["container"]])
    at = np.round((found["time"] - start // 1_000) / (PERIOD * 1e6)).astype(np.int64)
    known = at < counts.shape[1]
    place = (numbers[known], at[known])
    counts[place] = found["rows"][known]
    # A container has the same GPUs in every frame: what is said of their names is the same, too.
    usual = {n: np.median(found["gpus"][numbers == n]) for n in np.unique(numbers)}
    whole[place] = (found["gpus"] == np.array([usual[n] for n in numbers]))[known]
    sent = np.arange(counts.shape[1]) < np.asarray(ticks)[:, None]
    return Verdict(
        int(sent.sum()),
        int((sent & (counts == 0)).sum()),
        int((counts > ROWS).sum()),
        int(((counts > 0) & ((counts < ROWS) | ((counts == ROWS) & ~whole))).sum()),
    )


def _stored(directory: Path) -> Any:
    """Rows, and a sum over the names of their GPUs, of each container and time."""
    tables = Tables(directory / "collector/tables", "bench", threading.Lock())
    tables.open()
    tables.load("gpu")
    files = [str(file.path) for file in tables.files("gpu")]
    tables.close()
    question = """
        SELECT container, epoch_us(time) AS time, count(*) AS rows,
               sum(hash(gpu) % 1000003)::DOUBLE AS gpus
        FROM read_parquet(?) GROUP BY ALL
    """
    with duckdb.connect() as connection:
        return connection.execute(question, [files]).fetchnumpy()


def spread(seconds: Sequence[float]) -> str:
    """Middle, slow and slowest."""
    if not seconds:
        return "never"
    ranked, count = sorted(seconds), len(seconds)
    middle, slow = ranked[count // 2], ranked[int(count * 0.95)]
    return f"p50 {middle:.2f}, p95 {slow:.2f}, max {ranked[-1]:.2f} (of {count})"


def run(folder: Path, options: argparse.Namespace) -> dict[str, str]:
    """All of it; figures by name."""
    chance = random.Random(options.seed)
    start = load.now() - 60 * 10**9
    names = [f"kill/c{n:04d}" for n in range(options.containers)]
    with Collector(folder, environment=FLUSH) as collector:
        token = collector.enrol("load", "kill", kind="relay")
        began = time.monotonic()
        with Sending(collector.port, token, names, options.connections, start) as sending:
            starts = live_through(collector, sending, options.kills, chance)
            refused, ticks = sending.stop()
        seconds = time.monotonic() - began
        frames = sum(ticks)
        collector.kill()
        collector.start(seconds=600)  # once more, so that the last kill is judged too
        codes = collector.table("events", limit=10_000).columns.get("code", [])
        collector.stop(seconds=600)
    begun = time.monotonic()
    verdict = judge(folder, ticks, start)
    return {
        "kills": str(options.kills),
        "frames acknowledged": f"{verdict.acknowledged} ({frames / seconds:.0f} a second, "
        "the time without a collector included)",
        "answers 503": str(refused),
        "lost": str(verdict.lost),
        "doubled": str(verdict.doubled),
        "torn": str(verdict.torn),
        "failed starts": str(starts.failed),
        "s to the first 200": spread(starts.acknowledging),
        "cpu s to the first 200": spread(starts.used),
        "s to caught up": spread(starts.caught_up),
        "journal MB at a kill": spread([b / 1e6 for b in starts.journal_bytes]),
        "events": json.dumps({str(c): codes.count(c) for c in set(codes)}),
        "s to look for all": f"{time.monotonic() - begun:.0f}",
    }


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="bench kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--containers", type=int, default=500)
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--seed", type=int, default=20261122)
    parser.add_argument("--directory", type=Path, help="where the data go; a temporary folder")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=options.directory) as folder:
        for name, figure in run(Path(folder), options).items():
            print(f"  {name:<24}{figure}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
