"""Who is told of alerts, how that goes, and what never arrived."""

from dataclasses import dataclass
from typing import Literal

LetterState = Literal["waiting", "sent", "dead"]
Verdict = Literal["delivered", "down", "refused", "gone"]


@dataclass(frozen=True, slots=True)
class Receiver:
    """One receiver; `where` is scheme, host and port only: the rest of a URL may be a secret.

    `waiting` and `dead` count its letters, null where some are outside your scope. `fault` is why
    the last attempt failed, `failing_since` since when, `next_try` when it is tried again.
    `closed_since`: it said that it is gone; a test that arrives, or another URL, opens it.
    """

    name: str
    kind: str
    format: str | None
    where: str
    scope: str
    min_priority: int
    simulated_allowed: bool
    waiting: int | None
    dead: int | None
    last_taken: str | None
    fault: str | None
    failing_since: str | None
    next_try: str | None
    closed_since: str | None


@dataclass(frozen=True, slots=True)
class Receivers:
    """Answer to `GET receivers`, in the order of the file that declares them."""

    as_of: str
    receivers: list[Receiver]


@dataclass(frozen=True, slots=True)
class Letter:
    """One message to one receiver; `id` is the same in every attempt.

    `alerts` is how many it speaks of, `attempts` how often it was tried in vain.
    """

    number: int
    receiver: str
    id: str
    state: LetterState
    type: str
    priority: int | None
    subject: str
    title: str
    alerts: int
    simulated: bool
    created: str
    ended: str | None
    attempts: int
    reason: str | None


@dataclass(frozen=True, slots=True)
class Letters:
    """Answer to `GET letters`, the newest first."""

    as_of: str
    letters: list[Letter]


@dataclass(frozen=True, slots=True)
class ReceiverTest:
    """What came of a message that says that it is a test."""

    receiver: str
    id: str
    verdict: Verdict
    reason: str | None
    seconds: float
    retry_after: float | None


@dataclass(frozen=True, slots=True)
class Replayed:
    """The dead letters that are sent once more, by their numbers."""

    receiver: str
    letters: list[int]
