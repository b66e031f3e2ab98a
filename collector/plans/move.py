"""What a plan would do with fragments: one at a time, each with its reason and what was refused."""

from dataclasses import dataclass
from enum import StrEnum

from collector.plans.why import Why


class Phase(StrEnum):
    """For what a fragment is moved or made anew, the most urgent first."""

    REPAIR = "repair"
    DRAIN = "drain"
    EVACUATE = "evacuate"
    LEVEL = "level"


@dataclass(frozen=True, slots=True)
class Refused:
    """A container that was thought of before the one that was chosen, and why it was not."""

    path: str
    why: Why


@dataclass(frozen=True, slots=True)
class Move:
    """Fragment `index` of an object is put at `target`.

    It is copied from `source` and, once verified there, deleted here; with no source it is made
    anew at `by`, out of k others. `margin` is that of the object before, over failure domains.
    """

    phase: Phase
    store: str
    name: str
    index: int
    source: str
    target: str
    size: float
    margin: int
    by: str = ""
    refused: tuple[Refused, ...] = ()


@dataclass(frozen=True, slots=True)
class Left:
    """Objects of a store that need something and get nothing, and why."""

    phase: Phase
    store: str
    objects: int
    why: str
