from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from alerts.rule import Words
from collector import networks as versions
from collector.api import lifecycle
from collector.inventory.commissioning import Item, State
from collector.networks import Networks
from tests.build.getting import Getting
from vigie.database import Database
from vigie.network.network import Network
from vigie.network.operators import Operator
from vigie.network.places import Container, Lifecycle, Site

NOW = datetime(2026, 9, 21, 12, tzinfo=UTC)
LYON = Site("lyon", "Lyon", "city")
ONE = Container("one", "One", "lyon", Lifecycle.COMMISSIONING)
TWO = Container("two", "Two", "lyon")
FIRST = Network("n", (Operator("city", "City"),), (LYON,), (ONE, TWO))


class Commissioning:
    """Says what it is told to, and keeps whether that was of a simulated container."""

    def __init__(self) -> None:
        self.state: State = "done"
        self.simulated: list[bool] = []

    def checklist(
        self, network: Network, container: Container, now: datetime, *, simulated: bool
    ) -> Sequence[Item]:
        assert (network.site(container.path), now) == (LYON, NOW)
        self.simulated.append(simulated)
        why = Words("parce que", "because")
        return [Item("sources", Words("Sources", "Sources"), self.state, why)]


class World(Getting):
    """Versions of a network, and who asks about them."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.networks = Networks(Database(folder / "s.db", versions.TABLES))
        self.commissioning, self.hour = Commissioning(), 0
        self.routers = [
            lifecycle.routes(self.networks, self.people, self.commissioning, NOW.timestamp)  # type: ignore[arg-type]
        ]
        self.accept(FIRST)

    def accept(self, network: Network) -> None:
        self.networks.accept(network, (NOW + timedelta(hours=self.hour)).timestamp())
        self.hour += 1

    def changes(self, path: str, **query: Any) -> list[tuple[str, str, Any, Any]]:
        status, body = self.get(f"containers/{path}/history", self.token(), **query)
        assert status == 200
        return [(c["time"][11:13], c["field"], c["before"], c["after"]) for c in body["changes"]]


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_history_tells_field_by_field_what_changed_when(world: World) -> None:
    served = replace(ONE, lifecycle=Lifecycle.IN_SERVICE, name="First")
    world.accept(replace(FIRST, containers=(served, TWO)))
    world.accept(replace(FIRST, containers=(served,), sites=(replace(LYON, name="Lugdunum"),)))
    assert world.changes("lyon/one") == [
        ("12", "declared", False, True),
        ("13", "name", "One", "First"),
        ("13", "lifecycle", "commissioning", "in_service"),
        ("14", "site.name", "Lyon", "Lugdunum"),
    ]


def test_a_container_that_left_keeps_its_history_and_may_come_back(world: World) -> None:
    world.accept(replace(FIRST, containers=(ONE,)))
    assert world.changes("lyon/two") == [
        ("12", "declared", False, True), ("13", "declared", True, False),
    ]  # fmt: skip
    world.accept(FIRST)
    assert world.changes("lyon/two")[-1] == ("14", "declared", False, True)


def test_history_names_the_version_of_each_change(world: World) -> None:
    _, body = world.get("containers/lyon/one/history", world.token())
    assert [c["version"] for c in body["changes"]] == [FIRST.version]


def test_history_is_of_as_many_versions_as_asked_for(world: World) -> None:
    for name in "abc":
        world.accept(replace(FIRST, containers=(replace(ONE, name=name), TWO)))
    assert world.changes("lyon/one", limit=2) == [
        ("14", "name", "a", "b"), ("15", "name", "b", "c"),
    ]  # fmt: skip


@pytest.mark.parametrize("what", ["history", "checklist"])
def test_what_lies_outside_ones_scope_is_not_there(world: World, what: str) -> None:
    asked = {
        scope: world.get(f"containers/lyon/one/{what}", world.token(scope))[0]
        for scope in ("", "lyon", "lyon/one", "lyon/one/host-1", "lyon/two", "paris")
    }
    assert asked == {
        "": 200, "lyon": 200, "lyon/one": 200, "lyon/one/host-1": 200, "lyon/two": 404,
        "paris": 404,
    }  # fmt: skip
    for path in ("lyon/three", "lyon", "lyon/one/host-1"):
        assert world.get(f"containers/{path}/{what}", world.token())[0] == 404


def test_a_checklist_is_ready_when_every_item_is_done(world: World) -> None:
    _, body = world.get("containers/lyon/one/checklist", world.token(), language="en")
    assert (body["ready"], body["lifecycle"]) == (True, "commissioning")
    assert body["items"] == [
        {"item": "sources", "title": "Sources", "state": "done", "why": "because"}
    ]
    world.commissioning.state = "unknown"
    _, body = world.get("containers/lyon/one/checklist", world.token())
    assert (body["ready"], body["items"][0]["why"]) == (False, "parce que")


def test_a_retired_container_says_so(world: World) -> None:
    world.accept(replace(FIRST, containers=(ONE,)))
    _, body = world.get("containers/lyon/two/checklist", world.token())
    assert body["lifecycle"] == "retired"


def test_what_a_simulated_sender_plays_is_simulated(world: World) -> None:
    world.get("containers/lyon/one/checklist", world.token())
    world.token("lyon/one", kind="agent", simulated=True)
    _, body = world.get("containers/lyon/one/checklist", world.token())
    assert body["simulated"]
    assert world.commissioning.simulated == [False, True]
