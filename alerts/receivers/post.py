"""One POST to an address that was checked, and what its answer means."""

import contextlib
import email.utils
import http.client
import socket
import ssl
import threading
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Final, Protocol

from alerts import text
from alerts.delivery.address import Target
from alerts.receivers.outcome import Outcome, Verdict

MAX_ANSWER: Final = 4_096
MAX_SAID: Final = 200
"""Characters of an answer that are told on."""
USER_AGENT: Final = "vigie-alerts/1"
_ABOUT_THE_MESSAGE: Final = frozenset({400, 409, 413, 415, 422})
"""Answers that blame the message; every other failure is the receiver's."""


def posted(
    where: Target, address: str, body: bytes, headers: Mapping[str, str], *, timeout: float,
    now: float,
) -> Outcome:  # fmt: skip
    """Post to that address under the name of `where`, within `timeout` seconds; never raises."""
    connection = Pinned(where, address, timeout)
    named = {"Host": where.authority, "User-Agent": USER_AGENT, **headers}
    try:
        with within(timeout, connection):
            connection.request("POST", where.path, body, named)
            answer = connection.getresponse()
            said = answer.read(MAX_ANSWER)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return silence(error)
    wish = _seconds(answer.headers.get("Retry-After"), now)
    return verdict(answer.status, wish, said.decode("utf-8", errors="replace"))


def silence(error: Exception) -> Outcome:
    """What an attempt came to that had no answer, or none that can be read."""
    return Outcome(
        Verdict.DOWN, text.plain(f"no answer: {type(error).__name__}: {error}", 2 * MAX_SAID)
    )


def verdict(status: int, wish: float | None = None, said: str = "") -> Outcome:
    """What an HTTP status means; a redirection is a failure, for it would lead elsewhere."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Outcome(Verdict.DELIVERED)
    reason = f"answered {status}"
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        reason += ", a redirection, which is not followed; declare the URL that it leads to"
    elif said := text.plain(said, MAX_SAID):
        reason += f": {said}"
    if status == HTTPStatus.GONE:
        return Outcome(Verdict.GONE, reason)
    if status in _ABOUT_THE_MESSAGE:
        return Outcome(Verdict.REFUSED, reason, wish)
    return Outcome(Verdict.DOWN, reason, wish)


def _seconds(wish: str | None, now: float) -> float | None:
    """A Retry-After, in seconds or as a date, as seconds."""
    if wish is None:
        return None
    if wish.strip().isdigit():
        return float(wish)
    with contextlib.suppress(ValueError, TypeError):
        return max(0.0, email.utils.parsedate_to_datetime(wish).timestamp() - now)
    return None


class Pinned(http.client.HTTPConnection):
    """A connection to one address, whatever the name would resolve to now."""

    def __init__(self, where: Target, address: str, timeout: float) -> None:
        super().__init__(where.host, where.port, timeout=timeout)
        self._where, self._address = where, address

    def connect(self) -> None:
        """Connect to the address that was checked; TLS asks for the name."""
        plain = socket.create_connection((self._address, self._where.port), self.timeout)
        self.sock = plain
        if self._where.scheme == "https":
            context = ssl.create_default_context()
            self.sock = context.wrap_socket(plain, server_hostname=self._where.host)


class Connection(Protocol):
    """What has a socket once it is open."""

    @property
    def sock(self) -> socket.socket | None:
        """It, or None."""
        ...

    def close(self) -> None:
        """Close it."""
        ...


@contextlib.contextmanager
def within(seconds: float, connection: Connection) -> Iterator[None]:
    """Cut the connection when the whole exchange takes too long, drop by drop or at once."""

    def cut() -> None:
        sock = connection.sock
        if sock is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        connection.close()
