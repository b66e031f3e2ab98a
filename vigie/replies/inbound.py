"""What a receiver hears that has said something of an alert."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Inbound:
    """Answer to `POST inbound/{receiver}`: how the alert stands now.

    `done` is false where there was nothing left to do, and `reason` says why: sending it again
    changes nothing.
    """

    id: str
    alert: str
    state: str
    done: bool
    reason: str | None = None
    acknowledged_by: str | None = None
    ticket: str | None = None
    ticket_status: str | None = None
