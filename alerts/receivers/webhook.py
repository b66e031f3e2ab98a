"""A webhook: one signed POST as Standard Webhooks 1.0.0 describes it."""

import contextlib
import email.utils
import http.client
import logging
import socket
import ssl
import threading
from collections.abc import Iterator
from http import HTTPStatus
from typing import Final

from alerts.delivery.address import AddressRefused, Resolve, Target, pinned, target
from alerts.delivery.message import Message
from alerts.delivery.signature import secrets, sign
from alerts.receivers.declared import Declared
from alerts.receivers.outcome import Outcome, Verdict
from vigie.errors import SettingsError

log = logging.getLogger(__name__)

MAX_ANSWER: Final = 4_096
USER_AGENT: Final = "vigie-alerts/1"
_ABOUT_THE_MESSAGE: Final = frozenset({400, 409, 413, 415, 422})
"""Answers that blame the message; every other failure is the receiver's."""


class Webhook:
    """One URL that takes signed messages."""

    def __init__(self, declared: Declared, resolve: Resolve = socket.getaddrinfo) -> None:
        self._declared, self._resolve = declared, resolve
        self._target = target(declared.url)

    def deliver(self, message: Message, now: float) -> Outcome:
        """Try once."""
        try:
            keys = secrets(self._declared.secret_file)
            address = pinned(self._target, self._declared.allow, self._resolve)
            status, wish = self._post(message, address, now, keys)
        except (AddressRefused, SettingsError) as error:
            return Outcome(Verdict.DOWN, str(error))
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Outcome(Verdict.DOWN, f"no answer: {type(error).__name__}: {error}"[:500])
        return verdict(status, _seconds(wish, now))

    def _post(
        self, message: Message, address: str, now: float, keys: tuple[bytes, ...]
    ) -> tuple[int, str | None]:
        stamp = int(now)
        headers = {
            "Host": self._target.authority,
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "webhook-id": message.id,
            "webhook-timestamp": str(stamp),
            "webhook-signature": sign(keys, message.id, stamp, message.body),
        }
        timeout = self._declared.timeout
        connection = _Pinned(self._target, address, timeout)
        with _within(timeout, connection):
            connection.request("POST", self._target.path, message.body, headers)
            answer = connection.getresponse()
            answer.read(MAX_ANSWER)
        return answer.status, answer.headers.get("Retry-After")


def verdict(status: int, wish: float | None = None) -> Outcome:
    """What an HTTP status means; a redirection is a failure, for it would lead elsewhere."""
    if HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
        return Outcome(Verdict.DELIVERED)
    reason = f"answered {status}"
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


class _Pinned(http.client.HTTPConnection):
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


@contextlib.contextmanager
def _within(seconds: float, connection: http.client.HTTPConnection) -> Iterator[None]:
    """Cut the connection when the whole exchange takes too long, drop by drop or at once."""

    def cut() -> None:
        if connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(seconds, cut)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        connection.close()
