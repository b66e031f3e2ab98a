"""Connections given from one process to another, with what was already read of them."""

import os
import socket
from typing import Any, Final

LINE: Final = b"POST /api/v1/frames HTTP/1.1\r\n"
"""What a request begins with whose connection a gate takes."""
MAX_BYTES: Final = 64 * 2**10
"""What may already be read of a connection that is given away."""


def give(through: socket.socket, transport: Any, told: bytes, read: bytes) -> bool:
    """Give a connection away, and close it here; False where the other side is busy or gone.

    `told` goes along, at most 64 KiB with what was read.
    """
    held = transport.get_extra_info("socket")
    if held is None:
        return False
    message = len(told).to_bytes(4, "little") + told + read
    try:
        socket.send_fds(through, [message], [held.fileno()])
    except OSError:
        return False
    transport.abort()
    return True


def take(through: socket.socket) -> tuple[socket.socket, bytes, bytes] | None:
    """A connection that was given, what was told with it, and what was read of it.

    None where nothing waits. Raises EOFError where the other side is gone.
    """
    try:
        message, files, _, _ = socket.recv_fds(through, 4 * MAX_BYTES, 1)
    except BlockingIOError:
        return None
    if not files:
        raise EOFError("the other side is gone")
    for more in files[1:]:
        os.close(more)
    connection = socket.socket(fileno=files[0])
    connection.setblocking(False)
    size = int.from_bytes(message[:4], "little")
    return connection, message[4 : 4 + size], message[4 + size :]


def pair() -> tuple[socket.socket, socket.socket]:
    """Two ends to give connections through, messages kept apart."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    for end in (ours, theirs):
        end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 16 * MAX_BYTES)
    ours.setblocking(False)
    return ours, theirs
