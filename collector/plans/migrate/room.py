"""A container as a place to work: its GPUs, the power it has left, the carbon of what it draws."""

from dataclasses import dataclass

from collector.plans.grid import Carbon


@dataclass(frozen=True, slots=True)
class Room:
    """One container, at one instant; None is not known.

    `headroom_watts` is what may be drawn more, the lesser of its power and its cooling; `pue` is
    of its site. `idle_watts` is what it draws while nothing runs, saved when it can be put to rest.
    """

    path: str
    site: str
    country: str
    model: str
    gpus: int
    free: int
    headroom_watts: float | None
    pue: float | None
    carbon: Carbon
    idle_watts: float = 0.0
    in_service: bool = True
    leaves: float | None = None
    failing: bool = False
    hot: bool | None = False
    told: float | None = None
    simulated: bool = False
