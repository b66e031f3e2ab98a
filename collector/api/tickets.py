"""Tickets of alerts, as a person notes them; a receiver does so by `inbound`."""

import logging
from collections.abc import Callable, Mapping

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from alerts import ticket
from alerts.inbound import MAX_STATUS
from alerts.register import Register
from alerts.rule import Rule
from collector.api.alerts import Acting, Language, reply, visible
from vigie import replies
from vigie.errors import Refused

log = logging.getLogger(__name__)


class Noted(BaseModel):
    """A ticket elsewhere, or how the one that is known stands."""

    model_config = ConfigDict(extra="forbid")

    ticket: str | None = Field(None, max_length=ticket.MAX_REFERENCE)
    status: str | None = Field(None, max_length=MAX_STATUS)


def routes(register: Register, rules: Callable[[], Mapping[str, Rule]]) -> APIRouter:
    """Noting one; receivers hear nothing of it."""
    router = APIRouter()

    @router.post("/alerts/{identity}/ticket")
    def note(
        asking: Acting, identity: str, given: Noted, language: Language = "fr"
    ) -> replies.Alert:
        """Note which ticket an alert has elsewhere, or how that stands."""
        alert = register.get(identity)
        if alert is None or not visible(alert, rules().get(alert.rule), asking.scope):
            raise Refused(404, f"no alert {identity!r:.80}")
        noted = register.ticket(alert.id, *_checked(given))
        fields = {"alert": alert.id, "ticket": noted.ticket, "status": noted.ticket_status}
        log.info("ticket noted", extra={**fields, "by": asking.principal})
        return reply(noted, rules().get(alert.rule), language)

    return router


def _checked(given: Noted) -> tuple[str | None, str | None]:
    """What is noted, checked. Raises Refused (400)."""
    status = " ".join((given.status or "").split())
    if not given.ticket and not status:
        raise Refused(400, "ticket, status: one of them at least is wanted")
    if not status.isprintable():
        raise Refused(400, "status: printable characters are wanted")
    try:
        reference = ticket.reference(given.ticket) if given.ticket else None
    except ValueError as error:
        raise Refused(400, f"ticket: {error}") from error
    return reference, status or None
