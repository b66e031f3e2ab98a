"""`roster`: who is on, now and over the days to come; and who was called for an alert."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query

from alerts import text, ticket
from alerts.delivery.outbox import SENT, Outbox, Told
from alerts.lifecycle import Alert
from alerts.register import Register, withdrawn
from alerts.roster import days as ahead
from alerts.roster.book import Rosterbook
from alerts.roster.roster import Post
from alerts.rule import Rule
from collector import times
from collector.api.access import Reading
from collector.api.alerts import Language, visible
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


@dataclass(frozen=True, slots=True)
class Bell:
    """What knows who was called: the duty that does it, the alerts, the messages, the roster."""

    escalate: Escalate
    register: Register
    outbox: Outbox
    book: Rosterbook


def calls(
    bell: Bell, rules: Callable[[], Mapping[str, Rule]], clock: Callable[[], float]
) -> APIRouter:
    """Who was called for one alert; `clock` tells Unix time."""
    router = APIRouter()

    @router.get("/alerts/{identity}/calls")
    def called(asking: Reading, identity: str, language: Language = "fr") -> AlertCalls:
        """Who was called for one alert, who took it, who is next, and where its ticket is."""
        alert = bell.register.get(identity)
        rule = None if alert is None else rules().get(alert.rule) or withdrawn(alert.rule)
        if alert is None or rule is None or not visible(alert, rule, asking.scope):
            raise Refused(404, f"no alert {identity!r:.80}")
        return reply(bell, alert, rule, language, clock())

    return router


def reply(bell: Bell, alert: Alert, rule: Rule, language: str, now: float) -> AlertCalls:
    """What became of calling for an alert, as it is answered."""
    stand = bell.escalate.stand(alert, now)
    step = None if stand is None else stand.step
    tickets = bell.book.current.tickets
    return AlertCalls(
        id=alert.id,
        post=None if stand is None else stand.post,
        level=None if stand is None else stand.level,
        calls=_calls(bell.outbox.told(alert.id)),
        next_at=None if step is None else times.text(max(step.at, now)),
        next_receivers=None if step is None else list(step.receivers),
        ticket=alert.ticket,
        ticket_status=alert.ticket_status,
        ticket_url=alert.ticket and ticket.filled(tickets.show, {"ticket": alert.ticket}),
        new_ticket_url=ticket.filled(tickets.new, _named(alert, rule, language)),
    )


def _calls(told: Sequence[Told]) -> list[AlertCall]:
    """Each receiver once, as it was called first."""
    first = {each.receiver: each for each in reversed(told)}
    last = {each.receiver: each for each in told}
    count = Counter(each.receiver for each in told)
    return [
        AlertCall(
            each.receiver,
            times.text(each.created),
            times.text(each.ended) if each.state == SENT and each.ended is not None else None,
            count[each.receiver],
            times.text(last[each.receiver].created),
        )
        for each in reversed(first.values())
    ]


def _named(alert: Alert, rule: Rule, language: str) -> dict[str, object]:
    """What a new ticket may say of an alert: the places of `alerts.ticket.NEW`."""
    return {
        "id": alert.id,
        "rule": alert.rule,
        "priority": alert.priority,
        "subject": text.subject_path(alert.subject),
        "title": text.titled(rule, alert.subject, alert.count, language),
        "since": times.text(alert.since),
        "value": text.value(rule, alert.value, language),
    }


def _answers(post: Post, scope: str) -> bool:
    """Whether a post may answer for something within a scope."""
    return not post.scopes or any(inside(s, scope) or inside(scope, s) for s in post.scopes)
