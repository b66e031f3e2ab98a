"""Many of one container that are wrong together share one alert; each keeps its own clock."""

from collections.abc import Iterable
from dataclasses import replace

import pytest

from alerts.language.check import condition, quantity
from alerts.lifecycle import Alert, State, Subject
from alerts.mass import ALL, FEW, MANY, Mass
from alerts.rule import Rule, Words
from alerts.trial import Reading, Standing, replay
from alerts.watch import Looked, watch
from vigie.catalogue import Gpu

GPUS = 3 * MANY
HOT, WARM, COOL, UNREAD = 90.0, 82.0, 50.0, None
EVERYBODY = Subject("p/a", (ALL, ALL))


def rule(hold: float = 0.0) -> Rule:
    words = Words("{gpu}", "{gpu}")
    return Rule(
        name="hot", priority=1, title=words, advice=words, why="", do="", measurement=Gpu,
        when=condition("temperature_celsius > 85C", Gpu, {}),
        clear=condition("temperature_celsius < 80C", Gpu, {}),
        value=quantity("temperature_celsius", Gpu, {}), hold=hold, settle=60.0,
    )  # fmt: skip


def gpu(number: int, container: str = "p/a") -> Subject:
    assert Gpu.keys[0].name == "host"
    return Subject(container, (f"h{number // 8}", f"g{number}"))


class Hall:
    """A hall of GPUs that a rule looks at, again and again."""

    def __init__(self, hold: float = 0.0) -> None:
        self.rule, self.mass, self.now = rule(hold), Mass(), 1_000.0
        self.latest: dict[Subject, Alert] = {}
        self.values: dict[Subject, float | None] = {}
        self.are(COOL, range(GPUS))
        self.are(COOL, range(8), "p/b")

    def are(self, celsius: float | None, numbers: Iterable[int], container: str = "p/a") -> None:
        self.values |= {gpu(n, container): celsius for n in numbers}

    def looks(self, seconds: float = 10.0, room: int | None = None) -> Looked:
        self.now += seconds
        readings = [
            Reading(self.now, subject, {"temperature_celsius": value})
            for subject, value in self.values.items()
        ]
        rows = Standing(Gpu, readings, self.now)
        found = watch(
            self.rule, rows, self.latest, self.now, lambda _: False, mass=self.mass, room=room
        )
        self.rows = rows
        for alert in found.dropped:
            del self.latest[alert.subject]
        self.latest |= {alert.subject: alert for alert in found.changed}
        return found

    def starts_again(self, down: float) -> None:
        """Memory is lost; what is pending was last seen when we went."""
        self.mass, before = Mass(), self.now
        self.now += down
        self.latest = {
            s: replace(a, blind=True, sure=before) if a.state is State.PENDING else a
            for s, a in self.latest.items()
        }

    def standing(self) -> dict[Subject, State]:
        return {s: a.state for s, a in self.latest.items() if a.state is not State.RESOLVED}


def test_many_at_once_are_one_alert_that_counts_them_and_shows_the_worst() -> None:
    hall = Hall()
    hall.are(HOT, range(100))
    hall.are(97.0, [40])
    hall.are(HOT, range(3), "p/b")
    hall.looks()
    alert = hall.latest[EVERYBODY]
    assert (alert.state, alert.count, alert.value) == (State.FIRING, 100, 97.0)
    assert alert.detail.startswith("100: h5/g40")
    alone = {gpu(n, "p/b") for n in range(3)}
    assert hall.standing() == dict.fromkeys([EVERYBODY, *alone], State.FIRING)


def test_fewer_have_an_alert_each() -> None:
    hall = Hall()
    hall.are(HOT, range(MANY - 1))
    hall.looks()
    assert len(hall.standing()) == MANY - 1
    assert EVERYBODY not in hall.latest


def test_who_has_an_alert_keeps_it_and_later_ones_share() -> None:
    hall = Hall()
    for n in range(0, GPUS, 10):
        hall.are(HOT, range(n, n + 10))
        hall.looks()
    assert len(hall.standing()) < MANY + 1
    assert hall.latest[EVERYBODY].count > GPUS / 1.2  # it is said again when it has grown
    hall.are(COOL, range(GPUS))
    hall.looks()
    hall.looks(61)
    assert hall.standing() == {}


def test_it_lasts_until_the_last_of_them_is_over() -> None:
    hall = Hall()
    hall.are(HOT, range(100))
    hall.looks()
    hall.are(COOL, range(1, 100))
    hall.are(WARM, [0])  # below where it fires, above where it is over
    for _ in range(10):
        hall.looks()
    assert hall.standing() == {EVERYBODY: State.FIRING}
    hall.are(UNREAD, [0])
    hall.looks()
    assert hall.latest[EVERYBODY].blind
    hall.are(COOL, [0])
    hall.looks()
    hall.looks(61)
    assert hall.latest[EVERYBODY].state is State.RESOLVED


def test_all_that_wait_have_one_clock_each() -> None:
    """Many that are wrong for a moment, one after the other, are nothing that lasts."""
    hall = Hall(hold=60.0)
    for turn in range(30):
        hall.are(COOL, range(GPUS))
        hall.are(HOT, ((turn * 41 + n) % GPUS for n in range(MANY + 5)))
        hall.looks()
    assert set(hall.standing().values()) <= {State.PENDING}


