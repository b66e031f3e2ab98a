"""What is wrong, with whom, and who has it in hand."""

from dataclasses import dataclass
from typing import Literal

AlertState = Literal["pending", "firing", "acknowledged", "resolved"]


@dataclass(frozen=True, slots=True)
class Alert:
    """One thing that is wrong with one subject, and who has it.

    `subject` is the container path followed by the keys; `title` and `advice` are in the asked
    language. `blind` says that its source is mute: it never closes by itself.
    """

    id: str
    rule: str
    priority: int
    state: AlertState
    container: str
    subject: str
    title: str
    advice: str
    value: str
    since: str
    changed: str
    simulated: bool
    blind: bool = False
    acknowledged_by: str | None = None
    acknowledged_at: str | None = None
    note: str | None = None
    runbook: str | None = None


@dataclass(frozen=True, slots=True)
class Alerts:
    """Answer to `GET alerts`, worst and oldest first."""

    as_of: str
    alerts: list[Alert]
