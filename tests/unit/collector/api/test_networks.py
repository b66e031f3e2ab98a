from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from collector import networks as versions
from collector.api import networks
from collector.networks import Networks
from tests.build.getting import Getting
from vigie.database import Database
from vigie.network.contracts import EnergyContract, Purchase
from vigie.network.network import Network
from vigie.network.operators import Operator, Status
from vigie.network.places import Container, Site

NOW = datetime(2026, 9, 21, 12, tzinfo=UTC)
LYON = Site(
    "lyon", "Lyon", "city", status=Status.ANNOUNCED, status_since=date(2026, 2, 1),
    status_source="https://lyon.example", commune="Lyon", assumed=("commune",),
)  # fmt: skip
BOXES = (Container("one", "One", "lyon"), Container("two", "Two", "lyon"))
PARIS = Site("paris", "Paris", "city", simulated=True)
NETWORK = Network(
    "n", (Operator("city", "City"),), (LYON, PARIS), (*BOXES, Container("x", "X", "paris")),
    purchases=(Purchase("deal", ("lyon/one",), "purchase", euros=1e6, years=5.0),),
    energy=(EnergyContract("wind", ("lyon",), "ppa", euros_per_kwh=0.1),),
)  # fmt: skip


class World(Getting):
    """Versions of a network, and who asks about them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.networks = Networks(Database(folder / "s.db", versions.TABLES))
        self.routers = [networks.routes(self.networks, self.people, NOW.timestamp)]
        self.networks.accept(NETWORK, NOW.timestamp())

    def traits(self, site: str, *roles: str, scope: str = "") -> dict[tuple[str, str], object]:
        status, body = self.get(f"sites/{site}", self.token(scope, *roles))
        assert status == 200
        return {(t["of"], t["name"]): t["value"] for t in body["traits"]}


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_versions_say_since_when_and_what_each_changed(world: World) -> None:
    later = NOW + timedelta(hours=1)
    second = replace(NETWORK, containers=(replace(BOXES[0], name="First"), BOXES[1]))
    world.networks.accept(second, later.timestamp())
    _, body = world.get("networks", world.token())
    assert body["earlier"] == 0
    assert body["versions"][1] == {
        "version": second.version, "name": "n", "valid_from": "2026-09-21T13:00:00.000Z",
        "sites": 1, "containers": 2, "changed": ["lyon/one", "paris/x"],
    }  # fmt: skip


def test_the_newest_versions_come_with_what_they_changed(world: World) -> None:
    for name in "abc":
        changed = replace(NETWORK, containers=(replace(BOXES[0], name=name), *BOXES[1:]))
        world.networks.accept(changed, NOW.timestamp())
    _, body = world.get("networks", world.token(), limit=1)
    assert body["earlier"] == 3
    assert [v["changed"] for v in body["versions"]] == [["lyon/one"]]


def test_who_sees_a_part_is_told_of_that_part(world: World) -> None:
    _, body = world.get("networks", world.token("paris"))
    (version,) = body["versions"]
    assert (version["sites"], version["containers"], version["changed"]) == (1, 1, ["paris/x"])


def test_a_site_tells_each_trait_with_its_status_and_source(world: World) -> None:
    _, body = world.get("sites/lyon", world.token())
    (found,) = [t for t in body["traits"] if t["name"] == "commune"]
    assert found == {
        "of": "site lyon", "name": "commune", "value": "Lyon", "status": "announced",
        "since": "2026-02-01", "source": "https://lyon.example", "assumed": True, "note": "",
        "since_assumed": False,
    }  # fmt: skip
    assert (body["name"], body["simulated"]) == ("Lyon", False)
    assert world.get("sites/paris", world.token())[1]["simulated"]


def test_prices_are_for_finance(world: World) -> None:
    prices = {("purchase deal", "euros"), ("energy wind", "euros_per_kwh")}
    assert prices <= set(world.traits("lyon", "finance"))
    assert not prices & set(world.traits("lyon", "reader", "operator"))
    assert ("energy wind", "kind") in world.traits("lyon", "reader")


def test_who_sees_one_container_sees_its_site_without_the_others(world: World) -> None:
    of = {of for of, _ in world.traits("lyon", scope="lyon/two")}
    assert {"site lyon", "container lyon/two"} <= of
    assert not of & {"container lyon/one", "purchase deal"}


def test_another_site_is_not_there(world: World) -> None:
    assert world.get("sites/lyon", world.token("paris"))[0] == 404
    assert world.get("sites/nice", world.token())[0] == 404
