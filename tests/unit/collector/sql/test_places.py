from collector.sql import places
from tests.house import ROOT
from vigie.network.load import load
from vigie.network.network import Network


def network() -> Network:
    return load(ROOT / "docs/examples/network.toml")


def test_containers_are_told_as_declared_and_unknown_is_null() -> None:
    declared = network()
    table = places.containers(declared, "", lambda path: path.endswith("1"))
    assert table.column("container").to_pylist() == [c.path for c in declared.containers]
    assert table.column("gpus").to_pylist() == [c.capacity.gpus for c in declared.containers]
    assert table.column("simulated").to_pylist() == [
        c.path.endswith("1") for c in declared.containers
    ]


def test_a_scope_holds_its_own() -> None:
    declared = network()
    first = declared.containers[0]
    table = places.containers(declared, first.path, lambda _: False)
    assert table.column("container").to_pylist() == [first.path]
    assert places.sites(declared, first.path).column("site").to_pylist() == [first.site]
    assert places.sites(declared, "nowhere").num_rows == 0
    assert places.sites(declared, "").num_rows == len(declared.sites)
