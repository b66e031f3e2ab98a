"""`alarm-load`: how much alarms ask of each operator's post, by EEMUA 191 and ISA-18.2."""

from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query

from alerts.burden import Load, loads
from alerts.chronicle import Chronicle, Episode
from collector import times
from collector.api.access import Reading, narrowed
from collector.api.events import moment
from collector.api.latest import Scope
from vigie.errors import QueryError
from vigie.network.places import inside
from vigie.replies import AlarmLoad
from vigie.replies.burden import (
    AlarmActor,
    AlarmFlood,
    ChatteringAlarm,
    PostLoad,
    StandingAlarm,
)

DEFAULT_SPAN: Final = timedelta(days=1)
LONGEST: Final = timedelta(days=400)
"""Alerts that are over are kept for so long."""
LISTED: Final = 1_000
"""Floods, standing and chattering alarms of a post that an answer holds."""

From = Annotated[str | None, Query(alias="from", description="RFC 3339; default: a day ago")]
To = Annotated[str | None, Query(alias="to", description="RFC 3339; default: now")]


def routes(
    chronicle: Chronicle, post: Callable[[Episode], str], clock: Callable[[], float]
) -> APIRouter:  # fmt: skip
    """`post` says at which post an alarm is read, `clock` tells Unix time."""
    router = APIRouter()

    @router.get("/alarm-load")
    def alarm_load(
        asking: Reading, start: From = None, end: To = None, scope: Scope = None
    ) -> AlarmLoad:
        """The load of every post over a period: rate, floods, standing, chattering, bad actors."""
        within = narrowed(asking, scope)
        now = datetime.fromtimestamp(clock(), UTC)
        last = moment("to", end) or now
        first = moment("from", start) or max(last, times.EPOCH + DEFAULT_SPAN) - DEFAULT_SPAN
        if not timedelta(0) < last - first <= LONGEST:
            raise QueryError(f"from, to: a period of at most {LONGEST.days} days is wanted")
        span = first.timestamp(), last.timestamp()
        mine = [e for e in chronicle.between(*span) if inside(e.container, within)]
        posts = [reply(load) for load in loads(mine, *span, post)]
        return AlarmLoad(
            times.written(now), times.written(first), times.written(last), within, posts
        )

    return router


def reply(load: Load) -> PostLoad:
    """The figures of one post as they are answered."""
    said: dict[str, Any] = asdict(load)
    said["floods"] = [
        AlarmFlood(times.text(f.start), None if f.end is None else times.text(f.end), f.alarms,
                   f.peak)
        for f in load.floods[:LISTED]
    ]  # fmt: skip
    said["standing"] = [
        StandingAlarm(**{**asdict(each), "since": times.text(each.since)})
        for each in load.standing[:LISTED]
    ]
    said["chattering"] = [ChatteringAlarm(**asdict(each)) for each in load.chattering[:LISTED]]
    said["actors"] = [AlarmActor(**asdict(each)) for each in load.actors]
    said["rules"] = [AlarmActor(**asdict(each)) for each in load.rules]
    said["priorities"] = {str(which): share for which, share in load.priorities.items()}
    return PostLoad(**said)
