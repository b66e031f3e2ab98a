"""Values a second that the store acknowledges: pre-encoded 104-GPU frames, no HTTP.

    python bench/store.py [--seconds 20] [--agents 64] [--threads 2] [--directory DIR]

Each request is one frame of 104 boards and 18 fields, decoded, journalled, synced, applied and
flushed.
"""

import argparse
import random
import resource
import shutil
import sys
import tempfile
import threading
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import numpy as np

from bench.pace import SENT
from collector.counters import Counters
from collector.intake.decode import decode
from collector.store import state
from collector.store.groups import Appended
from collector.store.store import Store
from tests.build import requests
from vigie.catalogue import Gpu
from vigie.database import Database
from vigie.errors import Unavailable
from vigie.settings import StoreSettings

BOARDS = 104


class Fleet:
    """Frames of many agents, one template each whose header alone changes."""

    def __init__(self, agents: int) -> None:
        self.start = time.time_ns() // 1_000
        self.sequences = [0] * agents
        self.columns = [self._columns(agent) for agent in range(agents)]
        self.lock = threading.Lock()

    def _columns(self, agent: int) -> dict[str, list[object]]:
        noise = random.Random(agent)
        columns: dict[str, list[object]] = {
            "host": [f"node-{agent:03}-{board // 8:02}" for board in range(BOARDS)],
            "gpu": [f"GPU-{noise.getrandbits(128):032x}" for _ in range(BOARDS)],
        }
        for field in SENT:
            whole = field.integer
            columns[field.name] = [
                int(noise.random() * 1e9) if whole else noise.random() for _ in range(BOARDS)
            ]
        columns["throttle_reasons"] = [noise.choice((0, 1, 4)) for _ in range(BOARDS)]
        return columns

    def request(self, number: int) -> bytes:
        """The next frame of some agent."""
        agent = number % len(self.columns)
        sequence = number // len(self.columns) + 1
        return requests.frame(
            sequence,
            self.start + sequence * 1_000_000,
            {Gpu: self.columns[agent]},
            agent=f"agent-{agent}",
            container=f"site/c{agent}",
        )


def percentile(values: list[float], share: float) -> float:
    """In milliseconds."""
    return float(np.percentile(values, share)) * 1e3 if values else float("nan")


def main() -> None:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=20)
    parser.add_argument("--agents", type=int, default=64)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--frames", type=int, default=12_000, help="frames encoded beforehand")
    parser.add_argument("--flush", type=float, default=5, help="seconds between flushes")
    parser.add_argument("--rate", type=float, default=0, help="frames a second; 0: all there are")
    parser.add_argument("--directory", type=Path)
    arguments = parser.parse_args()
    directory = Path(tempfile.mkdtemp(prefix="store-", dir=arguments.directory))
    try:
        run(arguments, directory)
    finally:
        shutil.rmtree(directory)


def run(arguments: argparse.Namespace, directory: Path) -> None:  # noqa: C901
    """One measurement."""
    fleet = Fleet(arguments.agents)
    print(f"encoding {arguments.frames} frames of {BOARDS} x {len(SENT)} values")
    bodies = [fleet.request(n) for n in range(arguments.frames)]
    print(f"body {len(bodies[0])} bytes")

    database = Database(directory / "state.db", state.TABLES)
    settings = StoreSettings(reserve_bytes=0)
    store = Store(directory, decode, settings, database, Counters(), time.time_ns)
    store.open()
    waits: list[float] = []
    refused = [0]
    gate = threading.Semaphore(512)
    numbers = iter(range(len(bodies)))
    lock = threading.Lock()
    begun = time.monotonic()
    stop = begun + arguments.seconds
    acknowledged = [0]
    parts = {"decode": 0.0, "append": 0.0}

    def send() -> None:
        while time.monotonic() < stop:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            gate.acquire()
            if arguments.rate:
                time.sleep(max(0.0, begun + number / arguments.rate - time.monotonic()))
            began = time.perf_counter()
            sent = requests.envelope(
                time.time_ns() // 1_000, scope=f"site/c{number % arguments.agents}"
            )
            cpu = time.thread_time()
            decoded = decode(bodies[number], sent)
            middle = time.thread_time()
            parts["decode"] += middle - cpu

            def done(result: Appended | Exception, began: float = began) -> None:
                gate.release()
                waits.append(time.perf_counter() - began)
                if isinstance(result, Exception):
                    refused[0] += 1
                else:
                    acknowledged[0] += 1

            while True:
                try:
                    store.append(sent, bodies[number], decoded, done)
                    break
                except Unavailable:
                    time.sleep(0.05)
            parts["append"] += time.thread_time() - middle

    flushing = threading.Event()

    def flush() -> None:
        while not flushing.wait(arguments.flush):
            store.flush(time.time_ns())

    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = usage.ru_utime + usage.ru_stime
    began = time.perf_counter()
    threads = [threading.Thread(target=send) for _ in range(arguments.threads)]
    flusher = threading.Thread(target=flush)
    flusher.start()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    flushing.set()
    flusher.join()
    store.close()
    seconds = time.perf_counter() - began
    usage = resource.getrusage(resource.RUSAGE_SELF)
    cpu = usage.ru_utime + usage.ru_stime - cpu
    values = acknowledged[0] * BOARDS * len(SENT)
    print(f"{acknowledged[0]} frames acknowledged in {seconds:.2f} s, {refused[0]} refused")
    print(f"{values / seconds / 1e6:.2f} M values/s, {cpu / (values / 1e6):.3f} CPU-s per M values")
    print(f"CPU {cpu:.1f} s; decode {parts['decode']:.1f} s, append {parts['append']:.1f} s")
    print(f"ack p50 {percentile(waits, 50):.1f} ms, p99 {percentile(waits, 99):.1f} ms")
    print(f"peak memory {usage.ru_maxrss / 1024:.0f} MiB")


if __name__ == "__main__":
    main()
