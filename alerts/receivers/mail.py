"""A mail a message, by SMTP (RFC 5321), inside TLS unless that was declared otherwise."""

import contextlib
import email.policy
import email.utils
import json
import smtplib
import socket
import ssl
from datetime import UTC, datetime
from email.message import EmailMessage
from typing import Final

from alerts import text
from alerts.delivery.address import (
    MAIL_PORTS,
    AddressRefused,
    Resolve,
    Target,
    pinned,
    target,
)
from alerts.delivery.message import MAX_MEMBERS, Message
from alerts.delivery.private import password
from alerts.receivers.declared import Declared
from alerts.receivers.outcome import Outcome, Verdict
from alerts.receivers.post import MAX_SAID, silence, within
from alerts.receivers.wording import headline, lines
from vigie.errors import SettingsError

_NO_MAIL_HERE: Final = frozenset({521, 556})
"""A host, or a domain, that takes no mail at all (RFC 7504)."""
_PERMANENT: Final = 500


class Mail:
    """Addresses that are written to by way of one server."""

    def __init__(self, declared: Declared, resolve: Resolve = socket.getaddrinfo) -> None:
        self._declared, self._resolve = declared, resolve
        self._target = target(declared.url, MAIL_PORTS)

    def deliver(self, message: Message, now: float) -> Outcome:
        """Try once."""
        declared = self._declared
        try:
            letter = written(message, declared, now)
            secret = None if declared.secret_file is None else password(declared.secret_file)
            address = pinned(self._target, declared.allow, self._resolve)
            return self._sent(letter, address, secret)
        except (AddressRefused, SettingsError) as error:
            return Outcome(Verdict.DOWN, str(error))
        except _Answered as answer:
            return answered(answer.code, answer.said, refusing=answer.refusing)
        except smtplib.SMTPResponseException as error:
            return answered(error.smtp_code, error.smtp_error)
        except (OSError, ValueError) as error:
            return silence(error)

    def _sent(self, letter: bytes, address: str, secret: str | None) -> Outcome:
        declared = self._declared
        server = _Pinned(self._target, address, declared)
        with within(declared.timeout, server):
            _checked(server.connect(self._target.host, self._target.port))
            server.ehlo_or_helo_if_needed()
            if self._target.scheme == "smtp" and declared.starttls:
                _checked(server.starttls(context=ssl.create_default_context()))
                server.ehlo()
            if secret is not None:
                server.login(declared.user, secret)
            _checked(server.mail(declared.sender))
            return self._handed_over(server, letter)

    def _handed_over(self, server: smtplib.SMTP, letter: bytes) -> Outcome:
        """The letter, to those addresses that the server takes."""
        refused: list[tuple[int, bytes]] = []
        named: list[str] = []
        for address in self._declared.to:
            code, said = server.rcpt(address)
            if code not in {250, 251, 252}:
                refused.append((code, said))
                named.append(f"{address}: {code} {_said(said)}")
        if len(refused) == len(self._declared.to):
            # As long as one may be taken later, all are tried again.
            code, _ = min(refused)
            return answered(code, "; ".join(named), refusing=True)
        _checked(server.data(letter), refusing=True)
        with contextlib.suppress(OSError):
            server.putcmd("quit")  # and whatever it says to that, it has the letter
        return Outcome(Verdict.DELIVERED, "; ".join(named))


def answered(code: int, said: bytes | str, *, refusing: bool = False) -> Outcome:
    """What a reply that is no yes means; one that names another address is not followed.

    `refusing`: it was given to what we asked for this message, and not to who we are.
    """
    if code < 0:
        return Outcome(Verdict.DOWN, f"no mail server answered there, but {_said(said)}")
    reason = f"answered {_said(said)}" if refusing else f"answered {code} {_said(said)}"
    if code in _NO_MAIL_HERE:
        return Outcome(Verdict.GONE, reason)
    if refusing and code >= _PERMANENT:
        return Outcome(Verdict.REFUSED, reason)
    return Outcome(Verdict.DOWN, reason)


def written(message: Message, declared: Declared, now: float) -> bytes:
    """The letter: the same each time but for its date."""
    data = json.loads(message.body)["data"]
    domain = declared.sender.rpartition("@")[2]
    letter = EmailMessage(policy=email.policy.SMTP)
    letter["Subject"] = headline(data, declared.language)
    letter["From"] = f"Vigie <{declared.sender}>"
    letter["To"] = ", ".join(declared.to)
    letter["Date"] = email.utils.format_datetime(datetime.fromtimestamp(now, UTC))
    letter["Message-ID"] = f"<{message.id}@{domain}>"
    for alert in message.alerts[:1]:  # what becomes of it stands together in a mail reader
        letter["References"] = f"<{alert}@{domain}>"
    letter["Auto-Submitted"] = "auto-generated"
    if data.get("priority") == 1:
        letter["Importance"] = "high"
    told = [headline(data, declared.language), "", *lines(data, declared.language, MAX_MEMBERS)]
    letter.set_content("\n".join([*told, "", message.id]), cte="quoted-printable")
    return letter.as_bytes()


class _Answered(Exception):
    """A reply that is no yes."""

    def __init__(self, code: int, said: bytes, *, refusing: bool) -> None:
        super().__init__(code)
        self.code, self.said, self.refusing = code, said, refusing


def _checked(reply: tuple[int, bytes], *, refusing: bool = False) -> None:
    """Raise _Answered where a reply is no yes."""
    code, said = reply
    if not 200 <= code < 300:
        raise _Answered(code, said, refusing=refusing)


def _said(said: bytes | str) -> str:
    words = said.decode("utf-8", errors="replace") if isinstance(said, bytes) else said
    return text.plain(words, MAX_SAID)


class _Pinned(smtplib.SMTP):
    """A connection to one address, whatever the name would resolve to now."""

    def __init__(self, where: Target, address: str, declared: Declared) -> None:
        # We call ourselves after who writes: servers look for the name, and ours says too much.
        name = declared.sender.rpartition("@")[2]
        super().__init__(local_hostname=name, timeout=declared.timeout)
        self._host = where.host  # what TLS asks for
        self._where, self._address = where, address

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        """Connect to the address that was checked; `smtps` begins with TLS."""
        plain = socket.create_connection((self._address, port), timeout)
        self.sock = plain
        if self._where.scheme == "smtps":
            context = ssl.create_default_context()
            return context.wrap_socket(plain, server_hostname=self._host)
        return plain
