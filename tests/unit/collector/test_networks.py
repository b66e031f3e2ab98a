from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collector.networks import TABLES, Networks
from vigie.database import Database
from vigie.errors import VigieError
from vigie.network.network import Network
from vigie.network.operators import Operator
from vigie.network.places import Container, Lifecycle, Site

NOW = datetime(2026, 9, 21, 12, tzinfo=UTC)


def network(name: str = "Lyon", *containers: str) -> Network:
    found = tuple(Container(id_, id_, "lyon") for id_ in containers or ("one",))
    return Network(name, (Operator("city", "City"),), (Site("lyon", "Lyon", "city"),), found)


def later(**span: float) -> datetime:
    return NOW + timedelta(**span)


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path / "state.db", TABLES)


def test_each_version_is_in_force_from_its_acceptance_until_the_next(database: Database) -> None:
    networks = Networks(database)
    first, second = network("first"), network("second")
    assert networks.accept(first, NOW.timestamp())
    assert networks.accept(second, later(hours=1).timestamp())
    assert networks.current() == second
    assert networks.at(later(minutes=59)) == first
    assert networks.at(later(hours=1)) == second
    assert [(v.hash, v.name, v.valid_from) for v in networks.history()] == [
        (first.version, "first", NOW), (second.version, "second", later(hours=1)),
    ]  # fmt: skip


def test_what_came_before_the_first_version_is_of_the_first(database: Database) -> None:
    networks = Networks(database)
    networks.accept(network(), NOW.timestamp())
    assert networks.at(later(days=-30)) == network()


def test_a_restart_with_the_same_content_adds_nothing(database: Database) -> None:
    Networks(database).accept(network(), NOW.timestamp())
    again = Networks(database)
    assert again.current() == network()
    assert not again.accept(network(), later(hours=1).timestamp())
    assert [v.valid_from for v in again.history()] == [NOW]


def test_going_back_is_a_new_version_in_time_of_the_old_content(database: Database) -> None:
    networks = Networks(database)
    for hour, name in enumerate(("first", "second", "first")):
        networks.accept(network(name), later(hours=hour).timestamp())
    hashes = [v.hash for v in networks.history()]
    assert hashes[0] == hashes[2] != hashes[1]
    assert [networks.at(later(hours=h)).name for h in range(3)] == ["first", "second", "first"]


def test_versions_survive_the_process_whole(database: Database) -> None:
    networks = Networks(database)
    for hour in range(30):  # more than are kept in memory
        networks.accept(network(f"v{hour}"), later(hours=hour).timestamp())
    fresh = Networks(database)
    assert [fresh.at(later(hours=h)) for h in range(30)] == [network(f"v{h}") for h in range(30)]
    assert fresh.history() == networks.history()


def test_a_clock_that_was_set_back_keeps_the_order(database: Database) -> None:
    networks = Networks(database)
    networks.accept(network("first"), NOW.timestamp())
    networks.accept(network("second"), later(hours=-1).timestamp())
    assert [v.valid_from for v in networks.history()] == [NOW, NOW]
    assert networks.at(NOW).name == "second"


def test_a_container_that_left_is_retired_and_its_last_version_known(database: Database) -> None:
    networks = Networks(database)
    both = network("both", "one", "two")
    networks.accept(both, NOW.timestamp())
    networks.accept(network("one left"), later(hours=1).timestamp())
    for found in (networks, Networks(database)):
        assert found.retired() == {"lyon/two": both.version}
        assert found.lifecycle("lyon/two/host-1") is Lifecycle.RETIRED
        assert not found.in_service("lyon/two")
    networks.accept(both, later(hours=2).timestamp())
    assert networks.retired() == {}
    assert networks.in_service("lyon/two")


@pytest.mark.parametrize(
    ("lifecycle", "expected"), [(each, each is Lifecycle.IN_SERVICE) for each in Lifecycle]
)
def test_only_what_is_in_service_is_expected_to_report(
    database: Database, lifecycle: Lifecycle, expected: bool
) -> None:
    networks = Networks(database)
    one = replace(network().containers[0], lifecycle=lifecycle)
    networks.accept(replace(network(), containers=(one,)), NOW.timestamp())
    assert networks.in_service("lyon/one/host-1") is expected
    assert networks.in_service("nobody/declared"), "what reports undeclared is watched all the same"


def test_without_any_version_it_says_so(database: Database) -> None:
    networks = Networks(database)
    assert not networks.known
    with pytest.raises(VigieError, match="no network"):
        networks.current()
    with pytest.raises(VigieError, match="no network version 'abc'"):
        networks.network("abc")
