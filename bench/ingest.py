"""Values per second that the collector acknowledges, everything on, on this machine.

Pre-encoded frames of 104 GPUs, one or ten containers a request; authentication, journal with
sync, live, rules, flush and rollups as they run for users.
"""

import argparse
import tempfile
from pathlib import Path

import psutil

from bench import load
from tests.build.programs import Collector


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


def main() -> int:
    """Run both shapes and print a table."""
    parser = argparse.ArgumentParser(prog="bench ingest", description=__doc__)
    parser.add_argument("--containers", type=int, default=1000)
    parser.add_argument("--ticks", type=int, default=30)
    parser.add_argument("--connections", type=int, default=32)
    options = parser.parse_args()
    for each in (1, 10):
        found = measure(options.containers, options.ticks, each, options.connections)
        print(f"\n{each} container(s) a request, 104 GPUs x {load.VALUES_PER_ROW} fields")
        for name, figure in found.items():
            print(f"  {name:<20}{figure:12,.2f}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
