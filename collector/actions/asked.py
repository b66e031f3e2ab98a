"""One action that somebody or something wants done, as the guard judges it."""

from dataclasses import dataclass
from enum import StrEnum


class Mode(StrEnum):
    """How far Vigie may go with a kind of action at a site."""

    OBSERVE = "observe"
    PROPOSE = "propose"
    ACT = "act"


@dataclass(frozen=True, slots=True)
class Asked:
    """An action before it is begun; sizes in bytes, times in Unix seconds.

    `subjects` are the objects or jobs that it moves, never none: an empty choice is an error, not
    everything. `sources` and `targets` are containers. `margin` is the smallest of its objects,
    None where it moves none. `simulated` is the plan's: any of its inputs is. `approvals` are the
    people who approved the plan, `inputs` when its oldest input was told.
    """

    id: str
    kind: str
    site: str
    plan: str
    subjects: tuple[str, ...]
    sources: tuple[str, ...]
    targets: tuple[str, ...]
    size: float
    made: float
    expires: float
    inputs: float
    simulated: bool
    executor: str
    executor_simulated: bool
    margin: int | None = None
    approvals: tuple[str, ...] = ()

    @property
    def places(self) -> tuple[str, ...]:
        """Every container that it touches, each once."""
        return tuple(dict.fromkeys((*self.sources, *self.targets)))
