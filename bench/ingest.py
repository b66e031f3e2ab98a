"""Values per second that the collector acknowledges, everything on, on this machine.

Pre-encoded frames of 104 GPUs, one or ten containers a request; authentication, journal with
sync, live, rules, flush and rollups as they run for users. With `--alone` no program is begun:
what decoding a frame and keeping it cost in processor time, warm, which other work on the machine
hardly touches.
"""

import argparse
import tempfile
import threading
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psutil

from bench import load
from bench.peers import frames
from bench.peers.telemetry import STEP, Telemetry, Workload
from collector.counters import Counters
from collector.intake.decode import decode
from collector.store import state
from collector.store.entry import Envelope
from collector.store.store import Store
from tests.build.programs import Collector
from vigie.database import Database
from vigie.settings import StoreSettings

GROUP: Final = 64
"""Frames that are kept at once, with `--alone`."""
FIRST_TICKS: Final = 2
"""They make the series."""


def measure(containers: int, ticks: int, each: int, connections: int) -> dict[str, float]:
    """One run on a fresh collector: its figures by name."""
    names = [f"load/c{n:04d}" for n in range(containers)]
    with (
        tempfile.TemporaryDirectory() as folder,
        Collector(Path(folder), environment={"VIGIE_COLLECTOR_STORE_FLUSH": "10s"}) as collector,
    ):
        token = collector.enrol("load", "load", kind="relay")
        host = f"127.0.0.1:{collector.port}"
        requests = [
            load.request(host, token, body)
            for body in load.bodies(names, ticks, start=load.now(), each=each)
        ]
        process = psutil.Process(collector.pid)
        before = process.cpu_times()
        outcome = load.send_apart(collector.port, requests, connections)
        after = process.cpu_times()
        used = after.user + after.system - before.user - before.system
        memory = process.memory_info().rss
    values = outcome.acknowledged * each * 104 * load.VALUES_PER_ROW
    ranked = sorted(outcome.latencies)
    return {
        "requests": len(requests),
        "refused": outcome.refused,
        "million values/s": values / outcome.seconds / 1e6,
        "collector cores": used / outcome.seconds,
        "cpu-s per million": used / values * 1e6,
        "sender cores": outcome.cpu_seconds / outcome.seconds,
        "ack p50 ms": ranked[len(ranked) // 2] * 1e3,
        "ack p99 ms": ranked[int(len(ranked) * 0.99)] * 1e3,
        "memory MB": memory / 1e6,
    }


def alone(containers: int, ticks: int, each: int) -> dict[str, float]:
    """Microseconds of processor time a frame, by what is done to it."""
    work = Workload(containers, ticks, int(time.time()) // STEP * STEP - ticks * STEP)
    made = [list(frames.bodies(tick, each)) for tick in Telemetry(work).ticks()]
    used = {"decode us": 0.0, "journal and memory us": 0.0}
    with tempfile.TemporaryDirectory() as folder:
        database = Database(Path(folder) / "state.db", state.TABLES)
        store = Store(
            Path(folder), decode, StoreSettings(), database, Counters(), time.time_ns
        )  # fmt: skip
        store.open()
        for number, bodies in enumerate(made):
            for first in range(0, len(bodies), GROUP // each):
                spent = _kept(store, bodies[first : first + GROUP // each])
                if number >= FIRST_TICKS:
                    used = {name: used[name] + spent[name] for name in used}
        store.close()
        database.close()
    count = containers * (ticks - FIRST_TICKS)
    return {name: seconds / count * 1e6 for name, seconds in used.items()}


def _kept(store: Store, bodies: Sequence[bytes]) -> dict[str, float]:
    """Processor seconds of decoding these bodies, and of keeping them."""
    begun = time.process_time()
    envelope = Envelope("bench", frames.ROOT, False, time.time_ns(), True)
    decoded = [decode(body, envelope) for body in bodies]
    between = time.process_time()
    held = threading.Semaphore(0)
    for body, request in zip(bodies, decoded, strict=True):
        store.append(envelope, body, request, lambda _: held.release())
    for _ in bodies:
        held.acquire()
    return {
        "decode us": between - begun,
        "journal and memory us": time.process_time() - between,
    }


def main() -> int:
    """Run both shapes and print a table."""
    parser = argparse.ArgumentParser(prog="bench ingest", description=__doc__)
    parser.add_argument("--containers", type=int, default=1000)
    parser.add_argument("--ticks", type=int, default=30)
    parser.add_argument("--connections", type=int, default=32)
    parser.add_argument("--alone", action="store_true", help="in this process, by what is done")
    options = parser.parse_args()
    for each in (1, 10):
        if options.alone:
            found = alone(options.containers, options.ticks, each)
        else:
            found = measure(options.containers, options.ticks, each, options.connections)
        print(f"\n{each} container(s) a request, 104 GPUs x {load.VALUES_PER_ROW} fields")
        for name, figure in found.items():
            print(f"  {name:<20}{figure:12,.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
