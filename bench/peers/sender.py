"""Pre-encoded requests sent in a closed loop, from a process of its own.

What is sent lies ready in a file; the sender adds the head, and reads of an answer its status and
length. Its processor time is told apart from that of the system it sends to.
"""

import contextlib
import mmap
import multiprocessing
import selectors
import socket
import time
from collections import deque
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path

from vigie.errors import VigieError

BUSY = frozenset({429, 503})
"""Statuses that say: keep it, and come back."""
AGAIN_SECONDS = 0.05
"""After which a sender that was told so does."""
SECONDS = 900.0
"""After which a load that does not end is given up."""


@dataclass(frozen=True, slots=True)
class Target:
    """Where requests go: a port of loopback, a path and headers."""

    port: int
    path: str
    headers: Mapping[str, str]

    def head(self, size: int) -> bytes:
        """The head of a request of so many bytes."""
        lines = "".join(f"{name}: {value}\r\n" for name, value in self.headers.items())
        return (
            f"POST {self.path} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n{lines}"
            f"Content-Length: {size}\r\n\r\n"
        ).encode()


@dataclass(frozen=True, slots=True)
class Requests:
    """Bodies in a file, one after the other; the same containers come again after `a_tick`."""

    path: Path
    sizes: Sequence[int]
    a_tick: int

    @classmethod
    def written(cls, path: Path, bodies: Iterable[bytes | memoryview], a_tick: int) -> "Requests":
        """These bodies, in a new file."""
        with path.open("wb") as file:
            return cls(path, [file.write(body) for body in bodies], a_tick)

    def lanes(self, span: range, count: int) -> list[deque[int]]:
        """The requests of `span` by connection: each keeps its containers, as agents do."""
        found: list[deque[int]] = [deque() for _ in range(min(count, self.a_tick))]
        for number in span:
            found[number % self.a_tick % len(found)].append(number)
        return [lane for lane in found if lane]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What the sender saw: seconds from first byte to last answer, its processor time, latencies.

    `refused` counts answers that asked to come back; what they refused was sent again.
    """

    seconds: float
    cpu_seconds: float
    acknowledged: int
    refused: int
    latencies: list[float]

    def latency(self, share: float) -> float:
        """A quantile of the latencies, in seconds."""
        ranked = sorted(self.latencies)
        return ranked[min(int(len(ranked) * share), len(ranked) - 1)]


@dataclass(slots=True)
class Connection:
    """One kept-alive connection with at most one request under way."""

    socket: socket.socket
    waiting: deque[int] = field(default_factory=deque)
    request: int = -1
    sent: float = 0.0
    answer: bytes = b""

    @classmethod
    def open(cls, port: int, waiting: deque[int] | None = None) -> "Connection":
        """Connect."""
        connected = socket.create_connection(("127.0.0.1", port), timeout=120)
        connected.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return cls(connected, waiting or deque())

    def send(self, number: int, request: bytes) -> None:
        """Send a request; its number is kept until the answer is whole."""
        self.request, self.answer = number, b""
        self.sent = time.perf_counter()
        self.socket.sendall(request)

    def status(self) -> int:
        """The status of an answer that is whole now; 0 while it is not.

        Raises:
            VigieError: the other side closed the connection.
        """
        piece = self.socket.recv(65536)
        if not piece:
            raise VigieError("the server closed the connection before it answered")
        self.answer += piece
        return int(self.answer[9:12]) if complete(self.answer) else 0


def complete(answer: bytes) -> bool:
    """Whether an HTTP answer is whole; one that says no length has no body."""
    head, separator, body = answer.partition(b"\r\n\r\n")
    if not separator:
        return False
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return len(body) >= int(value)
        if name.lower() == b"transfer-encoding":
            return body.endswith(b"0\r\n\r\n")
    return True


@dataclass(slots=True)
class _Loop:
    """A closed loop: every connection sends its next request when the last is acknowledged."""

    target: Target
    data: mmap.mmap
    starts: Sequence[int]
    selector: selectors.BaseSelector
    again: deque[tuple[float, Connection]] = field(default_factory=deque)
    latencies: list[float] = field(default_factory=list)
    refused: int = 0

    def post(self, connection: Connection, number: int) -> None:
        """Send a request and wait for what is answered."""
        body = self.data[self.starts[number] : self.starts[number + 1]]
        connection.send(number, self.target.head(len(body)) + body)
        self.selector.register(connection.socket, selectors.EVENT_READ, connection)

    def turn(self) -> None:
        """Take what was answered, and send what is due."""
        while self.again and self.again[0][0] <= time.perf_counter():
            _, connection = self.again.popleft()
            self.post(connection, connection.request)
        for key, _ in self.selector.select(AGAIN_SECONDS if self.again else 1.0):
            connection = key.data
            if status := connection.status():
                self.selector.unregister(connection.socket)
                self.answered(connection, status)

    def answered(self, connection: Connection, status: int) -> None:
        """Go on with the next request, or later with the same."""
        if status in BUSY:
            self.refused += 1
            self.again.append((time.perf_counter() + AGAIN_SECONDS, connection))
            return
        check(status, connection.answer)
        self.latencies.append(time.perf_counter() - connection.sent)
        if connection.waiting:
            self.post(connection, connection.waiting.popleft())


def send(target: Target, requests: Requests, span: range, connections: int) -> Outcome:
    """Send the requests of `span`, each connection its own in order, one after the other.

    Raises:
        VigieError: one was refused for good; the answer is told.
    """
    starts = [0, *accumulate(requests.sizes)]
    with contextlib.ExitStack() as held:
        file = held.enter_context(requests.path.open("rb"))
        data = held.enter_context(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
        opened = [Connection.open(target.port, w) for w in requests.lanes(span, connections)]
        for connection in opened:
            held.enter_context(connection.socket)
        selector = held.enter_context(selectors.DefaultSelector())
        begun, cpu = time.perf_counter(), time.process_time()
        loop = _Loop(target, data, starts, selector)
        for connection in opened:
            loop.post(connection, connection.waiting.popleft())
        while selector.get_map() or loop.again:
            if time.perf_counter() - begun > SECONDS:
                raise VigieError(f"not acknowledged within {SECONDS:g} s")
            loop.turn()
        seconds, used = time.perf_counter() - begun, time.process_time() - cpu
    return Outcome(seconds, used, len(loop.latencies), loop.refused, loop.latencies)


def check(status: int, answer: bytes) -> None:
    """Raises VigieError where an answer is no acknowledgement."""
    if not 200 <= status < 300:
        raise VigieError(f"refused with {status}: {answer[-500:].decode(errors='replace')}")


def send_apart(target: Target, requests: Requests, span: range, connections: int) -> Outcome:
    """`send`, in a process of its own, so that its processor time is its own. Raises as `send`."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe()

    def work() -> None:
        try:
            there.send(send(target, requests, span, connections))
        except (VigieError, OSError) as error:
            there.send(VigieError(f"{type(error).__name__}: {error}"))

    child = context.Process(target=work)
    child.start()
    there.close()
    try:
        outcome: Outcome | VigieError = here.recv()
    finally:
        child.join()
    if isinstance(outcome, VigieError):
        raise outcome
    return outcome
