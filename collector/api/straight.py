"""One post of a sender on its connection, without ASGI: read, handed on and answered by callbacks.

Frames come by the thousand a second; a task, a scope and three messages for each cost more than
to read what they bring.
"""

import asyncio
from http import HTTPStatus
from typing import Any, Final

from collector.api.frames import Frames
from collector.api.posts import READ_SECONDS, Reply
from collector.intake.door import Headers, length, too_large
from collector.people import Caller
from collector.store.entry import Envelope
from vigie.errors import Refused, VigieError
from vigie.frame import MAX_REQUEST_BYTES

_CONTINUE: Final = b"HTTP/1.1 100 Continue\r\n\r\n"
_LINES: Final = {s: f"HTTP/1.1 {s.value} {s.phrase}\r\n".encode() for s in HTTPStatus}


class _Nobody:
    """Whom uvicorn would wake."""

    def set(self) -> None:
        """Nobody waits."""


class Straight:
    """A request under way; to uvicorn it stands where its own would.

    `more` are the headers that every answer has, as bytes.
    """

    message_event = _Nobody()

    def __init__(self, connection: Any, frames: Frames, headers: Headers, more: bytes) -> None:
        self.response_complete = self.disconnected = False
        self.keep_alive = connection.parser.should_keep_alive()
        self._connection, self._frames = connection, frames
        self._headers, self._more = headers, more
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
        door = self._frames.door
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
            self._frames.door.take(len(piece))
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
        self._frames.take(self._caller, self._envelope, whole, self._finish)

    def lost(self) -> None:
        """The sender hung up."""
        if self._late is not None:
            self._late.cancel()
        if not self._whole:
            self._leave()

    def _leave(self) -> None:
        self._frames.door.leave(self._size)
        self._size = 0

    def _finish(self, result: bytes | Exception) -> None:
        """Answer, in the loop's thread."""
        self._leave()
        if self.response_complete:
            return
        self.response_complete = True
        if isinstance(result, bytes):
            reply = Reply(200, result)
        else:
            reply = self._frames.refusal(self._caller, self._headers, result)
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
        return b"".join((status, dated, self._more, "".join(lines).encode(), reply.content))
