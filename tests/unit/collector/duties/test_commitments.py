"""What is read of commitments, and what becomes of one that is no longer declared."""

from datetime import timedelta
from typing import Any

import pyarrow as pa
import pytest

from collector.duties.commitments import Around, Commitments, read
from collector.duties.own import Own
from collector.kpis.sovereignty.rules import RESIDENCY, Judged, Rule
from collector.reports.commitments import River
from tests.build.shelf import NOON, Shelf
from vigie.catalogue import Environment, Power, Water
from vigie.network.meters import Meter
from vigie.network.network import Network
from vigie.network.operators import Operator
from vigie.network.places import Container, Permit, Site
from vigie.network.policies import Placement

NOW = NOON


class World:
    """A site at a river with one delivery point, and its duty."""

    def __init__(self) -> None:
        self.shelf, self.own = Shelf(), Own()
        self.judged: Judged | None = Judged()
        self.stores: dict[str, set[str]] = {"photos": {"s/c"}}
        permit = Permit("p", "DDT", "Isar", discharge_celsius=25.0)
        self.network = Network(
            "n", (Operator("o", "O"),), (Site("s", "S", "o", permits=(permit,)),),
            (Container("c", "C", "s"),),
            meters=(
                Meter("s/c", "grid", "site", delivery_point="prm", subscribed_watts=100e3),
            ),
            placements=(Placement("p", "photos", 2, 3, within=("FR",)),),
        )  # fmt: skip
        around = Around(lambda: self.network, self, lambda: self.stores, lambda _: False)
        self.duty = Commitments(self.own, self, around)

    def table(self, measurement: str) -> pa.Table:
        return self.shelf.other.get(measurement, pa.table({}))

    def reads(self, **cells: Any) -> None:
        row = {"container": "s/c", "time": NOW, "phase": "all", "method": "meter", **cells}
        self.shelf.put(Power, row)

    def told(self, kind: str) -> dict[str, Any]:
        self.duty.run(NOW)
        table = self.own.table("commitment")
        assert table is not None
        [row] = [r for r in table.to_pylist() if r["kind"] == kind]
        return dict(row)


@pytest.fixture
def world() -> World:
    return World()


def test_a_delivery_point_is_read_at_its_grid_meter(world: World) -> None:
    world.reads(meter="grid", role="site", power_watts=96e3)
    row = world.told("delivery")
    assert (row["container"], row["item"], row["used_ratio"]) == ("s", "prm", 0.96)


def test_old_readings_and_single_phases_do_not_count(world: World) -> None:
    world.reads(meter="grid", role="site", power_watts=96e3, phase="l1")
    old = NOW - timedelta(minutes=10)
    world.reads(meter="grid", role="site", power_watts=96e3, time=old)
    assert world.told("delivery")["used_ratio"] is None


def test_a_river_is_read_at_meters_and_sensors(world: World) -> None:
    base = {"container": "s/c", "time": NOW}
    world.shelf.put(
        Water,
        {**base, "meter": "in", "role": "withdrawn", "flow_cubic_meters_per_second": 0.2},
        {**base, "meter": "out", "role": "returned", "flow_cubic_meters_per_second": 0.2,
         "temperature_celsius": 24.0},
    )  # fmt: skip
    world.shelf.put(
        Environment,
        {**base, "sensor": "up", "place": "upstream", "temperature_celsius": 17.0,
         "flow_cubic_meters_per_second": 40.0},
        {**base, "sensor": "down", "place": "downstream", "temperature_celsius": 17.5},
        {**base, "sensor": "roof", "place": "outdoor", "temperature_celsius": 30.0},
    )  # fmt: skip
    assert read(world, NOW).rivers == {"s/c": River(0.2, 24.0, 17.0, 17.5, 40.0)}
    assert world.told("discharge")["temperature_celsius"] == 24.0


def test_water_that_stands_is_not_given_back(world: World) -> None:
    world.shelf.put(Water, {
        "container": "s/c", "time": NOW, "meter": "out", "role": "returned",
        "flow_cubic_meters_per_second": 0.0, "temperature_celsius": 31.0,
    })  # fmt: skip
    assert world.told("discharge")["broken"] is None


def test_a_policy_is_broken_and_unknown_where_it_cannot_be_judged(world: World) -> None:
    world.judged = Judged(broken=frozenset({Rule("", "photos", RESIDENCY)}))
    assert world.told("residency")["broken"] is True
    world.judged = None
    assert world.told("residency")["broken"] is None


def test_what_is_no_longer_declared_is_kept_so_that_its_alert_ends(world: World) -> None:
    world.reads(meter="grid", role="site", power_watts=120e3)
    assert world.told("delivery")["broken"] is True
    world.network = Network("n", (Operator("o", "O"),), (), ())
    gone = world.told("delivery")
    assert (gone["broken"], gone["used_ratio"]) == (False, 0.0)
