"""Why an action is not begun now, and what would let it be."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refusal:
    """What one rail says: its name, what is wrong, and what releases it.

    `since` and `until` in Unix seconds where they are known: a freeze has a beginning, a cool-down
    an end.
    """

    rail: str
    why: str
    release: str
    since: float | None = None
    until: float | None = None
