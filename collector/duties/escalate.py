"""The duty that calls the next one: nobody took an alert in hand, or nobody could be reached."""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from alerts.calling import Calling, Plan
from alerts.delivery.message import Message, compose
from alerts.delivery.outbox import Outbox
from alerts.escalation import Reached, Step
from alerts.lifecycle import Alert, State
from alerts.register import Register
from alerts.roster.duty import OnDuty
from alerts.roster.roster import Roster
from alerts.rule import Rule
from collector.counters import Counters
from vigie.database import Database, Table

log = logging.getLogger(__name__)

TABLES: Final = (
    Table(
        "escalations",
        "alert TEXT NOT NULL, level INTEGER NOT NULL, post TEXT NOT NULL, at REAL NOT NULL, "
        "PRIMARY KEY (alert, level)",
        indexes=("at",),
    ),
)
KEPT_SECONDS: Final = 400 * 86_400.0
"""How long it is known how far an alert climbed."""
LOOK_SECONDS: Final = 60.0
"""How often an alert for which nothing is due is looked at again: rosters and clocks change."""
TURN_SECONDS: Final = 5.0
"""How often it is looked who is on."""
FRESH: Final = frozenset({"first", "handover", "again"})
"""Why a message of its own is made; else what others were told goes on as it is."""
AT_ONCE: Final = 500
"""Alerts that are looked at in one turn: evaluation waits meanwhile. The gravest come first."""


@dataclass(frozen=True, slots=True)
class Due:
    """What is due now for one alert."""

    alert: Alert
    rule: Rule
    plan: Plan
    step: Step


@dataclass(frozen=True, slots=True)
class Stand:
    """Where calling for an alert stands: at which level of which post, and what is due next."""

    post: str
    level: str
    step: Step | None


