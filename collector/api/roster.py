"""`roster`: who is on, now and over the days to come; and who was called for an alert."""

from collections.abc import Callable, Mapping
from typing import Annotated

from fastapi import APIRouter, Query

from alerts.delivery.outbox import SENT, Outbox, Told
from alerts.lifecycle import Alert
from alerts.register import Register
from alerts.roster import days as ahead
from alerts.roster.book import Rosterbook
from alerts.roster.roster import Post
from alerts.rule import Rule
from collector import times
from collector.api.access import Reading
from collector.api.alerts import visible
from collector.duties.escalate import Escalate
from vigie.errors import Refused
from vigie.network.places import inside
from vigie.replies.roster import AlertCall, AlertCalls, Roster

Days = Annotated[int, Query(ge=1, le=ahead.MAX_DAYS, description="So many days ahead")]


def routes(book: Rosterbook, clock: Callable[[], float]) -> APIRouter:
    """`clock` tells Unix time."""
    router = APIRouter()

    @router.get("/roster")
    def roster(asking: Reading, days: Days = 7) -> Roster:
        """Who is on at the posts that answer for places within your scope, and who comes."""
        now, current = clock(), book.current
        mine = {post.id for post in current.posts if _answers(post, asking.scope)}
        posts = [post for post in ahead.posts(current, now, days) if post.id in mine]
        return Roster(times.text(now), posts, [] if asking.scope else list(book.faults.values()))

    return router


def calls(
    escalate: Escalate, register: Register, outbox: Outbox,
    rules: Callable[[], Mapping[str, Rule]], clock: Callable[[], float],
) -> APIRouter:  # fmt: skip
    """Who was called for one alert; `clock` tells Unix time."""
    router = APIRouter()

    @router.get("/alerts/{identity}/calls")
    def called(asking: Reading, identity: str) -> AlertCalls:
        """Who was called for one alert, who took it, and who is called next."""
        alert = register.get(identity)
        if alert is None or not visible(alert, rules().get(alert.rule), asking.scope):
            raise Refused(404, f"no alert {identity!r:.80}")
        return reply(escalate, alert, outbox.told(alert.id), clock())

    return router


def reply(escalate: Escalate, alert: Alert, told: list[Told], now: float) -> AlertCalls:
    """What became of calling for an alert, as it is answered."""
    first = {each.receiver: each for each in reversed(told)}
    found = [
        AlertCall(
            each.receiver,
            times.text(each.created),
            times.text(each.ended) if each.state == SENT and each.ended is not None else None,
        )
        for each in reversed(first.values())
    ]
    stand = escalate.stand(alert, now)
    step = None if stand is None else stand.step
    return AlertCalls(
        alert.id, None if stand is None else stand.post, None if stand is None else stand.level,
        found, None if step is None else times.text(max(step.at, now)),
        None if step is None else list(step.receivers),
    )  # fmt: skip


def _answers(post: Post, scope: str) -> bool:
    """Whether a post may answer for something within a scope."""
    return not post.scopes or any(inside(s, scope) or inside(scope, s) for s in post.scopes)
