import pytest

from collector.inventory.balance import UNSTATED, Counted, balances, error
from vigie.network.meters import Meter

KWH = 3.6e6


def meter(name: str, role: str, parent: str | None = None, accuracy: str = "B") -> Meter:
    return Meter("s/c", name, role, parent=parent, accuracy=accuracy)


def counted(name: str, role: str, kwh: float | None, covered: float = 1.0) -> Counted:
    return Counted(name, role, None if kwh is None else kwh * KWH, covered)


TREE = (meter("grid", "site"), meter("ups-a", "ups", "grid"), meter("ups-b", "ups", "grid"))


def test_what_is_behind_a_meter_counts_no_more_than_it() -> None:
    (found,) = balances(
        TREE, [counted("grid", "site", 10), counted("ups-a", "ups", 4), counted("ups-b", "ups", 5)]
    )
    assert (found.parent, found.children) == ("grid", ("ups-a", "ups-b"))
    assert (found.closes, found.excess / KWH) == (True, -1.0)


@pytest.mark.parametrize(("behind", "closes"), [(10.19, True), (10.21, False)])
def test_a_difference_within_the_classes_of_the_meters_is_none(behind: float, closes: bool) -> None:
    # Class B: 1 % of 10 kWh before, and 1 % of what is behind.
    tree = (meter("grid", "site"), meter("ups-a", "ups", "grid"))
    (found,) = balances(tree, [counted("grid", "site", 10), counted("ups-a", "ups", behind)])
    assert found.closes is closes


def test_a_meter_that_says_too_little_of_the_hour_leaves_it_unknown() -> None:
    for dark in (counted("ups-b", "ups", None), counted("ups-b", "ups", 5, covered=0.9)):
        (found,) = balances(
            TREE, [counted("grid", "site", 1), counted("ups-a", "ups", 4), dark]
        )  # fmt: skip
        assert (found.closes, found.unknown) == (None, ("ups-b",))


def test_a_meter_never_heard_leaves_it_unknown() -> None:
    (found,) = balances(TREE, [counted("grid", "site", 10), counted("ups-a", "ups", 4)])
    assert found.unknown == ("ups-b",)


def test_what_feeds_a_site_beside_the_grid_stands_before_it_too() -> None:
    tree = (*TREE[:2], meter("roof", "solar"))
    said = [counted("grid", "site", 2), counted("roof", "solar", 3), counted("ups-a", "ups", 4)]
    (found,) = balances(tree, said)
    assert (found.parent, found.closes) == ("grid + roof", True)


def test_without_a_tree_each_nested_role_is_held_against_the_site() -> None:
    said = [
        counted("grid", "site", 10), counted("ups", "ups", 9), counted("p1", "pdu", 6),
        counted("p2", "pdu", 5), counted("cooler", "cooling", 99),
    ]  # fmt: skip
    found = balances((), said)
    assert [(b.children, b.closes) for b in found] == [(("ups",), True), (("p1", "p2"), False)]
    assert found[1].excess / KWH == pytest.approx(1.0)
    assert balances((), said[1:]) == [], "nothing is held against a site that is not measured"


def test_the_class_of_a_meter_says_how_wrong_it_may_be() -> None:
    assert error(meter("m", "site", accuracy="0.5S")) == 0.005
    assert error(meter("m", "site", accuracy="Class 1")) == 0.01
    assert error(meter("m", "site", accuracy="")) == error(None) == UNSTATED
