"""What people wrote down for a collector: the network, the rules, who is told, and who is on."""

import socket
from dataclasses import dataclass

from alerts.receivers import file as receivers
from alerts.receivers.declared import Declared as Receiver
from alerts.roster.book import Rosterbook
from alerts.rulebook import Rulebook
from vigie.network.choice import Choice
from vigie.settings import CollectorSettings


@dataclass(frozen=True, slots=True)
class Declared:
    """What people wrote down: the network by where it stands, the rest as it was read."""

    network: Choice
    rules: Rulebook
    receivers: tuple[Receiver, ...]
    roster: Rosterbook


def declared(settings: CollectorSettings) -> Declared:
    """Network, rules, receivers and roster.

    Raises:
        SettingsError: a file of rules, receivers or the roster is wrong; it names the line.
    """
    told = receivers.load(settings.receivers)
    return Declared(
        Choice(settings.network, socket.gethostname(), settings.twin),
        Rulebook(settings.rules),
        told,
        Rosterbook(
            settings.roster,
            [r.name for r in told if r.heartbeat is None],
            cache=settings.data / "collector" / "roster",
        ),
    )
