"""What a relay costs a frame, itself and the collector behind it, beside sending directly.

Hosts of eight GPUs post one frame at a time, at the pace of so many hosts at one frame every 10 s,
each on a connection of its own as far as this machine has ports.
"""

import argparse
import multiprocessing
import selectors
import socket
import statistics
import tempfile
import time
from collections import deque
from collections.abc import Sequence
from pathlib import Path
from typing import Final

import psutil

from bench import load
from tests.build.programs import Collector
from tests.build.relays import relay
from tests.build.world import compressed, fleet

PERIOD_SECONDS: Final = 10.0
MAX_CONNECTIONS: Final = 500
SETTLE_SECONDS: Final = 3.0


def requests(hosts: int, ticks: int, gpus: int, host: str, token: str) -> list[bytes]:
    """The requests of all hosts, tick after tick."""
    agents = fleet(hosts, gpus_each=gpus, period=PERIOD_SECONDS)
    return [
        load.request(host, token, compressed(agent.frame(tick)))
        for tick in range(ticks) for agent in agents
    ]  # fmt: skip


def paced(port: int, sent: Sequence[bytes], rate: float) -> tuple[list[float], int]:
    """Post so many a second; how long each answer took, and how many were no 200."""
    opened = [
        socket.create_connection(("127.0.0.1", port))
        for _ in range(min(MAX_CONNECTIONS, len(sent)))
    ]
    free, refused = deque(opened), 0  # each in its turn: an idle one is hung up on
    latencies: list[float] = []
    with selectors.DefaultSelector() as selector:
        begun, at = time.perf_counter(), 0
        while at < len(sent) or selector.get_map():
            due = begun + at / rate
            now = time.perf_counter()
            while at < len(sent) and due <= now and free:
                connection = free.popleft()
                connection.sendall(sent[at])
                selector.register(connection, selectors.EVENT_READ, (now, b""))
                at += 1
                due = begun + at / rate
            for key, _ in selector.select(max(0.0, min(0.05, due - time.perf_counter()))):
                connection = key.fileobj  # type: ignore[assignment]
                since, so_far = key.data
                answer = so_far + connection.recv(65536)
                if not load.complete(answer):
                    selector.modify(connection, selectors.EVENT_READ, (since, answer))
                    continue
                selector.unregister(connection)
                latencies.append(time.perf_counter() - since)
                refused += not answer.startswith(b"HTTP/1.1 200")
                free.append(connection)
    for connection in opened:
        connection.close()
    return latencies, refused


def paced_apart(port: int, sent: Sequence[bytes], rate: float) -> tuple[list[float], int]:
    """`paced`, in a process of its own."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    child = context.Process(target=lambda: there.send(paced(port, sent, rate)))
    child.start()
    outcome: tuple[list[float], int] = here.recv()
    child.join()
    return outcome


def cpu(process: psutil.Process) -> float:
    """Processor seconds so far."""
    times = process.cpu_times()
    return times.user + times.system


def measure(hosts: int, ticks: int, gpus: int, *, through: bool) -> dict[str, float]:
    """One run on a fresh collector, with or without a relay before it."""
    with (
        tempfile.TemporaryDirectory() as folder,
        Collector(Path(folder) / "up") as collector,
        relay(collector, Path(folder) / "site", "load") as gateway,
    ):
        token = collector.enrol("load", "load")
        port = gateway.port if through else collector.port
        sent = requests(hosts, ticks, gpus, f"127.0.0.1:{port}", token)
        pids = {"relay": gateway.pid, "collector": collector.pid}
        processes = {name: psutil.Process(pid) for name, pid in pids.items()}
        before = {name: cpu(process) for name, process in processes.items()}
        begun = time.perf_counter()
        latencies, refused = paced_apart(port, sent, hosts / PERIOD_SECONDS)
        seconds = time.perf_counter() - begun
        time.sleep(SETTLE_SECONDS)
        used = {name: cpu(process) - before[name] for name, process in processes.items()}
        figures = gateway.metrics()
        memory = processes["relay"].memory_info().rss
    upstream = sum(v for name, v in figures.items() if name.startswith("upstream_requests"))
    return {
        "frames": len(sent),
        "refused": refused,
        "frames/s": len(sent) / seconds,
        "relay us a frame": used["relay"] / len(sent) * 1e6,
        "relay cores": used["relay"] / seconds,
        "collector us a frame": used["collector"] / len(sent) * 1e6,
        "frames a request up": len(sent) / upstream if through else 1.0,
        "ack p50 ms": statistics.median(latencies) * 1e3,
        "ack p99 ms": sorted(latencies)[int(len(latencies) * 0.99)] * 1e3,
        "relay memory MB": memory / 1e6,
    }


def main() -> int:
    """Run directly and through a relay, and print both."""
    parser = argparse.ArgumentParser(prog="bench relay", description=__doc__)
    parser.add_argument("--hosts", type=int, default=5_000)
    parser.add_argument("--ticks", type=int, default=2)
    parser.add_argument("--gpus", type=int, default=8)
    options = parser.parse_args()
    runs = [
        measure(options.hosts, options.ticks, options.gpus, through=through)
        for through in (False, True)
    ]
    print(f"\n{options.hosts} hosts of {options.gpus} GPUs{'direct':>12}{'relay':>12}")
    for name in runs[0]:
        print(f"  {name:<24}" + "".join(f"{run[name]:12,.2f}" for run in runs))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
