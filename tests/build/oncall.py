"""A story of alerts with a roster: who is on, who is called, and who next.

It begins on Friday 15 January 2027 at 09:00 in Paris.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

from alerts import rulebook
from alerts.calling import Calling
from alerts.receivers.declared import Declared, Routing
from alerts.receivers.outcome import Verdict
from alerts.roster.roster import Roster
from collector.duties import escalate
from collector.duties.escalate import Escalate
from tests.build.alarm import CONTAINER, START, Story, declared
from tests.build.roster import roster
from vigie.catalogue import Filesystem

RULE = """
[[rule]]
name = "{name}"
measurement = "filesystem"
priority = {priority}
when = "available_bytes == {value}"
value = "available_bytes"
settle = "10s"
title = {{ fr = "Plein", en = "Full" }}
advice = {{ fr = "Libérez", en = "Free some" }}
why = "It is full."
do = "Delete."
"""
RULES = "".join(
    RULE.format(name=name, priority=priority, value=value)
    for name, priority, value in (("urgent", 1, 0), ("soon", 2, 2), ("sometime", 3, 3))
)
FREE = {"urgent": 0, "soon": 2, "sometime": 3}
"""What a file system has free where a rule is to fire."""
PHONES = ("alice-phone", "alice-mail", "bob-phone", "carol-phone", "chief-phone")
PARIS = """
[[posts]]
id = "paris"
name = "Paris"
scopes = ["paris"]
timezone = "Europe/Paris"
quiet = [{ begins = "20:00", ends = "07:00" }]

[[posts.levels]]
name = "shift"
shifts = [
    { people = ["alice"], begins = "08:00", ends = "20:00" },
    { people = ["bob"], begins = "20:00", ends = "08:00" },
]
within = { p1 = "5min", p2 = "30min" }

[[posts.levels]]
name = "on call"
shifts = [{ people = ["carol"] }]
backup = ["chief"]
within = { p1 = "10min", p2 = "1h" }

[[posts.levels]]
name = "head"
backup = ["chief"]
"""


class OnCall(Story):
    """Alerts that are called for by a roster."""

    tables = (*Story.tables, *escalate.TABLES)

    def __init__(
        self, folder: Path, posts: str = PARIS, *, more: Sequence[Declared] = (),
        operators: Mapping[str, str] = {},
    ) -> None:  # fmt: skip
        """`more` are receivers beside those of people, `operators` who runs which container."""
        self.roster: Roster = roster(folder, posts)
        self._operators = operators
        secret = folder / "secret"
        receivers = [*(declared(name, secret) for name in PHONES), *more]
        super().__init__(folder, rules=RULES, receivers=receivers)

    def starts(self) -> None:
        """As the collector starts, with the duty that escalates."""
        # Of the packaged rules some would fire too, and reading them all takes its time.
        none = self.folder / "none"
        none.mkdir(exist_ok=True)
        with mock.patch.object(rulebook, "PACKAGED", none):
            super().starts()
        self.escalate = Escalate(
            self.calling, self.register, self.outbox, self.database, self.counters,
            rules=lambda: self.rulebook.rules, wake=lambda: None,
        )  # fmt: skip

    def routing(self) -> Routing:
        """By the roster."""
        self.calling = Calling(
            self.receivers, lambda: self.roster,
            lambda path: self._operators.get(path, ""), self.outbox,
        )  # fmt: skip
        return self.calling

    def tick(self, *, deliver: bool = True) -> None:
        """One moment: read, look, escalate, tell."""
        super().tick(deliver=False)
        self.escalate.run(datetime.fromtimestamp(self.now, UTC))
        if deliver:
            self.delivers()

    def breaks(self, rule: str, *, container: str = CONTAINER, mount: str = "/srv") -> None:
        """From now on that rule is right."""
        self.reads(
            Filesystem, container=container, mount=mount, size_bytes=100,
            available_bytes=FREE[rule], read_only=False,
        )  # fmt: skip

    def mends(self, *, container: str = CONTAINER, mount: str = "/srv") -> None:
        """From now on none is."""
        self.reads(
            Filesystem, container=container, mount=mount, size_bytes=100, available_bytes=90,
            read_only=False,
        )  # fmt: skip

    def down(self, *names: str) -> None:
        """These receivers answer nothing."""
        for name in names:
            self.desks[name].verdict = Verdict.DOWN

    def heard(self, state: str = "firing") -> list[tuple[str, int]]:
        """Who was told of that state, at which second, in the order of time."""
        found = [
            (name, second)
            for name in self.desks
            for second, told, _ in self.told_to(name)
            if told == state
        ]
        return sorted(found, key=lambda each: each[1])

    def at(self, clock: str) -> None:
        """Let it begin at a time of Paris, as `2027-01-15 23:00`, before anything was read."""
        zone = self.roster.posts[0].zone
        self.now = datetime.fromisoformat(clock).replace(tzinfo=zone).timestamp()

    def goes_on(self, seconds: float) -> None:
        """Let so many seconds go by."""
        end = self.now + seconds
        while self.now < end:
            self.tick()
            self.now += self.step
        self.tick()

    def second(self, clock: str) -> int:
        """A time of Paris in seconds since the beginning."""
        zone = self.roster.posts[0].zone
        return round(datetime.fromisoformat(clock).replace(tzinfo=zone).timestamp() - START)
