"""Requests sent evenly over a while, from a process of its own: as a site's agents send."""

import multiprocessing
import socket
import threading
import time
from collections.abc import Sequence
from typing import Any

from bench import load

CONNECTIONS = 16


class Sending:
    """Pre-encoded requests, each sent when it is due; what is late counts as waiting."""

    def __init__(self, port: int, requests: Sequence[bytes], seconds: float) -> None:
        context = multiprocessing.get_context("fork")
        self._over = context.Event()
        self._pipe, there = context.Pipe()
        self._process = context.Process(
            target=lambda: there.send(_sent(port, requests, seconds, self._over))
        )

    def start(self) -> None:
        """Begin."""
        self._process.start()

    def end(self) -> dict[str, float]:
        """Stop, and what became of the requests."""
        self._over.set()
        told: dict[str, float] = self._pipe.recv()
        self._process.join(10)
        return told


def _sent(port: int, requests: Sequence[bytes], seconds: float, over: Any) -> dict[str, float]:
    latencies: list[float] = []
    statuses: list[bytes] = []
    begun, cpu = time.monotonic(), time.process_time()

    def line(first: int) -> None:
        connection = socket.create_connection(("127.0.0.1", port), timeout=30)
        for number in range(first, len(requests), CONNECTIONS):
            due = begun + number * seconds / len(requests)
            if over.wait(max(0.0, due - time.monotonic())):
                break
            connection.sendall(requests[number])
            answer = connection.recv(65536)
            while not load.complete(answer):
                answer += connection.recv(65536)
            latencies.append(time.monotonic() - due)
            statuses.append(answer[9:12])
        connection.close()

    threads = [threading.Thread(target=line, args=(n,)) for n in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    took = time.monotonic() - begun
    good, slow = statuses.count(b"200"), sorted(latencies)
    return {
        "frames a second": good / took,
        "frames refused": len(statuses) - good,
        "frames' ack p50 ms": slow[len(slow) // 2] * 1e3,
        "frames' ack p99 ms": slow[int(len(slow) * 0.99)] * 1e3,
        "sender cores": (time.process_time() - cpu) / took,
    }
