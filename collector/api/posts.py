"""What senders post, taken in as plain ASGI: who sends, how much, and what they hear."""

import asyncio
import logging
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final

from collector.api import problems
from collector.intake.door import Door, Headers, length, too_large
from collector.people import Caller
from vigie.errors import Refused, VigieError
from vigie.frame import MAX_REQUEST_BYTES

log = logging.getLogger(__name__)

READ_SECONDS: Final = 30.0
"""A body that takes longer to arrive is given up."""
SKIPPED_BYTES: Final = 8 * MAX_REQUEST_BYTES
"""Of a refused body so much is read past, so that its sender hears the answer."""

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class Gone(Exception):
    """The sender hung up; nobody waits for an answer."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What a sender hears."""

    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The media type of the content."""
        return "application/json" if self.status == HTTPStatus.OK else problems.MEDIA_TYPE


class Posts(ABC):
    """Answers one `POST`: 200 only when everything of the request is synced to disk."""

    def __init__(self, door: Door) -> None:
        self.door = door

    @abstractmethod
    async def _answer(self, caller: Caller, headers: Headers, receive: Receive) -> bytes:
        """The JSON of a 200; whatever is raised is a problem document."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        caller: Caller | None = None
        headers = dict(scope["headers"])
        try:
            caller = self.door.sender(headers)
            reply = Reply(200, await self._answer(caller, headers, receive))
        except Gone:
            return
        except VigieError as error:
            reply = refusal(self.door, caller, headers, error)
        except Exception as error:
            # One request: whatever it held, the next one is served.
            log.exception("a request of a sender failed", extra={"path": scope["path"]})
            reply = refusal(self.door, caller, headers, error)
        await _respond(send, reply)


def refusal(door: Door, caller: Caller | None, headers: Headers, error: Exception) -> Reply:
    """What a sender hears of an error; counted."""
    status, detail, fault, more = problems.of(error)
    if isinstance(error, Refused):
        fault = "scope" if caller and error.status == HTTPStatus.FORBIDDEN else fault
    door.count_refused(caller, fault)
    if status == HTTPStatus.REQUEST_TIMEOUT or _endless(headers):
        more["Connection"] = "close"  # what still comes is too much to be read past
    return Reply(status, problems.document(status, detail, fault), more)


class Hand:
    """What of one request is in hand: what came, not what its sender promises."""

    def __init__(self, door: Door) -> None:
        self._door, self._size = door, 0

    def take(self, size: int) -> None:
        """So many bytes more; raises Unavailable when all requests together are too much."""
        self._door.take(size)
        self._size += size

    def empty(self) -> None:
        """They are in the store's hands, or gone."""
        self._door.leave(self._size)
        self._size = 0


def _endless(headers: Headers) -> bool:
    return b"content-length" not in headers or length(headers) > SKIPPED_BYTES


async def whole(receive: Receive, take: Callable[[int], None]) -> bytes:
    """The whole body; `take` is told of each piece.

    Raises:
        Refused: 413, 408.
        Unavailable: by `take`.
        Gone: the sender hung up.
    """
    try:
        async with asyncio.timeout(READ_SECONDS):
            return await _pieces(receive, take)
    except TimeoutError as error:
        raise Refused(408, f"the body did not arrive within {READ_SECONDS:.0f} s") from error


async def _pieces(receive: Receive, take: Callable[[int], None]) -> bytes:
    pieces: list[bytes] = []
    total = 0
    while True:
        message = await receive()
        if message["type"] != "http.request":
            raise Gone
        piece: bytes = message.get("body", b"")
        total += len(piece)
        if total > MAX_REQUEST_BYTES:
            raise too_large()
        take(len(piece))
        if not message.get("more_body"):
            return b"".join((*pieces, piece)) if pieces else piece
        pieces.append(piece)


async def _respond(send: Send, reply: Reply) -> None:
    headers = [
        (b"content-type", reply.kind.encode()),
        (b"content-length", str(len(reply.content)).encode()),
        *((name.lower().encode(), value.encode()) for name, value in reply.headers.items()),
    ]
    await send({"type": "http.response.start", "status": reply.status, "headers": headers})
    await send({"type": "http.response.body", "body": reply.content})
