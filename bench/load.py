"""A load of pre-encoded requests over many kept-alive connections, from a process of its own.

The sender does as little as a sender can: whole requests are made beforehand, sent as they are,
and only the status line and the length of an answer are read.
"""

import multiprocessing
import selectors
import socket
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.build.world import START, Agent, compressed, gpus
from vigie import frame
from vigie.units import NANOSECONDS_PER_SECOND

VALUES_PER_ROW = 18


@dataclass(frozen=True)
class Outcome:
    """What one sender saw: seconds from first to last byte, its own processor time, latencies."""

    seconds: float
    cpu_seconds: float
    acknowledged: int
    refused: int
    latencies: list[float]


def bodies(
    containers: Sequence[str], ticks: int, *, start: int = START, each: int = 1, rows: int = 104
) -> Iterator[bytes]:
    """Request bodies, tick by tick: `each` containers' frames of `rows` GPUs in one request.

    The payloads of 8 containers serve all of them, so that making the load is quick; keys differ
    by container, and every container's frames are whole and its own.
    """
    models = [Agent("x/y", read=gpus(rows, seed), start=start) for seed in range(1, 9)]
    for tick in range(ticks):
        made = [next(frame.unpack(model.frame(tick))) for model in models]
        for first in range(0, len(containers), each):
            yield compressed(
                *(
                    signed(made[(first + n) % 8], container)
                    for n, container in enumerate(containers[first : first + each])
                )
            )


def signed(made: frame.Frame, container: str) -> bytes:
    """A frame as its own agent in that container sends it."""
    header = made.header
    return frame.pack(
        frame.Header(
            f"agent-{container}",
            header.boot,
            header.sequence,
            container,
            header.time,
            header.monotonic,
            header.catalogue,
            header.sections,
        ),
        bytes(made.payload),
    )


def request(host: str, token: str, body: bytes) -> bytes:
    """The bytes of one POST."""
    return (
        f"POST /api/v1/frames HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: {frame.CONTENT_TYPE}\r\nContent-Encoding: zstd\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode() + body


def send(port: int, requests: Sequence[bytes], connections: int) -> Outcome:
    """Post all of `requests`, each connection one after the other, and say how it went."""
    selector = selectors.DefaultSelector()
    waiting = iter(requests)
    latencies: list[float] = []
    acknowledged = refused = 0
    opened = [_opened(port) for _ in range(connections)]
    begun, cpu = time.perf_counter(), time.process_time()
    for connection in opened:
        _next(selector, connection, waiting)
    while selector.get_map():
        for key, _ in selector.select():
            connection, sent, so_far = key.data
            answer = so_far + connection.recv(65536)
            if not complete(answer):
                state = (connection, sent, answer)
                selector.modify(connection, selectors.EVENT_READ, state)
                continue
            latencies.append(time.perf_counter() - sent)
            good = answer.startswith(b"HTTP/1.1 200")
            acknowledged, refused = acknowledged + good, refused + (not good)
            selector.unregister(connection)
            _next(selector, connection, waiting)
    return Outcome(
        time.perf_counter() - begun, time.process_time() - cpu, acknowledged, refused, latencies
    )


def _opened(port: int) -> socket.socket:
    """A connection that was used before: agents keep theirs, and what is measured is frames."""
    connection = socket.create_connection(("127.0.0.1", port))
    connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: bench\r\n\r\n")
    answer = connection.recv(65536)
    while not complete(answer):
        answer += connection.recv(65536)
    return connection


def _next(
    selector: selectors.BaseSelector, connection: socket.socket, waiting: Iterator[bytes]
) -> None:
    following = next(waiting, None)
    if following is None:
        connection.close()
        return
    connection.sendall(following)
    selector.register(connection, selectors.EVENT_READ, (connection, time.perf_counter(), b""))


def complete(answer: bytes) -> bool:
    """Whether an answer is whole; raises ConnectionError where none comes any more."""
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator:
        if not answer:
            raise ConnectionError("the collector closed the connection")
        return False
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(body) >= int(value)
    return True


def send_apart(port: int, requests: Sequence[bytes], connections: int) -> Outcome:
    """`send`, in a process of its own, so that its processor time is its own."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()
    child = context.Process(target=lambda: there.send(send(port, requests, connections)))
    child.start()
    outcome: Outcome = here.recv()
    child.join()
    return outcome


def now() -> int:
    """The wall clock, in nanoseconds: the start of a load that is to look live."""
    return int(time.time()) * NANOSECONDS_PER_SECOND
