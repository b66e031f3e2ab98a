"""The duty that calls the next one: nobody took an alert in hand, or nobody could be reached."""

import logging
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

from alerts.calling import Calling, Plan
from alerts.delivery.message import compose
from alerts.delivery.outbox import Outbox
from alerts.escalation import Reached, Step
from alerts.lifecycle import Alert, State
from alerts.register import Register
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
"""How long it is known who was called for an alert that is over."""
LOOK_SECONDS: Final = 60.0
"""How often an alert for which nothing is due is looked at again: rosters and clocks change."""


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
        self._due: dict[str, float] = {}
        """When each alert is to be looked at again."""
        self._roster: Roster | None = None
        self._purged = 0.0

    def run(self, now: datetime) -> None:
        """Look once at every alert that fires and was told."""
        at = now.timestamp()
        if self._calling.roster() is not self._roster:
            self._roster = self._calling.roster()
            self._due.clear()
        if not self._roster.posts:
            return
        waiting = [a for a in self._register.now() if _waits(a)]
        self._due = {a.id: due for a in waiting if (due := self._due.get(a.id)) is not None}
        called = False
        for alert in waiting:
            if self._due.get(alert.id, at) > at:
                continue
            try:
                called |= self._look(alert, at)
            except Exception:  # one alert: the next look takes it up
                log.exception("an alert could not be escalated", extra={"alert": alert.id})
                self._counters.add("escalation_failures_total")
        if called:
            self._wake()
        self._purge(at)

    def reached(self, alert: str) -> Reached | None:
        """The level that an alert has come to beyond its first call, if any."""
        row = self._database.row(
            "SELECT level, at FROM escalations WHERE alert = ? ORDER BY level DESC LIMIT 1", alert
        )
        return None if row is None else Reached(row["level"], row["at"])

    def _look(self, alert: Alert, now: float) -> bool:
        """Call whoever is due; whether anybody was."""
        rule = self._rules().get(alert.rule)
        plan = None if rule is None else self._calling.plan(alert, rule, now)
        if rule is None or plan is None:
            self._due[alert.id] = now + LOOK_SECONDS
            return False
        step = self._calling.following(alert, plan, self.reached(alert.id), now)
        if step is None or step.at > now:
            later = now + LOOK_SECONDS
            self._due[alert.id] = later if step is None else min(step.at, later)
            return False
        with self._register.turn():
            latest = self._register.get(alert.id)
            if latest is None or not _waits(latest):
                return False  # somebody took it meanwhile, or it is over
            self._call(latest, rule, plan, step, now)
        return bool(step.receivers)

    def _call(self, alert: Alert, rule: Rule, plan: Plan, step: Step, now: float) -> None:
        told = self._outbox.told(alert.id)
        # What the others were told already, under the same identity.
        message = self._outbox.message(told[-1].number) if told else None
        with self._database.write() as write:
            self._outbox.put(write, message or compose(alert, rule), step.receivers, now)
            if step.higher:
                write.execute(
                    "INSERT OR IGNORE INTO escalations VALUES (?, ?, ?, ?)",
                    (alert.id, step.level, plan.post.id, now),
                )
        level = plan.post.levels[step.level].name
        log.warning(
            "called the next one for an alert",
            extra={"alert": alert.id, "rule": alert.rule, "post": plan.post.id, "level": level,
                   "receivers": ", ".join(step.receivers)},
        )  # fmt: skip
        self._counters.add("escalations_total", post=plan.post.id, level=level)

    def _purge(self, now: float) -> None:
        if now - self._purged >= 86_400:
            self._purged = now
            with self._database.write() as write:
                write.execute("DELETE FROM escalations WHERE at < ?", (now - KEPT_SECONDS,))


def _waits(alert: Alert) -> bool:
    """Whether receivers were told of it and nobody has it in hand."""
    return alert.state is State.FIRING and alert.told is State.FIRING and alert.held is None
