"""A webhook: one POST a message, signed as Standard Webhooks 1.0.0 describes it."""

import socket

from alerts.delivery.address import AddressRefused, Resolve, pinned, target
from alerts.delivery.message import Message
from alerts.delivery.signature import secrets, sign
from alerts.receivers.body import FORMATS
from alerts.receivers.declared import Declared
from alerts.receivers.outcome import Outcome, Verdict
from alerts.receivers.post import posted, silence
from vigie.errors import SettingsError


class Webhook:
    """One URL that takes messages, in the form that was declared."""

    def __init__(self, declared: Declared, resolve: Resolve = socket.getaddrinfo) -> None:
        self._declared, self._resolve = declared, resolve
        self._target = target(declared.url)
        self._form = FORMATS[declared.format]

    def deliver(self, message: Message, now: float) -> Outcome:
        """Try once."""
        declared = self._declared
        try:
            body = self._form(message.body, declared)
            signature = self._signature(message.id, body, int(now))
            address = pinned(self._target, declared.allow, self._resolve)
        except (AddressRefused, SettingsError) as error:
            return Outcome(Verdict.DOWN, str(error))
        except (OSError, ValueError) as error:
            return silence(error)
        headers = {"Content-Type": "application/json", "webhook-id": message.id, **signature}
        return posted(
            self._target, address, body, headers, timeout=declared.timeout, now=now
        )  # fmt: skip

    def _signature(self, identity: str, body: bytes, stamp: int) -> dict[str, str]:
        """The headers that prove who sends; none where no secret was declared."""
        if self._declared.secret_file is None:
            return {}
        keys = secrets(self._declared.secret_file)
        return {
            "webhook-timestamp": str(stamp),
            "webhook-signature": sign(keys, identity, stamp, body),
        }
