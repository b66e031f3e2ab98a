"""What people wrote down for a collector: the network, the rules, and who is told of alerts."""

import socket
from dataclasses import dataclass

from alerts.receivers import file as receivers
from alerts.receivers.declared import Declared as Receiver
from alerts.rulebook import Rulebook
from vigie.network.choice import Choice
from vigie.settings import CollectorSettings


@dataclass(frozen=True, slots=True)
class Declared:
    """What people wrote down: the network by where it stands, the rest as it was read."""

    network: Choice
    rules: Rulebook
    receivers: tuple[Receiver, ...]


def declared(settings: CollectorSettings) -> Declared:
    """Network, rules and receivers.

    Raises:
        SettingsError: a file of rules or receivers is wrong; the message names the line.
    """
    return Declared(
        Choice(settings.network, socket.gethostname(), settings.twin),
        Rulebook(settings.rules),
        receivers.load(settings.receivers),
    )
