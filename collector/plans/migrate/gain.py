"""What a migration saves and what it costs, in grams and joules, with its uncertainty.

A job moves for carbon only if
`E (PUE_s CI_s - PUE_d CI_d) - b (CI_s + CI_d)/2 - E_o CI_s > max(2 sigma, floor)`: E what it has
yet to draw, b what it takes to carry its checkpoint, E_o what is done twice and what a restart
draws. After SCI (ISO/IEC 21031:2024); energy of the network after Cloud Carbon Footprint, 0.001
kWh/GB, where nobody knows better.
"""

from dataclasses import dataclass
from math import hypot
from typing import Final

from collector.plans.migrate.job import Job
from collector.plans.migrate.room import Room
from vigie.units import JOULES_PER_KWH

CARRY_JOULES_PER_BYTE: Final = 0.001 * JOULES_PER_KWH / 1e9
FLOOR_GRAMS: Final = 50.0
HORIZON_SECONDS: Final = 86_400.0
"""What a job has yet to do counts for a day at most: forecasts reach no further."""
SAME_ZONE: Final = "same grid zone: the grid saves nothing"


@dataclass(frozen=True, slots=True)
class Gain:
    """Of one job from one container to another; None where something is not known.

    `grams` is saved net of the cost, `sigma` its standard deviation, `joules` are saved net, all at
    the meter of the site. `lost_seconds` is work done twice.
    """

    grams: float | None
    sigma: float
    joules: float | None
    lost_seconds: float
    note: str = ""

    @property
    def sure(self) -> bool:
        """Whether it is worth a move for carbon alone."""
        return self.grams is not None and self.grams > max(2 * self.sigma, FLOOR_GRAMS)


def cost_joules(job: Job) -> float | None:
    """What a move draws more: work done twice, the restart, and carrying the checkpoint."""
    if job.watts is None or job.undone is None:
        return None
    twice = (job.undone + job.restart_seconds) * job.watts
    return twice + job.checkpoint_bytes * CARRY_JOULES_PER_BYTE


def gain(job: Job, here: Room, there: Room, now: float) -> Gain:
    """What moving a job saves."""
    lost = (job.undone or 0.0) + job.restart_seconds
    same = here.carbon.zone == there.carbon.zone
    note = SAME_ZONE if same else ""
    if job.watts is None or job.undone is None or here.pue is None or there.pue is None:
        return Gain(None, 0.0, None, lost, note)
    left = HORIZON_SECONDS if job.left_seconds is None else min(job.left_seconds, HORIZON_SECONDS)
    energy = left * job.watts
    again = lost * job.watts
    carried = job.checkpoint_bytes * CARRY_JOULES_PER_BYTE
    joules = energy * (here.pue - there.pue) - again * there.pue - carried
    if not (here.carbon.known(now) and there.carbon.known(now)):
        return Gain(None, 0.0, joules, lost, note)
    here_grams, there_grams = (
        here.carbon.grams_per_joule or 0.0,
        there.carbon.grams_per_joule or 0.0,
    )
    spread = energy * (here.pue * here_grams - there.pue * there_grams)
    cost = carried * (here_grams + there_grams) / 2 + again * here.pue * here_grams
    if same:  # one grid, one error: only what is drawn less counts
        sigma = energy * abs(here.pue - there.pue) * here.carbon.sigma
    else:
        sigma = energy * hypot(here.pue * here.carbon.sigma, there.pue * there.carbon.sigma)
    return Gain(spread - cost, sigma, joules, lost, note)
