"""Every kind of receiver, by the word that declares it."""

import socket
from collections.abc import Callable, Mapping
from typing import Final

from alerts.delivery.address import Resolve
from alerts.receivers.alertmanager import Alertmanager
from alerts.receivers.declared import Declared
from alerts.receivers.mail import Mail
from alerts.receivers.outcome import Receiver
from alerts.receivers.webhook import Webhook

KINDS: Final[Mapping[str, Callable[[Declared, Resolve], Receiver]]] = {
    "webhook": Webhook, "mail": Mail, "alertmanager": Alertmanager,
}  # fmt: skip


def made(declared: Declared, resolve: Resolve = socket.getaddrinfo) -> Receiver:
    """The receiver that was declared."""
    return KINDS[declared.kind](declared, resolve)
