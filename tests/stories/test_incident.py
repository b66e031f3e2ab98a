"""Stories of incidents: from the first alert to what the authority is owed, on a clock that obeys.

Times in the words of the stories are minutes after `START`.
"""

from pathlib import Path
from typing import Any

import pytest

from alerts import register, silence
from alerts.delivery import outbox
from alerts.incidents import book
from alerts.incidents.incident import Act, Incident, Stage, Step
from alerts.incidents.outage import COMPLETE, LIMITED
from alerts.silence import Silence, Silences
from collector import networks as versions
from collector.duties.incidents import Incidents, Looked, reply
from collector.networks import Networks
from tests.build.alarm import START, Story
from vigie.catalogue import Filesystem, Source
from vigie.database import Database
from vigie.network.network import Network
from vigie.network.operators import Operator
from vigie.network.places import Container, Lifecycle, Site
from vigie.replies import Incident as Reply

RULES = """
[[rule]]
name = "no_space"
measurement = "filesystem"
priority = 1
when = "available_bytes == 0"
settle = "0s"
title = { fr = "Plein", en = "Full" }
advice = { fr = "Libérez", en = "Free some" }
why = "It is full."
do = "Delete."
"""
MINUTE, DAY = 60.0, 86_400.0


class Case:
    """A story, the network that it plays in, and the desk where incidents are kept."""

    def __init__(self, folder: Path, **more: Any) -> None:
        self.story = Story(folder, rules=RULES, **more)
        self.story.step = 20
        tables = (
            *register.TABLES, *outbox.TABLES, *book.TABLES, *versions.TABLES, *silence.TABLES,
        )  # fmt: skip
        database = Database(folder / "state.db", tables)
        self.networks = Networks(database)
        self.declares(Lifecycle.IN_SERVICE, at=-1_000.0)
        self.silences = Silences(database)
        self.incidents = Incidents(
            database, lambda: self.story.rulebook.rules, self.networks, self.silences.all
        )

    def declares(self, lifecycle: Lifecycle, *, at: float) -> None:
        """The network says so of paris/a from that minute on; paris/b stays in service."""
        containers = (Container("a", "A", "paris", lifecycle), Container("b", "B", "paris"))
        network = Network(
            "Paris", (Operator("city", "City"),), (Site("paris", "Paris", "city"),), containers
        )
        self.networks.accept(network, START + at * MINUTE)

    def agents(self, container: str, *, talk: bool = True) -> None:
        """Both agents of a container report, or fall silent."""
        for host in ("h1", "h2"):
            if talk:
                self.story.reads(Source, container=container, host=host, source="agent",
                                 status="ok")  # fmt: skip
            else:
                for key in [k for k in self.story.sensors if k[1] == container]:
                    del self.story.sensors[key]

    def full(self, free: float = 0, *, container: str = "paris/a") -> None:
        """A file system is full, or no longer."""
        self.story.reads(Filesystem, container=container, mount="/srv", size_bytes=100,
                         available_bytes=free, read_only=False)  # fmt: skip

    def opened(
        self, scope: str, *, since: float = 0.0, rule: str = "no_space", **more: Any
    ) -> Incident:
        """An incident of what people were told of in a scope since that minute, by one rule."""
        found = self.incidents.gathered(scope, START + since * MINUTE, self.story.now)
        ids = tuple(episode.id for episode in found if episode.rule == rule)
        return self.incidents.book.open("Dark", scope, self.act(Step.OPENED, alerts=ids, **more))

    def act(self, step: Step, **more: Any) -> Act:
        """What Alice does now."""
        return Act(step, self.story.now, "Alice", "p-1", **more)

    def looked(self, incident: Incident) -> Looked:
        """All that is known of an incident now."""
        return self.incidents.look(self.incidents.book.incident(incident.id), self.story.now)

    def reply(self, incident: Incident) -> Reply:
        """The same as it is answered."""
        return reply(self.looked(incident), self.incidents, self.story.now, "en")


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path)


def minutes(seconds: float | None) -> float:
    """A Unix time as a minute of the story."""
    assert seconds is not None
    return (seconds - START) / MINUTE


@pytest.mark.slow
def test_a_container_goes_dark_for_an_hour_and_the_authority_is_told_in_time(case: Case) -> None:
    case.story.step = 30
    case.agents("paris/a")
    case.agents("paris/b")
    case.story.until("3min")
    case.agents("paris/a", talk=False)
    case.story.until("6min")
    (alert,) = (a for a in case.story.register.now() if a.rule == "container_silent")
    case.story.register.acknowledge(alert.id, "Alice", "calling the carrier", case.story.now)
    case.story.until("10min")
    incident = case.opened("paris", rule="container_silent")
    filed = case.act(Step.FILED, stage=Stage.EARLY_WARNING, words="receipt 4711")
    case.incidents.book.add(incident.id, filed)

    running = case.looked(incident)
    assert running.clock.ended is None
    assert minutes(running.clock.detected) == pytest.approx(4, abs=0.6)
    assert minutes(running.clock.acknowledged) == 6
    assert running.outage is not None
    assert running.outage.signs == ()

    case.story.until("65min")
    case.agents("paris/a")
    case.story.until("70min")
    over = case.looked(incident)
    assert minutes(over.clock.ended) == pytest.approx(66, abs=1.5)
    assert over.outage is not None
    assert over.outage.limited / MINUTE == pytest.approx(62, abs=1.6)
    assert over.outage.complete == 0, "paris/b served all the time"
    assert over.outage.signs == (LIMITED,)
    warning, notification, final = over.clock.deadlines
    assert over.clock.detected is not None
    assert (warning.due, notification.due) == (
        over.clock.detected + DAY,
        over.clock.detected + 3 * DAY,
    )
    assert (warning.reference, warning.late(case.story.now)) == ("receipt 4711", False)
    assert notification.late(START + 10 * DAY)
    assert not final.late(START + 30 * DAY)


