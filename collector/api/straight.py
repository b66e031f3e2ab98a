"""One post of a sender on its connection, without ASGI: read, handed on and answered by callbacks.

Frames come by the thousand a second; a task, a scope and three messages for each cost more than
to read what they bring.
"""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, Final, Protocol

from collector.api.headers import ALWAYS
from collector.api.posts import READ_SECONDS, Reply, refusal
from collector.intake.door import Door, Headers, length, too_large
from collector.people import Caller
from collector.store.entry import Envelope
from vigie.errors import Refused, VigieError
from vigie.frame import MAX_REQUEST_BYTES

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_LINES: Final = {s: f"HTTP/1.1 {s.value} {s.phrase}\r\n".encode() for s in HTTPStatus}


Answer = Reply | bytes | Exception
"""What to answer: as it is, the JSON of a 200, or an error told with a problem document."""
Done = Callable[[Answer], None]


class Takes(Protocol):
    """Who keeps what is posted: the collector itself, or a gate that hands it on."""

    door: Door

    def take(self, caller: Caller, envelope: Envelope, body: bytes, done: Done) -> None:
        """Keep a body; call it, and be called back, in the loop's thread."""


class _Nobody:
    """Whom uvicorn would wake."""

    def set(self) -> None:
        """Nobody waits."""


class Straight:
    """A request under way; to uvicorn it stands where its own would."""

    message_event = _Nobody()

    def __init__(self, connection: Any, takes: Takes, headers: Headers) -> None:
        self.response_complete = self.disconnected = False
        self.keep_alive = connection.parser.should_keep_alive()
        self._connection, self._takes, self._headers = connection, takes, headers
        self._pieces: list[bytes] = []
        self._size = 0
        self._error: Exception | None = None
        self._caller: Caller | None = None
        self._envelope: Envelope | None = None
        self._late: asyncio.TimerHandle | None = None
        self._whole = False
        self._begin()

    def _begin(self) -> None:
        """Ask who sends and how much, before a byte of it is kept."""
        door = self._takes.door
        try:
            self._caller = door.sender(self._headers)
            self._envelope = door.enter(self._headers, self._caller)
        except VigieError as error:
            self._refuse(error)
        else:
            if self._connection.expect_100_continue:
                self._connection.transport.write(_CONTINUE)

    def _refuse(self, error: Exception) -> None:
        """Answer with this once the rest was read past, or now where it has no end."""
        self._error = error
        if length(self._headers) > MAX_REQUEST_BYTES or b"content-length" not in self._headers:
            self._finish(error)

    def body(self, piece: bytes) -> None:
        """So much of the body came."""
        if self._error is not None or self.response_complete:
            return
        if self._size + len(piece) > MAX_REQUEST_BYTES:
            self._refuse(too_large())
            return
        try:
            self._takes.door.take(len(piece))
        except VigieError as error:
            self._refuse(error)
        else:
            self._size += len(piece)
            self._pieces.append(piece)

    def wait(self) -> None:
        """The rest is still under way: not for ever."""
        if not (self._whole or self._late or self.response_complete):
            self._late = self._connection.loop.call_later(READ_SECONDS, self._give_up)

    def _give_up(self) -> None:
        late = Refused(408, f"the body did not arrive within {READ_SECONDS:.0f} s")
        self._finish(self._error or late)

    def end(self) -> None:
        """The body is whole: hand it on."""
        if self._late is not None:
            self._late.cancel()
        self._whole = True
        if self.response_complete:
            return
        if self._error is not None or self._caller is None or self._envelope is None:
            self._finish(self._error or RuntimeError("nobody sends"))
            return
        whole = self._pieces[0] if len(self._pieces) == 1 else b"".join(self._pieces)
        self._pieces.clear()
        self._takes.take(self._caller, self._envelope, whole, self._finish)

    def lost(self) -> None:
        """The sender hung up."""
        if self._late is not None:
            self._late.cancel()
        if not self._whole:
            self._leave()

    def _leave(self) -> None:
        self._takes.door.leave(self._size)
        self._size = 0

    def _finish(self, result: Answer) -> None:
        """Answer, in the loop's thread."""
        self._leave()
        if self.response_complete:
            return
        self.response_complete = True
        if isinstance(result, Exception):
            reply = refusal(self._takes.door, self._caller, self._headers, result)
        else:
            reply = Reply(200, result) if isinstance(result, bytes) else result
        transport = self._connection.transport
        if self.disconnected or transport.is_closing():
            return
        ends = not self.keep_alive or "Connection" in reply.headers
        transport.write(self._bytes(reply, ends=ends))
        if ends:
            transport.close()
        self._connection.on_response_complete()

    def _bytes(self, reply: Reply, *, ends: bool) -> bytes:
        lines = [f"{name.lower()}: {value}\r\n" for name, value in reply.headers.items()]
        if ends and "Connection" not in reply.headers:
            lines.append("connection: close\r\n")
        lines.append(f"content-type: {reply.kind}\r\ncontent-length: {len(reply.content)}\r\n\r\n")
        dated = b"".join(
            b"%b: %b\r\n" % pair for pair in self._connection.server_state.default_headers
        )
        status = _LINES[HTTPStatus(reply.status)]
        return b"".join((status, dated, ALWAYS, "".join(lines).encode(), reply.content))
