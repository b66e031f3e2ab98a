"""How soon a collector acknowledges and knows all again, after a kill that left a large journal.

The journal is written as a collector under full load leaves it: frames of 104 GPUs, in segments
of which no table has anything.
"""

import argparse
import http.client
import tempfile
import time
from pathlib import Path

import psutil

from bench import load
from collector.store import envelope as envelopes
from collector.store.entry import Envelope
from collector.store.journal import Journal
from tests.build.programs import ANSWERS, Collector

GROUP = 64
POLL_SECONDS = 0.01


def left(directory: Path, size: int, containers: int, each: int) -> tuple[int, int]:
    """Write that many bytes of records; requests and bytes."""
    journal = Journal(directory)
    names = [f"load/c{n:04d}" for n in range(containers)]
    requests = written = 0
    group: list[tuple[bytes, bytes]] = []
    for body in load.bodies(names, 1_000_000, start=load.now() - 600 * 10**9, each=each):
        told = Envelope("load", "load", simulated=False, received=time.time_ns(), compressed=True)
        group.append((envelopes.pack(told), body))
        written += len(body)
        if len(group) == GROUP:
            journal.append(group)
            requests, group = requests + len(group), []
            if written >= size:
                break
    journal.close()
    return requests, written


def first_answer(port: int, request: bytes, seconds: float) -> float:
    """The moment of the first 200 for a POST."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=seconds)
        try:
            connection.connect()
            connection.sock.sendall(request)
            if connection.sock.recv(64).startswith(b"HTTP/1.1 200"):
                return time.monotonic()
        except OSError:
            pass
        finally:
            connection.close()
        time.sleep(POLL_SECONDS)
    raise TimeoutError(f"no acknowledgement in {seconds} s")


def measure(size: int, containers: int, each: int) -> dict[str, float]:
    """One start: its figures by name."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Collector(Path(folder)) as collector,
    ):
        token = collector.enrol("load", "load", kind="relay")
        collector.stop()
        requests, written = left(Path(folder) / "collector" / "journal", size, containers, each)
        body = next(load.bodies(["load/new"], 1, start=load.now()))
        request = load.request(f"127.0.0.1:{collector.port}", token, body)
        begun = time.monotonic()
        collector.start(until="/healthz")
        alive = time.monotonic()
        acknowledged = first_answer(collector.port, request, 60.0)
        peak = 0
        process = psutil.Process(collector.pid)
        while not collector.answers(ANSWERS):
            peak = max(peak, process.memory_info().rss)
            time.sleep(0.1)
        caught_up = time.monotonic()
        used = process.cpu_times()
        return {
            "journal MB": written / 1e6,
            "requests": requests,
            "alive s": alive - begun,
            "acknowledging s": acknowledged - begun,
            "caught up s": caught_up - begun,
            "frames/s replayed": requests * each / (caught_up - alive),
            "collector cpu s": used.user + used.system,
            "peak memory MB": peak / 1e6,
        }


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(prog="bench restart", description=__doc__)
    parser.add_argument("--journal", type=float, default=1.0, help="GB of records")
    parser.add_argument("--containers", type=int, default=1000)
    parser.add_argument("--each", type=int, default=1, help="containers a request")
    options = parser.parse_args()
    found = measure(round(options.journal * 1e9), options.containers, options.each)
    for name, figure in found.items():
        print(f"  {name:<20}{figure:12,.2f}", flush=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