class Escalate:
    """Looks at what nobody has in hand, and calls who is due."""

    def __init__(
        self, calling: Calling, register: Register, outbox: Outbox, database: Database,
        counters: Counters, *, rules: Callable[[], Mapping[str, Rule]], wake: Callable[[], None],
    ) -> None:  # fmt: skip
        """`wake` is called when there is something to send."""
        self._calling, self._register, self._outbox = calling, register, outbox
        self._database, self._counters = database, counters
        self._rules, self._wake = rules, wake
        self._next: dict[str, float] = {}
        """When each alert is to be looked at again."""
        self._roster: Roster | None = None
        self._on: Sequence[OnDuty] = ()
        self._turned = 0.0
        self._purged = 0.0

    def run(self, now: datetime) -> None:
        """Look once at every alert that fires and was told.

        Raises:
            StoreError: nobody could be called; the next look does it.
        """
        at = now.timestamp()
        if self._calling.roster() is not self._roster:
            self._roster = self._calling.roster()
            self._next.clear()
        if not self._roster.posts:
            return
        self._look_at_turns(at)
        with self._register.turn():  # nobody takes one in hand while it is called for
            waiting = [alert for alert in self._register.now() if self._waits(alert)]
            self._next = {a.id: self._next[a.id] for a in waiting if a.id in self._next}
            ripe = [alert for alert in waiting if self._next.get(alert.id, at) <= at]
            ripe.sort(key=lambda a: (a.priority, self._next.get(a.id, a.changed)))
            looked = [self._look(alert, at) for alert in ripe[:AT_ONCE]]
            due = [found for found in looked if found is not None]
            if due:
                self._call(due, at)
        if due:
            self._wake()
        self._purge(at)

    def _look_at_turns(self, now: float) -> None:
        """Have everything looked at at once when anybody hands over: they are told together."""
        if 0 <= now - self._turned < TURN_SECONDS:
            return
        self._turned, on = now, self._calling.duties(now)
        if on != self._on:
            self._on = on
            self._next.clear()

    def reached(self, alert: str) -> Reached | None:
        """The level that an alert has come to beyond its first call, if any."""
        row = self._database.row(
            "SELECT level, at FROM escalations WHERE alert = ? ORDER BY level DESC LIMIT 1", alert
        )
        return None if row is None else Reached(row["level"], row["at"])

    def stand(self, alert: Alert, now: float) -> Stand | None:
        """How far an alert has climbed, and who is next; None where no post answers for it."""
        rule = self._rules().get(alert.rule)
        plan = None if rule is None else self._calling.plan(alert, rule, now)
        if plan is None:
            return None
        reached = self.reached(alert.id)
        levels = plan.post.levels
        level = levels[min(plan.level if reached is None else reached.level, len(levels) - 1)]
        step = self._calling.following(alert, plan, reached, now) if self._waits(alert) else None
        return Stand(plan.post.id, level.name, step)

    def _look(self, alert: Alert, now: float) -> Due | None:
        """What is due for one alert; when nothing is, it is noted when to look again."""
        try:
            rule = self._rules().get(alert.rule)
            plan = None if rule is None else self._calling.plan(alert, rule, now)
            step = None
            if plan is not None and self._register.owing(alert.id).intersection(plan.mine):
                return None  # who is on is about to be told, together with more
            if plan is not None:
                step = self._calling.following(alert, plan, self.reached(alert.id), now)
        except Exception:  # one alert: the others are called for
            log.exception("an alert could not be escalated", extra={"alert": alert.id})
            self._counters.add("escalation_failures_total")
            rule = plan = step = None
        if rule is not None and plan is not None and step is not None and step.at <= now:
            return Due(alert, rule, plan, step)
        later = now + LOOK_SECONDS
        self._next[alert.id] = later if step is None else min(step.at, later)
        return None

    def _call(self, due: Sequence[Due], now: float) -> None:
        """Write what is told, to whom, and how far each alert has climbed."""
        with self._database.write() as write:
            for message, receivers in [*self._copies(due), *_fresh(due)]:
                self._outbox.put(write, message, receivers, now)
            write.executemany(
                "INSERT OR IGNORE INTO escalations VALUES (?, ?, ?, ?)",
                [(d.alert.id, d.step.level, d.plan.post.id, now) for d in due if d.step.climbs],
            )  # fmt: skip
        for each in due:
            post, level = each.plan.post, each.plan.post.levels[each.step.level].name
            fields = {
                "alert": each.alert.id, "rule": each.alert.rule, "post": post.id, "level": level,
                "why": each.step.why, "receivers": ", ".join(each.step.receivers),
            }  # fmt: skip
            log.warning("called the next one for an alert", extra=fields)
            self._counters.add("escalations_total", post=post.id, level=level, why=each.step.why)

    def _copies(self, due: Iterable[Due]) -> list[tuple[Message, list[str]]]:
        """What others were told already, under the same identity, each once."""
        copies: dict[Message, dict[str, None]] = {}
        for each in due:
            if each.step.why in FRESH:
                continue
            message = self._told(each.alert)
            if message is not None:
                copies.setdefault(message, {}).update(dict.fromkeys(each.step.receivers))
        return [(message, list(receivers)) for message, receivers in copies.items()]

    def _told(self, alert: Alert) -> Message | None:
        """The last message about an alert that said what it has become, and not that again."""
        numbers = dict.fromkeys(told.number for told in reversed(self._outbox.told(alert.id)))
        found = (self._outbox.message(number) for number in numbers)
        return next((m for m in found if m is not None and m.id.count(".") == 1), None)

    def _waits(self, alert: Alert) -> bool:
        """Whether receivers were told of it, not as one of a group later, and nobody has it."""
        told = alert.told is State.FIRING and not self._register.owes(alert.id)
        return alert.state is State.FIRING and told and alert.held is None

    def _purge(self, now: float) -> None:
        if now - self._purged >= 86_400:
            self._purged = now
            with self._database.write() as write:
                write.execute("DELETE FROM escalations WHERE at < ?", (now - KEPT_SECONDS,))


def _fresh(due: Iterable[Due]) -> list[tuple[Message, list[str]]]:
    """What waited for the end of quiet hours, what goes on at a handover, and what nobody took.

    Each in one message for those who are called for the same reason.
    """
    together: dict[tuple[str, tuple[str, ...], bool], list[Due]] = {}
    for each in due:
        if each.step.why in FRESH and each.step.receivers:
            key = each.step.why, each.step.receivers, each.alert.simulated
            together.setdefault(key, []).append(each)
    found = []
    for (why, receivers, _), members in together.items():
        members.sort(key=lambda d: (d.alert.priority, d.alert.since, d.alert.id))
        first, *others = members
        call = None if why == "first" else (why, first.step.count)
        rest = [(d.alert, d.rule) for d in others]
        found.append((compose(first.alert, first.rule, rest, call=call), list(receivers)))
    return found
