"""What the collector finds out by itself, made and joined: for rules to read beside the rest."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from alerts.delivery.outbox import DEAD, Outbox
from collector.counters import Counters
from collector.duties import bands
from collector.duties.bands import Bands
from collector.duties.commitments import Around as Held
from collector.duties.commitments import Commitments
from collector.duties.health import Health, Post
from collector.duties.holdings import Holdings
from collector.duties.margins import Nearing
from collector.duties.own import Own
from collector.duties.violations import Violations
from collector.networks import Networks
from collector.schedule import Duty
from collector.store.store import Store
from vigie.database import Database

TABLES: Final = bands.TABLES
SECONDS: Final = 60.0
"""How often each of them looks."""


@dataclass(frozen=True, slots=True)
class Around:
    """What this reads of the rest of the collector; `played`: the twin stands in at a path."""

    store: Store
    networks: Networks
    holdings: Holdings
    violations: Violations
    messages: Outbox
    played: Callable[[str], bool]


def duties(
    own: Own, around: Around, database: Database, counters: Counters
) -> Sequence[tuple[float, str, Duty]]:
    """What is done every so often, with a name; what it finds stands in `own`, where rules look."""
    network = around.networks.current
    held = Held(network, around.violations, around.holdings.places, around.played)
    looking = (
        ("commitments", Commitments(own, around.store.live, held)),
        ("bands", Bands(own, around.store, network, database)),
        ("margins of objects", Nearing(own, around.holdings, around.played)),
        ("health", Health(own, around.store, counters, lambda: _post(around.messages))),
    )
    return [(SECONDS, name, duty.run) for name, duty in looking]


def _post(messages: Outbox) -> Post:
    dead = sum(n for (_, state), n in messages.counts().items() if state == DEAD)
    return Post(dead, messages.oldest())
