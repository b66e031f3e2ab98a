"""How long rules were broken: kept over turns, gaps and restarts."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from collector.duties.violations import LATE, TABLES, Violations
from collector.kpis.facts import Held
from tests.build.sovereign import END, Object, box, laid, network
from vigie.database import Database
from vigie.network.network import Network

GOOD: Sequence[Object] = [[{"fr"}, {"fr"}, {"de"}, {"paris"}]]
AWAY: Sequence[Object] = [[{"fr"}, {"fr"}, {"de"}, {"us"}]]
MINUTE = timedelta(minutes=1)


class World:
    """What is held, and the duty that looks at it; time goes on by minutes."""

    def __init__(self, path: Path) -> None:
        self.path, self.now = path, END
        self.held: tuple[Held, ...] | None = ()
        self.network = network()
        self.start()

    def start(self) -> None:
        """As after a restart."""
        database = Database(self.path, TABLES)
        self.duty = Violations(database, lambda _: self.held, self._declared)

    def _declared(self) -> Network:
        return self.network

    def turn(self, objects: Sequence[Object] | None, minutes: int = 1) -> None:
        """So many minutes later, with these objects; None is an inventory that lacks something."""
        self.held = None if objects is None else (laid(objects),)
        self.now += minutes * MINUTE
        self.duty.run(self.now)

    def told(self) -> tuple[list[float], float | None]:
        """The minutes of each violation, and those judged, since the beginning."""
        found, judged = self.duty.between(END, self.now)
        minutes = [(one.end - one.start) / MINUTE for one in found]
        return minutes, None if judged is None else judged / 60


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "state.db")


def test_nothing_is_known_before_the_first_turn(world: World) -> None:
    assert world.told() == ([], None)


def test_what_is_broken_is_so_until_it_is_seen_mended(world: World) -> None:
    for objects in (GOOD, AWAY, AWAY, AWAY, GOOD, GOOD):
        world.turn(objects)
    assert world.told() == ([3.0], 5.0)


def test_a_restart_goes_on_and_a_long_gap_does_not(world: World) -> None:
    world.turn(AWAY)
    world.turn(AWAY)
    world.start()
    world.turn(AWAY)
    assert world.told() == ([2.0], 2.0)
    world.turn(AWAY, minutes=int(LATE / MINUTE) + 1)
    world.turn(AWAY)
    assert world.told() == ([2.0, 1.0], 3.0), "of the time between nobody knows"


def test_of_an_incomplete_inventory_nothing_is_judged(world: World) -> None:
    world.turn(GOOD)
    world.turn(GOOD)
    for _ in range(5):
        world.turn(None)
    world.turn(GOOD)
    assert world.told() == ([], 1.0)


def test_a_rule_that_cannot_be_judged_leaves_its_time_out(world: World) -> None:
    world.turn(GOOD)
    world.turn(GOOD)
    world.network = network(containers=(box("fr", technology=None), box("de"), box("paris")))
    world.turn(GOOD)
    world.turn(GOOD)
    assert world.told() == ([], 2.0)


def test_a_period_gets_what_lies_in_it(world: World) -> None:
    for _ in range(6):
        world.turn(AWAY)
    found, judged = world.duty.between(END + 2 * MINUTE, END + 4 * MINUTE)
    assert [(v.tenant, v.store, v.rule) for v in found] == [("town", "pool", "residency")]
    assert found[0].start == END + 2 * MINUTE
    assert found[0].end == END + 4 * MINUTE
    assert judged == 120
