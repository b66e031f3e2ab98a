"""The HTTP server: uvicorn as we set it, ended as we end."""

import asyncio
import contextlib
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from typing import Any, Final

import uvicorn

from collector.api.connection import Connection
from vigie.errors import VigieError

ENDING_SECONDS: Final = 5
"""How long open requests may go on once we are told to end."""


class Server(uvicorn.Server):
    """Uvicorn's, that ends as we do: quietly, streams first."""

    def __init__(self, app: Any, connections: int, end_streams: Callable[[], None]) -> None:
        """`connections` is how many may be open at once."""
        super().__init__(_config(app, connections))
        self._end_streams = end_streams
        self._adopting: set[asyncio.Task[Any]] = set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle SIGTERM and SIGINT; unlike uvicorn, do not raise them again at the end."""
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        numbers = (signal.SIGTERM, signal.SIGINT)
        before = {n: signal.signal(n, self.handle_exit) for n in numbers}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    def adopt(self, connection: socket.socket, read: bytes) -> None:
        """Serve a connection that somebody else had, beginning with what was read of it."""

        def made() -> Connection:
            return Connection(
                config=self.config, server_state=self.server_state,
                app_state=self.lifespan.state, early=read,
            )  # fmt: skip

        loop = asyncio.get_running_loop()
        task = loop.create_task(loop.connect_accepted_socket(made, connection))
        self._adopting.add(task)
        task.add_done_callback(self._adopting.discard)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """End open streams, so that nobody waits for them."""
        self._end_streams()
        await super().shutdown(sockets)


def bound(host: str, port: int) -> socket.socket:
    """A socket at that address, not yet listening.

    Raises:
        VigieError: somebody else listens there.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    made = socket.socket(family)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((host, port))
    except OSError as error:
        made.close()
        raise VigieError(
            f"{host}:{port}: {error.strerror}; choose another with --listen"
        ) from error
    return made


def _config(app: Any, connections: int) -> uvicorn.Config:
    return uvicorn.Config(
        app, loop="uvloop", http=Connection, ws="none",
        access_log=False, log_config=None, server_header=False, proxy_headers=False,
        limit_concurrency=connections, timeout_keep_alive=75,
        timeout_graceful_shutdown=ENDING_SECONDS, backlog=1024,
    )  # fmt: skip
