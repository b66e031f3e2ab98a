"""Messages of plain values between two processes of ours, over a stream socket."""

import asyncio
import marshal
import struct
from collections.abc import Callable
from typing import Any, Final, cast

_LENGTH: Final = struct.Struct("<I")


class Channel(asyncio.Protocol):
    """Both ends of it; `heard` is told each message, `lost` that there will be no more."""

    def __init__(self, heard: Callable[[Any], None], lost: Callable[[], None]) -> None:
        self._heard, self._lost = heard, lost
        self._came = bytearray()
        self._going: list[bytes] = []
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()

    def say(self, message: Any) -> None:
        """Send a message; those of one turn of the loop go together."""
        data = marshal.dumps(message)
        self._going += (_LENGTH.pack(len(data)), data)
        if len(self._going) == 2:
            self._loop.call_soon(self._send)

    def close(self) -> None:
        """Send no more."""
        if self._transport is not None:
            self._transport.close()

    def _send(self) -> None:
        going, self._going = self._going, []
        if self._transport is not None and not self._transport.is_closing():
            self._transport.writelines(going)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """It is open."""
        self._transport = cast("asyncio.Transport", transport)

    def data_received(self, data: bytes) -> None:
        """Some of the messages, in pieces of any size."""
        self._came += data
        view, at = memoryview(self._came), 0
        try:
            while len(view) - at >= _LENGTH.size:
                (size,) = _LENGTH.unpack_from(view, at)
                end = at + _LENGTH.size + size
                if end > len(view):
                    break
                # The other end is a process of ours, over a socket that nobody else has.
                self._heard(marshal.loads(view[at + _LENGTH.size : end]))  # noqa: S302
                at = end
        finally:
            view.release()
            del self._came[:at]

    def connection_lost(self, exc: Exception | None) -> None:
        """The other end is gone."""
        self._transport = None
        self._lost()
