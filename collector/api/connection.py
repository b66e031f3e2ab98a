"""One connection of a sender or a screen: what uvicorn's lacks is patience that ends."""

import asyncio
from typing import Any, Final

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_SECONDS: Final = 15.0
"""Whoever has not said by then what they want, line and headers, is hung up on."""
HEAD_BYTES: Final = 64 * 2**10
"""Line and headers are no longer than this, and what one read brings."""


class Connection(HttpToolsProtocol):
    """Bounds the head of a request in time and size; the body is bounded by who reads it."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._patience: asyncio.TimerHandle | None = None
        self._head = 0

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for a head."""
        super().connection_made(transport)
        self._wait()

    def on_message_begin(self) -> None:
        """The same, of the next request on this connection."""
        super().on_message_begin()
        self._wait()

    def on_headers_complete(self) -> None:
        """It is there."""
        self._wait_no_more()
        super().on_headers_complete()

    def data_received(self, data: bytes) -> None:
        """Read, and give up where the head has no end."""
        waited = self._patience is not None
        super().data_received(data)
        if waited and self._patience is not None:
            self._head += len(data)
            if self._head > HEAD_BYTES and not self.transport.is_closing():
                self._wait_no_more()
                self.send_400_response("The head of the request is too long.")

    def connection_lost(self, exc: Exception | None) -> None:
        """It is over."""
        self._wait_no_more()
        super().connection_lost(exc)

    def _wait(self) -> None:
        self._wait_no_more()
        self._head = 0
        self._patience = self.loop.call_later(HEAD_SECONDS, self.transport.close)

    def _wait_no_more(self) -> None:
        if self._patience is not None:
            self._patience.cancel()
            self._patience = None
