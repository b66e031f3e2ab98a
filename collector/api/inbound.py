"""`inbound`: what receivers say back of alerts, signed as what they are told is signed.

Who signs with the secret of a receiver is that receiver: it needs no credential, and may act on the
alerts that it is told of. One message is one act, however often it comes.
"""

import asyncio
import json
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from fastapi import APIRouter, Request

from alerts import inbound
from alerts.delivery.signature import Signed, secrets, verify
from alerts.inbound import Said
from alerts.lifecycle import Alert, State
from alerts.receivers.declared import Declared
from alerts.register import Register, withdrawn
from alerts.rule import Rule
from collector.counters import Counters
from vigie.database import Database, Table
from vigie.errors import Refused, SettingsError
from vigie.replies.inbound import Inbound

log = logging.getLogger(__name__)

KEPT_SECONDS: Final = 30 * 86_400.0
"""For how long the same identity is the same act: longer than anybody tries again."""
UNKNOWN: Final = "this message is not signed as this receiver's are: "

TABLES: Final = (
    Table(
        "inbound",
        "receiver TEXT NOT NULL, id TEXT NOT NULL, at REAL NOT NULL, answer TEXT NOT NULL, "
        "PRIMARY KEY (receiver, id)",
        indexes=("at",),
    ),
)


@dataclass(frozen=True, slots=True)
class Desk:
    """Who may say something, of what, and who hears of it.

    `changed` is called with alerts that were acknowledged.
    """

    receivers: Sequence[Declared]
    register: Register
    rules: Callable[[], Mapping[str, Rule]]
    database: Database
    changed: Callable[[list[Alert]], None]
    counters: Counters

    def receive(self, name: str, signed: Signed, body: bytes, now: float) -> Inbound:
        """Do what one message asks for, once.

        Raises:
            Refused: 401 not signed, 400 not understood, 404 no such alert for this receiver.
        """
        receiver = self._proven(name, signed, body, now)
        with self.register.turn():  # two of one identity, one after the other
            known = self.database.row(
                "SELECT answer FROM inbound WHERE receiver = ? AND id = ?", name, signed.identity
            )
            if known is not None:
                return Inbound(**json.loads(known["answer"]))
            try:
                said = inbound.read(body)
            except ValueError as error:
                raise Refused(400, str(error)) from error
            answer = self._done(receiver, signed.identity, said, now)
            with self.database.write() as write:
                write.execute("DELETE FROM inbound WHERE at < ?", (now - KEPT_SECONDS,))
                write.execute(
                    "INSERT INTO inbound VALUES (?, ?, ?, ?)",
                    (name, signed.identity, now, json.dumps(asdict(answer))),
                )
        fields = {"receiver": name, "act": said.kind, "alert": said.alert, "by": said.by}
        log.info("a receiver said something of an alert", extra={**fields, "done": answer.done})
        self.counters.add("inbound_total", receiver=name, act=said.kind)
        return answer

    def _proven(self, name: str, signed: Signed, body: bytes, now: float) -> Declared:
        for receiver in self.receivers:
            if receiver.name == name and receiver.kind == "webhook" and receiver.secret_file:
                self._verify(receiver.secret_file, signed, body, now)
                return receiver
        raise Refused(401, f"{UNKNOWN}there is no such receiver, or it has no secret")

    def _verify(self, secret: Path, signed: Signed, body: bytes, now: float) -> None:
        try:
            verify(secrets(secret), signed, body, now)
        except (ValueError, SettingsError) as error:
            self.counters.add("inbound_refused_total")
            log.warning("inbound message refused", extra={"reason": str(error)})
            # Of our own files an outsider hears nothing.
            why = str(error) if isinstance(error, ValueError) else "its secret cannot be read"
            raise Refused(401, UNKNOWN + why) from error

    def _done(self, receiver: Declared, identity: str, said: Said, now: float) -> Inbound:
        alert = self.register.get(said.alert)
        rule = None if alert is None else self.rules().get(alert.rule) or withdrawn(alert.rule)
        if alert is None or rule is None or not receiver.wants(alert, rule):
            raise Refused(404, f"{receiver.name} is told of no alert {said.alert!r}")
        if said.kind == "alert.ticket":
            noted = self.register.ticket(alert.id, said.ticket, said.status)
            return _answer(identity, noted, done=noted != alert)
        person = f"{said.by} ({receiver.name})" if said.by else receiver.name
        if alert.state is not State.FIRING:
            return _answer(identity, alert, done=False)
        taken = self.register.acknowledge(alert.id, person, said.note, now)
        self.changed([taken])
        return _answer(identity, taken, done=True)


def routes(desk: Desk, clock: Callable[[], float]) -> APIRouter:
    """`clock` tells Unix time."""
    router = APIRouter()

    @router.post("/inbound/{receiver}")
    async def say(receiver: str, request: Request) -> Inbound:
        """What a receiver says of an alert: that somebody has it in hand, or which ticket it has.

        Signed with the receiver's secret as Standard Webhooks 1.0.0 describes it; no credential.
        """
        given = request.headers.get
        signed = Signed(
            given("webhook-id", ""), given("webhook-timestamp", ""), given("webhook-signature", "")
        )
        body = await request.body()
        return await asyncio.to_thread(desk.receive, receiver, signed, body, clock())

    return router


def _answer(identity: str, alert: Alert, *, done: bool) -> Inbound:
    reason = None if done else f"the alert is {alert.state}, and nothing of it changed"
    return Inbound(
        identity, alert.id, str(alert.state), done, reason, alert.acknowledged_by, alert.ticket,
        alert.ticket_status,
    )  # fmt: skip
