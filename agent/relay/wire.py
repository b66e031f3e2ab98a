"""HTTP/1.1 as agents speak it, on one event loop: kept-alive connections, bodies of a told length.

Nothing grows: a head and its time are bounded, a body is only kept while the house takes it, and
one that is refused is read past, so that its sender hears why.
"""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Final, Protocol

from vigie.frame import MAX_REQUEST_BYTES

HEAD_BYTES: Final = 64 * 2**10
HEAD_SECONDS: Final = 15.0
BODY_SECONDS: Final = 30.0
IDLE_SECONDS: Final = 150.0
"""A kept connection on which nothing comes is let go."""
SKIPPED_BYTES: Final = 8 * MAX_REQUEST_BYTES
AHEAD_BYTES: Final = 64 * 2**10
"""What may wait behind a request that is being answered."""
JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"


@dataclass(frozen=True, slots=True)
class Response:
    """An answer; `after` is Retry-After in seconds."""

    status: int
    body: bytes
    kind: str = JSON
    after: int | None = None
    close: bool = False

    def bytes(self) -> bytes:
        """As it goes over the wire."""
        phrase = HTTPStatus(self.status).phrase
        more = "" if self.after is None else f"Retry-After: {self.after}\r\n"
        more += "Connection: close\r\n" if self.close else ""
        head = (
            f"HTTP/1.1 {self.status} {phrase}\r\nContent-Type: {self.kind}\r\n"
            f"Content-Length: {len(self.body)}\r\n{more}\r\n"
        )
        return head.encode() + self.body


def problem(
    status: int, detail: str, fault: str, after: float | None = None, *, close: bool = False
) -> Response:
    """An error as an RFC 9457 document."""
    words = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status,
             "detail": detail, "fault": fault}  # fmt: skip
    wait = None if after is None else max(1, round(after))
    return Response(status, json.dumps(words).encode(), PROBLEM, wait, close)


@dataclass(slots=True)
class Request:
    """A request; header names in small letters. `answer` is to be called once, in the loop."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes = b""
    answer: Callable[[Response], None] = lambda _: None


class House(Protocol):
    """Who answers."""

    def admit(self, request: Request, length: int) -> Response | None:
        """Before its body is read: None to let it come, or what to answer."""

    def carry(self, size: int) -> Response | None:
        """So many bytes more are in hand, fewer where negative; what to answer if too many."""

    def serve(self, request: Request) -> None:
        """Answer it, now or later."""


class Connection(asyncio.Protocol):
    """One sender's connection."""

    def __init__(self, house: House, open_: "set[Connection]", most: int) -> None:
        """`open_` are the connections of the server, of which there are at most so many."""
        self._house, self._open, self._most = house, open_, most
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._request: Request | None = None
        self._length = self._in_hand = 0
        self._refusal: Response | None = None
        self._busy = False
        self._since = 0.0
        self._loop = asyncio.get_running_loop()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Somebody is there."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - a stream protocol's is one
        self._transport = transport
        self._since = self._loop.time()
        if len(self._open) >= self._most:
            words = "too many connections at once; come back soon"
            transport.write(problem(503, words, "unavailable", 5, close=True).bytes())
            transport.close()
            return
        self._open.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over; what was in hand is not, while it is being answered."""
        self._open.discard(self)
        self._transport = None
        if not self._busy:
            self._let_go()

    def data_received(self, data: bytes) -> None:
        """Take it, and go as far as it leads."""
        if self._request is not None and not self._busy and self._refusal is None:
            self._keep(len(data))
        if not self._buffer and self._request is None:
            self._since = self._loop.time()
        self._buffer += data
        self._advance()

    def sweep(self, now: float) -> None:
        """Hang up where patience is at its end."""
        if self._busy or self._transport is None:
            return
        began = self._request is not None or self._buffer
        patience = BODY_SECONDS if self._request is not None else HEAD_SECONDS
        if now - self._since > (patience if began else IDLE_SECONDS):
            if self._request is not None:
                words = f"the body did not arrive within {BODY_SECONDS:.0f} s"
                self._transport.write(problem(408, words, "slow", close=True).bytes())
            self._transport.close()

    def end(self) -> None:
        """Hang up, unless an answer is due."""
        if self._transport is not None and not self._busy:
            self._transport.close()

    def _advance(self) -> None:
        while not self._busy and self._transport is not None:
            if self._request is None and not self._head():
                return
            if self._refusal is not None:
                gone = min(len(self._buffer), self._length)
                del self._buffer[:gone]
                self._length -= gone
                if self._length:
                    return
                self._busy = True
                self._answer(self._refusal)
                continue
            if len(self._buffer) < self._length:
                return
            self._serve()
        if self._busy and len(self._buffer) > AHEAD_BYTES and self._transport is not None:
            self._transport.pause_reading()

    def _head(self) -> bool:
        """Read a head, if it is there; whether it is."""
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0 or end > HEAD_BYTES:
            if len(self._buffer) > HEAD_BYTES:
                self._hang_up(problem(431, "the head is too long", "request", close=True))
            return False
        request = parsed(bytes(self._buffer[:end]))
        del self._buffer[: end + 4]
        if request is None:
            self._hang_up(problem(400, "this is no HTTP request", "request", close=True))
            return False
        text = request.headers.get("content-length", "0")
        if "transfer-encoding" in request.headers or not text.isascii() or not text.isdecimal():
            words = "Content-Length is wanted"
            self._hang_up(problem(411, words, "request", close=True))
            return False
        self._request, self._length = request, int(text)
        if self._length > SKIPPED_BYTES:
            words = f"a request is at most {MAX_REQUEST_BYTES} bytes; send less at once"
            self._hang_up(problem(413, words, "too_large", close=True))
            return False
        request.answer = self._answer
        self._since = self._loop.time()
        self._refusal = self._house.admit(request, self._length)
        if self._refusal is None:
            self._keep(min(len(self._buffer), self._length))
            if request.headers.get("expect", "").lower() == "100-continue" and self._transport:
                self._transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def _serve(self) -> None:
        request = self._request
        assert request is not None  # noqa: S101 - a head was read
        request.body = bytes(self._buffer[: self._length])
        del self._buffer[: self._length]
        self._busy = True
        self._house.serve(request)

    def _keep(self, size: int) -> None:
        """Have so many bytes more in hand, or let all of them go."""
        refusal = self._house.carry(size)
        if refusal is None:
            self._in_hand += size
            return
        self._house.carry(-size)
        self._let_go()
        self._refusal = refusal

    def _let_go(self) -> None:
        if self._in_hand:
            self._house.carry(-self._in_hand)
            self._in_hand = 0

    def _answer(self, response: Response) -> None:
        self._let_go()
        close = response.close or (
            self._request is not None
            and self._request.headers.get("connection", "").lower() == "close"
        )
        self._request, self._refusal, self._busy, self._length = None, None, False, 0
        self._since = self._loop.time()
        if self._transport is None:
            return
        self._transport.write(response.bytes())
        if close:
            self._transport.close()
            return
        if self._buffer:
            self._transport.resume_reading()
            self._loop.call_soon(self._advance)

    def _hang_up(self, response: Response) -> None:
        if self._transport is not None:
            self._transport.write(response.bytes())
            self._transport.close()
            self._transport = None


def parsed(head: bytes) -> Request | None:
    """The request line and headers, or None where they are none."""
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3 or not words[2].startswith("HTTP/1."):
        return None
    headers = {}
    for line in lines:
        name, colon, value = line.partition(":")
        if not colon:
            return None
        headers[name.lower()] = value.strip()
    return Request(words[0], words[1], headers)
