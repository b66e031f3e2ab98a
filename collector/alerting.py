"""Alerting, made and joined: rules look, the register keeps, messages wait and are delivered."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from fastapi import APIRouter

from alerts import register
from alerts.chronicle import Chronicle, Episode
from alerts.delivery import outbox
from alerts.delivery.outbox import Outbox
from alerts.receivers.declared import everybody
from alerts.register import Register
from collector.api import alerts, burden
from collector.counters import Counters
from collector.declared import Declared
from collector.duties.deliver import Deliver
from collector.duties.evaluate import Evaluate, Publish, Watched
from collector.networks import Networks
from collector.people import People
from vigie.database import Database

TABLES: Final = (*register.TABLES, *outbox.TABLES)
OUTBOX_SECONDS: Final = 30.0

Duty = tuple[float, str, Callable[[datetime], object]]
"""Seconds from one run to the next, a name, and what runs."""


@dataclass(frozen=True, slots=True)
class Around:
    """What alerting reads of the rest of the collector.

    `hears` says whether readings can come in now; `publish` tells who follows the stream.
    """

    store: Watched
    people: People
    networks: Networks
    hears: Callable[[], bool]
    publish: Publish


class Alerting:
    """Everything of one collector that makes alerts and tells them."""

    def __init__(
        self, written: Declared, database: Database, around: Around, counters: Counters
    ) -> None:
        """Take up what the database holds; nothing runs yet."""
        self._rules = lambda: written.rules.rules
        self.messages = Outbox(database)
        self._chronicle, self._networks = Chronicle(database), around.networks
        self.register = Register(database, self.messages, everybody(written.receivers), self._rules)
        self._deliver = Deliver(self.messages, written.receivers, counters)
        self._evaluate = Evaluate(
            around.store, written.rules, self.register, counters,
            simulated=around.people.simulated, in_service=around.networks.in_service,
            hears=around.hears, publish=around.publish, wake=self._deliver.wake,
        )  # fmt: skip

    def duties(self) -> Sequence[Duty]:
        """What is done every so often, beside looking and delivering."""
        return [(OUTBOX_SECONDS, "outbox", self._deliver.run)]

    def routes(self, clock: Callable[[], float]) -> Sequence[APIRouter]:
        """What can be asked and done; `clock` tells Unix time."""
        return [
            alerts.routes(self.register, self._rules, self._evaluate.announce, clock),
            burden.routes(self._chronicle, self._post, clock),
        ]

    def _post(self, episode: Episode) -> str:
        """At which post an alarm is read: that of who operates its site."""
        site = self._networks.current().site(episode.container)
        return site.operator if site else episode.container.partition("/")[0]

    def start(self) -> None:
        """Begin to look, and to deliver."""
        self._evaluate.start()
        self._deliver.start()

    def ends(self) -> Sequence[tuple[str, Callable[[], object]]]:
        """The steps that end it, in their order, each with a name."""
        return [("evaluate", self._evaluate.stop), ("deliver", self._deliver.stop)]
