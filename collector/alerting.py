"""Alerting, made and joined: rules look, the register keeps, messages wait and are delivered."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Protocol

from fastapi import APIRouter

from alerts import register
from alerts.calling import Calling
from alerts.chronicle import Chronicle, Episode
from alerts.delivery import letters, outbox
from alerts.delivery.letters import Letters
from alerts.delivery.outbox import Outbox
from alerts.receivers import standing
from alerts.receivers.declared import Declared as Receiver
from alerts.register import Register
from alerts.rule import Rule
from collector.api import alerts, burden, inbound, receivers, silences, tickets
from collector.api import roster as duty
from collector.counters import Counters
from collector.declared import Declared
from collector.duties import escalate
from collector.duties.deliver import Deliver
from collector.duties.escalate import Escalate
from collector.duties.evaluate import Evaluate, Publish, Watched
from collector.duties.heartbeat import Heartbeat
from collector.duties.keep import Keep, Taking
from collector.duties.own import Own
from collector.duties.recall import Recall
from collector.duties.roster import Refresh
from collector.duties.stakes import AtStake, Inventories
from collector.inventory.margins import Margins
from collector.networks import Networks
from collector.people import People
from collector.store.questions.answer import Questions
from collector.store.questions.question import Shelf
from vigie.database import Database

TABLES: Final = (
    *register.TABLES, *outbox.TABLES, *letters.TABLES, *escalate.TABLES, *inbound.TABLES,
)  # fmt: skip
OUTBOX_SECONDS: Final = 30.0
ESCALATE_SECONDS: Final = 1.0
ROSTER_SECONDS: Final = 2.0
STAKES_SECONDS: Final = 5.0

Duty = tuple[float, str, Callable[[datetime], object]]
"""Seconds from one run to the next, a name, and what runs."""


class Whole(Watched, Shelf, Taking, Protocol):
    """What alerting needs of the store: what comes, and what was."""


@dataclass(frozen=True, slots=True)
class Around:
    """What alerting reads of the rest of the collector.

    `fragments` and `margins` are who holds what; `hears` says whether readings can come in now;
    `publish` tells who follows the stream.
    """

    store: Whole
    people: People
    networks: Networks
    fragments: Inventories
    margins: Margins
    hears: Callable[[], bool]
    publish: Publish


class Alerting:
    """Everything of one collector that makes alerts and tells them."""

    def __init__(
        self, written: Declared, database: Database, around: Around, counters: Counters
    ) -> None:
        """Take up what the database holds; nothing runs yet."""
        self._rules: Callable[[], Mapping[str, Rule]] = lambda: written.rules.rules
        written.rules.follow(lambda: around.networks.current().thresholds)
        self.messages = Outbox(database)
        self._chronicle, self._networks = Chronicle(database), around.networks
        self._posts = written.roster
        told = written.receivers
        calling = Calling(told, lambda: self._posts.current, self._operator, self.messages)
        self.register = Register(database, self.messages, calling, self._rules)
        self._deliver = Deliver(
            self.messages, written.receivers, counters, standing=self._standing
        )  # fmt: skip
        self._letters = Letters(database)
        self.own = Own(around.store.live, Keep(around.store, counters))
        self._stakes = AtStake(
            around.store.live, around.fragments, around.margins, around.networks.current
        )
        self._evaluate = Evaluate(
            self.own.beside(around.store), written.rules, self.register, counters,
            simulated=around.people.simulated, in_service=around.networks.in_service,
            hears=around.hears, publish=around.publish, wake=self._deliver.wake,
            stakes=self._stakes,
            recall=Recall(Questions(around.store), counters), note=self.own.note,
        )  # fmt: skip
        self._escalate = Escalate(calling, self.register, self.messages, database, counters,
                                  rules=self._rules, wake=self._deliver.wake)  # fmt: skip
        self._refresh = Refresh(self._posts, counters)
        self._heartbeat = Heartbeat(told, lambda: self._evaluate.looked, counters)
        self._desk = inbound.Desk(told, self.register, self._rules, database,
                                  self._evaluate.announce, counters)  # fmt: skip

    @property
    def rules(self) -> Mapping[str, Rule]:
        """Those in force."""
        return self._rules()

    def duties(self) -> Sequence[Duty]:
        """What is done every so often, beside looking and delivering."""
        return [
            (OUTBOX_SECONDS, "outbox", self._deliver.run),
            (STAKES_SECONDS, "stakes", self._stakes.run),
            (ROSTER_SECONDS, "roster", self._refresh.run),
            (ESCALATE_SECONDS, "escalate", self._escalate.run),
        ]

    def routes(self, clock: Callable[[], float]) -> Sequence[APIRouter]:
        """What can be asked and done; `clock` tells Unix time."""
        return [
            alerts.routes(self.register, self._rules, self._evaluate, clock),
            silences.routes(self.register, self._rules, clock),
            burden.routes(self._chronicle, self._post, clock),
            duty.routes(self._posts, clock),
            duty.calls(
                duty.Bell(self._escalate, self.register, self.messages, self._posts),
                self._rules,
                clock,
            ),
            inbound.routes(self._desk, clock),
            tickets.routes(self.register, self._rules),
            receivers.routes(
                receivers.Telegraph(self._deliver, self.messages, self._letters), clock
            ),
        ]

    def _standing(self, receiver: Receiver, now: float) -> Sequence[Mapping[str, Any]]:
        """What stands, for a receiver that keeps nothing."""
        known = self.register
        with known.turn():
            found = [alert for name in known.rules_known() for alert in known.of(name).values()]
        rostered = receiver.name in self._posts.current.receivers
        called = self.messages.told_to(receiver.name) if rostered else None
        return standing.standing(found, self._rules(), receiver, now, called=called)

    def _post(self, episode: Episode) -> str:
        """At which post an alarm is read: the roster's, else that of who operates its site."""
        operator = self._operator(episode.container)
        post = self._posts.current.post([episode.subject], operator)
        if post is not None:
            return post.id
        return operator or episode.container.partition("/")[0]

    def _operator(self, path: str) -> str:
        """Who operates the site that a path lies in; nobody where it is not declared."""
        site = self._networks.current().site(path)
        return site.operator if site else ""

    def start(self) -> None:
        """Begin to look, and to deliver."""
        self._posts.refresh(time.time(), asking=False)
        self._evaluate.start()
        self._deliver.start()
        self._heartbeat.start()

    def ends(self) -> Sequence[tuple[str, Callable[[], object]]]:
        """The steps that end it, in their order, each with a name."""
        return [
            ("heartbeat", self._heartbeat.stop),
            ("evaluate", self._evaluate.stop),
            ("deliver", self._deliver.stop),
        ]
