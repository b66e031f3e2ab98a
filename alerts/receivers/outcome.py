"""What became of one attempt to deliver."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol, runtime_checkable

from alerts.delivery.message import Message


class Verdict(Enum):
    """What to do after an attempt."""

    DELIVERED = "delivered"
    DOWN = "down"
    """The receiver did not work; everything for it waits."""
    REFUSED = "refused"
    """The receiver works and did not want this message; others may go."""
    GONE = "gone"
    """The receiver wants nothing any more."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """One attempt: its verdict, why in one sentence, and the receiver's wish in seconds.

    A reason beside DELIVERED says for whom of several it was not.
    """

    verdict: Verdict
    reason: str = ""
    retry_after: float | None = None


class Receiver(Protocol):
    """Somebody who is told of alerts.

    `deliver` makes one attempt, within its own time limit, and never raises for what the other side
    does. DELIVERED means that the other side has said so. The same message may come again: it
    carries the same `id` each time.
    """

    def deliver(self, message: Message, now: float) -> Outcome:
        """Try once; `now` is the Unix time that the attempt is stamped with."""
        ...


@runtime_checkable
class Copy(Receiver, Protocol):
    """A receiver that keeps nothing, and is told again and again of what stands."""

    def again(self, standing: Sequence[Mapping[str, Any]], now: float) -> Outcome:
        """Try once; `standing` is the `data` of every alert that is open, or is just over."""
        ...
