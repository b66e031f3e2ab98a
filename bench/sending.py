"""A sender that lives through the collector's kills, in a process of its own.

Frames are made as they are sent: the readings of a tick serve all containers, the header is each
one's own, so that every frame has an identity of its own and little work goes into it.
"""

import json
import multiprocessing
import random
import selectors
import socket
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Any, Self

import zstandard

from bench import load
from tests.build.world import Agent, gpus
from vigie import frame
from vigie.units import NANOSECONDS_PER_SECOND

ROWS = 104
PERIOD = 0.2
"""Seconds between two frames of a container by their time: about as fast as they are taken."""
MODELS = 4
AGAIN = 0.02
"""Of the frames that were acknowledged, how many are sent once more."""
PAUSE_SECONDS = 0.02
AHEAD_SECONDS = 300
"""How far frames may come from the future: more, and the collector would not believe them."""


class Bodies:
    """Request bodies, each a frame of one container at one tick."""

    def __init__(self, containers: Sequence[str], start: int) -> None:
        self._agents = [
            Agent(f"kill/m{n}", period=PERIOD, start=start, read=gpus(ROWS, n + 1))
            for n in range(MODELS)
        ]
        self._containers = containers
        self._ticks: dict[int, list[frame.Frame]] = {}
        self._compressor = zstandard.ZstdCompressor(1, write_checksum=True)

    def of(self, container: int, tick: int) -> bytes:
        """One body."""
        made = self._made(tick)[container % MODELS]
        name = self._containers[container]
        told = asdict(made.header) | {"agent": f"agent-{name}", "container": name}
        text = json.dumps(told, separators=(",", ":")).encode()
        text += b" " * (-(frame.PREFIX.size + len(text)) % frame.ALIGNMENT)
        head = frame.PREFIX.pack(frame.MAGIC, len(text), len(made.payload))
        return self._compressor.compress(b"".join((head, text, made.payload)))

    def _made(self, tick: int) -> list[frame.Frame]:
        if tick not in self._ticks:
            self._ticks[tick] = [next(frame.unpack(a.frame(tick))) for a in self._agents]
            if len(self._ticks) > 100:
                del self._ticks[next(iter(self._ticks))]
        return self._ticks[tick]


@dataclass
class _Line:
    """One connection, the containers that it sends for, and what it is about to get answered."""

    containers: Sequence[int]
    turn: int = 0
    tick: int = 0
    repeated: bool = False
    request: bytes = b""
    answer: bytes = b""
    connection: socket.socket | None = None
    not_before: float = 0.0

    @property
    def container(self) -> int:
        return self.containers[self.turn]

    def advance(self) -> None:
        """On to the next container, and after the last to the next tick."""
        self.turn += 1
        if self.turn == len(self.containers):
            self.turn, self.tick = 0, self.tick + 1


