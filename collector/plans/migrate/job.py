"""A job that runs, as a plan sees it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Job:
    """What runs where, what it takes, and what taking it elsewhere costs; None is not known.

    `watts` is what its GPUs and hosts draw for it. `within` are countries, `sites` the sites that
    its tenant's policy allows, None where no policy speaks of the tenant: then it stays. `undone`
    is the work in seconds since its last checkpoint, lost when it moves; `restarts` is how often it
    moved within a day.
    """

    id: str
    tenant: str
    place: str
    gpus: int
    model: str
    watts: float | None
    within: tuple[str, ...] | None
    sites: tuple[str, ...] = ()
    checkpoints: bool = False
    undone: float | None = None
    checkpoint_bytes: float = 0.0
    restart_seconds: float = 120.0
    left_seconds: float | None = None
    restarts: int = 0
    simulated: bool = False
