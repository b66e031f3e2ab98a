"""Where a job may run: its tenant's policy, its GPUs, and what is left there once it does."""

from typing import Final

from collector.plans.migrate.job import Job
from collector.plans.migrate.room import Room
from collector.plans.why import Why
from vigie.network.reach import within

STALE_SECONDS: Final = 120.0


def closed(room: Room, now: float) -> Why | None:
    """Why a container takes no job at all; None where it may."""
    checks = (
        (not room.in_service, Why.NOT_IN_SERVICE),
        (room.leaves is not None, Why.LEAVING),
        (room.failing, Why.FAILING),
        (room.hot is None, Why.HEAT_UNKNOWN),
        (bool(room.hot), Why.HOT),
        (room.told is None or now - room.told > STALE_SECONDS, Why.STALE),
        (room.headroom_watts is None, Why.HEADROOM_UNKNOWN),
    )
    return next((why for wrong, why in checks if wrong), None)


def forbidden(job: Job, room: Room) -> Why | None:
    """Why the policy, or the kind of its GPUs, keeps a job from a container, however empty."""
    if job.within is None:
        return Why.NO_POLICY
    if job.within and not within(job.within, room.country):
        return Why.OUTSIDE
    if job.sites and room.site not in job.sites:
        return Why.NOT_LISTED
    if job.simulated != room.simulated:
        return Why.OTHER_NATURE
    return Why.OTHER_GPUS if job.model != room.model else None
