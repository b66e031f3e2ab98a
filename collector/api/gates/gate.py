"""A gate: the process that speaks with senders and reads what they post."""

import asyncio
import marshal
import signal
import socket
import time
from email.utils import formatdate
from typing import Any, Final

import httptools
import uvloop

from collector import process
from collector.api.gates import handover, parcel
from collector.api.gates.channel import Channel
from collector.api.posts import Reply
from collector.api.straight import Done, Straight
from collector.counters import Counters
from collector.intake.decode import decode
from collector.intake.door import Door
from collector.intake.readers import LARGE_BYTES
from collector.intake.told import Told
from collector.people import Caller
from collector.store.entry import Envelope
from vigie import logs
from vigie.errors import VigieError

READ: Final = "read"
"""What a gate says: a request that it read, one that it did not, and something to be counted."""
RAW: Final = "raw"
COUNT: Final = "count"

HEAD_SECONDS: Final = 15.0
HEAD_BYTES: Final = 64 * 2**10
IDLE_SECONDS: Final = 75.0
BAD: Final = b"HTTP/1.1 400 Bad Request\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"


class Gate(Counters):
    """What all connections of this process share: the way to the collector, and back.

    What it counts, the collector counts.
    """

    def __init__(self, through: socket.socket) -> None:
        """`through` takes connections and gives them back."""
        super().__init__()
        self._through, self._told = through, Told(time.monotonic)
        self._asked: dict[int, Done] = {}
        self._number = 0
        self._headers: tuple[int, list[tuple[bytes, bytes]]] = (0, [])
        self.channel = Channel(self._heard, self._lost)
        self.ended = asyncio.Event()

    def add(self, name: str, amount: float = 1, **labels: str) -> None:
        """Let a counter of the collector grow."""
        self.channel.say((COUNT, name, amount, labels))

    def take(self, caller: Caller, envelope: Envelope, body: bytes, done: Done) -> None:
        """Read a body and hand it on; a large or unusual one is left to the collector."""
        read = None
        if len(body) < LARGE_BYTES:
            try:
                read = self._told.thinned(decode(body, envelope))
            except VigieError as error:
                done(error)
                return
        self._number += 1
        self._asked[self._number] = done
        said = (self._number, caller.credential, parcel.sealed(envelope), body)
        if read is not None and parcel.plain(read):
            self.channel.say((READ, *said, parcel.packed(read)))
        else:
            self.channel.say((RAW, *said))

    def accept(self) -> None:
        """Take every connection that waits."""
        try:
            while (given := handover.take(self._through)) is not None:
                connection, told, read = given
                *fields, line = marshal.loads(told)  # noqa: S302  the collector told it
                asyncio.get_running_loop().create_task(
                    self._serve(connection, Connection(self, Caller(*fields), line, read))
                )
        except (EOFError, OSError):
            self.ended.set()

    async def _serve(self, held: socket.socket, connection: "Connection") -> None:
        await asyncio.get_running_loop().connect_accepted_socket(lambda: connection, held)

    def back(self, transport: Any, read: bytes) -> None:
        """Give a connection back to the collector: what comes now is not ours to read."""
        if not handover.give(self._through, transport, b"", read):
            transport.abort()

    def dated(self) -> list[tuple[bytes, bytes]]:
        """The headers of every answer that depend on the time."""
        now = int(time.time())
        if self._headers[0] != now:
            self._headers = (now, [(b"date", formatdate(now, usegmt=True).encode())])
        return self._headers[1]

    def _heard(self, message: Any) -> None:
        number, status, content, headers = message
        done = self._asked.pop(number, None)
        if done is not None:
            done(Reply(status, content, headers))

    def _lost(self) -> None:
        self.ended.set()


class Connection(asyncio.Protocol):
    """One connection that was handed over, request by request."""

    def __init__(self, gate: Gate, caller: Caller, line: bytes, read: bytes) -> None:
        """`line` is the header that names the caller; `read` what was read already."""
        self.door = Door(lambda _: caller, lambda: False, gate, time.time_ns)
        self.take = gate.take
        self.transport: Any = None
        self.loop = asyncio.get_running_loop()
        self.server_state = self
        self.parser = httptools.HttpRequestParser(self)
        self.expect_100_continue = False
        self._gate, self._line, self._early = gate, line, read
        self._headers: dict[bytes, bytes] = {}
        self._straight: Straight | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._head = 0
        self._overrun = False

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """As uvicorn's server state has them."""
        return self._gate.dated()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Go on with what was read."""
        self.transport = transport
        self.data_received(self._early)
        self._early = b""

    def data_received(self, data: bytes) -> None:
        """Read on; what is no frame of the same caller goes back."""
        if not self._head:
            self._cancel()
        ours = data.startswith(handover.LINE) and self._line in data[:HEAD_BYTES]
        if self._straight is None and not self._head and not ours:
            self._gate.back(self.transport, data)
            return
        try:
            self.parser.feed_data(data)
        except (httptools.HttpParserError, httptools.HttpParserUpgrade):
            self.transport.write(BAD)
            self.transport.close()
            return
        if self._straight is not None:
            self._straight.wait()
        elif self._head:
            self._head += len(data)
            if self._head > HEAD_BYTES:
                self.transport.write(BAD)
                self.transport.close()
            elif self._timer is None:
                self._timer = self.loop.call_later(HEAD_SECONDS, self.transport.abort)

    def on_message_begin(self) -> None:
        """A request: only one at a time, so that answers keep their order."""
        if self._straight is not None:
            self._overrun = True
            return
        self._headers, self._head, self.expect_100_continue = {}, 1, False

    def on_header(self, name: bytes, value: bytes) -> None:
        """One header."""
        name = name.lower()
        if not self._overrun:
            self._headers[name] = value
            self.expect_100_continue |= name == b"expect" and value.lower() == b"100-continue"

    def on_headers_complete(self) -> None:
        """Its head is there."""
        if not self._overrun:
            self._cancel()
            self._head = 0
            self._straight = Straight(self, self, self._headers)

    def on_body(self, body: bytes) -> None:
        """So much of the body came."""
        if self._straight is not None and not self._overrun:
            self._straight.body(body)

    def on_message_complete(self) -> None:
        """The body is whole."""
        if self._straight is not None and not self._overrun:
            self._straight.end()

    def on_response_complete(self) -> None:
        """It was answered; the next may come."""
        self._straight = None
        if self._overrun:
            self.transport.close()  # what came too early was not read: its sender sends it again
        elif not self.transport.is_closing():
            self._timer = self.loop.call_later(IDLE_SECONDS, self.transport.close)

    def connection_lost(self, exc: Exception | None) -> None:
        """The sender hung up, or the connection was given back."""
        self._cancel()
        if self._straight is not None:
            self._straight.disconnected = True
            self._straight.lost()

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None


async def serve(channel: socket.socket, through: socket.socket) -> None:
    """Be a gate until the collector is gone."""
    gate, loop = Gate(through), asyncio.get_running_loop()
    await loop.create_unix_connection(lambda: gate.channel, sock=channel)
    loop.add_reader(through, gate.accept)
    await gate.ended.wait()
    loop.remove_reader(through)


def run(channel: int, through: int) -> None:
    """Be a gate with these ends of two socket pairs."""
    logs.to_stderr()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_IGN)  # who is told to end tells us, by going
    process.allocate()
    ends = [socket.socket(fileno=n) for n in (channel, through)]
    for end in ends:
        end.setblocking(False)
    uvloop.run(serve(*ends))
