"""Each closed hour of a place beside what its own past and its meters say of it."""

from datetime import timedelta
from pathlib import Path

import pytest

from collector.duties.bands import TABLES, Bands, judged
from collector.duties.own import Own
from collector.inventory.balance import Counted
from tests.build.shelf import NOON, Shelf, at, load
from vigie.catalogue import Environment
from vigie.database import Database
from vigie.network.meters import Meter
from vigie.network.network import Network
from vigie.network.operators import Operator
from vigie.network.places import Container, Lifecycle, Site

HOUR = 3_600.0
END = int((NOON + timedelta(hours=1)).timestamp() // HOUR)


class World:
    """One container with a grid meter and a UPS behind it, and its duty."""

    def __init__(self, path: Path, lifecycle: Lifecycle = Lifecycle.IN_SERVICE) -> None:
        self.own, self.store = Own(), Shelf()
        self.database = Database(path, TABLES)
        meters = (Meter("s/c", "grid", "site"), Meter("s/c", "ups", "ups", parent="grid"))
        self.network = Network(
            "n", (Operator("o", "O"),), (Site("s", "S", "o"),),
            (Container("c", "C", "s", lifecycle),), meters=meters,
        )  # fmt: skip
        self.store.put(Environment, {
            "container": "s/c", "sensor": "roof", "place": "outdoor", "time": at(60),
            "temperature_celsius": 15.0,
        })  # fmt: skip
        self.duty = Bands(self.own, _Live(self.store), lambda: self.network, self.database)

    def draws(self, grid: float, ups: float) -> None:
        for meter, role, watts in (("grid", "site", grid), ("ups", "ups", ups)):
            self.store.arrive(load(-10, 64, host="none", meter=meter, role=role, watts=watts))

    def knows(self, hours: int, extra: float = 150.0) -> None:
        """A past of such hours, that ended two days ago."""
        with self.database.write() as write:
            for n in range(hours):
                base = 900.0 + n % 24
                write.execute(
                    "INSERT INTO band_hours VALUES ('s/c', 'pue', ?, ?, ?, ?)",
                    (END - 48 - n, base, extra + n % 5, 10.0 + n % 12),
                )

    def told(self, kind: str) -> list[dict[str, float]]:
        table = self.own.table("band")
        assert table is not None
        return [row for row in table.to_pylist() if row["kind"] == kind]


class _Live:
    """The shelf, with newest rows of the environment."""

    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf
        self.scan, self.rolled_until = shelf.scan, shelf.rolled_until

    @property
    def live(self) -> "_Live":
        return self

    def table(self, measurement: str) -> object:
        return self._shelf.other[measurement]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path / "state.db")


def test_the_hour_is_judged_once_it_is_closed_and_its_readings_are_in(world: World) -> None:
    world.draws(1050.0, 900.0)
    world.duty.run(at(64))
    [row] = world.database.rows("SELECT * FROM band_hours")
    assert (row["container"], row["kind"], row["hour"]) == ("s/c", "pue", END)
    assert row["base"] == pytest.approx(900.0, rel=0.01)
    assert row["extra"] == pytest.approx(150.0, rel=0.05)
    assert row["warmth"] == 15.0


def test_without_a_past_nothing_is_expected(world: World) -> None:
    world.draws(1050.0, 900.0)
    world.duty.run(at(64))
    assert world.told("pue") == []


def test_a_usual_hour_lies_in_its_band(world: World) -> None:
    world.draws(1052.0, 900.0)
    world.knows(100)
    world.duty.run(at(64))
    [row] = world.told("pue")
    assert row["found"] == pytest.approx(1.17, abs=0.01)
    assert row["least"] < row["found"] < row["most"]


def test_a_chiller_that_wears_shows_as_a_pue_over_its_band(world: World) -> None:
    world.draws(1200.0, 900.0)
    world.knows(100)
    world.duty.run(at(64))
    [row] = world.told("pue")
    assert row["found"] > row["most"]
    assert row["expected"] == pytest.approx(1.17, abs=0.01)


def test_meters_that_agree_and_meters_that_do_not(world: World) -> None:
    world.draws(1000.0, 900.0)
    world.duty.run(at(64))
    [row] = world.told("meters")
    assert row["found"] == pytest.approx(0.9)
    assert row["most"] > 1


def test_a_meter_that_counts_less_than_what_is_behind_it(world: World) -> None:
    world.draws(800.0, 900.0)
    world.duty.run(at(64))
    [row] = world.told("meters")
    assert row["found"] > row["most"]
    assert world.told("pue") == []


def test_an_hour_is_judged_once(world: World) -> None:
    world.draws(1050.0, 900.0)
    world.duty.run(at(64))
    world.store.scanned.clear()
    world.duty.run(at(65))
    assert world.store.scanned == []


def test_a_container_that_is_only_declared_is_left_alone(tmp_path: Path) -> None:
    world = World(tmp_path / "state.db", Lifecycle.DECLARED)
    world.draws(800.0, 900.0)
    world.duty.run(at(64))
    assert world.told("meters") == []


def test_cop_is_heat_carried_off_over_the_electricity_for_it() -> None:
    heat = [Counted("h", "removed", 360e6, 1.0)]
    power = [Counted("c", "cooling", 36e6, 1.0)]
    [(kind, hour)] = judged(power, heat, 20.0)
    assert (kind, hour.base, hour.extra, hour.warmth) == ("cop", 100e3, 10e3, 20.0)


def test_an_hour_with_a_hole_says_nothing() -> None:
    power = [Counted("g", "site", 4e9, 0.8), Counted("u", "ups", 3e9, 1.0)]
    assert list(judged(power, [], None)) == []