class _Loop:
    """All lines of one sender."""

    def __init__(self, port: int, token: str, names: Sequence[str], shared: Any) -> None:
        self._port, self._token, self._start = port, token, shared.start
        self._bodies, self._shared = Bodies(names, shared.start), shared
        self._chance = random.Random(1)
        self._selector = selectors.DefaultSelector()
        self._waiting: list[_Line] = []
        self.ticks, self.refused = [0] * len(names), 0
        lines = shared.connections
        self._waiting = [_Line(range(n, len(names), lines)) for n in range(lines)]

    def run(self) -> None:
        """Until told to end."""
        while not self._shared.over.is_set():
            now = time.monotonic()
            due = [line for line in self._waiting if line.not_before <= now]
            self._waiting = [line for line in self._waiting if line.not_before > now]
            for line in due:
                self._post(line)
            for key, _ in self._selector.select(PAUSE_SECONDS):
                self._read(key.data)

    def _post(self, line: _Line) -> None:
        if not line.request:
            time_ns = self._start + int(line.tick * PERIOD * NANOSECONDS_PER_SECOND)
            if time_ns > time.time_ns() + AHEAD_SECONDS * NANOSECONDS_PER_SECOND:
                self._later(line, 1.0)
                return
            body = self._bodies.of(line.container, line.tick)
            line.request = load.request(f"127.0.0.1:{self._port}", self._token, body)
        try:
            if line.connection is None:
                line.connection = socket.create_connection(("127.0.0.1", self._port), timeout=5)
            line.connection.sendall(line.request)
        except OSError:
            self._broken(line)
            return
        line.answer = b""
        self._selector.register(line.connection, selectors.EVENT_READ, line)

    def _read(self, line: _Line) -> None:
        if line.connection is None:
            return
        try:
            piece = line.connection.recv(65536)
        except OSError:
            piece = b""
        if not piece:
            self._selector.unregister(line.connection)
            self._broken(line)
            return
        line.answer += piece
        if not load.complete(line.answer):
            return
        self._selector.unregister(line.connection)
        if line.answer.startswith(b"HTTP/1.1 200"):
            self._acknowledged(line)
        elif line.answer.startswith(b"HTTP/1.1 503"):
            self.refused += 1
            self._later(line, 5 * PAUSE_SECONDS)
        else:
            raise RuntimeError(line.answer[:400].decode(errors="replace"))

    def _acknowledged(self, line: _Line) -> None:
        self._shared.note()
        if not line.repeated:
            self.ticks[line.container] = line.tick + 1
        line.repeated = not line.repeated and self._chance.random() < AGAIN
        if not line.repeated:
            line.request = b""
            line.advance()
        self._later(line, 0.0)

    def _broken(self, line: _Line) -> None:
        if line.connection is not None:
            line.connection.close()
            line.connection = None
        self._later(line, PAUSE_SECONDS)

    def _later(self, line: _Line, seconds: float) -> None:
        line.not_before = time.monotonic() + seconds
        self._waiting.append(line)


class _Shared:
    """What the sender's process and ours both see."""

    def __init__(self, start: int, connections: int) -> None:
        self.start, self.connections = start, connections
        self.over = multiprocessing.Event()
        self._first = multiprocessing.Value("d", 0.0)
        self._count = multiprocessing.Value("q", 0)

    @property
    def first(self) -> float:
        """The moment of the first acknowledgement since `forget`, 0 before it."""
        return float(self._first.value)

    @property
    def count(self) -> int:
        """Frames acknowledged."""
        return int(self._count.value)

    def forget(self) -> None:
        """Wait for the next one."""
        self._first.value = 0.0

    def note(self) -> None:
        """One more."""
        self._count.value += 1
        if not self._first.value:
            self._first.value = time.monotonic()


class Sending:
    """A context in which the sender sends."""

    def __init__(
        self, port: int, token: str, names: Sequence[str], connections: int, start: int
    ) -> None:
        """`names` are the containers; their frames begin at `start`, nanoseconds."""
        context = multiprocessing.get_context("fork")
        self._shared = _Shared(start, connections)
        self._pipe, there = context.Pipe()
        self._process = context.Process(
            target=_send, args=(port, token, names, self._shared, there)
        )

    @property
    def acknowledged(self) -> int:
        """Frames so far."""
        return self._shared.count

    def forget_first(self) -> None:
        """Once the collector is dead: the next acknowledgement is the next one's first."""
        time.sleep(3 * PAUSE_SECONDS)  # what it had answered is read by now
        self._shared.forget()

    def first(self, seconds: float) -> float:
        """The moment of that acknowledgement.

        Raises:
            TimeoutError: there was none.
        """
        end = time.monotonic() + seconds
        while not self._shared.first:
            if time.monotonic() > end or not self._process.is_alive():
                raise TimeoutError(f"no acknowledgement in {seconds} s")
            time.sleep(0.005)
        return self._shared.first

    def stop(self) -> tuple[int, list[int]]:
        """End; answers 503, and of each container the ticks that were acknowledged."""
        self._shared.over.set()
        told: tuple[int, list[int]] = self._pipe.recv()
        self._process.join()
        return told

    def __enter__(self) -> Self:
        self._process.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._shared.over.set()
        self._process.join(10)


def _send(
    port: int, token: str, names: Sequence[str], shared: _Shared, pipe: "Connection[Any, Any]"
) -> None:
    loop = _Loop(port, token, names, shared)
    loop.run()
    pipe.send((loop.refused, loop.ticks))
