"""Who is told of an alert: those who are on by the roster, and receivers that no roster calls."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from alerts import escalation
from alerts.delivery.outbox import SENT, Outbox
from alerts.escalation import Call, Reached, Step
from alerts.lifecycle import Alert, State
from alerts.receivers.declared import Declared
from alerts.roster.duty import OnDuty, on, quiet_until
from alerts.roster.ladder import Rung, first, ladder
from alerts.roster.roster import Post, Roster
from alerts.rule import Rule


@dataclass(frozen=True, slots=True)
class Plan:
    """How an alert is called for at an instant.

    `others` are told whoever is on. `quiet` is until when it waits, None where it does not.
    """

    post: Post
    others: tuple[str, ...]
    mine: tuple[str, ...]
    rungs: tuple[Rung, ...]
    quiet: float | None

    @property
    def level(self) -> int:
        """The rung that is called first."""
        return first(self.rungs) or 0

    @property
    def called(self) -> tuple[str, ...]:
        """Who of the roster is called first; where nobody is on, everybody who wants it."""
        return self.mine if first(self.rungs) is None else self.rungs[self.level].first


class Calling:
    """The routing of a register that follows a roster.

    An alert for which no post answers is for every receiver that wants it: it is better told to too
    many than to nobody. So is one while nobody at all is on.
    """

    def __init__(
        self,
        receivers: Sequence[Declared],
        roster: Callable[[], Roster],
        operator: Callable[[str], str],
        outbox: Outbox,
    ) -> None:
        """`roster` is the one in force, `operator` names who runs the container at a path."""
        self._receivers, self.roster, self._operator = receivers, roster, operator
        self._outbox = outbox

    def __call__(self, alert: Alert, rule: Rule, now: float) -> list[str]:
        """The receivers of what an alert has become; of its end, those that heard of it."""
        plan = self.plan(alert, rule, now)
        if plan is None:
            return self._wanting(alert, rule)
        if alert.state is State.FIRING:
            return [*plan.others, *(() if plan.quiet is not None else plan.called)]
        told = {each.receiver for each in self._outbox.told(alert.id)}
        return [*plan.others, *(name for name in plan.mine if name in told)]

    def plan(self, alert: Alert, rule: Rule, now: float) -> Plan | None:
        """How it is called for now; None where no post answers for it."""
        roster = self.roster()
        container = alert.subject.container
        post = roster.post(escalation.paths(alert, rule), self._operator(container))
        if post is None:
            return None
        wanting = self._wanting(alert, rule)
        mine = tuple(name for name in wanting if name in roster.receivers)
        return Plan(
            post,
            tuple(name for name in wanting if name not in roster.receivers),
            mine,
            ladder(roster, post, mine, alert.priority, now),
            quiet_until(post, alert.priority, now),
        )

    def following(
        self, alert: Alert, plan: Plan, reached: Reached | None, now: float
    ) -> Step | None:
        """What is due next for an alert that fires and that nobody has in hand, and when."""
        calls = [
            Call(told.receiver, told.created, told.state == SENT)
            for told in self._outbox.told(alert.id)
            if told.receiver in plan.mine
        ]
        if not calls:
            at = now if plan.quiet is None else plan.quiet
            return Step(at, plan.level, plan.called, "first") if plan.called else None
        stand = reached or escalation.begun(plan.rungs, calls)
        if alert.priority <= escalation.TOLD_ON and plan.quiet is None:
            last = max(call.at for call in calls)
            before = ladder(self.roster(), plan.post, plan.mine, alert.priority, last)
            coming = escalation.handover(before, plan.rungs, stand, calls, now)
            if coming is not None:
                return coming
        again = plan.post.again.of(alert.priority)
        step = escalation.following(plan.rungs, stand, calls, alert.priority, again=again)
        if step is not None and step.why == "again" and plan.quiet is not None:
            return replace(step, at=max(step.at, plan.quiet))
        return step

    def duties(self, now: float) -> Sequence[OnDuty]:
        """Who is on at every level of every post: it is another when anybody hands over."""
        roster = self.roster()
        return [on(roster, post, level, now) for post in roster.posts for level in post.levels]

    def _wanting(self, alert: Alert, rule: Rule) -> list[str]:
        return [r.name for r in self._receivers if r.wants(alert, rule)]
