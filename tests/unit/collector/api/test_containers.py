from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from collector import networks as versions
from collector.api import containers
from collector.api.containers import STALE_SECONDS, Seen, entry, heard, state
from collector.networks import Networks
from collector.store import schema
from tests.build.getting import Getting
from vigie.catalogue import Source
from vigie.database import Database
from vigie.network.load import Network
from vigie.network.operators import Operator, Status
from vigie.network.places import Container, Lifecycle, Site

NOW = datetime(2026, 9, 21, 12, tzinfo=UTC)
THIS = Network.of_this_host("vm")


def seen(seconds_ago: float) -> Seen:
    return Seen(NOW - timedelta(seconds=seconds_ago), ("h1",))


@pytest.mark.parametrize(
    ("lifecycle", "last", "alerts", "word"),
    [
        (Lifecycle.IN_SERVICE, seen(1), False, "nominal"),
        (Lifecycle.IN_SERVICE, seen(1), True, "abnormal"),
        (Lifecycle.IN_SERVICE, seen(STALE_SECONDS + 1), True, "stale"),
        (Lifecycle.IN_SERVICE, None, True, "silent"),
        (Lifecycle.DECLARED, None, False, "declared"),
        (Lifecycle.COMMISSIONING, seen(1), True, "commissioning"),
        (Lifecycle.RETIRED, seen(1), False, "retired"),
        (Lifecycle.MAINTENANCE, None, True, "maintenance"),
        (Lifecycle.MAINTENANCE, seen(1), True, "maintenance"),
    ],
)
def test_how_a_container_is(
    lifecycle: Lifecycle, last: Seen | None, alerts: bool, word: str
) -> None:
    assert state(lifecycle, last, NOW.timestamp(), alerts=alerts) == word


def test_what_the_twin_plays_has_longer_steps() -> None:
    late = seen(STALE_SECONDS + 1)
    states = [
        entry(THIS, THIS.containers[0], late, [], NOW.timestamp(), simulated=played).state
        for played in (False, True)
    ]
    assert states == ["stale", "nominal"]


def test_only_the_agents_own_rows_say_when_a_container_was_heard() -> None:
    times = [NOW, NOW - timedelta(seconds=5), NOW + timedelta(seconds=9)]
    found = heard(
        pa.table({
            "time": pa.array(times, pa.timestamp("us", tz="UTC")),
            "container": ["local/this"] * 3,
            "host": ["h2", "h1", "h3"],
            "source": ["agent", "agent", "disk_io"],
        })
    )  # fmt: skip
    assert found == {"local/this": Seen(NOW, ("h1", "h2"))}


def test_a_container_is_answered_with_its_site_and_its_worst_alert() -> None:
    found = entry(THIS, THIS.containers[0], seen(1), [3, 1, 2], NOW.timestamp(), simulated=False)
    assert (found.path, found.site_name, found.state) == ("local/this", "vm", "abnormal")
    assert (found.worst, found.alerts, found.hosts) == (1, 3, ["h1"])
    assert found.last_seen == "2026-09-21T11:59:59.000Z"
    silent = entry(THIS, THIS.containers[0], None, [], NOW.timestamp(), simulated=True)
    assert (silent.state, silent.worst, silent.last_seen, silent.simulated) == (
        "silent", None, None, True,
    )  # fmt: skip


LYON = Site("lyon", "Lyon", "city", status=Status.OPERATING)
PARIS = Site(
    "paris", "Paris", "city", status=Status.ANNOUNCED, status_since=date(2026, 2, 1),
    status_source="https://paris.example",
)  # fmt: skip
BOXES = (
    Container("one", "One", "lyon", scale=0.5),
    Container("two", "Two", "lyon", status=Status.CONTRACTED, status_since=date(2026, 3, 1)),
    Container("x", "X", "paris", Lifecycle.COMMISSIONING, lifecycle_since=date(2026, 4, 1)),
)
NETWORK = Network("n", (Operator("city", "City"),), (LYON, PARIS), BOXES)
BROKEN = "network.toml:7: sites[1].operator: operators has no 'cty'"


class World(Getting):
    """A network, who reported, and who asks."""

    commit = 7

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.networks = Networks(Database(folder / "s.db", versions.TABLES))
        self.fault: str | None = None
        self.rows = schema.raw(Source).empty_table()
        self.routers = [
            containers.routes(
                self.networks, self, self.people, fault=lambda: self.fault,  # type: ignore[arg-type]
                alerts=list, clock=NOW.timestamp,
            )
        ]  # fmt: skip
        self.networks.accept(NETWORK, NOW.timestamp())

    def table(self, measurement: str) -> pa.Table:
        assert measurement == Source.name
        return self.rows

    def reports(self, path: str) -> None:
        row = {
            "container": path, "host": "h", "source": "agent", "time": NOW, "quality": 0,
            "suspect": 0,
        }  # fmt: skip
        made = pa.Table.from_pylist([row], schema=schema.raw(Source))
        self.rows = pa.concat_tables([self.rows, made])

    def told(self, scope: str = "") -> Any:
        status, body = self.get("containers", self.token(scope))
        assert status == 200
        return body


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_container_is_no_more_real_than_its_site(world: World) -> None:
    found = {c["path"]: c for c in world.told()["containers"]}
    said = {p: (c["status"], c["status_since"], c["status_source"]) for p, c in found.items()}
    assert said == {
        "lyon/one": ("operating", None, ""),
        "lyon/two": ("contracted", "2026-03-01", ""),
        "paris/x": ("announced", "2026-02-01", "https://paris.example"),
    }
    assert (found["paris/x"]["lifecycle"], found["paris/x"]["lifecycle_since"]) == (
        "commissioning", "2026-04-01",
    )  # fmt: skip
    assert found["lyon/one"]["scale"] == 0.5


def test_what_left_the_network_is_retired_where_it_was_ever_heard(world: World) -> None:
    world.reports("lyon/two")
    world.networks.accept(replace(NETWORK, containers=BOXES[:1]), NOW.timestamp() + 60)
    told = world.told()
    assert [(c["path"], c["lifecycle"], c["state"]) for c in told["containers"]] == [
        ("lyon/one", "in_service", "silent"), ("lyon/two", "retired", "retired"),
    ]  # fmt: skip
    assert told["containers"][1]["name"] == "Two"
    assert told["network_since"] == "2026-09-21T12:01:00.000Z"
    assert [c["path"] for c in world.told("lyon/one")["containers"]] == ["lyon/one"]


def test_a_broken_file_is_told_whole_to_who_may_see_all(world: World) -> None:
    assert world.told()["network_fault"] is None
    world.fault = BROKEN
    assert world.told()["network_fault"] == BROKEN
    assert world.told("lyon")["network_fault"] == (
        "the network files are wrong; the last version stays in force"
    )
