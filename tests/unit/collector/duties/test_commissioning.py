from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from alerts.receivers.declared import Declared
from collector.duties.commissioning import Commissioning
from collector.duties.roll import Roll
from tests.build.shelf import NOON, Shelf, at, load
from vigie.catalogue import Power, Source, Water
from vigie.network.meters import Meter
from vigie.network.network import Network
from vigie.network.operators import Operator
from vigie.network.places import Container, Lifecycle, Site

BOX = Container("c", "Box", "s", Lifecycle.COMMISSIONING)
METERS = (
    Meter("s/c", "grid", "site"), Meter("s/c", "ups-a", "ups", parent="grid"),
    Meter("s/c", "tap", "withdrawn", medium="water"),
)  # fmt: skip
NETWORK = Network(
    "n", (Operator("city", "City"),), (Site("s", "S", "city"),), (BOX,), meters=METERS
)
NOW = at(64)


class Store(Shelf):
    """A shelf whose newest rows are of any measurement."""

    def table(self, measurement: str) -> pa.Table:
        if measurement == Power.name:
            return super().table(measurement)
        return self.other.get(measurement, pa.table({}))


@pytest.fixture
def store() -> Store:
    found = Store()
    for status, source in ((0, "agent"), (2, "gpu_nvml")):
        row = {"container": "s/c", "host": "h", "source": source, "status": status, "time": NOW}
        found.put(Source, row, {**row, "container": "s/c2", "status": 0})
    found.put(Water, {"container": "s/c", "meter": "tap", "role": "withdrawn", "time": NOW})
    grid(found)
    found.arrive(load(-10, 64, host="none", meter="ups-a", role="ups", watts=900.0))
    found.arrive(load(-10, 64, container="s/c2", host="none", meter="ups-a", role="ups"))
    return found


def grid(store: Store, **cells: Any) -> None:
    store.arrive(load(-10, 64, host="none", meter="grid", role="site", watts=1000.0, **cells))


def states(
    store: Store, receivers: Sequence[Declared] = (), taken: Mapping[str, float] = {},
    *, simulated: bool = False,
) -> dict[str, tuple[str, str]]:  # fmt: skip
    duty = Commissioning(store, receivers, lambda: taken)
    found = duty.checklist(NETWORK, BOX, NOW, simulated=simulated)
    return {item.name: (item.state, item.why.en) for item in found}


def test_what_the_container_said_of_itself_and_nobody_else_is_read(store: Store) -> None:
    found = states(store)
    assert found["sources"] == ("not_done", "gpu_nvml (h): failed")
    assert found["meters"] == ("done", "3 meters seen, roles as declared; read: site, ups")
    assert found["balance"] == ("done", "grid 1 kWh, behind it 0.9 kWh")


def test_the_hour_is_read_from_rollups_where_there_are_any(store: Store) -> None:
    raw = states(store)["balance"]
    Roll(store).run(NOW)
    assert store.rolled_until("power_1m") is not None
    store.scanned.clear()
    assert states(store)["balance"] == raw
    assert {"power", "power_1m"} <= set(store.scanned)


def test_what_a_meter_gave_back_is_taken_off(store: Store) -> None:
    store.raw = store.raw.slice(0, 0)
    store.arrive(load(-10, 64, host="none", meter="ups-a", role="ups", watts=900.0))
    rows = load(-10, 64, host="none", meter="grid", role="site", watts=1000.0)
    given = [200.0 * (time - NOON).total_seconds() + 1e6 for time in rows["time"].to_pylist()]
    at_ = rows.schema.get_field_index("energy_exported_joules_total")
    store.arrive(rows.set_column(at_, rows.schema.field(at_), pa.array(given, pa.float64())))
    assert states(store)["balance"][1] == (
        "ups-a: 0.1 kWh more than grid before (12.5%; 4.2% allowed)"
    )


def test_an_hour_that_is_young_is_not_known(store: Store) -> None:
    store.raw = store.raw.filter(pa.compute.greater(store.raw["time"], pa.scalar(at(40))))
    assert states(store)["balance"][0] == "unknown"


def test_three_phases_are_one_meter(store: Store) -> None:
    store.raw = store.raw.filter(pa.compute.not_equal(store.raw["meter"], "grid"))
    for phase in ("l1", "l2", "l3"):
        store.arrive(
            load(-10, 64, host="none", meter="grid", role="site", watts=500.0, phase=phase)
        )
    assert states(store)["balance"][1] == "grid 1.5 kWh, behind it 0.9 kWh"


def test_a_silent_meter_is_not_fresh(store: Store) -> None:
    duty = Commissioning(store, (), dict)
    found = duty.checklist(NETWORK, BOX, NOW + timedelta(minutes=10), simulated=False)
    assert "grid: is read no more" in next(i for i in found if i.name == "meters").why.en


def test_only_receivers_that_hear_of_the_container_count(store: Store, tmp_path: Path) -> None:
    def receiver(name: str, scope: str, *, simulated: bool = False) -> Declared:
        return Declared(
            name, "webhook", "https://x.example", tmp_path, scope=scope,
            simulated_allowed=simulated,
        )  # fmt: skip

    mine, other = receiver("mine", "s"), receiver("other", "t")
    taken = {"mine": NOW.timestamp() - 60, "other": NOW.timestamp()}
    assert states(store, receivers=(other,), taken=taken)["receiver"][0] == "not_done"
    assert states(store, receivers=(mine, other), taken=taken)["receiver"] == (
        "done", "mine took a message on 2026-03-01",
    )  # fmt: skip
    assert (
        states(store, receivers=(mine,), taken=taken, simulated=True)["receiver"][0] == "not_done"
    )
