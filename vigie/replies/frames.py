"""What a sender is told that posted frames."""

from dataclasses import dataclass, field

Interval = tuple[int, int]
"""First and last sequence number, both included."""


@dataclass(frozen=True, slots=True)
class HeldBoot:
    """What the collector holds of one boot of one agent."""

    agent: str
    boot: str
    held: list[Interval]
    container: str = ""
    wants: list[str] = field(default_factory=list)
    """Of `FramesReply.wants`, what this agent is asked for."""


@dataclass(frozen=True, slots=True)
class FramesReply:
    """Answer to `POST frames`: everything listed in `held` is synced to disk.

    `dropped` names, per measurement, the columns that this catalogue does not know.
    `wants` names the inventories of which a snapshot is asked for.
    """

    held: list[HeldBoot]
    dropped: dict[str, list[str]] = field(default_factory=dict)
    wants: list[str] = field(default_factory=list)