def test_the_timeline_says_who_did_what_and_who_was_told(case: Case) -> None:
    case.story.until("1min")
    case.full()
    case.story.until("2min")
    alert = case.story.alert("no_space")
    case.story.register.acknowledge(alert.id, "Alice", "on it", case.story.now)
    case.story.until("3min")
    incident = case.opened("paris", since=0)
    case.full(50)
    case.story.until("5min")
    case.incidents.book.add(incident.id, case.act(Step.CLOSED, words="made room"))
    said = [(e.kind, e.what, e.who, e.words) for e in case.looked(incident).entries]
    assert said[0] == ("alert", "firing", None, "Full")
    assert ("alert", "acknowledged", "Alice", "on it") in said
    assert ("act", "opened", "Alice", "Dark; 1 alert") in said
    assert said[-1] == ("act", "closed", "Alice", "made room")
    told = [
        (who, words) for kind, what, who, words in said if (kind, what) == ("notification", "sent")
    ]
    assert told == [("desk", f"{alert.id}.{number}") for number in (1, 2, 3)]


def test_planned_maintenance_is_left_out(case: Case) -> None:
    case.full()
    case.story.until("10min")
    case.declares(Lifecycle.MAINTENANCE, at=10)
    case.story.until("25min")
    case.declares(Lifecycle.IN_SERVICE, at=25)
    case.full(50)
    case.story.until("27min")
    incident = case.opened("paris/a")
    (name,) = incident.alerts
    assert case.looked(incident).outage is None, "a full disk is no outage until somebody says so"
    case.incidents.book.add(incident.id, case.act(Step.ADDED, alerts=(name,), outage=True))
    found = case.reply(incident)
    assert found.unavailable_seconds == pytest.approx(10 * MINUTE, abs=30)
    assert found.planned_seconds == pytest.approx(15 * MINUTE, abs=30)
    (container,) = found.outages
    assert container.unavailable_seconds == pytest.approx(25 * MINUTE, abs=30)
    assert [(e.what, e.subject) for e in found.timeline if e.kind == "network"] == [
        ("changed", "paris/a"), ("changed", "paris/a"),
    ]  # fmt: skip


def test_a_window_counts_from_when_it_was_declared_and_stands_in_the_timeline(case: Case) -> None:
    def window(starts: float, expires: float) -> Silence:
        return Silence(
            "", "maintenance", "paris/a", None, "", "Bob", "new feeder", 0.0,
            START + starts * MINUTE, START + expires * MINUTE,
        )  # fmt: skip

    case.silences.add(window(5, 10), START)
    case.full()
    case.story.until("12min")
    case.silences.add(window(0, 15), case.story.now)  # too late for the minutes before
    incident = case.opened("paris/a")
    outage = case.act(Step.ADDED, alerts=tuple(incident.alerts), outage=True)
    case.incidents.book.add(incident.id, outage)
    case.story.until("16min")
    case.full(50)
    case.story.until("17min")
    found = case.reply(incident)
    assert found.planned_seconds == pytest.approx((5 + 3) * MINUTE, abs=30)
    said = [(e.what, e.who, e.words) for e in found.timeline if e.kind == "maintenance"]
    assert [(what, who) for what, who, _ in said] == [("declared", "Bob")] * 2
    assert said[0][2].endswith("new feeder")


def test_both_containers_of_a_site_down_at_once_are_a_complete_outage(case: Case) -> None:
    case.full()
    case.story.until("5min")
    case.full(container="paris/b")
    case.story.until("10min")
    case.full(50)
    case.story.until("15min")
    incident = case.opened("paris", since=0)
    alerts = tuple(incident.alerts)
    assert len(alerts) == 2
    case.incidents.book.add(incident.id, case.act(Step.ADDED, alerts=alerts, outage=True))
    found = case.reply(incident)
    assert found.unavailable_seconds == pytest.approx(15 * MINUTE, abs=30)
    assert found.complete_seconds == pytest.approx(5 * MINUTE, abs=30)
    assert found.signs == [COMPLETE]
    assert found.ended is None, "paris/b is still full"


def test_what_only_people_noticed_has_a_clock_too(case: Case) -> None:
    case.story.now = START + 60 * MINUTE
    incident = case.opened("paris/a", at=START + 15 * MINUTE, words="the door stood open")
    found = case.looked(incident)
    assert (minutes(found.clock.began), minutes(found.clock.detected)) == (15, 15)
    assert len(found.clock.deadlines) == 3
    assert found.outage is None
    closed = case.act(Step.CLOSED, words="locked", at=START + 20 * MINUTE)
    case.incidents.book.add(incident.id, closed)
    assert minutes(case.looked(incident).clock.ended) == 20


def test_what_the_twin_plays_is_stamped(tmp_path: Path) -> None:
    case = Case(tmp_path, simulated=frozenset({"paris/a"}))
    case.full()
    case.full(container="paris/b")
    case.story.until("1min")
    found = case.story.register.of("no_space").values()
    alerts = {alert.subject.container: alert.id for alert in found}
    played, real = (
        case.incidents.book.open("x", path, case.act(Step.OPENED, alerts=(alerts[path],)))
        for path in ("paris/a", "paris/b")
    )
    assert (case.reply(played).simulated, case.reply(real).simulated) == (True, False)


def test_an_incident_outlives_the_collector(case: Case) -> None:
    case.full()
    case.story.until("1min")
    incident = case.opened("paris/a")
    before = case.reply(incident)
    case.story.crashes()
    assert case.reply(incident) == before
