"""A tree of meters counts nothing twice."""

import pytest

from tests.build.network import accepted, added


def meter(name: str, role: str, parent: str = "", more: str = "") -> str:
    behind = f'parent = "{parent}"\n' if parent else ""
    head = f'[[meters]]\ncontainer = "cannes/c1"\nname = "{name}"\nrole = "{role}"\n'
    return f"{head}{behind}{more}"


def test_a_tree_from_the_grid_to_the_servers_is_sound() -> None:
    accepted(
        meter("grid", "site", more='delivery_point = "prm"\n')
        + meter("ups-a", "ups", "grid")
        + meter("ups-b", "ups", "grid")
        + meter("it", "it", "ups-a")
        + meter("gpus", "gpu", "it")
        + meter("pumps", "cooling", "other")
        + meter("other", "auxiliary", "ups-b")
        + meter("sun", "solar")
        + meter("diesel", "generator")
        + meter("ups-c", "ups", "diesel")
        + meter("water", "withdrawn", more='medium = "water"\n')
    )


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (meter("m", "sit"), "'sit' is no role of electricity; did you mean site?"),
        (meter("m", "ups", more='medium = "water"\n'), "'ups' is no role of water; known are:"),
    ],
)
def test_a_role_is_one_of_its_medium(text: str, told: str) -> None:
    (line,) = added(text)
    assert line.startswith(f"net.toml:17: meters[1].role: {told}")


def test_a_parent_is_a_meter_of_the_same_container_and_medium() -> None:
    (line,) = added(meter("grid", "site") + meter("u", "ups", "gridd"))
    told = "cannes/c1 has no electricity meter 'gridd'; did you mean grid?"
    assert line == f"net.toml:22: meters[2].parent: {told}"
    water = meter("w", "potable", "grid", 'medium = "water"\n')
    (line,) = added(meter("grid", "site") + water)
    assert "cannes/c1 has no water meter 'grid'" in line


def test_meters_behind_each_other_are_told_once() -> None:
    (line,) = added(meter("a", "ups", "b") + meter("b", "ups", "c") + meter("c", "ups", "a"))
    told = "meters in a circle: a → b → c → a; the topmost has no parent"
    assert line == f"net.toml:18: meters[1].parent: {told}"


@pytest.mark.parametrize(
    ("parent", "child"), [("ups", "site"), ("it", "pdu"), ("cooling", "it"), ("solar", "site")]
)
def test_a_wider_role_is_not_behind_a_narrower_one(parent: str, child: str) -> None:
    (line,) = added(meter("p", parent) + meter("c", child, "p"))
    assert f"meters[2].parent: {child} is wider than {parent} of 'p' before it; turn" in line


def test_what_feeds_a_place_is_not_behind_its_grid_meter() -> None:
    (line,) = added(meter("grid", "site") + meter("sun", "solar", "grid"))
    assert "meters[2].parent: solar feeds the place beside its grid meter; leave parent" in line


def test_an_unknown_role_is_told_alone() -> None:
    assert len(added(meter("p", "upss") + meter("c", "pdu", "p"))) == 1


def test_two_meters_of_one_delivery_point_side_by_side_overlap() -> None:
    point = 'delivery_point = "prm-1"\n'
    (line,) = added(meter("a", "site", more=point) + meter("b", "site", more=point))
    told = "overlaps 'a': both are site of prm-1; put one behind the other with parent"
    assert line == f"net.toml:21: meters[2].name: {told}"
    accepted(meter("a", "site", more=point) + meter("b", "site", "a", point))
    accepted(meter("a", "site", more=point) + meter("b", "site", more='delivery_point = "prm-2"\n'))
