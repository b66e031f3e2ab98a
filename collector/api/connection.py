"""One connection of a sender or a screen: what uvicorn's lacks is patience that ends, and haste."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from collector.api.app import App
from collector.api.frames import PATH
from collector.api.straight import Straight

HEAD_SECONDS: Final = 15.0
"""Whoever has not said by then what they want, line and headers, is hung up on."""
HEAD_BYTES: Final = 64 * 2**10
"""Line and headers are no longer than this, and what one read brings."""


_FRAMES: Final = PATH.encode()


class Connection(HttpToolsProtocol):
    """Bounds the head of a request in time and size; the body is bounded by who reads it.

    Frames go the straight way, everything else the way of ASGI.
    """

    def __init__(self, *given: Any, early: bytes = b"", **named: Any) -> None:
        """`early` is what was already read of it by somebody else."""
        super().__init__(*given, **named)
        self._early = early
        self._app: App = self.config.loaded_app
        self._patience: asyncio.TimerHandle | None = None
        self._head = 0
        self._begun = False
        self._straight: Straight | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._wait()
        if self._early:
            self.data_received(self._early)
            self._early = b""

    def on_message_begin(self) -> None:
        """The same, of the next request on this connection."""
        super().on_message_begin()
        self._wait_no_more()
        self._begun = True

    def on_headers_complete(self) -> None:
        """It is there."""
        self._wait_no_more()
        self._begun = False
        self._straight = None
        if self.url != _FRAMES or self.parser.get_method() != b"POST" or self._busy():
            super().on_headers_complete()
            return
        self._straight = Straight(self, self._app.frames, dict(self.headers))
        self.cycle = self._straight  # type: ignore[assignment]

    def _between(self) -> bool:
        """Whether no request is under way."""
        before: Any = self.cycle
        return not self._begun and (before is None or before.response_complete)

    def _busy(self) -> bool:
        """Whether an earlier request is under way still, or too many connections are open."""
        before: Any = self.cycle
        most = self.limit_concurrency
        full = most is not None and len(self.connections) >= most
        return full or (before is not None and not before.response_complete)

    def on_body(self, body: bytes) -> None:
        """So much of the body came."""
        if self._straight is None:
            super().on_body(body)
        else:
            self._straight.body(body)

    def on_message_complete(self) -> None:
        """The body is whole."""
        if self._straight is None:
            super().on_message_complete()
        else:
            self._straight.end()

    def data_received(self, data: bytes) -> None:
        """Read, and give up where the head has no end."""
        if self._between() and self._app.gates.offer(self.transport, data):
            return
        waited = self._patience is not None
        super().data_received(data)
        if self._straight is not None:
            self._straight.wait()
        if self._begun and self._patience is None and not self.transport.is_closing():
            self._wait()
        if waited and self._patience is not None:
            self._head += len(data)
            if self._head > HEAD_BYTES and not self.transport.is_closing():
                self._wait_no_more()
                self.send_400_response("The head of the request is too long.")

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._wait_no_more()
        super().connection_lost(exc)
        if self._straight is not None:
            self._straight.lost()

    def _wait(self) -> None:
        self._wait_no_more()
        self._head = 0
        self._patience = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
