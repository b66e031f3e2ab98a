"""A sender that goes on for minutes: paced evenly as a site's agents are, or as fast as it is let.

Every frame is read, encoded and sent when it is due; one that is refused is sent again, and its
latency counts from when it was due. It runs in a process of its own, and tells every few seconds.
"""

import multiprocessing
import multiprocessing.connection
import selectors
import time
from collections import deque
from dataclasses import dataclass, field
from typing import Final

from bench.peers.pattern import Site, period_ticks
from bench.peers.sender import BUSY, Connection, Target, check
from bench.peers.telemetry import FIELDS, GPUS
from vigie.errors import VigieError

TELL_SECONDS: Final = 10.0
AGAIN_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Pace:
    """How to send: `period` seconds from frame to frame of a container; 0: as fast as it is let."""

    containers: int
    each: int
    period: float
    seconds: float
    connections: int

    @property
    def requests(self) -> int:
        """Requests of one round of all containers."""
        return -(-self.containers // self.each)

    def due(self, number: int) -> float:
        """When a request is due, in seconds after the start: all evenly apart."""
        return number * self.period / self.requests


@dataclass(frozen=True, slots=True)
class Told:
    """What the sender saw since it told before."""

    at: float
    seconds: float
    values: int
    refused: int
    cpu_seconds: float
    late: float
    """Seconds by which the newest request was sent after it was due."""
    latencies: list[float]


@dataclass(slots=True)
class _Sender:
    pace: Pace
    site: Site
    target: Target
    selector: selectors.BaseSelector
    begun: float
    begun_ns: int
    idle: deque[Connection] = field(default_factory=deque)
    again: deque[tuple[float, Connection, bytes]] = field(default_factory=deque)
    due: dict[int, float] = field(default_factory=dict)
    bodies: dict[int, bytes] = field(default_factory=dict)
    number: int = 0
    values: int = 0
    refused: int = 0
    late: float = 0.0
    latencies: list[float] = field(default_factory=list)

    def run(self, tell: "multiprocessing.connection.Connection[Told | str, None]") -> None:
        """Send until the time is over, telling now and then."""
        told, cpu = self.begun, time.process_time()
        while (now := time.perf_counter()) - self.begun < self.pace.seconds:
            if now - told >= TELL_SECONDS:
                used = time.process_time()
                tell.send(self._told(now - told, used - cpu))
                told, cpu = now, used
            self._send(now - self.begun)
            self._receive()
        tell.send(self._told(time.perf_counter() - told, time.process_time() - cpu))

    def _send(self, now: float) -> None:
        while self.again and self.again[0][0] <= now:
            _, connection, body = self.again.popleft()
            self._post(connection, body, connection.request)
        while self.idle:
            due = self.pace.due(self.number) if self.pace.period else now
            if due > now:
                return
            self.late = now - due
            tick, place = divmod(self.number, self.pace.requests)
            read = self.begun_ns + int(due * 1e9)
            body = self.site.body(place * self.pace.each, self.pace.each, tick, read)
            self.due[self.number] = due
            self._post(self.idle.popleft(), body, self.number)
            self.number += 1
            now = time.perf_counter() - self.begun

    def _post(self, connection: Connection, body: bytes, number: int) -> None:
        self.bodies[number] = body
        connection.send(number, self.target.head(len(body)) + body)
        self.selector.register(connection.socket, selectors.EVENT_READ, connection)

    def _receive(self) -> None:
        wait = 0.0005 if self.idle else 0.05
        for key, _ in self.selector.select(wait):
            connection = key.data
            if not (status := connection.status()):
                continue
            self.selector.unregister(connection.socket)
            now, number = time.perf_counter() - self.begun, connection.request
            body = self.bodies.pop(number)
            if status in BUSY:
                self.refused += 1
                self.again.append((now + AGAIN_SECONDS, connection, body))
                continue
            check(status, connection.answer)
            self.latencies.append(now - self.due.pop(number))
            first = number % self.pace.requests * self.pace.each
            rows = min(self.pace.each, self.pace.containers - first) * GPUS
            self.values += rows * len(FIELDS)
            self.idle.append(connection)

    def _told(self, seconds: float, cpu: float) -> Told:
        made = Told(
            time.perf_counter() - self.begun, seconds, self.values, self.refused, cpu, self.late,
            self.latencies,
        )  # fmt: skip
        self.values = self.refused = 0
        self.latencies = []
        return made


def send(
    pace: Pace, target: Target, tell: "multiprocessing.connection.Connection[Told | str, None]"
) -> None:
    """Send at that pace.

    The first that is told is the begin, in nanoseconds as a text; what goes wrong is told as words
    too, and ends it.
    """
    site = Site(pace.containers, period_ticks(pace.seconds / 60, pace.period or 1.0))
    with selectors.DefaultSelector() as selector:
        opened = [Connection.open(target.port) for _ in range(min(pace.connections, pace.requests))]
        sender = _Sender(pace, site, target, selector, time.perf_counter(), time.time_ns())
        tell.send(str(sender.begun_ns))
        sender.idle.extend(opened)
        try:
            sender.run(tell)
        except (VigieError, OSError) as error:
            tell.send(f"{type(error).__name__}: {error}")
        for connection in opened:
            connection.socket.close()


def start(
    pace: Pace, target: Target
) -> "tuple[multiprocessing.process.BaseProcess, multiprocessing.connection.Connection[None, Told | str]]":  # noqa: E501
    """A sender in a process of its own, and where it tells."""
    context = multiprocessing.get_context("fork")
    here, there = context.Pipe(duplex=False)
    child = context.Process(target=send, args=(pace, target, there))
    child.start()
    there.close()
    return child, here