def test_they_fire_when_as_many_have_lasted() -> None:
    hall = Hall(hold=60.0)
    hall.are(HOT, range(100))
    hall.looks()
    assert hall.standing() == {EVERYBODY: State.PENDING}
    for _ in range(5):
        hall.looks()
    assert hall.standing() == {EVERYBODY: State.PENDING}
    hall.looks()
    assert hall.standing() == {EVERYBODY: State.FIRING}
    assert hall.latest[EVERYBODY].since == hall.now - 60


def test_few_that_are_left_go_on_alone_with_the_time_that_they_waited() -> None:
    hall = Hall(hold=60.0)
    hall.are(HOT, range(100))
    hall.looks()
    hall.are(COOL, range(FEW - 1, 100))
    hall.looks(30)
    assert hall.standing() == {gpu(n): State.PENDING for n in range(FEW - 1)}
    hall.looks(30)
    assert hall.standing() == {gpu(n): State.FIRING for n in range(FEW - 1)}


def test_a_few_that_last_while_many_flicker_are_told_by_their_names() -> None:
    hall = Hall(hold=60.0)
    hall.are(HOT, range(100))
    hall.looks()
    for turn in range(6):
        hall.are(COOL, range(3, 100))
        hall.are(HOT, range(3 + turn % 2, 100, 2))
        hall.looks()
    hall.looks()
    firing = {s for s, state in hall.standing().items() if state is State.FIRING}
    assert {gpu(n) for n in range(3)} <= firing
    assert EVERYBODY not in firing


def test_those_that_waited_alone_join_and_nobody_waits_anew() -> None:
    hall = Hall(hold=60.0)
    hall.are(HOT, range(MANY - 1))
    hall.looks()
    hall.are(HOT, range(100))
    found = hall.looks(30)
    assert len(found.dropped) == MANY - 1
    assert hall.standing() == {EVERYBODY: State.PENDING}
    hall.looks(30)
    firing = {s for s, state in hall.standing().items() if state is State.FIRING}
    assert firing == {gpu(n) for n in range(MANY - 1)}  # the others have waited half as long
    hall.looks(30)
    assert hall.latest[EVERYBODY].state is State.FIRING


@pytest.mark.parametrize("state", [State.PENDING, State.FIRING])
def test_a_start_goes_on_where_it_was(state: State) -> None:
    hall = Hall(hold=60.0)
    hall.are(HOT, range(100))
    hall.looks()
    hall.looks(61 if state is State.FIRING else 40)
    before = hall.latest[EVERYBODY]
    assert before.state is state
    hall.starts_again(down=300)
    hall.are(UNREAD, range(100))
    hall.looks()
    assert hall.latest[EVERYBODY].blind
    hall.are(HOT, range(100))
    hall.looks()
    assert hall.latest[EVERYBODY].state is state
    hall.looks(30)
    assert hall.latest[EVERYBODY].state is State.FIRING
    assert hall.latest[EVERYBODY].id == before.id
    assert len(hall.standing()) == 1


def test_who_stays_mute_after_a_start_is_not_waited_for_for_ever() -> None:
    hall = Hall()
    hall.are(UNREAD, [GPUS - 1])
    hall.are(HOT, range(100))
    hall.looks()
    hall.starts_again(down=60)
    hall.looks()
    hall.are(COOL, range(100))
    hall.looks(600)
    assert hall.latest[EVERYBODY].blind
    hall.looks(600)
    hall.looks(61)
    assert hall.latest[EVERYBODY].state is State.RESOLVED


def test_a_container_that_is_gone_leaves_its_alert_blind() -> None:
    hall = Hall()
    hall.are(HOT, range(100))
    hall.looks()
    hall.values = {s: v for s, v in hall.values.items() if s.container == "p/b"}
    hall.looks()
    assert hall.latest[EVERYBODY].blind


def test_who_shares_an_alert_can_be_asked_and_since_when() -> None:
    hall = Hall(hold=60.0)
    hall.are(HOT, range(60))
    hall.looks()
    hall.are(HOT, range(100))
    hall.looks()
    rows, since = hall.mass.members(hall.rows.texts("container"), "p/a")
    assert hall.rows.subjects(rows) == [gpu(n) for n in range(100)]
    assert set(since[:60]) == {hall.now - 10}
    assert set(since[60:]) == {hall.now}


def test_a_look_begins_so_many_and_the_next_one_the_others() -> None:
    hall = Hall()
    hall.are(HOT, range(30))
    assert hall.looks(room=20).begun == 20
    assert hall.looks(room=20).begun == 10
    assert len(hall.standing()) == 30


def test_a_replay_of_the_past_tells_the_same() -> None:
    readings = [
        Reading(1_000.0 + at, gpu(n), {"temperature_celsius": HOT if 100 <= at < 300 else COOL})
        for at in range(0, 600, 10)
        for n in range(MANY)
    ]
    told = list(replay(rule(hold=60.0), readings, 1_600.0, every=10.0))
    assert [(a.subject, a.state, a.changed) for a in told] == [
        (EVERYBODY, State.PENDING, 1_100.0), (EVERYBODY, State.FIRING, 1_160.0),
        (EVERYBODY, State.RESOLVED, 1_360.0),
    ]  # fmt: skip
